"""Settings to JupyterHub traits. Each function only sets."""

from traitlets.config import Config

from odatis_vre.hub import events, pages
from odatis_vre.hub.embedded.place import Place
from odatis_vre.hub.embedded.traits import configure_embedded
from odatis_vre.hub.profiles import options_form, options_from_form, profile_setter
from odatis_vre.hub.roles import roles
from odatis_vre.hub.tasks import allow_tasks
from odatis_vre.i18n import LANGUAGES, tr
from odatis_vre.settings import Settings

__all__ = ["configure"]


def configure(c: Config, settings: Settings, place: Place | None = None, password: str | None = None) -> None:
    """Set the traits of the hub of one machine, or with no place what every hub has in common.

    Parameters
    ----------
    c : traitlets.config.Config
        What JupyterHub's configuration file calls `c`.
    settings : Settings
        What this VRE is.
    place : Place, optional
        Where an embedded VRE lives; without it the traits of one machine stay unset.
    password : str, optional
        The shared password.
    """
    set_pages(c, settings, embedded=place is not None)
    set_auth(c, settings, password)
    set_profiles(c, settings)
    c.JupyterHub.load_roles = roles(settings)
    if place is not None:
        configure_embedded(c, settings, place)


def set_pages(c: Config, settings: Settings, embedded: bool) -> None:
    """Pages in French and English; the form is the start of a new server, a running one opens at once."""
    hint = {lang: tr("hub.login_hint", lang=lang) for lang in LANGUAGES} if embedded else None
    provider = settings.auth.oidc if settings.auth.kind == "oidc" else None
    traits = pages.page_traits(
        title=settings.hub.title.model_dump(),
        login_hint=hint,
        login_service=provider.login_service.model_dump() if provider else None,
        service_titles={name: board.title.model_dump() for name, board in settings.dashboards.items()},
        start_steps=("requested", "starting", "ready") if embedded else pages.START_STEPS,
        expected_seconds=10 if embedded else None,
        default_url="/hub/home",
    )
    for name, value in traits.items():
        setattr(c.JupyterHub, name, value)


def set_auth(c: Config, settings: Settings, password: str | None) -> None:
    """Who may log in, and how."""
    c.JupyterHub.authenticator_class = settings.auth.kind
    c.Authenticator.allowed_users = set(settings.auth.users)
    c.Authenticator.allow_all = settings.auth.allow_all
    c.Authenticator.any_allow_config = True
    c.Authenticator.post_auth_hook = events.on_login
    if password is not None:
        c.SharedPasswordAuthenticator.user_password = password


def set_profiles(c: Config, settings: Settings) -> None:
    """The choice of a server's size; the form opens on the last choice."""
    c.Spawner.options_form = options_form(settings)
    c.Spawner.options_from_form = options_from_form(settings)
    c.Spawner.apply_user_options = profile_setter(settings)
    allow_tasks(c, settings)
