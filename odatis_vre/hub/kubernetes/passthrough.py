"""Traits that the operator sets by class: `hub.config` of the values, last."""

import difflib
from collections.abc import Mapping
from typing import Any

from traitlets.config import Config, Configurable

from odatis_vre.errors import SettingsError
from odatis_vre.i18n import tr

__all__ = ["set_passthrough"]


def set_passthrough(c: Config, config: Mapping[str, Mapping[str, Any]]) -> None:
    """Set traits by class and name, after all others.

    Parameters
    ----------
    c : traitlets.config.Config
    config : mapping of class name to mapping of trait to value

    Raises
    ------
    SettingsError
        JupyterHub has no such class, or the class no such trait: traitlets alone would only warn. Or it
        would let anybody in.
    """
    known = _classes() if config else {}
    for name, traits in config.items():
        if name not in known:
            raise SettingsError(tr("hub.kubernetes.no_class", name=name), _near(name, known))
        for trait, value in traits.items():
            if trait not in known[name]:
                raise SettingsError(
                    tr("hub.kubernetes.no_trait", name=name, trait=trait), _near(trait, known[name])
                )
            if trait == "authenticator_class" and "dummy" in str(value).lower():
                raise SettingsError(tr("hub.kubernetes.dummy"))
            c[name][trait] = value


def _near(word: str, words) -> str | None:
    found = difflib.get_close_matches(word, words, 1)
    return tr("hub.kubernetes.did_you_mean", name=found[0]) if found else None


def _classes() -> dict[str, set[str]]:
    from jupyterhub.app import JupyterHub
    from kubespawner import KubeSpawner
    from oauthenticator.generic import GenericOAuthenticator
    from oauthenticator.github import GitHubOAuthenticator

    ours = [*JupyterHub().classes, JupyterHub, KubeSpawner, GenericOAuthenticator, GitHubOAuthenticator]
    bases = {base for cls in ours for base in cls.__mro__ if issubclass(base, Configurable)}
    return {cls.__name__: set(cls.class_traits(config=True)) for cls in bases}
