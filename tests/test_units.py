"""Units: the spellings of real files, conversions, refusals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from odatis_vre.units import UnitsError, canonical, convert, parse

# As written in the files of the Debian package ferret-datasets, and by instruments and models.
SPELLINGS = {
    "DEG C": "degree_Celsius",
    "Deg C": "degree_Celsius",
    "degC": "degree_Celsius",
    "C": "degree_Celsius",
    "M/S": "m s-1",
    "m s**-1": "m s-1",
    "MB": "hPa",
    "millibar": "hPa",
    "G/KG": "g kg-1",
    "METERS": "m",
    "Meters": "m",
    "PPT": "1e-3",
    "psu": "1e-3",
    "0.001": "1e-3",
    "W/M2": "W m-2",
    "W m-2": "W m-2",
    "PA": "Pa",
    "Pa": "Pa",
    "UMOL/KG": "umol kg-1",
    "MG/M3": "mg m-3",
    "DEGREES_NORTH": "degrees_north",
    "GR/KG": "g kg-1",
    "FRACTION OF SKY COVER": "1",
    "dbar": "dbar",
    "": "1",
}


@pytest.mark.parametrize(("written", "meant"), SPELLINGS.items())
def test_the_spellings_of_real_files_are_understood(written, meant):
    assert canonical(written) == meant


@pytest.mark.parametrize("written", SPELLINGS)
def test_what_is_written_back_is_understood_as_the_same(written):
    assert canonical(canonical(written)) == canonical(written)


@pytest.mark.parametrize(
    ("value", "units", "to", "expected"),
    [
        (0.0, "DEG C", "K", 273.15),
        (293.15, "K", "degC", 20.0),
        (50.0, "degF", "degC", 10.0),
        (1013.25, "MB", "Pa", 101325.0),
        (10.0, "M/S", "km/h", 36.0),
        (35.0, "PPT", "g/kg", 35.0),
        (1.0, "nautical_mile", "m", 1852.0),
        (12.0, "%", "1", 0.12),
    ],
)
def test_conversions_follow_the_definitions(value, units, to, expected):
    assert convert(value, to, units=units) == pytest.approx(expected, rel=1e-12)


@given(st.floats(-1e6, 1e6), st.sampled_from([("degC", "K"), ("m/s", "knot"), ("MB", "Pa"), ("m", "km")]))
def test_there_and_back_is_the_same_value(value, pair):
    there = convert(value, pair[1], units=pair[0])
    assert convert(there, pair[0], units=pair[1]) == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_a_lazy_array_stays_lazy_and_keeps_its_precision_and_attributes():
    celsius = xr.DataArray(np.zeros(4, "float32"), dims="x", name="t").chunk(x=2)
    celsius.attrs = {"units": "DEG C", "standard_name": "sea_water_temperature"}
    kelvin = convert(celsius, "kelvin")
    assert kelvin.chunks == ((2, 2),)
    assert kelvin.dtype == "float32"
    assert kelvin.attrs == {"units": "K", "standard_name": "sea_water_temperature"}
    assert celsius.attrs["units"] == "DEG C"
    np.testing.assert_allclose(kelvin, 273.15)


def test_practical_salinity_is_one_unit_however_it_is_written():
    salinity = xr.DataArray([35.0], attrs={"units": "1", "standard_name": "sea_water_practical_salinity"})
    assert convert(salinity, "1e-3").item() == 35.0
    assert convert(salinity, "psu").item() == 35.0


def test_what_does_not_measure_the_same_is_refused_with_both_readings():
    with pytest.raises(UnitsError, match='"M/S" cannot be converted to "DEG C"') as caught:
        convert(1.0, "DEG C", units="M/S")
    assert "m s-1" in caught.value.hint
    assert "degree_Celsius" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["furlong per moon", "m s-", "((", "-1", "0", "__import__('os')", "degrees of C"]
)
def test_what_is_no_unit_is_refused_by_name(text):
    with pytest.raises(UnitsError, match="not a unit"):
        parse(text)


def test_time_since_a_date_is_sent_to_the_decoder():
    with pytest.raises(UnitsError, match="decoded, not converted"):
        parse("hour since 0000-01-01 00:00:00")


def test_data_without_a_unit_is_refused():
    with pytest.raises(UnitsError, match="'sst' is not known"):
        convert(xr.DataArray([1.0], name="sst"), "K")
    with pytest.raises(UnitsError, match="is not known"):
        convert(1.0, "K")


@given(st.text(max_size=30))
def test_any_text_is_a_unit_or_a_units_error(text):
    try:
        scale = parse(text).scale
    except UnitsError:
        return
    assert scale > 0
