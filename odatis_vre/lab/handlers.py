"""The pages of the notebook server: the start page and the page of fresh copies."""

import asyncio
import os
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from odatis_vre import tasks
from odatis_vre.catalog.own import own_store, own_stores
from odatis_vre.errors import DataNotFound, HubError, OdatisError
from odatis_vre.i18n import COOKIE, LANGUAGE_NAMES, LANGUAGES, choose_language, tr, use_language
from odatis_vre.lab.copies import fresh_copy
from odatis_vre.lab.stores import Store, StoreError, locate
from odatis_vre.lab.titles import entries, first_notebook

__all__ = ["page_handlers"]

_RESULTS = 20


@cache
def _templates():
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)


class Page(JupyterHandler):
    """A page in the reader's language."""

    auth_resource = "contents"

    def initialize(self, stores: list[Store], home: Path) -> None:
        self.stores = stores
        self.home = home

    def get_language(self) -> str:
        """`?lang=`, then the cookie, then the server's language, then the browser's."""
        asked = self.get_query_argument("lang", default="")
        if asked in LANGUAGES:
            path = os.environ.get("JUPYTERHUB_BASE_URL", self.base_url)
            self.set_cookie(COOKIE, asked, path=path, expires_days=365, samesite="Lax")
        return choose_language(
            asked,
            self.get_cookie(COOKIE),
            os.environ.get("ODATIS_LANG"),
            accept_language=self.request.headers.get("Accept-Language"),
        )

    def show(self, template: str, **facts) -> None:
        """Answer with a page."""
        lang = self.get_language()
        path = {"path": facts["path"]} if facts.get("path") else {}
        links = [
            {
                "code": code,
                "name": LANGUAGE_NAMES[code],
                "current": code == lang,
                "href": f"{self.request.path}?{urlencode(path | {'lang': code})}",
            }
            for code in LANGUAGES
        ]
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(
            _templates()
            .get_template(template)
            .render(
                lang=lang,
                links=links,
                tr=lambda key, **values: tr(f"lab.{key}", lang=lang, **values),
                xsrf=self.xsrf_token.decode("ascii"),
                base_url=self.base_url,
                hub_home=_hub_home(),
                **facts,
            )
        )

    def refuse(self, error: OdatisError, path: str, status: int) -> None:
        """Answer with an error in words."""
        self.set_status(status)
        self.show("refused.html", message=error.message, hint=error.hint, path=path)


def _hub_home() -> str | None:
    prefix = os.environ.get("JUPYTERHUB_BASE_URL")
    return f"{os.environ.get('JUPYTERHUB_HOST', '')}{prefix}hub/home" if prefix else None


class StartPage(Page):
    """What there is, and a button for a fresh copy of each."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        lang = self.get_language()
        shelves = [{"name": store.name, "entries": entries(store, lang)} for store in self.stores]
        # A home on a network may take its time.
        results = await asyncio.to_thread(own_stores, self.home) if tasks.in_vre() else []
        self.show(
            "start.html",
            shelves=[shelf for shelf in shelves if shelf["entries"]],
            results=[store.relative_to(self.home).as_posix() for store in results[:_RESULTS]],
        )


class FreshPage(Page):
    """A link to share shows a question; only the form's answer, which carries its token, copies."""

    @web.authenticated
    @authorized
    def get(self) -> None:
        path, lang = self.get_query_argument("path", default=""), self.get_language()
        try:
            source = locate(self.stores, path, lang)
        except StoreError as error:
            self.refuse(error, path, 404)
            return
        store = self._store(path)
        known = next((entry for entry in entries(store, lang) if entry.path == path.rstrip("/")), None)
        self.show("fresh.html", path=path, title=known.title if known else source.name)

    @web.authenticated
    @authorized
    def post(self) -> None:
        path, lang = self.get_body_argument("path", default=""), self.get_language()
        try:
            source = locate(self.stores, path, lang)
        except StoreError as error:
            self.refuse(error, path, 404)
            return
        try:
            copy = fresh_copy(source, self.home, self._store(path), lang)
        except StoreError as error:
            self.refuse(error, path, 507)
            return
        opened = (first_notebook(copy, lang) or copy) if copy.is_dir() else copy
        place = quote(opened.relative_to(self.home).as_posix())
        self.redirect(url_path_join(self.base_url, "lab/tree", place), status=303)

    def _store(self, path: str) -> Store:
        name = path.partition("/")[0]
        return next(store for store in self.stores if store.name == name)


class MapPage(Page):
    """Leads to the map of a result of the user's own, on a server of its own."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        path = self.get_body_argument("path", default="")
        with use_language(self.get_language()):
            try:
                store = own_store(path)
                address = await asyncio.to_thread(tasks.map_address, tasks.in_home(store))
            except DataNotFound as error:
                self.refuse(error, path, 404)
                return
            except HubError as error:
                self.refuse(error, path, 409)
                return
        self.redirect(address, status=303)


class StoppedMap(JupyterHandler):
    """Where the map was while its server ran: its address then leads here, and from here to the button."""

    auth_resource = "contents"

    @web.authenticated
    @authorized
    def get(self) -> None:
        self.redirect(url_path_join(self.base_url, "odatis/"))


def page_handlers(base_url: str, stores: list[Store], home: Path) -> list[tuple]:
    """The pages' handlers, below `{base_url}odatis/`.

    Parameters
    ----------
    base_url : str
    stores : list of Store
    home : Path
        Where copies go.
    """
    start = url_path_join(base_url, "odatis")
    facts = {"stores": stores, "home": home}
    return [
        (f"{start}/?", StartPage, facts),
        (f"{start}/fresh", FreshPage, facts),
        (f"{start}/map", MapPage, facts),
        (url_path_join(base_url, tasks.DASHBOARD, "?"), StoppedMap),
    ]
