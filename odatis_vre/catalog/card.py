"""How datasets show themselves: a card in a notebook, a few lines in a terminal."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.check.status import Checked, status_of
from odatis_vre.catalog.footprint import footprint
from odatis_vre.catalog.model import Text
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
.odatis-card .head{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:flex-start}
.odatis-card .head>div{flex:1 1 17rem}
.odatis-card .name{font-size:1.08rem;font-weight:600;margin:0 0 .1rem;line-height:1.3}
.odatis-card code{font-family:ui-monospace,monospace;font-size:.82rem;color:var(--ink);background:none}
.odatis-card p{margin:.45rem 0 .6rem;max-width:46rem}
.odatis-card dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem .9rem;margin:0}
.odatis-card dt{color:var(--soft);font-weight:400;margin:0;padding:0}
.odatis-card dd{margin:0;padding:0}
.odatis-card svg{flex:none;max-width:100%;height:auto;border:1px solid var(--line);border-radius:3px}
.odatis-card a{color:var(--mark)}
.odatis-card dd{overflow-wrap:anywhere}
.odatis-card details{margin:.6rem 0 0}
.odatis-card summary{cursor:pointer;color:var(--soft)}
.odatis-card ul{margin:.3rem 0 0;padding-left:1.2rem}
.odatis-card .sea{fill:var(--sea)}
.odatis-card .land{fill:var(--jp-layout-color3,#c3cdb9)}
.odatis-card .grat{stroke:var(--line);stroke-width:1;fill:none}
.odatis-card .box{fill:var(--mark);fill-opacity:.25;stroke:var(--mark);stroke-width:4}
.odatis-card .load{background:var(--sea);border-radius:4px;padding:.35rem .6rem;margin:.75rem 0 0;
overflow-x:auto;white-space:pre}
article.odatis-card.odatis-card table{font:inherit;color:inherit;border-collapse:collapse;table-layout:auto;
width:100%;margin:.4rem 0 0}
article.odatis-card.odatis-card :is(th,td){text-align:left;padding:.3rem .8rem .3rem 0;
border-top:1px solid var(--line);vertical-align:top;background:none;color:var(--ink)}
article.odatis-card.odatis-card th{color:var(--soft);font-weight:400;border-top:0}
</style>"""


def facts(entry: "Entry") -> dict[str, str]:
    """What a card says of a dataset, label to text, in the language in force.

    Parameters
    ----------
    entry : Entry

    Returns
    -------
    dict of str to str
        Only what is known; last, what nobody has verified or knows, and what the last check found.
    """
    known = entry.metadata
    period = str(entry.period) if entry.period else ""
    if known.climatology:
        period = f"{tr('catalog.climatology')} ({period})" if period else tr("catalog.climatology")
    first = known.citation[0] if known.citation else {}
    variables = ", ".join(
        f"{name} ({facts.units})" if facts.units else name for name, facts in entry.variables.items()
    )
    checked = status_of(entry)
    rows = {
        "extent": str(entry.bbox) if entry.bbox else "",
        "period": period,
        "variables": variables,
        "odatis_variables": ", ".join(known.odatis_variables),
        "domain": domain_label(known.domain),
        "centre": known.data_centre or "",
        "licence": known.licence.name if known.licence else "",
        "doi": known.doi or "",
        "version": known.version or "",
        "citation": f"{entry.cite().splitlines()[0]}" if first else "",
        "size": _size(known.size, checked),
        "address": ""
        if known.address == "exact"
        else f"{tr(f'catalog.address.{known.address}')} {entry.urlpath}",
        "login": _login(entry),
        "notes": _notes(entry),
        "checked": _trust(entry),
        "check": str(checked) if checked else "",
    }
    return {tr(f"catalog.label.{label}"): text for label, text in rows.items() if text}


def _size(size: int | None, checked: Checked | None) -> str:
    if size:
        return readable_size(size)
    if checked and checked.size and not checked.stale:
        return tr("catalog.in_memory", size=readable_size(checked.size))
    return ""


def _login(entry: "Entry") -> str:
    """Where the account is kept that the first way asks for."""
    ways = entry.metadata.access
    return tr(f"catalog.login.{ways[0].login}") if ways and ways[0].login else ""


def _notes(entry: "Entry") -> str:
    """What one has to know of each way to the values."""
    ways = [way for way in entry.metadata.access if way.note and str(way.note)]
    said = dict.fromkeys(f"{way.protocol or way.driver}{tr('catalog.colon')}{way.note}" for way in ways)
    return tr("catalog.semicolon").join(said)


def _trust(entry: "Entry") -> str:
    """What the entry states and nobody has verified, and what it does not state, with the reason."""
    known = entry.metadata
    parts = []
    unknown = known.unknown + ([] if known.odatis_variables else ["odatis_variables"])
    for key, names in (("unverified", known.unverified), ("unknown", unknown)):
        fields = [_field(name, known.absent.get(name)) for name in names]
        if fields:
            parts.append(tr(f"catalog.{key}", fields=", ".join(fields)))
    return "" if known.verified is True else tr("catalog.semicolon").join(parts)


def _field(name: str, reason: Text | None) -> str:
    label = tr(f"catalog.field.{name}")
    return f"{label} ({reason})" if reason else label


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
    lines = [f"{entry.id}{tr('catalog.colon')}{entry.title}"]
    lines += [f"  {label:<{width}}  {text}" for label, text in rows.items()]
    return "\n".join([*lines, f"  {entry.call}"] if entry.metadata.address == "exact" else lines)


def plain_list(catalog: "Catalog") -> str:
    """A catalogue, one line per dataset."""
    width = max((len(name) for name in catalog.names), default=0)
    lines = [tr("catalog.listing", title=catalog.title, count=_count(catalog))]
    return "\n".join([*lines, *(f"  {entry.id:<{width}}  {entry.title}" for entry in catalog)])


def html(entry: "Entry") -> str:
    """A dataset's card: HTML and SVG without scripts, in JupyterLab's colours."""
    doi = tr("catalog.label.doi")
    rows = "".join(
        f"<dt>{escape(label)}</dt><dd>{_doi_link(text) if label == doi else escape(text)}</dd>"
        for label, text in facts(entry).items()
    )
    picture = footprint(entry.bbox) if entry.bbox else ""
    description = f"<p>{escape(entry.description)}</p>" if entry.description else ""
    load = ""
    if entry.metadata.address == "exact":
        load = (
            f'<div class="load" tabindex="0" role="region" aria-label="{escape(tr("catalog.label.load"))}">'
            f"<code>{escape(entry.call)}</code></div>"
        )
    return (
        f'{_STYLE}<article class="odatis-card" lang="{language()}" aria-label="{escape(entry.title)}">'
        f'<div class="head"><div><div class="name" role="heading" aria-level="3">{escape(entry.title)}</div>'
        f"<code>{escape(entry.id)}</code>{description}</div>{picture}</div><dl>{rows}</dl>"
        f"{_links(entry)}{_changes(entry)}{load}</article>"
    )


def _doi_link(doi: str) -> str:
    return f'<a href="https://doi.org/{quote(doi, safe="/()")}" rel="noopener noreferrer">{escape(doi)}</a>'


def _links(entry: "Entry") -> str:
    """The pages about it; an address of any other kind is shown and leads nowhere."""
    shown = []
    for link in entry.metadata.links:
        url, name = public_url(link.url), escape(str(link.name or "") or link.url)
        if url.startswith(("https://", "http://")):
            shown.append(f'<li><a href="{escape(url)}" rel="noopener noreferrer">{name}</a></li>')
        else:
            shown.append(f"<li>{name}{tr('catalog.colon')}<code>{escape(url)}</code></li>")
    return _folded(tr("catalog.label.links"), shown)


def _changes(entry: "Entry") -> str:
    """What the clean-up changed: the check opened all of it; without one, what was last opened from here."""
    checked = status_of(entry)
    if checked and not checked.stale and checked.state != "unopened":
        lang, changes = checked.changes_language, checked.changes
    else:
        lang, changes = entry._changes or ("", [])
    return _folded(
        tr("catalog.changes", number=len(changes)),
        [f'<li lang="{escape(lang)}">{escape(sentence)}</li>' for sentence in changes],
    )


def _folded(title: str, items: list[str]) -> str:
    return f"<details><summary>{escape(title)}</summary><ul>{''.join(items)}</ul></details>" if items else ""


def html_list(catalog: "Catalog") -> str:
    """A catalogue's card: a table of its datasets."""
    heads = ("name", "title", "extent", "period")
    head = "".join(f'<th scope="col">{escape(tr(f"catalog.label.{label}"))}</th>' for label in heads)
    body = "".join(
        f"<tr><td><code>{escape(entry.id)}</code></td><td>{escape(entry.title)}</td>"
        f"<td>{escape(str(entry.bbox or ''))}</td><td>{escape(period_label(entry))}</td></tr>"
        for entry in catalog
    )
    count = _count(catalog)
    return (
        f'{_STYLE}<article class="odatis-card" lang="{language()}" aria-label="{escape(catalog.title)}">'
        f'<div class="name" role="heading" aria-level="3">{escape(catalog.title)}</div>{escape(count)}'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></article>"
    )


def _count(catalog: "Catalog") -> str:
    number = len(catalog)
    return tr("catalog.one" if number == 1 else "catalog.count", number=number)


def period_label(entry: "Entry") -> str:
    """A dataset's period in a table; a climatology has none."""
    return tr("catalog.climatology") if entry.metadata.climatology else str(entry.period or "")
