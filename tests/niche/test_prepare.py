import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import prepare
from odatis_vre.niche.sphere import arc_km, unit_vectors


def records(lat, lon=-5.0, **columns) -> pd.DataFrame:
    return pd.DataFrame({"lat": lat, "lon": lon, **columns})


@pytest.fixture
def crowded_coast() -> pd.DataFrame:
    """300 dated records off Brittany, half of them around one harbour."""
    rng = np.random.default_rng(7)
    lat = np.append(rng.normal(48.4, 0.05, 150), rng.uniform(44, 50, 150))
    lon = np.append(rng.normal(-4.8, 0.05, 150), rng.uniform(-10, -2, 150))
    days = pd.Timedelta("1D") * rng.integers(0, 365, 300)
    sst = 22 - 0.2 * lat + rng.normal(0, 0.5, 300)
    return records(lat, lon, time=pd.Timestamp("1992-01-01") + days, sst=sst, depth=rng.uniform(10, 200, 300))


STEPS = {
    "complete": lambda t: prepare.complete(t, ["sst", "depth"]),
    "duplicates": lambda t: prepare.duplicates(t, cell=0.5, time="M"),
    "outliers": lambda t: prepare.outliers(t, ["sst"], limit=0.7),
    "mahalanobis": lambda t: prepare.outliers(t, ["sst", "depth"], "mahalanobis", 0.9),
    "environmental_filter": lambda t: prepare.environmental_filter(t, ["sst", "depth"], bins=8),
    "thin": lambda t: prepare.thin(t, distance_km=20),
    "by cell": lambda t: prepare.thin(t, cell=0.5),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_row_is_kept_or_dropped_with_a_reason(name, crowded_coast):
    crowded_coast.iloc[3, 3] = crowded_coast.iloc[9, 0] = np.nan
    crowded_coast.attrs["units"] = {"sst": "degC"}
    kept, dropped = STEPS[name](crowded_coast)
    assert 0 < len(kept) < 300
    together = pd.concat([kept, dropped[crowded_coast.columns]]).sort_index()
    pd.testing.assert_frame_equal(together, crowded_coast)
    assert dropped["reason"].str.len().gt(5).all()
    assert kept.index.is_monotonic_increasing
    assert kept.attrs["units"] == {"sst": "degC"}


def test_a_chain_remembers_what_each_step_dropped(crowded_coast):
    crowded_coast.iloc[3, 3] = np.nan
    ready = (
        prepare.complete(crowded_coast, ["sst"])
        .then(prepare.duplicates, cell=0.5, time="D")
        .then(prepare.thin, distance_km=20)
    )
    assert ready.dropped["step"].unique().tolist() == ["complete", "duplicates", "thin"]
    assert ready.summary().sum() == 300
    assert ready.summary()["kept"] == len(ready.kept)
    assert ready.summary()["complete"] == 1


def test_unknown_values_are_named():
    table = pd.DataFrame({"sst": [12.0, np.nan, np.inf], "depth": [10.0, np.nan, 20.0]})
    with use_language("en"):
        assert prepare.complete(table, ["sst", "depth"]).dropped["reason"].tolist() == [
            "unknown: sst, depth",
            "unknown: sst",
        ]


def test_the_first_record_of_a_place_and_instant_is_kept():
    time = pd.to_datetime(["1992-04-15", "1992-04-15", "1992-04-16"])
    seen = records([48.0, 48.0, 48.0], time=time).set_index(pd.Index(["a", "b", "c"]))
    with use_language("en"):
        kept, dropped = prepare.duplicates(seen)
    assert kept.index.tolist() == ["a", "c"]
    assert dropped["reason"].tolist() == ["at the place and time of row a"]
    assert prepare.duplicates(seen, time="M").kept.index.tolist() == ["a"]
    assert prepare.duplicates(seen, time="ever").kept.index.tolist() == ["a"]


def test_species_at_one_place_are_not_duplicates():
    seen = records([48.0, 48.0, 48.0], species=["mackerel", "sardine", "sardine"])
    assert prepare.duplicates(seen, by=["species"]).kept.index.tolist() == [0, 1]


def test_cells_meet_across_the_dateline_and_follow_a_grid():
    seen = records([0.2, 0.3, 0.4], [179.9, -179.9, 180.1])
    assert prepare.duplicates(seen, cell=1.0).kept.index.tolist() == [0, 1]
    around = xr.Dataset(coords={"lat": [0.0, 1.0], "lon": np.arange(0.5, 360)})
    assert prepare.duplicates(seen, cell=around).kept.index.tolist() == [0, 1]
    sides = {"lat": 5.0, "lon": 0.2}
    assert prepare.duplicates(seen, cell=sides).kept.index.tolist() == [0, 1]


def test_records_share_a_cell_of_a_curvilinear_grid():
    seen = records([0.2, 0.3, 0.9, 0.4], [179.9, -179.9, 179.9, 178.0])
    lat, lon = np.meshgrid([0.0, 1.0], [178.0, 180.0], indexing="ij")
    grid = xr.Dataset(coords={"lat": (("y", "x"), lat), "lon": (("y", "x"), lon)})
    assert prepare.duplicates(seen, cell=grid).kept.index.tolist() == [0, 2, 3]


def square(lat, lon) -> xr.Dataset:
    lat, lon = np.meshgrid(lat, lon, indexing="ij")
    return xr.Dataset(coords={"lat": (("y", "x"), lat), "lon": (("y", "x"), lon)})


NORTH, WEST = np.arange(40.0, 50), np.arange(-10.0, 0)
GRIDS = {
    "straight": xr.Dataset(coords={"lat": NORTH[::-1], "lon": WEST % 360}),
    "curvilinear": square(NORTH, WEST),
    "mesh": square(NORTH, WEST).stack(node=("y", "x")).drop_vars(["node", "y", "x"]),
}


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("step", [prepare.duplicates, prepare.thin])
def test_records_off_the_grid_share_no_cell(step, name):
    """The last two lie in the cell of 49 N, 1 W, the others beyond its edges: none in one place."""
    seen = records([70.0, 80.0, 60.0, 49.0, 49.0, 49.2, 49.4], [-1.0, -1.0, -1.0, 1.0, 2.0, -1.0, -1.2])
    kept = step(seen, cell=GRIDS[name]).kept.index.tolist()
    assert len(kept) == 6
    assert kept[:5] == [0, 1, 2, 3, 4]


def test_a_record_twice_off_the_grid_is_a_duplicate_all_the_same():
    seen = records([70.0, 70.0, 71.0], [-5.0, 355.0, -5.0])
    assert prepare.duplicates(seen, cell=GRIDS["straight"]).kept.index.tolist() == [0, 2]


@pytest.mark.parametrize("lon", [np.arange(0.0, 360, 2), np.arange(350.0, 372, 2) % 360, [4.0]])
def test_the_edges_of_a_grid_are_in_its_cells(lon):
    """Around the Earth, across the meridian of Greenwich, and one meridian that has no spacing."""
    grid = xr.Dataset(coords={"lat": NORTH, "lon": lon})
    seen = records([39.5, 40.4, 49.5, 48.6], [4.1, 4.2, 4.9, 3.2])
    assert prepare.duplicates(seen, cell=grid).kept.index.tolist() == [0, 2]


def test_an_outlier_is_named_with_its_value_and_the_limits():
    # Quartiles of 1..8 and 100 are 3 and 7: the fences lie at -3 and 13.
    table = pd.DataFrame({"sst": [1, 2, 3, 4, 5, 6, 7, 8, 100]})
    with use_language("en"):
        kept, dropped = prepare.outliers(table, ["sst"])
    assert dropped["reason"].tolist() == ["sst = 100 lies outside -3 .. 13"]
    assert len(kept) == 8


def test_the_reverse_jackknife_cuts_off_what_lies_beyond_a_gap():
    sst = np.random.default_rng(0).normal(12, 1, 60)
    for far in ([30.0, 31.0], [-40.0]):
        table = pd.DataFrame({"sst": np.append(sst, far)})
        dropped = prepare.outliers(table, ["sst"], "jackknife").dropped
        assert dropped["sst"].tolist() == far
    even = pd.DataFrame({"sst": np.linspace(8, 16, 50)})
    assert len(prepare.outliers(even, ["sst"], "jackknife").kept) == 50


def test_mahalanobis_sees_what_no_variable_alone_shows():
    rng = np.random.default_rng(1)
    sst = rng.normal(12, 2, 200)
    table = pd.DataFrame({"sst": sst, "air": sst + rng.normal(0, 0.2, 200)})
    table.loc[200] = [14.0, 10.0]
    assert 200 in prepare.outliers(table, ["sst", "air"]).kept.index
    dropped = prepare.outliers(table, ["sst", "air"], "mahalanobis").dropped
    assert 200 in dropped.index
    assert len(dropped) < 3


def test_a_row_is_not_judged_by_a_missing_value():
    table = pd.DataFrame({"sst": [1.0, 2, 3, 4, np.nan], "depth": [10.0, 11, 10, 11, 5000]})
    assert prepare.outliers(table, ["sst"]).kept.index.tolist() == [0, 1, 2, 3, 4]
    assert prepare.outliers(table, ["sst", "depth"]).dropped.index.tolist() == [4]


def test_mahalanobis_needs_rows_and_variables_of_their_own():
    with use_language("en"), pytest.raises(NicheError, match="2 complete rows are too few"):
        prepare.outliers(pd.DataFrame({"sst": [1.0, 2.0]}), ["sst"], "mahalanobis")
    twins = pd.DataFrame({"a": np.arange(9.0), "b": 2 * np.arange(9.0)})
    with use_language("en"), pytest.raises(NicheError, match="Collinear"):
        prepare.outliers(twins, ["a", "b"], "mahalanobis")


def test_the_environmental_filter_keeps_one_row_per_class(crowded_coast):
    widths = {"sst": 0.5, "depth": 50.0}
    kept = prepare.environmental_filter(crowded_coast, list(widths), widths).kept
    classes = np.floor(crowded_coast[list(widths)] / list(widths.values()))
    assert len(kept) == len(classes.drop_duplicates())
    assert not np.floor(kept[list(widths)] / list(widths.values())).duplicated().any()
    two = prepare.environmental_filter(crowded_coast, list(widths), widths, most=2).kept
    assert np.floor(two[list(widths)] / list(widths.values())).value_counts().max() == 2


def test_the_draw_depends_on_the_seed_alone(crowded_coast):
    filtered = [prepare.environmental_filter(crowded_coast, ["sst"], 8, seed=s).kept.index for s in (1, 1, 2)]
    assert filtered[0].equals(filtered[1])
    assert not filtered[0].equals(filtered[2])


def distances(table):
    points = unit_vectors(table.lat.to_numpy(), table.lon.to_numpy())
    return arc_km(np.linalg.norm(points[:, None] - points, axis=-1)) + np.diag(np.full(len(points), np.inf))


def test_thinning_leaves_no_two_records_too_near_and_drops_none_for_nothing(crowded_coast):
    kept, dropped = prepare.thin(crowded_coast, distance_km=20)
    assert distances(kept).min() > 20
    joined = pd.concat([kept, dropped])
    from_kept = distances(joined)[len(kept) :, : len(kept)]
    assert (from_kept.min(axis=1) <= 20).all()


def test_thinning_keeps_the_two_ends_of_a_chain_rather_than_its_middle():
    # Neighbours lie 11 km apart: the ends have one neighbour each, the middle has two.
    assert prepare.thin(records([48.0, 48.1, 48.2]), distance_km=15).kept.index.tolist() == [0, 2]


def test_records_of_another_season_do_not_crowd_each_other():
    time = pd.to_datetime(["1992-01-01", "1992-01-11", "1992-07-01"])
    seen = records([48.0, 48.01, 48.0], time=time)
    assert len(prepare.thin(seen, distance_km=10).kept) == 1
    assert len(prepare.thin(seen, distance_km=10, days=30).kept) == 2
    assert len(prepare.thin(seen, distance_km=10, days=10).kept) == 3
    assert len(prepare.thin(seen, cell=1.0, time="Q").kept) == 2


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(20)))
def test_which_records_are_crowded_does_not_depend_on_their_order(order):
    seen = records(np.repeat([44.0, 46.0, 48.0, 50.0], 5) + np.tile(np.arange(5) * 0.01, 4))
    kept = prepare.thin(seen.iloc[list(order)], distance_km=50).kept
    assert sorted(kept.lat.round()) == [44, 46, 48, 50]


def test_records_without_place_or_time_are_dropped_and_say_so():
    time = pd.to_datetime(["1992-01-01", None, "1992-01-03"])
    seen = records([48.0, 48.0, np.nan], time=time)
    with use_language("en"):
        dropped = prepare.thin(seen, distance_km=10, days=5).dropped
    assert dropped["reason"].tolist() == ["unknown time", "unknown position"]


def test_nothing_left_is_no_error():
    assert len(prepare.thin(records([np.nan]), distance_km=10).kept) == 0
    assert len(prepare.environmental_filter(pd.DataFrame({"sst": [np.nan]}), ["sst"]).kept) == 0
    assert len(prepare.duplicates(records([48.0]).iloc[:0]).kept) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: prepare.complete(t, ["oxygen"]), r"(?s)lacks columns: oxygen.*lat, lon"),
        (lambda t: prepare.complete(t.to_xarray(), ["lat"]), "(?s)A Dataset is no table.*to_dataframe"),
        (lambda t: prepare.outliers(t.to_xarray(), ["lat"]), "A Dataset is no table"),
        (lambda t: prepare.thin(t.rename(columns={"lat": "y"}), distance_km=1), "no columns lat and lon"),
        (lambda t: prepare.thin(t.assign(lat=95.0), distance_km=1), "latitude is 95"),
        (lambda t: prepare.thin(t), "either by distance or by cell"),
        (lambda t: prepare.thin(t, distance_km=-1), "distance_km = -1"),
        (lambda t: prepare.thin(t, cell=1.0, time="M"), "lacks columns: time"),
        (lambda t: prepare.duplicates(t, cell=0), "cell = 0"),
        (lambda t: prepare.duplicates(t.assign(time="2 March"), time="D"), "cannot be read as dates"),
        (lambda t: prepare.duplicates(t.assign(time="1992-03-02"), time="decade"), "time = 'decade'"),
        (lambda t: prepare.outliers(t, ["lat"], "grubbs"), "method = 'grubbs'"),
        (lambda t: prepare.outliers(t, ["lat"], "mahalanobis", 1.5), "limit = 1.5"),
        (lambda t: prepare.outliers(t, ["name"]), "not numbers"),
        (lambda t: prepare.environmental_filter(t, ["lat"], bins={"lon": 1}), "missing for: lat"),
        (lambda t: prepare.environmental_filter(t, ["lat"], bins=0), "bins = 0"),
        (lambda t: prepare.environmental_filter(t, ["lat"], most=0), "most = 0"),
    ],
)
def test_a_mistake_is_told_with_its_value(call, message):
    table = records([48.0, 49.0, 50.0, 51.0], name="mackerel")
    with use_language("en"), pytest.raises(NicheError, match=message):
        call(table)
