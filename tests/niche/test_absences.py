import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, absences
from odatis_vre.niche.sphere import arc_km, unit_vectors


@pytest.fixture
def sea() -> xr.Dataset:
    """Four months of 20 x 30 cells: sst falls northwards, depth grows westwards, land in one corner."""
    lat, lon = np.arange(40.0, 60), np.arange(-30.0, 0)
    month = np.arange(4)
    sst = 24 - 0.4 * (lat - 40)[:, None] + 0 * lon + month[:, None, None]
    depth = 100.0 * -lon + 0 * lat[:, None]
    depth[:3, -4:] = np.nan
    return xr.Dataset(
        {
            "sst": (("month", "lat", "lon"), sst, {"units": "degC"}),
            "depth": (("lat", "lon"), depth, {"units": "m"}),
        },
        {"month": month, "lat": lat, "lon": lon},
    )


@pytest.fixture
def cells(sea) -> pd.DataFrame:
    return sea.isel(month=0).to_dataframe().reset_index()


@pytest.fixture
def seen() -> pd.DataFrame:
    """60 presences around 50 N, 15 W: sst 18..22, depth 1000..2000."""
    rng = np.random.default_rng(6)
    lat, lon = rng.uniform(46, 54, 60), rng.uniform(-20, -10, 60)
    return pd.DataFrame({"lat": lat, "lon": lon, "sst": 24 - 0.4 * (lat - 40), "depth": -100 * lon})


def away_km(drawn, seen):
    a, b = (unit_vectors(t.lat.to_numpy(), t.lon.to_numpy()) for t in (drawn, seen))
    return arc_km(np.linalg.norm(a[:, None] - b, axis=-1)).min(axis=1)


DRAWS = {
    "random": lambda c, s, **k: absences.random(c, s, **k),
    "distance_band": lambda c, s, **k: absences.distance_band(c, s, least_km=200, most_km=900, **k),
    "envelope": lambda c, s, **k: absences.environmental(c, s, variables=["sst", "depth"], **k),
    "nppen": lambda c, s, **k: absences.environmental(c, s, variables=["sst", "depth"], method="nppen", **k),
    "convex_hull": lambda c, s, **k: absences.convex_hull(c, s, variables=["sst", "depth"], **k),
    "background": lambda c, s, n=60, **k: absences.background(c, n, **k),
}


@pytest.mark.parametrize("kind", ["table", "grid", "chunked"])
@pytest.mark.parametrize("name", DRAWS)
def test_as_many_known_cells_as_presences_are_drawn_once_each(name, kind, sea, cells, seen):
    candidates = {"table": cells, "grid": sea, "chunked": sea.chunk(month=1, lat=7)}[kind]
    drawn = DRAWS[name](candidates, seen)
    assert len(drawn) == 60
    assert not drawn.duplicated(["lat", "lon", "month"]).any()
    assert drawn[["sst", "depth"]].notna().all(axis=None)
    told = sea.sel({d: xr.DataArray(drawn[d].to_numpy(), dims="cell") for d in ("month", "lat", "lon")})
    np.testing.assert_array_equal(drawn["sst"], told.sst)
    np.testing.assert_array_equal(drawn["depth"], told.depth)
    if kind != "table":
        assert drawn.attrs["units"] == {"sst": "degC", "depth": "m"}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_draws_the_same_cells(name, sea, seen):
    pd.testing.assert_frame_equal(DRAWS[name](sea, seen, n=20), DRAWS[name](sea.chunk(lat=5), seen, n=20))
    assert not DRAWS[name](sea, seen, n=20).equals(DRAWS[name](sea, seen, n=20, seed=1))


def test_a_lazy_grid_is_read_once_and_then_only_where_cells_were_drawn(sea, seen):
    loaded = []

    def load(block, block_info=None):
        loaded.append(block_info[0]["chunk-location"][0])
        return block

    lazy = sea.assign(sst=sea.sst.chunk(month=1))
    lazy["sst"].data = lazy["sst"].data.map_blocks(load, dtype=float, meta=np.empty((0, 0, 0)))
    drawn = absences.convex_hull(lazy, seen, 1, variables=["sst", "depth"])
    assert sorted(loaded[:4]) == [0, 1, 2, 3]
    assert loaded[4:] == drawn["month"].tolist()


def test_cells_of_presences_are_not_drawn_at_random(sea, cells, seen):
    held = set(zip(seen.lat.round(), seen.lon.round(), strict=True))
    for candidates in (sea, cells):
        where = seen if candidates is sea else cells.merge(pd.DataFrame(list(held), columns=["lat", "lon"]))
        drawn = absences.random(candidates, where, 400)
        assert not held & set(zip(drawn.lat, drawn.lon, strict=True))


def curvilinear(sea):
    """The same sea on rows and columns, its latitudes and longitudes on both."""
    lat, lon = np.meshgrid(sea.lat, sea.lon, indexing="ij")
    rows = sea.rename(lat="y", lon="x").drop_vars(["y", "x"])
    return rows.assign_coords(lat=(("y", "x"), lat), lon=(("y", "x"), lon))


@pytest.mark.parametrize("name", DRAWS)
def test_a_curvilinear_grid_gives_the_cells_of_the_straight_one(name, sea, seen):
    columns = ["month", "lat", "lon", "sst", "depth"]
    drawn = DRAWS[name](curvilinear(sea), seen, n=40)
    pd.testing.assert_frame_equal(drawn[columns], DRAWS[name](sea, seen, n=40)[columns])


def test_the_cell_of_a_presence_is_the_nearest_on_the_sphere():
    """A polar grid, a corner without a place: rows and columns say nothing of lat or lon."""
    y, x = np.meshgrid(np.linspace(-20, 20, 15), np.linspace(-20, 20, 15), indexing="ij")
    lat, lon = 90 - np.hypot(y, x), np.degrees(np.arctan2(y, x))
    lat[0, 0] = lon[0, 0] = np.nan
    grid = xr.Dataset(
        {"ice": (("y", "x"), np.ones((15, 15)))}, {"lat": (("y", "x"), lat), "lon": (("y", "x"), lon)}
    )
    whales = pd.DataFrame({"lat": [89.0, 75.0, 70.0], "lon": [100.0, 179.0, -181.0]})
    away = arc_km(
        np.linalg.norm(unit_vectors(lat, lon)[:, :, None] - unit_vectors(*whales.to_numpy().T), axis=-1)
    )
    held = {np.unravel_index(np.nanargmin(away[..., i]), lat.shape) for i in range(3)}
    with pytest.warns(UserWarning, match="222"):
        drawn = absences.random(grid.assign_coords(y=range(15), x=range(15)), whales, 225)
    assert len(held) == 3
    assert set(np.ndindex(15, 15)) - set(zip(drawn.y, drawn.x, strict=True)) == held


def test_a_presence_off_the_grid_is_in_no_cell(sea):
    """Cells reach half their spacing beyond their centres: to 59.5 N and 0.5 W; 70 N is off."""
    records = pd.DataFrame({"lat": [70.0, 50.0, 59.4], "lon": [-15.0, 20.0, -0.6]})
    for grid in (sea, curvilinear(sea), sea.stack(node=("lat", "lon")).reset_index("node")):
        grid = grid.isel(month=0, drop=True)[["sst"]]
        with pytest.warns(UserWarning, match="599 qualify"):
            drawn = absences.random(grid, records, 600)
        assert (59.0, -1.0) not in set(zip(drawn.lat, drawn.lon, strict=True))


def test_cells_without_a_place_are_in_no_band(sea, seen):
    """As those of NEMO on land are."""
    grid = curvilinear(sea)
    holed = grid.assign_coords(lat=grid.lat.where(grid.lat < 58), lon=grid.lon.where(grid.lat < 58))
    drawn = absences.distance_band(holed, seen, least_km=200, most_km=900)
    pd.testing.assert_frame_equal(
        drawn, absences.distance_band(grid.isel(y=slice(18)), seen, least_km=200, most_km=900)
    )


def test_a_mesh_has_its_places_on_one_dimension(sea, seen):
    mesh = sea.isel(month=0, drop=True).stack(node=("lat", "lon")).reset_index("node")
    drawn = absences.random(mesh, seen, 40)
    expected = absences.random(sea.isel(month=0, drop=True), seen, 40)
    pd.testing.assert_frame_equal(drawn[["lat", "lon", "sst"]], expected[["lat", "lon", "sst"]])


def test_longitudes_may_be_east_or_around(sea, seen):
    turned = sea.assign_coords(lon=sea.lon % 360)
    expected = absences.random(sea, seen)
    pd.testing.assert_frame_equal(absences.random(turned, seen).assign(lon=expected.lon), expected)


def test_a_band_keeps_its_distances_from_the_nearest_presence(sea, seen):
    away = away_km(absences.distance_band(sea, seen, 200, least_km=300, most_km=800), seen)
    assert 300 <= away.min() < 400
    assert 700 < away.max() <= 800


@pytest.mark.parametrize("kind", ["grid", "chunked", "table"])
@pytest.mark.parametrize("name", [n for n in DRAWS if n != "background"])
def test_cells_in_kelvin_are_drawn_as_those_in_degrees_of_the_presences(name, kind, sea, seen):
    seen.attrs["units"] = {"sst": "degC", "lat": "degrees_north"}
    kelvin = sea.assign(sst=(sea.sst + 273.15).assign_attrs(units="K"))
    if kind == "table":
        kelvin = kelvin.to_dataframe().reset_index()
        kelvin.attrs["units"] = {"sst": "K", "depth": "m"}
    drawn = DRAWS[name](kelvin.chunk(lat=7) if kind == "chunked" else kelvin, seen)
    expected = DRAWS[name](sea if kind != "table" else sea.to_dataframe().reset_index(), seen)
    pd.testing.assert_frame_equal(drawn, expected)
    assert drawn.attrs["units"] == {"sst": "degC", "depth": "m"}


def test_a_unit_that_a_file_writes_as_a_number_is_a_unit(sea, seen):
    ice = sea.assign(ice=(sea.sst * 0 + np.arange(sea.sizes["lon"])).assign_attrs(units=np.int16(1)))
    presences = absences.background(ice, 30)
    assert len(absences.environmental(ice, presences, 5, variables=["ice"], quantile=0.2)) == 5


@pytest.mark.parametrize("name", ["convex_hull", "envelope", "random"])
def test_a_unit_that_does_not_fit_the_presences_is_refused(name, sea, seen):
    seen.attrs["units"] = {"sst": "m s-1"}
    with use_language("en"), pytest.raises(NicheError, match=r"sst is in degC.*in m s-1"):
        DRAWS[name](sea, seen)


@pytest.mark.parametrize("name", DRAWS)
def test_an_infinite_value_of_a_grid_is_a_missing_one(name, sea, seen):
    north = sea.lat > 55
    drawn = DRAWS[name](sea.assign(sst=sea.sst.where(~north, np.inf)), seen, n=40)
    pd.testing.assert_frame_equal(drawn, DRAWS[name](sea.assign(sst=sea.sst.where(~north)), seen, n=40))


def test_an_envelope_is_left_in_one_variable_at_least(sea, seen):
    low, high = seen[["sst", "depth"]].quantile(0.1), seen[["sst", "depth"]].quantile(0.9)
    drawn = absences.environmental(sea, seen, 300, variables=["sst", "depth"], quantile=0.1)[["sst", "depth"]]
    assert ((drawn < low) | (drawn > high)).any(axis=1).all()
    assert ((drawn >= low) & (drawn <= high)).any(axis=0).all()


def test_a_model_can_tell_where_the_environment_is_unlike(sea, seen):
    drawn = absences.environmental(
        sea, seen, 100, variables=["sst", "depth"], method=NPPEN(homogenise=6, min_count=1), below=0.0
    )
    model = NPPEN(homogenise=6, min_count=1).fit(seen[["sst", "depth"]])
    assert (model.predict(drawn[["sst", "depth"]]) == 0).all()


def test_no_cell_outside_the_hull_is_inside_by_triangulation(sea, seen):
    drawn = absences.convex_hull(sea, seen, 400, variables=["sst", "depth"])
    triangles = Delaunay(seen[["sst", "depth"]])
    assert (triangles.find_simplex(drawn[["sst", "depth"]]) == -1).all()
    # What is left is inside: nothing outside was forgotten.
    everything = sea.to_dataframe().dropna()[["sst", "depth"]]
    outside = int((triangles.find_simplex(everything) == -1).sum())
    with use_language("en"), pytest.warns(UserWarning, match=f"{outside} qualify"):
        assert len(absences.convex_hull(sea, seen, 10_000, variables=["sst", "depth"])) == outside


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.1, 100), st.floats(-1000, 1000))
def test_the_hull_does_not_depend_on_units(seed, scale, offset):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(80, 2)), columns=["a", "b"]).assign(lat=0.0, lon=np.arange(80.0))
    other = table.assign(a=table.a * scale + offset)
    for components in (None, 2):
        drawn = [
            absences.convex_hull(
                t, t.iloc[:8], 10, variables=["a", "b"], components=components
            ).index.tolist()
            for t in (table, other)
        ]
        assert drawn[0] == drawn[1]
        assert min(drawn[0]) >= 8


def test_many_variables_are_brought_to_their_first_components():
    rng = np.random.default_rng(0)
    names = [f"v{i}" for i in range(7)]
    values = rng.normal(size=(400, 7)) * np.repeat([1.0, 1.5], [100, 300])[:, None]
    table = pd.DataFrame(values, columns=names).assign(lat=0.0, lon=np.arange(400) / 10)
    here = table.iloc[:100]
    default = absences.convex_hull(table, here, 50, variables=names)
    assert default.equals(absences.convex_hull(table, here, 50, variables=names, components=4))
    assert default.index.min() >= 100
    with use_language("en"), pytest.warns(UserWarning, match="qualify: all of them"):
        narrow = absences.convex_hull(table, here, 300, variables=names, components=1)
    assert 0 < len(narrow) < 100


def test_bias_draws_the_background_where_the_effort_was(sea, cells):
    effort = xr.where(sea.lat > 50, 3.0, 1.0)
    share = {}
    for name, candidates, weights in (
        ("field", sea, effort),
        ("variable", sea.assign(effort=effort), "effort"),
        ("numbers", cells, np.where(cells.lat > 50, 3.0, 1.0)),
        ("column", cells.assign(effort=np.where(cells.lat > 50, 3.0, 1.0)), "effort"),
    ):
        share[name] = (absences.background(candidates, 150, weights=weights).lat > 50).mean()
    # 9 of 20 rows lie north of 50: 27 parts of weight against 11.
    assert all(0.6 < s < 0.82 for s in share.values()), share
    assert 0.3 < (absences.background(sea, 150).lat > 50).mean() < 0.6


def test_effort_is_densest_where_records_are(sea, cells, seen):
    by_row = absences.sampling_effort(cells, seen, width_km=200)
    assert away_km(cells.iloc[[by_row.argmax()]], seen)[0] < 100
    field = absences.sampling_effort(sea, seen, width_km=200)
    np.testing.assert_allclose(field.stack(cell=["lat", "lon"]), by_row, atol=1e-12)
    drawn = absences.background(sea, 100, weights=field)
    assert away_km(drawn, seen).mean() < away_km(absences.background(sea, 100), seen).mean() / 2


def test_fewer_cells_than_asked_for_come_with_a_warning(cells, seen):
    with use_language("fr"), pytest.warns(UserWarning, match="5000 mailles demandées, 588 conviennent"):
        drawn = absences.background(cells, 5000)
    assert len(drawn) == 588


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c, s: absences.random(c, s.drop(columns="lat")), "no columns lat and lon"),
        (lambda c, s: absences.random(c, s.assign(lat=np.nan)), "No presence is left"),
        (lambda c, s: absences.random(c.to_numpy(), s), "read from a ndarray"),
        (lambda c, s: absences.random(xr.Dataset(), s), "no variable"),
        (lambda c, s: absences.random(c, s, 0), "n = 0"),
        (lambda c, s: absences.random(c.assign(sst=np.nan), s), "None of 600 candidates qualifies"),
        (lambda c, s: absences.distance_band(c, s, least_km=10, most_km=5), r"\(10, 5\)"),
        (lambda c, s: absences.environmental(c, s, variables=["oxygen"]), "lacks columns: oxygen"),
        (lambda c, s: absences.environmental(c, s, variables=["sst"], method="kmeans"), "kmeans"),
        (lambda c, s: absences.convex_hull(c, s.assign(x=1.0), variables=["sst", "x"]), "no convex hull"),
        (
            lambda c, s: absences.convex_hull(c, s.iloc[:2], variables=["sst", "depth"]),
            "2 different presences",
        ),
        (lambda c, s: absences.convex_hull(c, s, variables=["sst"], components=3), "components = 3"),
        (lambda c, s: absences.convex_hull(c, s.to_xarray(), variables=["sst"]), "A Dataset is no table"),
        (lambda c, s: absences.background(c, 5, weights=-c.lat), "weight is -59"),
        (lambda c, s: absences.background(c, 5, weights=[1, 2]), r"\(2,\)"),
        (lambda c, s: absences.sampling_effort(c, s, width_km=0), "width_km = 0"),
    ],
)
def test_a_mistake_is_told_with_its_value(call, message, cells, seen):
    with use_language("en"), pytest.raises(NicheError, match=message):
        call(cells, seen)
