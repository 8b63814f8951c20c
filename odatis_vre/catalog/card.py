"""How datasets show themselves: a card in a notebook, a few lines in a terminal."""

from html import escape
from typing import TYPE_CHECKING

from odatis_vre.catalog.request import BBox
from odatis_vre.i18n import language, tr

if TYPE_CHECKING:
    from odatis_vre.catalog.entry import Entry
    from odatis_vre.catalog.tree import Catalog

__all__ = ["facts", "html", "html_list", "period_label", "plain", "plain_list", "readable_size"]

# JupyterLab's own colours, light or dark, with a fallback for a page outside it.
_STYLE = """<style>
.odatis-card{--ink:var(--jp-content-font-color1,#1b2733);--soft:var(--jp-content-font-color2,#4a5a68);
--paper:var(--jp-layout-color1,#fff);--line:var(--jp-border-color1,#b8c4ce);--sea:var(--jp-layout-color2,#eaf1f6);
--mark:var(--jp-brand-color1,#0b6fa4);
box-sizing:border-box;max-width:52rem;color:var(--ink);background:var(--paper);border:1px solid var(--line);
border-radius:6px;padding:.9rem 1.1rem;font:400 .87rem/1.45 system-ui,sans-serif;margin:.3rem 0}
.odatis-card .head{display:flex;gap:1rem;justify-content:space-between;align-items:flex-start}
.odatis-card .name{font-size:1.08rem;font-weight:600;margin:0 0 .1rem;line-height:1.3}
.odatis-card code{font-family:ui-monospace,monospace;font-size:.82rem;color:var(--ink);background:none}
.odatis-card p{margin:.45rem 0 .6rem;max-width:46rem}
.odatis-card dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem .9rem;margin:0}
.odatis-card dt{color:var(--soft);font-weight:400;margin:0;padding:0}
.odatis-card dd{margin:0;padding:0}
.odatis-card svg{flex:none;border:1px solid var(--line);border-radius:3px}
.odatis-card .sea{fill:var(--sea)}
.odatis-card .grat{stroke:var(--line);stroke-width:.5;fill:none}
.odatis-card .box{fill:var(--mark);fill-opacity:.35;stroke:var(--mark);stroke-width:1.5}
.odatis-card .load{background:var(--sea);border-radius:4px;padding:.35rem .6rem;margin:.75rem 0 0;
overflow-x:auto;white-space:pre}
.odatis-card table{font:inherit;color:inherit;border-collapse:collapse;width:100%;margin:.4rem 0 0}
.odatis-card th,.odatis-card td{text-align:left;padding:.3rem .8rem .3rem 0;border-top:1px solid var(--line);
vertical-align:top;background:none;color:var(--ink)}
.odatis-card th{color:var(--soft);font-weight:400;border-top:0}
</style>"""


def facts(entry: "Entry") -> dict[str, str]:
    """What a card says of a dataset, label to text, in the language in force.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    dict of str to str
        Only what is known.
    """
    known = entry.metadata
    period = str(entry.period) if entry.period else ""
    if known.climatology:
        period = f"{tr('catalog.climatology')} ({period})" if period else tr("catalog.climatology")
    first = known.citation[0] if known.citation else {}
    variables = ", ".join(
        f"{name} ({facts.units})" if facts.units else name for name, facts in entry.variables.items()
    )
    rows = {
        "extent": str(entry.bbox) if entry.bbox else "",
        "period": period,
        "variables": variables,
        "domain": domain_label(known.domain),
        "centre": known.data_centre or "",
        "licence": known.licence.name if known.licence else "",
        "doi": known.doi or "",
        "citation": f"{entry.cite().splitlines()[0]}" if first else "",
        "size": readable_size(known.size) if known.size else "",
        "checked": "" if known.verified else tr("catalog.unverified"),
    }
    return {tr(f"catalog.label.{label}"): text for label, text in rows.items() if text}


def domain_label(domain: str | None) -> str:
    """A domain in the language in force; a foreign one as it is."""
    try:
        return tr(f"catalog.domain.{domain}")
    except KeyError:
        return domain or ""


def readable_size(size: int) -> str:
    """Bytes as people say them.

    >>> readable_size(3994665)
    '4.0 MB'
    """
    amount, prefixes = float(size), ["", "k", "M", "G", "T"]
    while amount >= 1000 and len(prefixes) > 1:
        amount /= 1000
        prefixes.pop(0)
    number = f"{amount:.1f}" if size >= 1000 and amount < 10 else f"{amount:.0f}"
    if language() == "fr":
        return f"{number.replace('.', ',')} {prefixes[0]}o"
    return f"{number} {prefixes[0]}B"


def plain(entry: "Entry") -> str:
    """A dataset in a few lines."""
    rows = facts(entry)
    width = max((len(label) for label in rows), default=0)
    lines = [f"{entry.id}: {entry.title}"]
    lines += [f"  {label:<{width}}  {text}" for label, text in rows.items()]
    return "\n".join([*lines, f"  {entry.call}"])


def plain_list(catalog: "Catalog") -> str:
    """A catalogue, one line per dataset."""
    width = max((len(name) for name in catalog.names), default=0)
    lines = [f"{catalog.title}: {tr('catalog.count', number=len(catalog))}"]
    return "\n".join([*lines, *(f"  {entry.id:<{width}}  {entry.title}" for entry in catalog)])


def html(entry: "Entry") -> str:
    """A dataset's card: HTML and SVG without scripts, in JupyterLab's colours."""
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in facts(entry).items())
    footprint = _footprint(entry.bbox) if entry.bbox else ""
    description = f"<p>{escape(entry.description)}</p>" if entry.description else ""
    return (
        f'{_STYLE}<article class="odatis-card" lang="{language()}" aria-label="{escape(entry.title)}">'
        f'<div class="head"><div><div class="name" role="heading" aria-level="3">{escape(entry.title)}</div>'
        f"<code>{escape(entry.id)}</code></div>{footprint}</div>{description}<dl>{rows}</dl>"
        f'<div class="load" tabindex="0" role="region" aria-label="{escape(tr("catalog.label.load"))}">'
        f"<code>{escape(entry.call)}</code></div></article>"
    )


def html_list(catalog: "Catalog") -> str:
    """A catalogue's card: a table of its datasets."""
    heads = ("name", "title", "extent", "period")
    head = "".join(f'<th scope="col">{escape(tr(f"catalog.label.{label}"))}</th>' for label in heads)
    body = "".join(
        f"<tr><td><code>{escape(entry.id)}</code></td><td>{escape(entry.title)}</td>"
        f"<td>{escape(str(entry.bbox or ''))}</td><td>{escape(period_label(entry))}</td></tr>"
        for entry in catalog
    )
    count = tr("catalog.count", number=len(catalog))
    return (
        f'{_STYLE}<article class="odatis-card" lang="{language()}" aria-label="{escape(catalog.title)}">'
        f'<div class="name" role="heading" aria-level="3">{escape(catalog.title)}</div>{escape(count)}'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></article>"
    )


def period_label(entry: "Entry") -> str:
    """A dataset's period in a table; a climatology has none."""
    return tr("catalog.climatology") if entry.metadata.climatology else str(entry.period or "")


def _footprint(box: BBox) -> str:
    """The world, half a degree a pixel across, and the box on it; never too small to see."""
    shapes = []
    for west, east in box.spans:
        width, height = max((east - west) / 2, 4), max((box.north - box.south) / 2, 4)
        x, y = min((west + 180) / 2, 180 - width), min((90 - box.north) / 2, 90 - height)
        shapes.append(f'<rect class="box" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>')
    grid = "M0 45H180M90 0V90M45 0V90M135 0V90M0 22.5H180M0 67.5H180"
    label = escape(f"{tr('catalog.label.extent')}: {box}")
    return (
        f'<svg width="144" height="72" viewBox="0 0 180 90" role="img" aria-label="{label}">'
        f"<title>{label}</title>"
        f'<rect class="sea" width="180" height="90"/><path class="grat" d="{grid}"/>{"".join(shapes)}</svg>'
    )
