"""The notebook server's side: templates, gallery and workshops beside the home, read-only, and fresh copies.

A Jupyter Server extension, switched on with `--ServerApp.jpserver_extensions='{"odatis_vre.lab": true}'`
or its file in `jupyter_server_config.d`. It reads `ODATIS_TEMPLATES`, `ODATIS_GALLERY`,
`ODATIS_WORKSHOPS` (folders) and `ODATIS_LANG` from the environment.
"""

__all__ = []


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": "odatis_vre.lab"}]


def _link_jupyter_server_extension(serverapp) -> None:
    from odatis_vre.lab.extension import link

    link(serverapp)


def _load_jupyter_server_extension(serverapp) -> None:
    from odatis_vre.lab.extension import load

    load(serverapp)
