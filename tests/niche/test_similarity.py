import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import overlap

KINDS = {
    "schoener_d": "schoener_D",
    "warren_i": "warren_I_1_minus_half_H2",
    "hellinger": "I_1_minus_H_over_sqrt2",
}
suitabilities = arrays(float, 6, elements=st.floats(0.01, 10))


def field(values, **coords):
    coords = {"lat": [0.0, 60.0], "lon": [0.0, 1.0, 2.0]} | coords
    return xr.DataArray(
        np.asarray(values, float).reshape(-1, 3)[: len(coords["lat"])], coords, ("lat", "lon")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_overlap_equals_the_reference(read_reference, kind):
    table = read_reference("metrics/overlap_input.csv")
    expected = read_reference("metrics/overlap_expected.csv").set_index("metric").value
    assert overlap(table.z1, table.z2, kind) == pytest.approx(expected[KINDS[kind]], abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=50)
@given(a=suitabilities, b=suitabilities)
def test_overlap_is_symmetric_and_ignores_the_scale(kind, a, b):
    found = overlap(a, b, kind)
    assert 0 <= found <= 1
    assert overlap(b, a, kind) == pytest.approx(found, abs=1e-12)
    assert overlap(7 * a, b / 3, kind) == pytest.approx(found, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_overlaps_wholly_and_the_separate_not_at_all(kind):
    assert overlap([1.0, 2.0, 0.0], [2.0, 4.0, 0.0], kind) == pytest.approx(1, abs=1e-7)
    assert overlap([1.0, 2.0, 0.0], [0.0, 0.0, 5.0], kind) == pytest.approx(0, abs=1e-7)


def test_cells_unknown_in_one_count_in_neither():
    assert overlap([1.0, 3.0, np.nan, 9.0], [2.0, 2.0, 5.0, np.nan]) == overlap([1.0, 3.0], [2.0, 2.0])


def test_areas_weigh_the_cells_of_a_grid():
    a, b = field([1, 0, 0, 0, 1, 0]), field([1, 0, 0, 0, 0, 1])
    assert overlap(a, b) == pytest.approx(0.5)
    # 30 degrees on either side of 60: the northern cells are limited by the pole.
    share = 1 / (1 + (1 - 0.5) / (0.5 - (-0.5)))
    assert overlap(a, b, weights="area") == pytest.approx(share, abs=1e-12)
    by_hand = a.copy(data=np.repeat([[2.0], [1.0]], 3, axis=1))
    assert overlap(a, b, weights=by_hand) == pytest.approx(2 / 3)
    assert overlap(a, b, weights=by_hand.values) == pytest.approx(2 / 3)


def test_overlap_along_time_stays_lazy(island_sea):
    a = island_sea.sst
    b = a.isel(time=0, drop=True)
    found = overlap(a.chunk(time=1), b, dim=["lat", "lon"])
    assert found.chunks is not None
    assert found.dims == ("time",)
    expected = [overlap(a.isel(time=i, drop=True), b) for i in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert overlap(a.chunk(time=1), a) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_species_has_no_overlap_to_tell(kind):
    assert np.isnan(overlap([0.0, 0.0], [1.0, 2.0], kind))
    assert np.isnan(overlap([np.nan, np.nan], [1.0, 2.0], kind))


@pytest.mark.parametrize("value", [-0.1, np.inf])
def test_a_value_that_is_no_suitability_is_named(value):
    with use_language("en"), pytest.raises(NicheError, match=f"suitability b holds {value}"):
        overlap([0.1, 0.2], [value, 0.3])
    a, b = field([1, 2, 3, 4, 5, 6]), field([1, value, 3, 4, 5, 6])
    assert np.isnan(overlap(a, b, dim="lon")).values.tolist() == [True, False]


def test_other_grids_other_shapes_and_other_kinds_are_refused():
    a = field(range(6))
    with use_language("en"), pytest.raises(NicheError, match="different grids"):
        overlap(a, a.assign_coords(lon=[5.0, 6.0, 7.0]))
    with use_language("en"), pytest.raises(NicheError, match=r"shape \(2,\), the other \(3,\)"):
        overlap([1, 2], [1, 2, 3])
    with use_language("fr"), pytest.raises(NicheError, match="kind = 'pianka'"):
        overlap([1, 2], [1, 2], "pianka")
    with use_language("en"), pytest.raises(NicheError, match="weights = 'volume'"):
        overlap(a, a, weights="volume")
