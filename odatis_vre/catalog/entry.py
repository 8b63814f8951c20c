"""One dataset of a catalogue: what is known of it, and the way to its values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odatis_vre.catalog import provenance
from odatis_vre.catalog.access.methods import TABLES, Method, Origin, Request, methods
from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.model import Metadata, Variable
from odatis_vre.catalog.request import BBox, Period, read_bbox, read_period
from odatis_vre.catalog.yamlfile import Leaf, is_trusted
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import language, tr

if TYPE_CHECKING:
    import pandas
    import xarray

    from odatis_vre.catalog.estimate import Estimate

__all__ = ["Entry"]


class Entry:
    """A dataset: its card, its values, its citation.

    Made by a catalogue: `open_catalog()["sample/ocean_climatology"]`.
    """

    def __init__(self, leaf: Leaf):
        self._leaf = leaf
        self._changes: tuple[str, list[str]] | None = None

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
        return methods(self._leaf.source)[0].driver in TABLES

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
        units: Mapping[str, str] | None = None,
        clean: bool = True,
    ) -> "xarray.Dataset":
        """Open the dataset lazily, brought to the CF conventions.

        Of several methods of access the first that answers is taken; of two layouts of the chunks, the one
        that reads less for what is asked.

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
            Metres, positive down: the nearest level (up to half a step beyond the first and the last, and to
            the surface), or the levels within.
        units : mapping of name to unit, optional
            Variables, by name or standard name, to convert: `{"sea_surface_temperature": "degree_C"}`.
        clean : bool, default True
            With False, the dataset as the file has it: names, units, longitudes, undecodable times.

        Returns
        -------
        xarray.Dataset
            In dask chunks; `attrs` tell the entry, its checksum and its citation, and in `odatis_changes`
            what was changed.

        Warns
        -----
        HeavyRead
            The selection is larger than the operator's limit (`ODATIS_READ_WARNING`).

        Raises
        ------
        DataNotFound
            Nothing is there; the hint names the nearest.
        CatalogError
            The file differs from its checksum, a variable is unknown, the dataset is a table, or no method of
            access opens it: each is told with its reason.
        UnitsError
            A unit does not fit its variable.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> entry = open_catalog()["sample/ocean_climatology"]
        >>> ds = entry.to_xarray(bbox=(-20, 40, 5, 62), time=("1992-03", "1992-07"))
        >>> dict(ds.sst.sizes)
        {'time': 5, 'lat': 22, 'lon': 25}
        """
        from odatis_vre.catalog import selection

        request = self._request(bbox, time, variables, depth)
        known = methods(self._leaf.source)
        ds, method = selection.grid(self._origin, known, request, self.metadata, units, clean)
        ds.attrs |= self._provenance()
        if len(known) > 1:
            ds.attrs["odatis_access"] = method.label
        if not units:  # a conversion that was asked for is no clean-up
            self._note_changes(ds.attrs)
        provenance.record(self._record(method))
        return ds

    def to_pandas(
        self,
        bbox: Sequence[float] | None = None,
        time: Sequence[str] | None = None,
        variables: Sequence[str] | str | None = None,
        clean: bool = True,
    ) -> "pandas.DataFrame":
        """Load a table; a service (ERDDAP, WFS) is asked for the box, the period and the columns only.

        Parameters
        ----------
        bbox : (west, south, east, north), optional
            Degrees; rows within, edges included.
        time : (start, end), optional
            Rows within, by the column `time`; of a table without one, all rows or none, by its period.
        variables : str or list of str, optional
            Columns.
        clean : bool, default True
            Columns of positions and dates are called `lon`, `lat` and `time`; with False, as in the file.

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
        from odatis_vre.catalog import selection

        known = methods(self._leaf.source)
        request = self._request(bbox, time, variables)
        table, method = selection.table(self._origin, known, request, self.metadata, clean)
        table.attrs = self._provenance() | table.attrs
        if len(known) > 1:
            table.attrs["odatis_access"] = method.label
        if not time:  # rows left out by a period are no clean-up
            self._note_changes(table.attrs)
        provenance.record(self._record(method))
        return table

    def estimate(
        self,
        variables: Sequence[str] | str | None = None,
        bbox: Sequence[float] | None = None,
        time: Sequence[str] | None = None,
        depth: float | tuple[float, float] | None = None,
    ) -> "Estimate":
        """What a selection takes, before anything of it is read: bytes, chunks, time.

        Parameters
        ----------
        variables, bbox, time, depth : optional
            As in `to_xarray`.

        Returns
        -------
        Estimate
            Prints as a card. Of files that come whole, it is what their server announces. The time follows
            from the chunks and from the speed of the server: measured, if this session has read from it, else
            assumed, and it says which.

        Raises
        ------
        CatalogError
            A service of tables, or a server that announces no size.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> open_catalog()["sample/ocean_climatology"].estimate("sst", bbox=(-12, 43, 2, 60)).bytes_kept
        11424
        """
        from odatis_vre.catalog import selection

        request = self._request(bbox, time, variables, depth)
        return selection.estimated(self._origin, methods(self._leaf.source), request, self.metadata)

    def download(self) -> list[Path]:
        """Bring its whole files into the cache, where they are read from then on, without a network too.

        A download that broke off goes on where it stopped.

        Returns
        -------
        list of pathlib.Path

        Raises
        ------
        CatalogError
            It is a service or a store, or no method brings it.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> [path.name for path in open_catalog()["sample/ocean_climatology"].download()]
        ['ocean_climatology.nc']
        """
        from odatis_vre.catalog.access import fetch

        return fetch(self._origin, methods(self._leaf.source))

    def cite(self, style: str = "text") -> str:
        """How to cite the dataset and its sources, with its DOI, its version and today as the day of access.

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
        from odatis_vre.catalog.citing import cite

        return cite(self, style)

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

    @property
    def _origin(self) -> Origin:
        return Origin(self.id, is_trusted(self._leaf.source, self._leaf.file), self.metadata.sha256)

    def _request(self, bbox, time, variables, depth=None) -> Request:
        if (kind := self.metadata.address) != "exact":
            raise CatalogError(
                tr("catalog.no_values", entry=self.id), f"{tr(f'catalog.address.{kind}')} {self.urlpath}"
            )
        names = [variables] if isinstance(variables, str) else variables
        return Request(
            None if bbox is None else read_bbox(bbox),
            None if time is None else read_period(time),
            None if names is None else list(names),
            depth,
            self.bbox,
            self.period,
        )

    def _note_changes(self, attrs: Mapping[str, Any]) -> None:
        """Keep what the clean-up changed, and in which language it says so, for the card."""
        from odatis_vre.catalog.clean.grid import CHANGES

        if CHANGES in attrs:
            self._changes = language(), attrs[CHANGES].splitlines()

    def _provenance(self) -> dict[str, str]:
        facts = {"odatis_entry": self.id, "odatis_title": self.title}
        if self.metadata.sha256:
            facts["odatis_sha256"] = self.metadata.sha256
        if self.metadata.citation:
            facts["odatis_citation"] = self.cite()
        return facts

    def _record(self, method: Method) -> dict[str, Any]:
        licence = self.metadata.licence
        return {
            "entry": self.id,
            "title": self.title,
            "sha256": self.metadata.sha256,
            "citation": self.cite() if self.metadata.citation else None,
            "csl": self.metadata.citation,
            "doi": self.metadata.doi,
            "version": self.metadata.version,
            "licence": licence.name if licence else None,
            "urlpath": public_url(method.urls),
            "catalog": public_url(self._leaf.file),
        }

    def __repr__(self) -> str:
        from odatis_vre.catalog.card import plain

        return plain(self)

    def _repr_html_(self) -> str:
        from odatis_vre.catalog.card import html

        return html(self)
