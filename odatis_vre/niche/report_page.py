"""The HTML of a model card: escaped text, no scripts."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from odatis_vre.i18n import language
from odatis_vre.niche.odmap import number

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #1a1a1a }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } caption { text-align: left; font-weight: 600 }
th, td { border: 1px solid #767676; padding: .25rem .6rem; text-align: left; vertical-align: top }
th { background: #eef3f7 } dt { font-weight: 600 } dd { margin: 0 0 .5rem }
"""


def page(title: str, body: str) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.
    """
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def definitions(title: str, facts: Mapping[str, Any]) -> str:
    """A heading and the facts under it; those that are unknown are left out."""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{_cell(value)}</dd>"
        for name, value in facts.items()
        if value not in (None, "")
    )
    return f"<h2>{escape(title)}</h2><dl>{rows}</dl>"


def table(caption: str, rows: Sequence[Mapping[str, Any]], transposed: bool = False) -> str:
    """A table with a caption; nothing where there is no row.

    Parameters
    ----------
    caption : str
    rows : sequence of mappings
        Column -> value.
    transposed : bool, default False
        One line per column, headed by its name.
    """
    if not rows or not rows[0]:
        return ""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if transposed:
        lines = [
            f'<tr><th scope="row">{escape(str(name))}</th>'
            + "".join(f"<td>{_cell(row.get(name))}</td>" for row in rows)
            + "</tr>"
            for name in columns
        ]
    else:
        heads = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in columns)
        lines = [f"<tr>{heads}</tr>"]
        lines += [
            "<tr>" + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows
        ]
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value, ".4g")
    if isinstance(value, list):
        return escape(", ".join(map(str, value)))
    return escape(str(value))
