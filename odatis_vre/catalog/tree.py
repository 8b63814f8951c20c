"""Catalogues: open one, walk it, find a dataset by name or by what is asked."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from odatis_vre.catalog.address import is_local
from odatis_vre.catalog.entry import Entry
from odatis_vre.catalog.kept import kept_for_all
from odatis_vre.catalog.manyobjects import many_objects
from odatis_vre.catalog.model import Metadata
from odatis_vre.catalog.search.shelf import Shelf
from odatis_vre.catalog.search.suggest import nearest_name
from odatis_vre.catalog.yamlfile import read_tree, site_catalog
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import tr

if TYPE_CHECKING:
    from odatis_vre.catalog.search.facets import Facets
    from odatis_vre.catalog.search.query import Understood

__all__ = ["Catalog", "Hits", "keep_for_all", "open_catalog"]


class Catalog:
    """Datasets in order; iterate over it, or take one: `cat["sample/ocean_climatology"]`."""

    def __init__(
        self,
        entries: Sequence[Entry],
        metadata: Metadata,
        folders: dict[str, Metadata],
        prefix: str = "",
        shelf: Shelf | None = None,
    ):
        self._entries = {entry.id: entry for entry in entries}
        self._folders, self._prefix = folders, prefix
        self._shelf = shelf or Shelf(entries)
        self.metadata = metadata

    @property
    def title(self) -> str:
        """In the language in force."""
        return str(self.metadata.title) or tr("catalog.word")

    @property
    def names(self) -> list[str]:
        """The names of the datasets."""
        return list(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> "Entry | Catalog":
        """A dataset by its name, or a part of the catalogue by the start of the names.

        Raises
        ------
        DataNotFound
            No dataset has that name; the hint names the nearest.
        """
        for candidate in (name, f"{self._prefix}{name}"):
            if candidate in self._entries:
                return self._entries[candidate]
            inside = [entry for entry in self if entry.id.startswith(f"{candidate}/")]
            if candidate in self._folders and inside:
                metadata = self._folders[candidate]
                return Catalog(inside, metadata, self._folders, f"{candidate}/", self._shelf)
        raise DataNotFound(tr("catalog.no_entry", name=name), nearest_name(str(name), self.names))

    @property
    def facets(self) -> "Facets":
        """How many of the datasets have each domain, variable, data centre, platform, protocol and licence.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> open_catalog()["sample"].search("salinité").facets["domain"]
        {'biology': 1, 'physics': 1}
        """
        from odatis_vre.catalog.search.facets import Facets

        return Facets(self._shelf.index, self._shelf.rows(self._entries))

    def search(
        self,
        text: str = "",
        domain: str | None = None,
        variable: str | None = None,
        bbox: Sequence[float] | None = None,
        time: Sequence[str] | None = None,
        data_centre: str | None = None,
        platform: str | None = None,
        protocol: str | None = None,
        licence: str | None = None,
    ) -> "Hits":
        """Find datasets, the best first.

        Parameters
        ----------
        text : str, optional
            What is looked for, in French or English: `"chlorophylle, golfe de Gascogne, 2010-2020"`. A place
            is a box, dates are a period; each other word must be found in the title, the description or the
            variables, or one that means the same. Accents, case and plurals do not count.
        domain : str, optional
            A domain of the catalogue, such as `"physics"` or `"physique"`.
        variable : str, optional
            A variable's name, standard name, title or ODATIS label, or a word that means it.
        bbox : (west, south, east, north), optional
            Datasets that touch the box. One of unknown extent is left out.
        time : (start, end), optional
            Datasets that touch the period. A climatology answers to any period; one of unknown period is
            left out.
        data_centre, platform, protocol, licence : str, optional
            A value that `facets` names, or words of it. Of licences, `"CC-BY"` is none with NC, ND or SA.

        Returns
        -------
        Hits
            A catalogue of the hits, with `understood`: how the text was read.

        Raises
        ------
        DataNotFound
            Nothing matches; says which condition left nothing, and the nearest that exists.
        CatalogError
            A box or a period is not one.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> hits = open_catalog()["sample"].search("maquereau, golfe de Gascogne, 1990-2000")
        >>> hits.names, hits.understood.places[0].box.north
        (['sample/mackerel_eggs_1992'], 48.5)
        """
        from odatis_vre.catalog.search.ranking import find

        rows, understood = find(
            self._shelf.index,
            self._shelf.rows(self._entries),
            self._shelf.entries,
            text,
            domain,
            variable,
            bbox,
            time,
            data_centre=data_centre,
            platform=platform,
            protocol=protocol,
            licence=licence,
        )
        hits = [self._shelf.entries[row] for row in rows]
        return Hits(hits, self.metadata, self._folders, self._prefix, self._shelf, understood)

    def __repr__(self) -> str:
        from odatis_vre.catalog.card import plain_list

        return plain_list(self)

    def _repr_html_(self) -> str:
        from odatis_vre.catalog.card import html_list

        return html_list(self)


class Hits(Catalog):
    """What a search found: a catalogue, the best first, and how the question was understood."""

    def __init__(self, entries, metadata, folders, prefix, shelf, understood: "Understood"):
        super().__init__(entries, metadata, folders, prefix, shelf)
        self.understood = understood

    def __repr__(self) -> str:
        return "\n".join(part for part in (str(self.understood), super().__repr__()) if part)

    def _repr_html_(self) -> str:
        said = str(self.understood)
        return (f"<p>{escape(said)}</p>" if said else "") + super()._repr_html_()


def open_catalog(path: str | Path | None = None) -> Catalog:
    """Open a catalogue.

    Parameters
    ----------
    path : str or Path, optional
        An Intake v1 file, by path or URL. Without it: the site's catalogue, named by the environment variable
        `ODATIS_CATALOG`, else the one that comes with the library.

    Returns
    -------
    Catalog

    Raises
    ------
    CatalogError
        A file cannot be read; names the file and the field.

    Examples
    --------
    >>> open_catalog()["sample"].names
    ['sample/ocean_climatology', 'sample/mackerel_eggs_1992']
    """
    path = site_catalog() if path is None else str(path)
    tree = read_tree(path)
    with many_objects():
        entries = [Entry(leaf) for leaf in tree.leaves]
    file = Path(path.removeprefix("file://")) if is_local(path) else None
    return Catalog(entries, tree.metadata, tree.folders, shelf=Shelf(entries, tree.digest, file))


def keep_for_all(path: str | Path) -> None:
    """Leave beside a large catalogue file what makes it open and searched at once, for all who read it.

    Parameters
    ----------
    path : str or Path
        Nothing is kept beside one that is elsewhere, or in a folder that cannot be written.

    Raises
    ------
    CatalogError
        The file cannot be read; names the file and the field.
    """
    if is_local(str(path)):
        with kept_for_all():
            _ = open_catalog(path)._shelf.index
