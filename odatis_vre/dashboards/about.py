"""How to have the same values in a notebook, under which licence, and how to cite them."""

import html

from odatis_vre.catalog.check import status_of
from odatis_vre.dashboards.captions import Speaker
from odatis_vre.dashboards.dataset import Dataset
from odatis_vre.dashboards.field import Cell
from odatis_vre.i18n import use_language

__all__ = ["about_html", "code"]


def code(
    dataset: Dataset, name: str, steps: dict[str, int], cell: Cell | None, catalog: str | None = None
) -> str:
    """Python that reads what is shown.

    Parameters
    ----------
    dataset : Dataset
    name : str
        Of the variable.
    steps : dict of str to int
        Position on the axes of time and depth.
    cell : Cell or None
        The place that is shown.
    catalog : str, optional
        Path of the catalogue file; none is the site's.

    Returns
    -------
    str
    """
    opened = f"ov.open_catalog({catalog!r})" if catalog else "ov.open_catalog()"
    lines = ["import odatis_vre as ov", "", f'entry = {opened}["{dataset.entry.id}"]']
    if dataset.is_table:
        lines += ["table = entry.to_pandas()", f'table["{name}"].describe()']
        if cell:
            lines.append(f"table.iloc[{cell.index['row']}]")
        return "\n".join(lines)
    lines.append(f'data = entry.to_xarray(variables="{name}")["{name}"]')
    lines.append(f"data{_isel(steps)}.plot()")
    if cell:
        lines.append(f"data{_isel(cell.index)}.values")
    return "\n".join(lines)


def _isel(index: dict[str, int]) -> str:
    return f".isel({', '.join(f'{axis}={n}' for axis, n in index.items())})" if index else ""


def about_html(
    say: Speaker,
    dataset: Dataset,
    name: str,
    steps: dict[str, int],
    cell: Cell | None,
    catalog: str | None = None,
) -> str:
    """Description, licence, code and citation of the dataset that is shown."""
    entry = dataset.entry
    with use_language(say.lang):
        description = html.escape(entry.description)
    licence = entry.metadata.licence
    cited = entry.cite() if entry.metadata.citation else say("no_citation")
    parts = [f"<h2>{html.escape(dataset.entry_title)}</h2><p>{description}</p>"]
    if licence:
        parts.append(f"<p>{say('licence')} {html.escape(licence.name)}</p>")
    if checked := status_of(entry):
        with use_language(say.lang):
            parts.append(f"<p>{html.escape(str(checked))}</p>")
    for title, text in (("code", code(dataset, name, steps, cell, catalog)), ("citation", cited)):
        parts.append(
            f"<details><summary>{say(title)}</summary><pre tabindex='0'>{html.escape(text)}</pre></details>"
        )
    return "".join(parts)
