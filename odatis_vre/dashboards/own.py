"""One session of the explorer on a Zarr store of the user's home: the map of a result."""

import panel_material_ui as pmui

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.own import catalog_beside, own_store
from odatis_vre.dashboards.captions import Speaker
from odatis_vre.dashboards.explore import asked, explorer_page, reader_language
from odatis_vre.dashboards.page import page
from odatis_vre.errors import OdatisError
from odatis_vre.i18n import use_language

__all__ = ["own"]


def own():
    """The page of a new session; `?store=` names a Zarr store by its path below the home."""
    query = asked()
    lang = reader_language(query)
    with use_language(lang):
        try:
            path = catalog_beside(own_store(query.get("store", "")))
            catalog = open_catalog(path)
        except OdatisError as error:
            say = Speaker(lang)
            alert = pmui.Alert(object=f"{error.message} {error.hint or ''}", severity="warning")
            title = say("own_title")
            return page(title, lang, header=[], sidebar=[], main=[alert], description=title)
    return explorer_page(catalog, query, lang, "own", {"store": query["store"]}, str(path))
