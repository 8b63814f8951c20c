"""A part of a grid: longitudes take their bounds along, a depth finds the cell it lies in."""

import numpy as np
import pytest
import xarray as xr

from odatis_vre.catalog.request import read_bbox
from odatis_vre.catalog.subset import select_grid
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import use_language


@pytest.fixture(autouse=True)
def _english():
    with use_language("en"):
        yield


@pytest.fixture(params=[0, -180])
def belts(request):
    """Cells of 10 degrees around the world, from 0 or from -180 on, with their bounds."""
    lon = request.param + np.arange(5.0, 360, 10)
    ds = xr.Dataset(
        {"v": (("lat", "lon"), np.arange(36.0)[None], {"units": "1"})},
        {"lat": ("lat", [42.0]), "lon": ("lon", lon, {"bounds": "lon_bnds", "units": "degrees_east"})},
    )
    return ds.assign_coords(lon_bnds=(("lon", "bnds"), np.stack([lon - 5, lon + 5], 1), {"comment": "kept"}))


@pytest.mark.parametrize(
    ("bbox", "west"),
    [
        ((160, 40, -160, 45), 160),
        ((160, 40, 200, 45), 160),
        ((-20, 40, 20, 45), -20),
        ((340, 40, 20, 45), 340),
    ],
)
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("coordinate", [False, True])
def test_the_bounds_of_longitudes_go_with_them(belts, bbox, west, lazy, coordinate):
    ds = belts if coordinate else belts.reset_coords("lon_bnds")
    part = select_grid(ds.chunk() if lazy else ds, "it", read_bbox(bbox))
    assert part.lon.values.tolist() == [west + 5.0 + 10 * step for step in range(4)]
    assert part.lon_bnds.values.tolist() == [[lon - 5, lon + 5] for lon in part.lon.values]
    assert part.lon_bnds.dims == ("lon", "bnds")
    assert part.lon_bnds.attrs == {"comment": "kept"}
    assert bool(part.lon_bnds.chunks) is lazy
    assert ("lon_bnds" in part.coords) is coordinate


def test_bounds_that_are_missing_are_no_trouble(belts):
    part = select_grid(belts.drop_vars("lon_bnds"), "it", read_bbox((160, 40, -160, 45)))
    assert part.lon.attrs["bounds"] == "lon_bnds"


def column(*levels: float, up: bool = False) -> xr.Dataset:
    attrs = {"positive": "up" if up else "down", "axis": "Z", "units": "m"}
    values = [-level for level in levels] if up else list(levels)
    return xr.Dataset({"v": ("depth", list(levels))}, {"depth": ("depth", values, attrs)})


def test_a_single_level_is_found_in_its_own_precision():
    ds = column(0.494025).assign_coords(depth=np.array([0.494025], "f4"))
    assert select_grid(ds, "it", depth=0.494025).v.ndim == 0


# The first levels of GLORYS12 (CMEMS-GLO-PUM-001-030): 0.494, 1.541, 2.646 m
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize(
    ("levels", "depth", "nearest"),
    [
        ((0.494, 1.541, 2.646), 0, 0.494),
        ((0.494, 1.541, 2.646), 1.1, 1.541),
        ((0.494, 1.541, 2.646), 3.1, 2.646),
        ((2.646, 1.541, 0.494), 0, 0.494),
        ((5, 15, 25), 0, 5),
        ((8, 18, 28), 0, 8),
        ((50, 60, 80), 45, 50),
        ((50, 60, 80), 90, 80),
        ((100,), 100, 100),
    ],
)
def test_a_depth_takes_the_nearest_level_as_far_as_the_cells_go(levels, depth, nearest, up):
    assert float(select_grid(column(*levels, up=up), "it", depth=depth).v) == nearest


@pytest.mark.parametrize(
    ("levels", "depth"),
    [
        ((0.494, 1.541, 2.646), 3.3),
        ((0.494, 1.541, 2.646), -1),
        ((0, 10, 20), -5),
        ((10, 200, 5000), -80),
        ((50, 60, 80), 0),
        ((50, 60, 80), 91),
        ((100,), 0),
    ],
)
def test_a_depth_beyond_the_cells_is_not_found_and_the_nearest_level_is_told(levels, depth):
    with pytest.raises(DataNotFound, match="no level at depth") as caught:
        select_grid(column(*levels), "it", depth=depth)
    assert f"{min(levels, key=lambda level: abs(level - depth)):g}" in caught.value.hint
