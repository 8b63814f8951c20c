import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche.extrapolation import mess, mop

numbers = st.integers(-50, 50).map(float)


def one_by_one(reference, targets):
    """MESS as Elith et al. (2010) write it, value by value."""
    out = []
    for target in targets:
        similarity = []
        for column, p in zip(reference.T, target, strict=True):
            low, high = column.min(), column.max()
            f = 100 * np.mean(column < p)
            if f == 0:
                similarity.append(100 * (p - low) / (high - low))
            elif f <= 50:
                similarity.append(2 * f)
            elif f < 100:
                similarity.append(2 * (100 - f))
            else:
                similarity.append(100 * (high - p) / (high - low))
        out.append((min(similarity), int(np.argmin(similarity))))
    return out


def test_mess_equals_the_formula_value_by_value():
    rng = np.random.default_rng(1)
    reference, targets = rng.normal(size=(60, 3)).round(1), rng.normal(size=(200, 3)).round(1) * 1.5
    found = mess(reference, targets)
    expected = one_by_one(reference, targets)
    np.testing.assert_allclose(found["mess"], [v for v, _ in expected], atol=1e-12)
    assert found["mod"].tolist() == [f"variable_{j + 1}" for _, j in expected]


@settings(deadline=None, max_examples=50)
@given(arrays(float, (8, 2), elements=numbers), arrays(float, (5, 2), elements=numbers))
def test_mess_is_negative_exactly_outside_the_range(reference, targets):
    reference[0] = [-51, -51]  # no variable is constant
    outside = ((targets < reference.min(axis=0)) | (targets > reference.max(axis=0))).any(axis=1)
    np.testing.assert_array_equal(mess(reference, targets)["mess"] < 0, outside)
    np.testing.assert_array_equal(mop(reference, targets)["outside"] > 0, outside)


@settings(deadline=None, max_examples=50)
@given(
    arrays(float, (8, 2), elements=numbers),
    arrays(float, (5, 2), elements=numbers),
    st.permutations(range(8)),
)
def test_mess_does_not_depend_on_units_or_on_the_order_of_rows(reference, targets, order):
    reference[0] = [-51, -51]
    found = mess(reference, targets)["mess"]
    np.testing.assert_allclose(mess(reference[order], targets)["mess"], found, atol=1e-9)
    twice = np.vstack([reference, reference])
    np.testing.assert_allclose(mess(2 * twice + 8, 2 * targets + 8)["mess"], found, atol=1e-9)


def test_a_grid_gets_the_same_lazily_on_its_own_cells(presences, island_sea):
    table = island_sea.to_dataframe()[["sst", "salinity"]]
    lazy = mess(presences, island_sea.chunk(time=1, lat=3))
    assert isinstance(lazy["mess"].data, da.Array)
    assert lazy["mess"].dims == ("time", "lat", "lon")
    by_row = mess(presences, table)
    np.testing.assert_allclose(lazy["mess"].to_series(), by_row["mess"], rtol=1e-6)
    names = np.array([*lazy["mod"].attrs["flag_meanings"].split(), "unknown"])
    assert names[lazy["mod"].values.ravel()].tolist() == by_row["mod"].fillna("unknown").tolist()
    away = mop(presences, island_sea.chunk(time=1))
    np.testing.assert_allclose(away["distance"].to_series(), mop(presences, table)["distance"], rtol=1e-5)


def test_unknown_cells_are_unknown_and_others_are_not(presences, island_sea):
    unknown = (island_sea.sst.isnull() | island_sea.salinity.isnull()).transpose("time", "lat", "lon")
    similar, away = mess(presences, island_sea), mop(presences, island_sea)
    for field in (
        similar["mess"].isnull(),
        similar["mod"] == -1,
        away["distance"].isnull(),
        away["outside"] == -1,
    ):
        np.testing.assert_array_equal(field, unknown)


def test_a_grid_can_be_the_reference(island_sea):
    now, later = island_sea.isel(time=0), island_sea.assign(sst=island_sea.sst + 30)
    assert float(mess(now, later)["mess"].max()) < 0
    assert float(mess(now, now)["mess"].min()) == 0
    assert (mess(now, later)["mod"].isin([-1, 0])).all()


def test_units_are_converted_where_both_are_known(presences, island_sea):
    presences.attrs["units"] = {"sst": "degC"}
    kelvin = island_sea.assign(sst=(island_sea.sst + 273.15).assign_attrs(units="K"))
    np.testing.assert_allclose(
        mess(presences, kelvin)["mess"], mess(presences, island_sea)["mess"], atol=1e-3
    )


@pytest.mark.parametrize("measure", [mess, mop])
def test_an_infinite_value_of_a_grid_is_a_missing_one(measure, presences, island_sea):
    south = island_sea.lat < 46
    holed = island_sea.assign(sst=island_sea.sst.where(~south, -np.inf))
    expected = island_sea.assign(sst=island_sea.sst.where(~south))
    xr.testing.assert_identical(measure(presences, holed), measure(presences, expected))
    xr.testing.assert_identical(measure(holed, island_sea), measure(expected, island_sea))


@pytest.mark.parametrize("measure", [mess, mop])
def test_a_data_array_holds_its_variables_along_a_dimension(measure, presences, island_sea):
    found = measure(presences, island_sea.to_dataarray())
    xr.testing.assert_identical(found, measure(presences, island_sea))


def test_mop_equals_the_mean_distance_to_the_nearest_rows():
    rng = np.random.default_rng(2)
    reference, targets = rng.normal(size=(50, 3)) * [1, 10, 100], rng.normal(size=(40, 3)) * [1, 20, 50]
    away = (targets[:, None] - reference) / reference.std(axis=0)
    nearest = np.sort(np.sqrt((away**2).sum(axis=2)), axis=1)[:, :5]
    np.testing.assert_allclose(
        mop(reference, targets, percent=10)["distance"], nearest.mean(axis=1), atol=1e-9
    )


def test_mop_is_zero_on_the_reference_itself():
    reference = np.random.default_rng(2).normal(size=(50, 2))
    np.testing.assert_allclose(mop(reference, reference, percent=1)["distance"], 0, atol=1e-6)


def test_missing_values_of_the_reference_are_left_out(presences):
    gaps = pd.concat([presences, pd.DataFrame({"sst": [np.nan, 12.0], "salinity": [35.0, np.nan]})])
    grid = presences.sample(20, random_state=1) + 0.2
    pd.testing.assert_frame_equal(mop(gaps, grid), mop(presences, grid))
    salty = gaps[gaps.salinity.notna()]
    assert mess(gaps[["salinity"]], grid)["mess"].equals(mess(salty[["salinity"]], grid)["mess"])


def test_a_reference_that_cannot_be_one_is_refused(presences):
    with use_language("en"), pytest.raises(NicheError, match="do not vary in the reference: month"):
        mess(presences.assign(month=5.0), presences.assign(month=6.0))
    with use_language("en"), pytest.raises(NicheError, match="without any value in the reference: ph"):
        mess(presences.assign(ph=np.nan), presences.assign(ph=8.0))
    with use_language("fr"), pytest.raises(NicheError, match="Aucune ligne"):
        mop(pd.DataFrame({"a": [1, 2, np.nan, np.nan], "b": [np.nan, np.nan, 1, 2]}), [[1.0, 2.0]])


def test_missing_variables_and_impossible_shares_are_named(presences, island_sea):
    with use_language("en"), pytest.raises(NicheError, match="salinity"):
        mess(presences, island_sea[["sst"]])
    with use_language("en"), pytest.raises(NicheError, match="salinity"):
        mess(presences, presences[["sst"]])
    with use_language("en"), pytest.raises(NicheError, match="percent = 0"):
        mop(presences, presences, percent=0)


def test_a_bottom_depth_without_time_is_spread_over_it(presences, island_sea):
    found = mess(presences, island_sea)["mess"]
    assert island_sea.salinity.dims == ("lat", "lon")
    assert isinstance(found, xr.DataArray)
    assert found.sizes == {"time": 3, "lat": 6, "lon": 8}
