"""A small ocean, synthetic, in every format that servers give; values that tell where they are."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.catalog import open_catalog

# What an access test needs to be quick: short pauses, few attempts, a silence of two seconds.
QUICK = {"ODATIS_RETRY_PAUSE": "0.01", "ODATIS_ATTEMPTS": "3", "ODATIS_TIMEOUT": "2"}
# botocore would ask a network for a login.
QUICK["AWS_EC2_METADATA_DISABLED"] = "true"


def ocean() -> xr.Dataset:
    """24 days, 10 latitudes, 20 longitudes; each value is 10000 day + 100 row + column, never 0."""
    day, row, column = np.meshgrid(np.arange(24), np.arange(10), np.arange(20), indexing="ij")
    sst = (10000 * (day + 1) + 100 * row + column).astype("f4")
    return xr.Dataset(
        {"sst": (("time", "lat", "lon"), sst, {"standard_name": "sea_surface_temperature", "units": "degC"})},
        {
            "time": pd.date_range("2000-01-01", periods=24),
            "lat": ("lat", np.linspace(40.0, 49.0, 10), {"units": "degrees_north"}),
            "lon": ("lon", np.linspace(-20.0, -1.0, 20), {"units": "degrees_east"}),
        },
    )


def write_all(folder: Path) -> Path:
    """The ocean as NetCDF-4, NetCDF-3 and Zarr 2 and 3, in chunks of maps and of series."""
    ds = ocean()
    folder.mkdir(parents=True, exist_ok=True)
    maps, series = (1, 10, 20), (24, 5, 5)
    # around the data, more than one block: what opens the file has not yet read its values
    noise = np.random.default_rng(1).random((24, 100, 100))
    around = ds.assign(before=(("time", "y", "x"), noise), after=(("time", "y", "x"), noise))
    around[["before", "sst", "after"]].to_netcdf(
        folder / "four.nc", engine="netcdf4", encoding={"sst": {"chunksizes": maps, "zlib": True}}
    )
    ds.to_netcdf(folder / "three.nc", engine="scipy", format="NETCDF3_64BIT")
    for name, version, chunks in (("two.zarr", 2, maps), ("three.zarr", 3, maps), ("series.zarr", 3, series)):
        ds.to_zarr(
            folder / name, zarr_format=version, consolidated=True, encoding={"sst": {"chunks": chunks}}
        )
    return folder


def write_repository(folder: Path) -> Path:
    """The ocean as an Icechunk repository, in chunks of maps that are files of their own."""
    import icechunk

    made = icechunk.Repository.create(icechunk.local_filesystem_storage(str(folder)))
    session = made.writable_session("main")
    ocean().to_zarr(
        session.store, zarr_format=3, consolidated=False, encoding={"sst": {"chunks": (1, 10, 20)}}
    )
    session.commit("the small ocean")
    return folder


def entry(folder: Path, text: str, name: str = "it"):
    """The entry of a catalogue file of this machine, in YAML's flow style."""
    path = folder / "catalog.yaml"
    path.write_text(f"sources: {{{name}: {{{text}}}}}", "utf-8")
    return open_catalog(path)[name]


def one(driver: str, url: str, args: str = "", metadata: str = "") -> str:
    """The text of an entry with one address."""
    return f"driver: {driver}, args: {{urlpath: '{url}'{args and ', ' + args}}}, metadata: {{{metadata}}}"


def ways(*texts: str, driver: str = "netcdf", metadata: str = "") -> str:
    """The text of an entry with several methods of access."""
    more = f", {metadata}" if metadata else ""
    return (
        f"driver: {driver}, args: {{urlpath: 'http://127.0.0.1:1/plain.nc'}}, "
        f"metadata: {{access: [{', '.join('{' + text + '}' for text in texts)}]{more}}}"
    )
