"""How many datasets have each value: what to narrow a search with."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

from odatis_vre.catalog.search.document import FACETS
from odatis_vre.i18n import language, tr

if TYPE_CHECKING:
    import numpy as np

    from odatis_vre.catalog.search.index import Index

__all__ = ["Facets"]

_SHOWN = 10


class Facets(Mapping[str, dict[str, int]]):
    """Facet to value to number of datasets, the most frequent value first.

    The facets are named like the conditions of a search: `domain`, `odatis_variable` (a value counts what
    is below it), `variable`, `data_centre`, `platform`, `protocol`, `licence`.
    """

    def __init__(self, index: "Index", rows: "np.ndarray"):
        self._index, self._rows = index, rows
        self._counted: dict[str, dict[str, int]] = {}

    def __getitem__(self, facet: str) -> dict[str, int]:
        if facet not in FACETS:
            raise KeyError(facet)
        if facet not in self._counted:
            counts = self._index.counts(facet, self._rows).tolist()
            pairs = [(label, n) for label, n in zip(self._index.labels(facet), counts, strict=True) if n]
            self._counted[facet] = dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))
        return self._counted[facet]

    def __iter__(self) -> Iterator[str]:
        return iter(FACETS)

    def __len__(self) -> int:
        return len(FACETS)

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Ready for JSON."""
        return {facet: self[facet] for facet in self}

    def label(self, facet: str) -> str:
        """The name of a facet in the language in force; the ODATIS ones as the pole's catalogue has them."""
        return tr(f"search.facet.{facet}")

    def __repr__(self) -> str:
        rows = []
        for facet in self:
            if values := self[facet]:
                rows += [self.label(facet)]
                rows += [f"  {count:>6}  {_value(facet, name)}" for name, count in [*values.items()][:_SHOWN]]
                rows += [f"          … {len(values) - _SHOWN}"] if len(values) > _SHOWN else []
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        parts = []
        for facet in self:
            if values := self[facet]:
                items = "".join(
                    f"<li>{escape(_value(facet, name))} ({count})</li>" for name, count in values.items()
                )
                head = escape(f"{self.label(facet)} ({len(values)})")
                parts.append(f"<details><summary>{head}</summary><ul>{items}</ul></details>")
        label = escape(tr("search.facets"))
        return f'<section lang="{language()}" aria-label="{label}">{"".join(parts)}</section>'


def _value(facet: str, name: str) -> str:
    if facet == "domain":
        try:
            return tr(f"catalog.domain.{name}")
        except KeyError:
            return name
    return name
