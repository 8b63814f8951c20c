"""What the Jupyter Server extension does before and after the server is configured."""

import os
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir
from traitlets.config import Config

from odatis_vre.i18n import LANGUAGES
from odatis_vre.lab.copies import sweep
from odatis_vre.lab.readonly import read_only
from odatis_vre.lab.stores import link_stores, stores_from_environment

__all__ = ["link", "load"]

_DEFAULTS = Path(__file__).parent / "defaults"


def link(serverapp) -> None:
    """Before the server is configured: the contents manager, the terminals' shell, JupyterLab's defaults.

    Parameters
    ----------
    serverapp : jupyter_server.serverapp.ServerApp
    """
    manager = read_only(serverapp.contents_manager_class, stores_from_environment())
    ours = {"contents_manager_class": manager}
    if "terminado_settings" not in serverapp.config.ServerApp:
        # A login shell, Jupyter's default, forgets PATH: `odatis` and this Python would not be found.
        ours["terminado_settings"] = {"shell_command": [os.environ.get("SHELL") or "sh"]}
    serverapp.update_config(Config({"ServerApp": ours}))
    set_lab_defaults(os.environ)


def set_lab_defaults(environment) -> None:
    """Put our folders of JupyterLab defaults on Jupyter's configuration path.

    JupyterLab reads `labconfig/default_setting_overrides.json` there: no request to its news feed, and
    the language of `ODATIS_LANG`. They are defaults: what a user has chosen in JupyterLab goes first.

    Parameters
    ----------
    environment : mutable mapping
    """
    lang = environment.get("ODATIS_LANG")
    ours = [str(_DEFAULTS / lang)] if lang in LANGUAGES else []
    ours.append(str(_DEFAULTS / "all"))
    there = [path for path in environment.get("JUPYTER_CONFIG_PATH", "").split(os.pathsep) if path]
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join([*there, *(p for p in ours if p not in there)])


def load(serverapp) -> None:
    """After the server is configured: the links in the home and the pages.

    Parameters
    ----------
    serverapp : jupyter_server.serverapp.ServerApp
    """
    from odatis_vre.lab.handlers import page_handlers

    stores = stores_from_environment()
    home = Path(os.path.realpath(serverapp.contents_manager.root_dir))
    try:
        link_stores(stores, home, Path(jupyter_data_dir()) / "odatis-links.json")
        sweep(home)
    except OSError as error:
        # A full or read-only home must not keep anyone from their files.
        serverapp.log.warning("Templates, gallery and workshops are not shown in %s: %s", home, error)
    serverapp.web_app.add_handlers(".*$", page_handlers(serverapp.base_url, stores, home))
