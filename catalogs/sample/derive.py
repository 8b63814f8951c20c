"""Derive the sample data from two Debian packages, `ferret-datasets` and `r-cran-sm`.

    python catalogs/sample/derive.py --data-root / --out catalogs/sample

Every change made to the sources is made here, and said in the files' attributes and in README.md.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.units import canonical, convert

FERRET = Path("usr/share/ferret-vis/data")
SM = Path("usr/lib/R/site-library/sm/smdata")
SOURCES = {
    "coads": FERRET / "coads_climatology.cdf",
    "levitus": FERRET / "levitus_climatology.cdf",
    "etopo": FERRET / "etopo5.cdf",
    "mackerel": SM / "mackerel.dat",
    "smacker": SM / "smacker.dat",
}

# name: source variable, standard_name, long_name, unit, smallest step kept, centre of the packed range
COADS = {
    "sst": ("SST", "sea_surface_temperature", "sea surface temperature", "degree_Celsius", 0.001, 15),
    "air_temperature": (
        "AIRT",
        "air_temperature",
        "air temperature near the surface",
        "degree_Celsius",
        0.002,
        0,
    ),
    "wind_speed": ("WSPD", "wind_speed", "wind speed", "m s-1", 0.001, 0),
    "eastward_wind": ("UWND", "eastward_wind", "eastward wind", "m s-1", 0.001, 0),
    "northward_wind": ("VWND", "northward_wind", "northward wind", "m s-1", 0.001, 0),
    "specific_humidity": ("SPEH", "specific_humidity", "specific humidity", "g kg-1", 0.001, 0),
    "sea_level_pressure": (
        "SLP",
        "air_pressure_at_mean_sea_level",
        "air pressure at sea level",
        "hPa",
        0.01,
        1000,
    ),
}
LEVITUS = {
    "temperature": ("TEMP", "sea_water_temperature", "sea water temperature", "degree_Celsius", 0.001, 15),
    "salinity": ("SALT", "sea_water_salinity", "sea water salinity", "1e-3", 0.001, 20),
}
FIRST_YEAR, LAST_YEAR = 1946, 1989
MISSING = np.int16(-32768)

SURVEYS = {
    "mackerel": {
        "Density": "egg_density",
        "mack.lat": "lat",
        "mack.long": "lon",
        "mack.depth": "bottom_depth",
    },
    "smacker": {
        "Density": "egg_density",
        "smack.lat": "lat",
        "smack.long": "lon",
        "smack.depth": "bottom_depth",
    },
}
# name: English, French, datatype, unit
COLUMNS = {
    "station": (
        "Station: the survey and the row of its file, from 1.",
        "Station : la campagne et la ligne de son fichier, à partir de 1.",
        "string",
        None,
    ),
    "survey": (
        "Survey: mackerel (multi-country, only stations with eggs) or smacker (Spanish, zeros included).",
        "Campagne : mackerel (internationale, stations à œufs seules) ou smacker (espagnole, avec zéros).",
        "string",
        None,
    ),
    "year": ("Year of the survey.", "Année de la campagne.", "integer", None),
    "lat": ("Latitude.", "Latitude.", "number", "degrees_north"),
    "lon": (
        "Longitude, -180 to 180, positive east.",
        "Longitude, -180 à 180, positive vers l'est.",
        "number",
        "degrees_east",
    ),
    "bottom_depth": (
        "Depth of the sea floor at the station, positive down.",
        "Profondeur du fond à la station, positive vers le bas.",
        "number",
        "m",
    ),
    "egg_density": (
        "Stage I eggs of the Atlantic mackerel per square metre of sea surface and day.",
        "Œufs de maquereau commun au stade I par mètre carré de surface et par jour.",
        "number",
        "m-2 day-1",
    ),
}
TEXTS = {
    "Conventions": "CF-1.11",
    "title": "Ocean climatology: monthly surface fields, annual temperature and salinity, bottom depth",
    "summary": "Monthly means of COADS 1946-1989 (2 degrees), annual temperature and salinity of Levitus "
    "1982 (1 degree), depth of the sea floor from ETOPO5 (5 minutes), on one 1-degree grid.",
    "institution": "NOAA PMEL (files of the Ferret program); derived by the ODATIS VRE",
    "source": "COADS ship reports; Levitus Climatological Atlas of the World Ocean; ETOPO5 relief",
    "references": "Woodruff et al. 1987, doi:10.1175/1520-0477(1987)068<1239:ACOADS>2.0.CO;2; "
    "Levitus 1982, NOAA Professional Paper 13; NOAA 1988, Data Announcement 88-MGG-02",
    "license": "Ferret licence: Open Source Definition, data in the public domain, furnished as is",
    "history": "derive.py: names, units and axes to CF; longitudes 20..380 to -180..180; each 2-degree COADS "
    "value given to the four 1-degree cells it covers; ETOPO5 averaged over its points below sea level where "
    "these are at least half of the cell; values packed as 16-bit integers",
}


def climatology(root: Path) -> xr.Dataset:
    """Surface fields (time, lat, lon), water (depth, lat, lon) and bottom depth (lat, lon)."""
    ds = xr.Dataset(_surface(root) | _at_depth(root))
    ds["bottom_depth"] = _bottom_depth(root)
    ds = ds.assign_coords(_coordinates())
    ds["climatology_bounds"] = _climatology_bounds(ds.time)
    ds = ds[[*COADS, *LEVITUS, "bottom_depth", "climatology_bounds"]]
    files = ", ".join(
        f"{SOURCES[name].name} sha256:{_sha256(root / SOURCES[name])}"
        for name in ("coads", "levitus", "etopo")
    )
    extent = {"lat_min": -90.0, "lat_max": 90.0, "lon_min": -180.0, "lon_max": 180.0}
    ds.attrs = (
        TEXTS | {"source_files": files} | {f"geospatial_{side}": value for side, value in extent.items()}
    )
    return ds


def _coordinates() -> dict:
    months = pd.date_range(f"{FIRST_YEAR}-01-01", periods=13, freq="MS")
    middle = months[:-1] + (months[1:] - months[:-1]) / 2
    axes = {
        "time": (middle, "time", "middle of the month", "T", {"climatology": "climatology_bounds"}),
        "lat": (np.arange(-89.5, 90), "latitude", "latitude", "Y", {"units": "degrees_north"}),
        "lon": (np.arange(-179.5, 180), "longitude", "longitude", "X", {"units": "degrees_east"}),
    }
    return {
        name: (name, values, {"standard_name": standard, "long_name": long, "axis": axis} | more)
        for name, (values, standard, long, axis, more) in axes.items()
    }


def _climatology_bounds(time: xr.DataArray) -> xr.DataArray:
    """From the start of the month in the first year to its end in the last (CF 7.4)."""
    months = time.dt.month.values
    starts = [pd.Timestamp(FIRST_YEAR, month, 1) for month in months]
    ends = [pd.Timestamp(LAST_YEAR, month, 1) + pd.offsets.MonthBegin(1) for month in months]
    return xr.DataArray(np.array([starts, ends], dtype="datetime64[ns]").T, dims=("time", "nv"))


def _surface(root: Path) -> dict[str, xr.DataArray]:
    with xr.open_dataset(root / SOURCES["coads"], decode_times=False) as source:
        source = source.load()
    fields = {}
    for name, (source_name, standard_name, long_name, unit, _, _) in COADS.items():
        field = convert(_recentred(source[source_name], "COADSX"), unit)
        cells = field.values.repeat(2, axis=1).repeat(2, axis=2)
        attrs = {"standard_name": standard_name, "long_name": long_name, "units": canonical(unit)}
        attrs["cell_methods"] = "time: mean within years time: mean over years"
        attrs["comment"] = "COADS, 2 degrees: one value for the four cells of each 2-degree square"
        fields[name] = xr.DataArray(cells, dims=("time", "lat", "lon"), attrs=attrs)
    return fields


def _at_depth(root: Path) -> dict[str, xr.DataArray]:
    with xr.open_dataset(root / SOURCES["levitus"]) as source:
        source = source.load()
    axis = source["ZAXLEVITR"]
    attrs = {"standard_name": "depth", "long_name": "depth", "positive": "down", "axis": "Z"}
    depth = xr.DataArray(
        convert(axis.values, "m", units=axis.units),
        dims="depth",
        attrs=attrs | {"units": canonical(axis.units)},
    )
    fields = {}
    for name, (source_name, standard_name, long_name, unit, _, _) in LEVITUS.items():
        field = convert(_recentred(source[source_name], "XAXLEVITR"), unit)
        attrs = {"standard_name": standard_name, "long_name": long_name, "units": canonical(unit)}
        attrs["comment"] = "Levitus 1982, 1 degree: objectively analysed annual mean"
        fields[name] = xr.DataArray(
            field.values, dims=("depth", "lat", "lon"), coords={"depth": depth}, attrs=attrs
        )
    return fields


def _bottom_depth(root: Path) -> xr.DataArray:
    """Mean depth of the ETOPO5 points below sea level in each cell, NaN where they are under half."""
    with xr.open_dataset(root / SOURCES["etopo"]) as source:
        relief = convert(source["ROSE"].load(), "m").values.astype("float64")
    # The points lie on the cells' edges too: 13 by 13 of them, those of an edge shared with the next cell.
    relief = np.concatenate([relief, relief[:, :1]], axis=1)
    wet = relief < 0
    area = _cell_sums(np.ones_like(relief))
    wet_area = _cell_sums(wet.astype("float64"))
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = np.where(wet_area >= area / 2, _cell_sums(np.where(wet, -relief, 0.0)) / wet_area, np.nan)
    depth = np.roll(depth, 180, axis=1)
    attrs = {
        "standard_name": "sea_floor_depth_below_geoid",
        "long_name": "depth of the sea floor, positive down",
        "units": "m",
        "cell_methods": "area: mean where sea",
        "comment": "ETOPO5; land is missing; ground below sea level inland (Caspian, Dead Sea) counts as sea",
    }
    return xr.DataArray(depth.astype("float32"), dims=("lat", "lon"), attrs=attrs)


def _cell_sums(points: np.ndarray) -> np.ndarray:
    """Sums over 1-degree cells of 5-minute points, half weight on edges: (2161, 4321) -> (180, 360)."""
    for axis in (0, 1):
        points = np.moveaxis(points, axis, 0)
        middles = (points[:-1] + points[1:]) / 2
        points = np.moveaxis(middles.reshape(-1, 12, *middles.shape[1:]).sum(axis=1), 0, axis)
    return points


def _recentred(field: xr.DataArray, lon: str) -> xr.DataArray:
    """Longitudes 20..380 to -180..180, ascending."""
    return field.assign_coords({lon: (field[lon] + 180) % 360 - 180}).sortby(lon)


def eggs(root: Path) -> pd.DataFrame:
    """One row per station of the two 1992 survey files, longitudes positive east."""
    tables = []
    for survey, names in SURVEYS.items():
        table = pd.read_csv(root / SOURCES[survey], sep=r"\s+")[list(names)].rename(columns=names)
        table["lon"] = -table["lon"]
        table["survey"] = survey
        table["station"] = [f"{survey}-{row:03d}" for row in range(1, len(table) + 1)]
        tables.append(table)
    return pd.concat(tables, ignore_index=True).assign(year=1992)[list(COLUMNS)]


def csv_metadata(name: str) -> dict:
    """Columns and units, after the W3C's Metadata Vocabulary for Tabular Data."""
    columns = []
    for column, (english, french, datatype, unit) in COLUMNS.items():
        entry = {"name": column, "titles": column, "dc:description": {"en": english, "fr": french}}
        columns.append(entry | {"datatype": datatype} | ({"schema:unitText": unit} if unit else {}))
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": name,
        "dc:title": {
            "en": "Mackerel eggs off north-western Europe, 1992",
            "fr": "Œufs de maquereau au large du nord-ouest de l'Europe, 1992",
        },
        "dc:license": "GPL-2.0-or-later",
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True},
        "tableSchema": {"columns": columns, "primaryKey": "station"},
    }


def write(root: Path, out: Path) -> list[Path]:
    """Derive every sample file into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    grid, table = out / "ocean_climatology.nc", out / "mackerel_eggs_1992.csv"
    ds = climatology(root)
    ds.to_netcdf(grid, engine="netcdf4", format="NETCDF4", encoding=_encoding(ds))
    eggs(root).to_csv(table, index=False, lineterminator="\n", encoding="utf-8")
    sidecar = out / f"{table.name}-metadata.json"
    sidecar.write_text(json.dumps(csv_metadata(table.name), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return [grid, table, sidecar]


def _encoding(ds: xr.Dataset) -> dict:
    steps = {name: spec[4:] for name, spec in (COADS | LEVITUS).items()} | {"bottom_depth": (0.5, 5500)}
    encoding = {
        name: {
            "dtype": "int16",
            "scale_factor": np.float32(step),
            "add_offset": np.float32(centre),
            "_FillValue": MISSING,
            "zlib": True,
            "complevel": 9,
            "shuffle": True,
            "chunksizes": tuple({"lat": 90, "lon": 180}.get(dim, ds.sizes[dim]) for dim in ds[name].dims),
        }
        for name, (step, centre) in steps.items()
    }
    days = {"units": f"days since {FIRST_YEAR}-01-01", "calendar": "standard", "dtype": "float64"}
    encoding |= {"time": days | {"_FillValue": None}, "climatology_bounds": days | {"_FillValue": None}}
    return encoding | {axis: {"_FillValue": None} for axis in ("lat", "lon", "depth")}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, default=Path("/"), help="where the packages are unpacked")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    options = parser.parse_args()
    missing = [
        str(options.data_root / path) for path in SOURCES.values() if not (options.data_root / path).exists()
    ]
    if missing:
        parser.error(
            "not found: "
            + ", ".join(missing)
            + ". Install the Debian packages ferret-datasets and r-cran-sm."
        )
    for path in write(options.data_root, options.out):
        print(f"{_sha256(path)}  {path}  {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
