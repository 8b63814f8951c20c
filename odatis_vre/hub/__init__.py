"""The hub: settings in, JupyterHub traits out."""

__all__ = ["configure", "configure_gateway"]


def __getattr__(name: str):
    if name == "configure":
        from odatis_vre.hub.configuration import configure

        return configure
    if name == "configure_gateway":
        from odatis_vre.hub.gateway import configure_gateway

        return configure_gateway
    raise AttributeError(f"module 'odatis_vre.hub' has no attribute {name!r}")
