import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche.shift import range_shift, variance_split
from odatis_vre.niche.sphere import EARTH_RADIUS_KM, cell_area


@pytest.fixture
def sea() -> xr.DataArray:
    """A range of 6 x 10 cells of 1 degree around 43 N, 25.5 W."""
    lat, lon = np.arange(35.5, 60), np.arange(-39.5, 0)
    there = (np.abs(lat - 43) < 3)[:, None] & (np.abs(lon + 25) < 5)
    return xr.DataArray(there, {"lat": lat, "lon": lon}, ("lat", "lon"))


def moved(field, **by):
    return field.roll(by, roll_coords=False)


def test_a_globe_of_cells_has_the_area_of_the_sphere():
    globe = xr.DataArray(
        np.zeros((18, 36)), {"lat": np.arange(-85.0, 90, 10), "lon": np.arange(5.0, 360, 10)}, ("lat", "lon")
    )
    assert float(cell_area(globe).sum()) == pytest.approx(4 * np.pi * EARTH_RADIUS_KM**2, rel=1e-12)


def test_a_range_that_moves_north_is_lost_in_the_south_and_gained_in_the_north(sea):
    after = moved(sea, lat=3)
    found = range_shift(sea, after)
    area = cell_area(sea)
    assert float(found.before) == pytest.approx(float(area.where(sea, 0).sum()))
    assert float(found.lost) == pytest.approx(float(area.where(sea & ~after, 0).sum()))
    assert float(found.gained) == pytest.approx(float(area.where(after & ~sea, 0).sum()))
    assert float(found.kept + found.lost) == pytest.approx(float(found.before))
    assert float(found.kept + found.gained) == pytest.approx(float(found.after))
    assert float(found.change) == pytest.approx(100 * (float(found.after / found.before) - 1))
    # Three degrees of latitude.
    assert float(found.distance) == pytest.approx(np.radians(3) * EARTH_RADIUS_KM, rel=0.01)
    assert float(found.bearing) == pytest.approx(0, abs=1e-6)
    edges = [float(found[n]) for n in ("south_before", "south_after", "north_before", "north_after")]
    assert edges == [40.5, 43.5, 45.5, 48.5]
    assert {v.attrs["units"] for v in found.values()} == {
        "km2",
        "%",
        "km",
        "degrees",
        "degrees_north",
        "degrees_east",
    }


def test_a_range_can_move_across_the_dateline():
    lon = np.arange(0.5, 360)
    there = (np.abs(lon - 178) < 4)[None] & np.array([[True], [False]])
    before = xr.DataArray(there, {"lat": [0.0, 1.0], "lon": lon}, ("lat", "lon"))
    found = range_shift(before, moved(before, lon=6))
    assert float(found.centroid_lon_before) == pytest.approx(178)
    assert float(found.centroid_lon_after) == pytest.approx(-176)
    assert float(found.bearing) == pytest.approx(90, abs=0.5)
    west = range_shift(
        before.assign_coords(lon=(lon + 180) % 360 - 180),
        moved(before, lon=6).assign_coords(lon=(lon + 180) % 360 - 180),
    )
    assert float(west.distance) == pytest.approx(float(found.distance))


def test_nothing_moves_where_nothing_changes(sea):
    found = range_shift(sea, sea)
    assert [float(found[n]) for n in ("gained", "lost", "change", "distance")] == [0, 0, 0, 0]
    assert np.isnan(found.bearing)


def test_cells_unknown_in_one_period_count_in_neither(sea):
    suitability = sea.astype(float)
    gaps = suitability.where(sea.lat < 44)
    found = range_shift(suitability, gaps, 0.5)
    assert float(found.lost) == 0
    assert float(found.before) == pytest.approx(float(cell_area(sea).where(sea & (sea.lat < 44), 0).sum()))


def test_depths_have_edges_too(sea):
    depth = (100 * (sea.lat - 35)).broadcast_like(sea)
    found = range_shift(sea, moved(sea, lat=3), depth=depth, edge=0)
    edges = [float(found[n]) for n in ("shallow_before", "shallow_after", "deep_before", "deep_after")]
    assert edges == [550, 850, 1050, 1350]


def test_an_empty_range_has_an_area_of_zero_and_no_place(sea):
    found = range_shift(sea, sea & False)
    assert float(found.after) == 0
    assert float(found.change) == -100
    assert np.isnan([found.centroid_lat_after, found.distance, found.north_after]).all()
    assert np.isnan(range_shift(sea & False, sea).change)


def test_scenarios_are_kept_apart_and_stay_lazy(sea):
    after = xr.concat([moved(sea, lat=1), moved(sea, lat=4)], xr.Variable("scenario", ["ssp126", "ssp585"]))
    suitability = after.astype(float).chunk(scenario=1, lat=7)
    found = range_shift(sea.astype(float).chunk(), suitability, (0.5, 0.5))
    assert isinstance(found.distance.data, da.Array)
    assert found.distance.dims == ("scenario",)
    for name in ("ssp126", "ssp585"):
        alone = range_shift(sea, after.sel(scenario=name, drop=True))
        xr.testing.assert_allclose(found.sel(scenario=name, drop=True).compute(), alone)


def test_the_area_of_a_curvilinear_grid_is_given(sea):
    lat, lon = xr.broadcast(sea.lat, sea.lon)
    curved = xr.DataArray(
        sea.values, dims=("j", "i"), coords={"lat": (("j", "i"), lat.values), "lon": (("j", "i"), lon.values)}
    )
    with use_language("en"), pytest.raises(NicheError, match="area of cells cannot be told"):
        range_shift(curved, curved)
    area = xr.DataArray(cell_area(sea).values, dims=("j", "i"))
    found = range_shift(curved, curved.roll(j=2), area=area)
    assert float(found.before) == pytest.approx(float(range_shift(sea, sea).before))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: range_shift(s.astype(float), s.astype(float)), "by a threshold"),
        (lambda s: range_shift(s, s.assign_coords(lat=s.lat + 1)), "different grids"),
        (lambda s: range_shift(s, s, edge=0.6), "edge = 0.6"),
        (lambda s: range_shift(s.rename(lat="y"), s.rename(lat="y")), "no coordinate lat"),
        (lambda s: variance_split(s), "no dimension model, scenario, climate_model"),
        (lambda s: variance_split(s, ()), r"dims = \(\)"),
    ],
)
def test_a_mistake_is_told_with_its_value(call, message, sea):
    with use_language("en"), pytest.raises(NicheError, match=message):
        call(sea)


def runs(values):
    return xr.DataArray(values, dims=("model", "scenario", "climate_model", "lat"))


@settings(deadline=None, max_examples=50)
@given(arrays(float, (3, 2, 4, 2), elements=st.floats(0, 1)))
def test_the_parts_sum_to_the_variance_of_all_projections(values):
    parts = variance_split(runs(values))
    assert parts["source"].values.tolist() == ["model", "scenario", "climate_model", "interaction"]
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum("source"), values.var(axis=(0, 1, 2)), atol=1e-12)


@settings(deadline=None, max_examples=25)
@given(arrays(float, 3, elements=st.floats(-9, 9)), arrays(float, 2, elements=st.floats(-9, 9)))
def test_effects_that_add_up_leave_no_interaction(a, b):
    values = np.broadcast_to(a[:, None, None, None] + b[:, None, None], (3, 2, 4, 1))
    parts = variance_split(runs(values)).isel(lat=0)
    np.testing.assert_allclose(parts, [a.var(), b.var(), 0, 0], atol=1e-12)


def test_the_order_of_the_dimensions_changes_no_part():
    values = runs(np.random.default_rng(3).uniform(size=(3, 2, 4, 5)))
    turned = variance_split(values, ("climate_model", "model", "scenario"))
    xr.testing.assert_allclose(turned.sel(source=variance_split(values).source), variance_split(values))


def test_maps_of_the_parts_stay_lazy_and_unknown_where_a_run_is():
    values = runs(np.random.default_rng(3).uniform(size=(3, 2, 4, 5)))
    values[1, 0, 2, 4] = np.nan
    lazy = variance_split(values.chunk(lat=2))
    assert isinstance(lazy.data, da.Array)
    np.testing.assert_allclose(lazy.compute(), variance_split(values))
    assert lazy.isnull().any("source").values.tolist() == [False] * 4 + [True]
    assert lazy.isnull().all("source").values.tolist() == [False] * 4 + [True]


def test_coordinates_of_the_runs_do_not_stay_behind():
    values = runs(np.ones((1, 2, 2, 2))).assign_coords(
        model=["GAM"], scenario=["a", "b"], lat=[45.0, 46.0], institute=("climate_model", ["x", "y"])
    )
    parts = variance_split(values.assign_attrs(units="1"))
    assert set(parts.coords) == {"source", "lat"}
    assert parts.attrs["units"] == "1"
