"""Standard names of what files of the ocean call by its long name, or by an old short one.

The names are those of the CF standard name table; the unit beside each is its canonical one, and decides
whether a variable can be meant.
"""

import re
import unicodedata

__all__ = ["LOGARITHM", "standard_name_of"]

# A logarithm is no UDUNITS unit of a count: the number stays, the long name says what it is.
LOGARITHM = {
    "LOG10 #OBS": "log10 of the number of observations",
    "LOG10(MG M-3)": "log10 of the value in mg m-3",
}

_BY_LONG_NAME = {
    "sea surface temperature": ("sea_surface_temperature", "K"),
    "temperature de surface de la mer": ("sea_surface_temperature", "K"),
    "sst": ("sea_surface_temperature", "K"),
    "sea surface salinity": ("sea_surface_salinity", "1e-3"),
    "salinite de surface": ("sea_surface_salinity", "1e-3"),
    "air temperature": ("air_temperature", "K"),
    "temperature de l'air": ("air_temperature", "K"),
    "specific humidity": ("specific_humidity", "1"),
    "relative humidity": ("relative_humidity", "1"),
    "wind speed": ("wind_speed", "m s-1"),
    "surface wind speed": ("wind_speed", "m s-1"),
    "vitesse du vent": ("wind_speed", "m s-1"),
    "zonal wind": ("eastward_wind", "m s-1"),
    "eastward wind": ("eastward_wind", "m s-1"),
    "meridional wind": ("northward_wind", "m s-1"),
    "northward wind": ("northward_wind", "m s-1"),
    "sea level pressure": ("air_pressure_at_mean_sea_level", "Pa"),
    "mean sea level pressure": ("air_pressure_at_mean_sea_level", "Pa"),
    "cloudiness": ("cloud_area_fraction", "1"),
    "cloud cover": ("cloud_area_fraction", "1"),
    "sea water temperature": ("sea_water_temperature", "K"),
    "temperature de l'eau de mer": ("sea_water_temperature", "K"),
    "potential temperature": ("sea_water_potential_temperature", "K"),
    "salinity": ("sea_water_salinity", "1e-3"),
    "salinite": ("sea_water_salinity", "1e-3"),
    "sea water salinity": ("sea_water_salinity", "1e-3"),
    "practical salinity": ("sea_water_practical_salinity", "1"),
    "sea water pressure": ("sea_water_pressure", "dbar"),
    "zonal current": ("eastward_sea_water_velocity", "m s-1"),
    "zonal velocity": ("eastward_sea_water_velocity", "m s-1"),
    "meridional current": ("northward_sea_water_velocity", "m s-1"),
    "meridional velocity": ("northward_sea_water_velocity", "m s-1"),
    "sea surface height": ("sea_surface_height_above_geoid", "m"),
    "mixed layer depth": ("ocean_mixed_layer_thickness", "m"),
    "significant wave height": ("sea_surface_wave_significant_height", "m"),
    "net upward longwave flux": ("surface_net_upward_longwave_flux", "W m-2"),
    "net downward radiative flux": ("surface_net_downward_radiative_flux", "W m-2"),
    "latent heat flux": ("surface_upward_latent_heat_flux", "W m-2"),
    "sensible heat flux": ("surface_upward_sensible_heat_flux", "W m-2"),
    "net downward heat flux": ("surface_downward_heat_flux_in_sea_water", "W m-2"),
    "relief of the surface of the earth": ("height_above_mean_sea_level", "m"),
    "chlorophyll concentration": ("mass_concentration_of_chlorophyll_a_in_sea_water", "kg m-3"),
    "chlorophyll-a concentration": ("mass_concentration_of_chlorophyll_a_in_sea_water", "kg m-3"),
    "chlorophylle": ("mass_concentration_of_chlorophyll_a_in_sea_water", "kg m-3"),
    "nitrate concentration": ("mole_concentration_of_nitrate_in_sea_water", "mol m-3"),
    "phosphate concentration": ("mole_concentration_of_phosphate_in_sea_water", "mol m-3"),
    "dissolved oxygen": ("mole_concentration_of_dissolved_molecular_oxygen_in_sea_water", "mol m-3"),
}
# Short names that mean one thing in files of the ocean.
_BY_NAME = {
    "sst": "sea surface temperature",
    "sss": "sea surface salinity",
    "psal": "practical salinity",
    "pres": "sea water pressure",
}
# With depth, plain "temperature" is that of the water; without, nobody knows.
_WITH_DEPTH = {"temperature": ("sea_water_temperature", "K"), "temp": ("sea_water_temperature", "K")}


def standard_name_of(long_name: str, name: str, vertical: bool) -> tuple[str, str] | None:
    """The standard name that a long name means, and its canonical unit; None if it could mean several.

    Parameters
    ----------
    long_name : str
        In any case of letters, French or English.
    name : str
        The variable's own.
    vertical : bool
        Whether it has a depth.

    Examples
    --------
    >>> standard_name_of("ZONAL WIND", "UWND", False)
    ('eastward_wind', 'm s-1')
    """
    told = _folded(long_name)
    if told in _BY_LONG_NAME:
        return _BY_LONG_NAME[told]
    if vertical and told in _WITH_DEPTH:
        return _WITH_DEPTH[told]
    if told:
        return None
    return _BY_LONG_NAME.get(_BY_NAME.get(name.lower(), ""))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", plain.replace("_", " ")).strip().lower()
