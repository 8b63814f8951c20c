"""Who may log in, and how: a shared password, an OpenID Connect provider, GitHub."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from traitlets.config import Config

from odatis_vre.errors import SettingsError
from odatis_vre.hub.kubernetes.values import Values
from odatis_vre.i18n import tr
from odatis_vre.settings import Auth

__all__ = ["set_authentication", "well_known"]

WELL_KNOWN = "/.well-known/openid-configuration"
# JupyterHub's traits, and where the provider's document says each.
ENDPOINTS = {
    "authorize_url": "authorization_endpoint",
    "token_url": "token_endpoint",
    "userdata_url": "userinfo_endpoint",
}


def set_authentication(c: Config, values: Values, environment: Mapping[str, str]) -> None:
    """Set the authenticator and whom it lets in.

    Parameters
    ----------
    c : traitlets.config.Config
    values : Values
    environment : mapping of str to str
        Of the hub's pod; OAuthenticator reads `OAUTH_CLIENT_SECRET` there by itself.

    Raises
    ------
    SettingsError
        The provider's well-known document cannot be read.
    """
    auth = values.vre.auth
    c.Authenticator.allowed_users = set(auth.users) | set(auth.admins)
    c.Authenticator.admin_users = set(auth.admins)
    c.Authenticator.allow_all = auth.allow_all
    c.Authenticator.any_allow_config = True
    # What the provider says of a person is read at login and not kept.
    c.Authenticator.enable_auth_state = False
    if auth.kind == "shared-password":
        set_shared_password(c, auth, environment)
    elif auth.kind == "oidc":
        set_oidc(c, auth, values.hub.config.get("GenericOAuthenticator", {}))
    else:
        set_github(c, auth)


def set_shared_password(c: Config, auth: Auth, environment: Mapping[str, str]) -> None:
    """One password for everybody, another one for administrators."""
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = environment["ODATIS_VRE_PASSWORD"]
    if auth.admins:
        c.SharedPasswordAuthenticator.admin_password = environment["ODATIS_VRE_ADMIN_PASSWORD"]


def set_oidc(c: Config, auth: Auth, given: Mapping) -> None:
    """An OpenID Connect provider, by its well-known document or by the addresses of `hub.config`."""
    provider = auth.oidc
    c.JupyterHub.authenticator_class = "oauthenticator.generic.GenericOAuthenticator"
    oauth = c.GenericOAuthenticator
    oauth.login_service = provider.login_service.en
    oauth.client_id = provider.client_id
    oauth.scope = list(provider.scope)
    oauth.username_claim = provider.username_claim
    if not ENDPOINTS.keys() <= given.keys():
        document = well_known(provider.issuer)
        for trait, name in ENDPOINTS.items():
            setattr(oauth, trait, document[name])
    if provider.groups_claim or auth.groups or auth.admin_groups:
        oauth.manage_groups = True
        oauth.auth_state_groups_key = f"oauth_user.{provider.groups_claim or 'groups'}"
        oauth.allowed_groups = set(auth.groups)
        oauth.admin_groups = set(auth.admin_groups)


def set_github(c: Config, auth: Auth) -> None:
    """GitHub; to see who is in an organization it must be asked for the right."""
    c.JupyterHub.authenticator_class = "oauthenticator.github.GitHubOAuthenticator"
    oauth = c.GitHubOAuthenticator
    oauth.client_id = auth.github.client_id
    if auth.github.organizations:
        oauth.allowed_organizations = set(auth.github.organizations)
        oauth.scope = ["read:org"]


def well_known(issuer: str, tries: int = 5, pause: float = 2.0) -> dict:
    """The document by which an OpenID Connect provider says its addresses.

    Parameters
    ----------
    issuer : str
        Address of the provider.
    tries : int
        How often it is asked: a provider may restart at the same time as the hub.
    pause : float
        Seconds before the second try; each later pause is twice as long.

    Returns
    -------
    dict

    Raises
    ------
    SettingsError
        It does not answer, or what it answers is no such document.
    """
    url = issuer.rstrip("/") + WELL_KNOWN
    for number in range(tries):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                document = json.load(answer)
            break
        except (OSError, ValueError, http.client.HTTPException) as error:
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if final or number == tries - 1:
                raise SettingsError(
                    tr("hub.kubernetes.no_provider", url=url, reason=error),
                    tr("hub.kubernetes.no_provider_hint"),
                ) from None
            time.sleep(pause * 2**number)
    missing = [name for name in ENDPOINTS.values() if not isinstance(document, dict) or name not in document]
    if missing:
        raise SettingsError(
            tr("hub.kubernetes.no_endpoints", url=url, names=", ".join(missing)),
            tr("hub.kubernetes.no_provider_hint"),
        )
    return document
