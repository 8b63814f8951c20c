"""A selection written to a file: NetCDF or Zarr of a grid, CSV of a table."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    import pandas
    import xarray

    from odatis_vre.catalog.entry import Entry

__all__ = ["described", "save_as", "suffix_of"]

_GRIDS = (".nc", ".zarr")
_TABLES = (".csv",)


def suffix_of(path: Path, entry: "Entry") -> str:
    """How a file is written, by its name.

    Raises
    ------
    CatalogError
        The name says nothing that suits the dataset, or the file is there already.
    """
    allowed = _TABLES if entry.is_table else _GRIDS
    if path.suffix not in allowed:
        raise CatalogError(
            tr("catalog.no_format", path=path), tr("catalog.there_are", names=", ".join(allowed))
        )
    if path.exists():
        raise CatalogError(tr("catalog.exists", path=path), tr("catalog.exists_hint"))
    return path.suffix


def save_as(path: Path, data: "xarray.Dataset | pandas.DataFrame") -> None:
    """Write a selection, beside and renamed.

    Parameters
    ----------
    path : Path
        `.nc`, `.zarr` or `.csv`; its name has been checked by `suffix_of`.
    data : xarray.Dataset or pandas.DataFrame
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        part = Path(folder) / path.name
        if path.suffix == ".csv":
            data.to_csv(part, index=False)
        elif path.suffix == ".nc":
            data.to_netcdf(part, engine="netcdf4")
        else:
            data.to_zarr(part)
        if path.exists():  # made by someone else in the meantime
            raise CatalogError(tr("catalog.exists", path=path), tr("catalog.exists_hint"))
        if part.is_dir():
            shutil.move(part, path)
        else:
            part.replace(path)


def described(data: "xarray.Dataset | pandas.DataFrame") -> dict[str, Any]:
    """A selection in figures, ready for JSON."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        units = data.attrs.get("units", {})
        columns = {
            str(name): {"dtype": str(kind), "units": units.get(name)} for name, kind in data.dtypes.items()
        }
        return {"rows": len(data), "columns": columns, "attrs": dict(data.attrs)}
    fields = {
        str(name): {"dims": list(field.dims), "dtype": str(field.dtype), "units": field.attrs.get("units")}
        for name, field in data.variables.items()
    }
    return {"sizes": dict(data.sizes), "bytes": data.nbytes, "variables": fields, "attrs": dict(data.attrs)}
