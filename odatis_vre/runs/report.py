"""The report of a run: HTML without code, readable without a network."""

import html
import re
from pathlib import Path

from odatis_vre.i18n import tr

__all__ = ["write"]

# nbconvert's template fetches require.js, MathJax, Mermaid and the widget manager from public
# servers, and gives assistive technology no hint of what failed: these blocks go.
_TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
body.jp-Notebook { overflow: visible; }
.jp-OutputArea-output { overflow-x: auto; }
.odatis-run table { border-collapse: collapse; margin: .5rem 0 1rem; }
.odatis-run th { text-align: left !important; padding: .15rem 1.2rem .15rem 0 !important;
  vertical-align: top; }
.odatis-run td { text-align: left !important; padding: .15rem 0 !important; overflow-wrap: anywhere; }
.odatis-failed { border-left: 4px solid #b71c1c; background: #fdecea; color: #5f1412; padding: .6rem 1rem; }
.odatis-failed code { color: inherit; background: none; }
</style>
{%- endblock -%}
"""
_PRIORITY = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/latex",
    "application/javascript",
    "text/plain",
]


def write(notebook: Path, record: dict, path: Path) -> None:
    """Write the report of an executed notebook.

    Parameters
    ----------
    notebook : Path
        The executed notebook.
    record : dict
        The run's record: its status, parameters, entries and error head the report.
    path : Path
        The HTML file.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    nb = nbformat.read(notebook, as_version=4)
    title = _title(nb, Path(record["notebook"]["path"]).stem)
    nb.metadata["title"] = title
    if record["error"] and record["error"]["cell"] is not None:
        nb.cells.insert(record["error"]["cell"], _markdown(_failure(record)))
    nb.cells.insert(0, _markdown(_head(record, title)))
    exporter = HTMLExporter(
        raw_template=_TEMPLATE,
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
        language_code=record["language"],
        config=Config({"NbConvertBase": {"display_data_priority": _PRIORITY}}),
    )
    resources = {"metadata": {"name": title, "path": str(Path(record["notebook"]["path"]).parent)}}
    body, _ = exporter.from_notebook_node(nb, resources=resources)
    path.write_text(body, "utf-8")


def _markdown(text: str):
    import nbformat

    return nbformat.v4.new_markdown_cell(text)


def _title(nb, fallback: str) -> str:
    for cell in nb.cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^# +(.+?)\s*#*$", cell.source, re.M)):
            return found[1]
    return fallback


def _head(record: dict, title: str) -> str:
    lang = record["language"]

    def say(key: str, **values) -> str:
        return html.escape(tr(f"runs.{key}", lang=lang, **values))

    status = say(f"status_{record['status']}")
    rows = [
        (say("card_status"), status),
        (say("card_start"), html.escape(record["start"])),
        (say("card_end"), html.escape(record["end"] or "")),
    ]
    rows += [
        (f"<code>{html.escape(name)}</code>", html.escape(repr(value)))
        for name, value in record["parameters"].items()
    ]
    for entry in record["entries"]:
        cited = entry.get("citation") or entry.get("title") or entry.get("entry")
        rows.append((say("card_data"), html.escape(str(cited))))
    if git := record["git"]:
        changed = say("git_changed") if git["dirty"] else ""
        rows.append((say("card_commit"), f"<code>{html.escape(git['commit'] or '-')[:12]}</code> {changed}"))
    table = "".join(f"<tr><th scope='row'>{name}</th><td>{value}</td></tr>" for name, value in rows)
    summary = f"<summary>{say('card_about')}</summary>"
    unfinished = "" if record["status"] == "completed" else " open"
    return (
        f"<div class='odatis-run'><p><strong>{html.escape(title)}</strong> · {status}</p>"
        f"<details{unfinished}>{summary}<table>{table}</table></details></div>"
    )


def _failure(record: dict) -> str:
    error = record["error"]
    words = tr("runs.failed_here", lang=record["language"], number=error["number"])
    first = (error["evalue"] or "").strip().split("\n")[0]
    what = html.escape(f"{error['ename']}: {first}" if first else error["ename"])
    return f"<div class='odatis-failed' role='alert'>{html.escape(words)} <code>{what}</code></div>"
