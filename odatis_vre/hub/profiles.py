"""The size of a server: the form, its answer, and what the answer sets."""

import sys

from odatis_vre.hub import pages
from odatis_vre.hub.tasks import set_task
from odatis_vre.i18n import LANGUAGES
from odatis_vre.settings import Profile, Settings

__all__ = ["chosen_profile", "options_form", "options_from_form", "profile_setter"]


def _known(settings: Settings, name: str | None) -> str:
    return name if name in settings.profiles else next(iter(settings.profiles))


def chosen_profile(settings: Settings, user_options: dict) -> Profile:
    """The profile that a user chose; an unknown one becomes the first."""
    return settings.profiles[_known(settings, user_options.get("profile"))]


def options_form(settings: Settings):
    """The form's HTML in the reader's language, opened on the user's last choice."""

    def form(spawner) -> str:
        lang = pages.request_language(spawner.handler)
        chosen = _known(settings, (spawner.user_options or {}).get("profile"))
        return pages.profile_form(settings.profiles, chosen, lang)

    return form


def options_from_form(settings: Settings):
    """The form's answer, with unknown values put right."""

    def answer(form_data: dict, spawner=None) -> dict:
        options = {"profile": _known(settings, form_data.get("profile", [None])[0])}
        lang = form_data.get("lang", [None])[0]
        if lang not in LANGUAGES and spawner is not None and getattr(spawner, "handler", None):
            lang = pages.request_language(spawner.handler)
        if lang in LANGUAGES:
            options["lang"] = lang
        return options

    return answer


def profile_setter(settings: Settings, python: str = sys.executable):
    """Set a server's memory, cores, first page and language from the user's choice, and its task.

    Parameters
    ----------
    settings : Settings
    python : str
        Python of the servers.
    """

    def apply(spawner, user_options: dict) -> None:
        set_task(spawner, user_options, settings, python)
        profile = chosen_profile(settings, user_options)
        spawner.mem_limit = profile.memory
        spawner.cpu_limit = profile.cores
        spawner.default_url = profile.page
        environment = dict(spawner.environment)
        if user_options.get("lang") in LANGUAGES:
            environment["ODATIS_LANG"] = user_options["lang"]
        spawner.environment = environment

    return apply
