"""Catalogues: open one, walk it, find a dataset by name or by what is asked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from odatis_vre.catalog import search
from odatis_vre.catalog.entry import Entry
from odatis_vre.catalog.model import Metadata
from odatis_vre.catalog.yamlfile import read_tree, site_catalog
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import tr

__all__ = ["Catalog", "open_catalog"]


class Catalog:
    """Datasets in order; iterate over it, or take one: `cat["sample/ocean_climatology"]`."""

    def __init__(
        self, entries: Sequence[Entry], metadata: Metadata, folders: dict[str, Metadata], prefix: str = ""
    ):
        self._entries = {entry.id: entry for entry in entries}
        self._folders, self._prefix = folders, prefix
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
                return Catalog(inside, self._folders[candidate], self._folders, f"{candidate}/")
        raise DataNotFound(tr("catalog.no_entry", name=name), search.nearest_entry(str(name), list(self)))

    def search(
        self,
        text: str = "",
        domain: str | None = None,
        variable: str | None = None,
        bbox: Sequence[float] | None = None,
        time: Sequence[str] | None = None,
    ) -> "Catalog":
        """Find datasets, the best first.

        Parameters
        ----------
        text : str, optional
            Words of the title, the description or the variables, in French or English; accents and case do
            not count, each word must be found.
        domain : str, optional
            A domain of the catalogue, such as `"physics"` or `"physique"`.
        variable : str, optional
            A variable's name, standard name or title.
        bbox : (west, south, east, north), optional
            Datasets that touch the box. One of unknown extent is left out.
        time : (start, end), optional
            Datasets that touch the period. A climatology answers to any period; one of unknown period is
            left out.

        Returns
        -------
        Catalog
            The hits.

        Raises
        ------
        DataNotFound
            Nothing matches; says which condition left nothing, and the nearest that exists.
        CatalogError
            A box or a period is not one.

        Examples
        --------
        >>> from odatis_vre import open_catalog
        >>> open_catalog().search("salinité", bbox=(-12, 43, 2, 60)).names
        ['sample/ocean_climatology', 'sample/mackerel_eggs_1992']
        """
        hits = search.find(list(self), text, domain, variable, bbox, time)
        return Catalog(hits, self.metadata, self._folders, self._prefix)

    def __repr__(self) -> str:
        from odatis_vre.catalog.card import plain_list

        return plain_list(self)

    def _repr_html_(self) -> str:
        from odatis_vre.catalog.card import html_list

        return html_list(self)


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
    >>> open_catalog().names
    ['sample/ocean_climatology', 'sample/mackerel_eggs_1992']
    """
    metadata, leaves, folders = read_tree(site_catalog() if path is None else str(path))
    return Catalog([Entry(leaf) for leaf in leaves], metadata, folders)
