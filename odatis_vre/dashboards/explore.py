"""One session of the catalogue explorer: its language, its address, its page."""

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS

from odatis_vre.catalog import Catalog, open_catalog
from odatis_vre.dashboards.captions import Speaker
from odatis_vre.dashboards.explorer import Explorer
from odatis_vre.dashboards.page import page
from odatis_vre.dashboards.view import View
from odatis_vre.i18n import COOKIE, LANGUAGE_NAMES, LANGUAGES, choose_language

__all__ = ["asked", "explore", "explorer_page", "reader_language"]

_FOLD = """
if (window.innerWidth < 600)
  for (const doc of Bokeh.documents)
    for (const root of doc.roots())
      if (root.data?.sidebar_open) root.data.sidebar_open = false
"""


def explore():
    """The page of a new session.

    The address says what to show (`?entry=...&variable=...&time=7&lat=...&lon=...&lang=fr`) and
    follows what is shown; without `lang`, the cookie of the hub's pages decides, then the browser.
    """
    query = asked()
    return explorer_page(open_catalog(), query, reader_language(query), "explore")


def asked() -> dict[str, str]:
    """The query of the address of this session."""
    return {name: values[-1].decode("utf-8", "replace") for name, values in pn.state.session_args.items()}


def reader_language(query: dict[str, str]) -> str:
    """The language of this session."""
    cookie = pn.state.cookies.get(COOKIE)
    return choose_language(query.get("lang"), cookie, accept_language=_header("Accept-Language"))


def explorer_page(catalog: Catalog, query: dict[str, str], lang: str, name: str, kept=None, path=None):
    """The explorer of a catalogue, as a page.

    Parameters
    ----------
    catalog : odatis_vre.catalog.Catalog
    query : dict of str to str
        The view to show first.
    lang : {"en", "fr"}
    name : {"explore", "own"}
        Whose title it has.
    kept : dict, optional
        What stays in the address beside the view.
    path : str, optional
        Of the catalogue's file; none is the site's.
    """
    say, kept = Speaker(lang), kept or {}
    switch = _LanguageSwitch(say, kept)

    def follow(view: View) -> None:
        location = pn.state.location
        chosen = {"lang": query["lang"]} if query.get("lang") in LANGUAGES else {}
        if location is not None:
            location.search = "?" + _encoded(kept | view.to_query() | chosen)
        switch.follow(view)

    explorer = Explorer(catalog, lang, View.from_query(query), follow, path)
    title = say(f"{name}_title")
    # A narrow window starts with its controls folded away; only the browser knows its width.
    doc = pn.state.curdoc
    doc.js_on_event("document_ready", CustomJS(code=_FOLD))
    # Panel gives every page of a server the same title, whatever its language.
    pn.state.onload(lambda: setattr(doc, "title", title))
    return page(
        title=title,
        lang=lang,
        description=say(f"{name}_description"),
        header=[
            pn.layout.HSpacer(),
            explorer.waiting,
            switch.layout,
        ],
        sidebar=explorer.sidebar,
        main=explorer.main,
    )


def _header(name: str) -> str | None:
    return next((value for key, value in pn.state.headers.items() if key.lower() == name.lower()), None)


def _encoded(query: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(query, safe="/")


class _LanguageSwitch:
    """A link to the same view in the other language."""

    def __init__(self, say: Speaker, kept: dict[str, str]):
        self._kept = kept
        self.other = next(lang for lang in LANGUAGES if lang != say.lang)
        self.layout = pmui.Button(
            label=LANGUAGE_NAMES[self.other],
            href="?",
            target="_self",
            variant="text",
            color="light",
            align="center",
            margin=(0, 8),
        )

    def follow(self, view: View) -> None:
        self.layout.href = "?" + _encoded(self._kept | view.to_query() | {"lang": self.other})
