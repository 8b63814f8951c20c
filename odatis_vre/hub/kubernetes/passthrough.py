"""Traits that the operator sets by class: `hub.config` of the values, last."""

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from traitlets.config import Config, Configurable

from odatis_vre.errors import SettingsError
from odatis_vre.i18n import tr

__all__ = ["SECRETS", "refused_trait", "set_passthrough"]

# Values are shown in a ConfigMap; templates/_validate.tpl refuses the same traits.
SECRETS = (
    *("admin_password", "api_tokens", "auth_token", "client_secret", "cookie_secret", "github_client_secret"),
    *("keys", "password", "proxy_auth_token", "service_tokens", "user_password"),
)
_PASSWORD_IN_URL = re.compile(r"://[^:/]*:[^@/]*@|[?&]password=")


def refused_trait(config: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Why values may not set a trait: it is a secret, or moves the hub from where the chart looks for it.

    Parameters
    ----------
    config : mapping of class name to mapping of trait to value

    Returns
    -------
    str or None
        Never with the value of a secret.
    """
    for name, traits in config.items():
        for trait, value in traits.items():
            if _is_secret(trait, value):
                return tr("hub.kubernetes.secret_trait", name=name, trait=trait)
            moved = trait == "base_url" and str(value).strip("/")
            if moved or (trait == "bind_url" and re.search("://[^/]*/.", str(value))):
                return tr("hub.kubernetes.base_url", name=name, trait=trait, value=value)
    return None


def _is_secret(trait: str, value: Any) -> bool:
    with_password = trait == "db_url" and _PASSWORD_IN_URL.search(str(value))
    return trait in SECRETS or bool(with_password) or '"api_token":' in json.dumps(value, default=str)


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
