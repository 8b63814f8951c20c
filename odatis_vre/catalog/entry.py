"""One dataset of a catalogue: what is known of it, and the way to its values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from odatis_vre.catalog import citation, provenance
from odatis_vre.catalog.address import is_local, public_url
from odatis_vre.catalog.checksum import checked_file
from odatis_vre.catalog.model import Metadata, Variable
from odatis_vre.catalog.request import BBox, Period, read_bbox, read_period
from odatis_vre.catalog.yamlfile import Leaf
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["Entry"]


class Entry:
    """A dataset: its card, its values, its citation.

    Made by a catalogue: `open_catalog()["sample/ocean_climatology"]`.
    """

    def __init__(self, leaf: Leaf):
        self._leaf = leaf

    @property
    def id(self) -> str:
        """The names that lead to it, joined by "/"."""
        return self._leaf.id

    @property
    def metadata(self) -> Metadata:
        """All that its file says of it."""
        return self._leaf.source.metadata

    @property
    def title(self) -> str:
        """In the language in force."""
        return str(self.metadata.title) or self._leaf.source.description or self.id

    @property
    def description(self) -> str:
        """In the language in force."""
        return str(self.metadata.description) or self._leaf.source.description

    @property
    def bbox(self) -> BBox | None:
        """(west, south, east, north) in degrees."""
        return self.metadata.bbox

    @property
    def period(self) -> Period | None:
        """(start, end)."""
        return self.metadata.time

    @property
    def variables(self) -> dict[str, Variable]:
        """Name to standard_name, units and title."""
        return self.metadata.variables

    @property
    def is_table(self) -> bool:
        """Whether it has rows (`to_pandas`) and no grid (`to_xarray`)."""
        return self._leaf.source.driver == "csv"

    @property
    def urlpath(self) -> str:
        """Where its file is, or its files, without any account or key."""
        return public_url(self._leaf.source.args.get("urlpath", ""))

    @property
    def call(self) -> str:
        """The line that loads it."""
        return f'open_catalog()["{self.id}"].{"to_pandas" if self.is_table else "to_xarray"}()'

    def to_xarray(
        self,
        bbox: Sequence[float] | None = None,
        time: Sequence[str] | None = None,
        variables: Sequence[str] | str | None = None,
        depth: float | tuple[float, float] | None = None,
    ) -> "xarray.Dataset":
        """Open the dataset lazily, decoded.

        Parameters
        ----------
        bbox : (west, south, east, north), optional
            Degrees; `west > east` crosses the date line. Grid points within, edges included. Longitudes come
            back ascending and in the convention of the box.
        time : (start, end), optional
            ISO dates, whole or partial, both included. Of a climatology: the months of the year that the
            period touches (all twelve from one year on).
        variables : str or list of str, optional
            Names or standard names.
        depth : float or (top, bottom), optional
            Metres, positive down: the nearest level, or the levels within.

        Returns
        -------
        xarray.Dataset
            In dask chunks; `attrs` tell the entry, its checksum and its citation.

        Raises
        ------
        DataNotFound
            Nothing is there; the hint names the nearest.
        CatalogError
            The file differs from its checksum, a variable is unknown, or the dataset is a table.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> entry = open_catalog()["sample/ocean_climatology"]
        >>> ds = entry.to_xarray(bbox=(-20, 40, 5, 62), time=("1992-03", "1992-07"))
        >>> dict(ds.sst.sizes)
        {'time': 5, 'lat': 22, 'lon': 25}
        """
        from odatis_vre.catalog.subset import select_grid

        if self.is_table:
            raise CatalogError(tr("catalog.is_table", entry=self.id), tr("catalog.is_table_hint"))
        box = None if bbox is None else read_bbox(bbox)
        period = None if time is None else read_period(time)
        names = [variables] if isinstance(variables, str) else variables
        ds = self._open("to_dask")
        bounds = [
            name
            for coord in ds.coords.values()
            for name in (coord.attrs.get("bounds"), coord.attrs.get("climatology"))
            if name in ds
        ]
        ds = select_grid(ds.set_coords(bounds), self.id, box, period, depth, names)
        ds.attrs |= self._provenance()
        provenance.record(self._record())
        return ds

    def to_pandas(
        self,
        bbox: Sequence[float] | None = None,
        time: Sequence[str] | None = None,
        variables: Sequence[str] | str | None = None,
    ) -> "pandas.DataFrame":
        """Load a table.

        Parameters
        ----------
        bbox : (west, south, east, north), optional
            Degrees; rows within, edges included.
        time : (start, end), optional
            Rows within, by the column `time`; of a table without one, all rows or none, by its period.
        variables : str or list of str, optional
            Columns.

        Returns
        -------
        pandas.DataFrame
            One row per observation; `attrs` tell the units, the entry, its checksum and its citation.

        Raises
        ------
        DataNotFound
            No row is there; the hint names the nearest.
        CatalogError
            The file differs from its checksum, a column is unknown, or the dataset is a grid.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> table = open_catalog()["sample/mackerel_eggs_1992"].to_pandas()
        >>> len(table), table.attrs["units"]["egg_density"]
        (696, 'm-2 day-1')
        """
        from odatis_vre.catalog.subset import select_columns, select_rows

        if not self.is_table:
            raise CatalogError(tr("catalog.is_grid", entry=self.id), tr("catalog.is_grid_hint"))
        box = None if bbox is None else read_bbox(bbox)
        period = None if time is None else read_period(time)
        table = self._open("read")
        if period and "time" not in table.columns and self.period and not self.period.overlaps(period):
            raise DataNotFound(
                tr("catalog.empty_time", entry=self.id, time=period),
                tr("catalog.has_period", period=self.period),
            )
        table = select_rows(table, self.id, box, period)
        if variables is not None:
            names = [variables] if isinstance(variables, str) else list(variables)
            table = select_columns(table, self.id, names)
        table = table.reset_index(drop=True)
        units = {name: self.variables[name].units for name in table.columns if name in self.variables}
        table.attrs = self._provenance() | {"units": {name: unit for name, unit in units.items() if unit}}
        provenance.record(self._record())
        return table

    def cite(self, style: str = "text") -> str:
        """How to cite the dataset and its sources.

        Parameters
        ----------
        style : {"text", "bibtex", "ris", "csl-json"}

        Returns
        -------
        str

        Raises
        ------
        CatalogError
            The style is unknown, or the entry has no citation.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> open_catalog()["sample/ocean_climatology"].cite("bibtex").splitlines()[0]
        '@misc{ocean_climatology,'
        """
        return citation.render(self.id, self.metadata.citation, style)

    def to_dict(self) -> dict[str, Any]:
        """What is known of it, ready for JSON."""
        known = self.metadata.model_dump(mode="json", exclude={"bbox", "time"})
        known["bbox"] = list(self.bbox) if self.bbox else None
        known["time"] = [date and f"{date:%Y-%m-%d}" for date in self.period] if self.period else None
        return {
            "id": self.id,
            "driver": self._leaf.source.driver,
            "urlpath": self.urlpath,
            "call": self.call,
        } | known

    def _open(self, verb: str):
        """Through a plain Intake source: what was asked for never goes through it, and the driver is one of
        those allowed when the file was read."""
        from intake.source import get_plugin_class

        source, args = self._leaf.source, self._checked_args()
        driver = get_plugin_class(source.driver)
        if driver is None:
            raise CatalogError(
                tr("catalog.no_driver", entry=self.id, driver=source.driver), tr("catalog.no_driver_hint")
            )
        try:
            return getattr(driver(**args), verb)()
        except Exception as error:  # each engine and protocol has error classes of its own
            local = all(is_local(url) for url in _listed(args["urlpath"]))
            raise CatalogError(
                tr("catalog.unopened", entry=self.id, path=self.urlpath, reason=type(error).__name__),
                tr("catalog.unopened_hint"),
            ) from (error if local else None)  # the inner error may show the whole URL

    def _checked_args(self) -> dict[str, Any]:
        """The arguments of the driver; with a checksum, on the very file that was checked."""
        args, expected = self._leaf.source.args, self.metadata.sha256
        if expected is None:
            return args
        (url,) = _listed(args["urlpath"])
        others = {name: value for name, value in args.items() if name != "storage_options"}
        return others | {"urlpath": checked_file(self.id, url, expected, args.get("storage_options"))}

    def _provenance(self) -> dict[str, str]:
        facts = {"odatis_entry": self.id, "odatis_title": self.title}
        if self.metadata.sha256:
            facts["odatis_sha256"] = self.metadata.sha256
        if self.metadata.citation:
            facts["odatis_citation"] = self.cite()
        return facts

    def _record(self) -> dict[str, Any]:
        licence = self.metadata.licence
        return {
            "entry": self.id,
            "title": self.title,
            "sha256": self.metadata.sha256,
            "citation": self.cite() if self.metadata.citation else None,
            "licence": licence.name if licence else None,
            "urlpath": self.urlpath,
            "catalog": public_url(self._leaf.file),
        }

    def __repr__(self) -> str:
        from odatis_vre.catalog.card import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from odatis_vre.catalog.card import html

        return html(self)


def _listed(urls: str | list[str]) -> list[str]:
    return urls if isinstance(urls, list) else [urls]
