"""The hub's web pages in French and English: what JupyterHub is told, and the form of profiles.

Every page a user meets has its template in `templates/`; the administration page is JupyterHub's own
and stays English, as its `lang` attribute says.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from odatis_vre.hub.page_language import landing, request_language, say
from odatis_vre.i18n import LANGUAGES, tr
from odatis_vre.settings import Profile

__all__ = ["START_STEPS", "page_traits", "profile_form", "request_language"]

_HERE = Path(__file__).parent
START_STEPS = ("requested", "place", "software", "starting", "ready")
_GIB = 2**30

# What spawners report while a server starts (JupyterHub, Kubernetes events): the step it belongs to,
# and the sentence people read instead. The first that matches counts.
_REPORTS = (
    (r"Server requested", "requested", None),
    (r"TriggeredScaleUp|triggered scale-up", "place", "new_machine"),
    (r"FailedScheduling|Insufficient|nodes are available", "place", "busy"),
    (r"FailedMount|FailedAttachVolume|Unable to attach", "place", "home_folder"),
    (r"Successfully pulled|already present on machine", "starting", None),
    (r"ErrImagePull|ImagePullBackOff|Failed to pull", "software", "software_missing"),
    (r"Pulling image", "software", "fetching"),
    (r"Successfully assigned", "software", None),
    (r"Spawning server|Created container|Started container", "starting", None),
    (r"Server ready", "ready", None),
)


def start_reports(lang: str) -> list[dict]:
    """How the page that waits for a server reads a spawner's reports.

    Parameters
    ----------
    lang : {"en", "fr"}

    Returns
    -------
    list of dict
        `pattern` (regular expression), `step` (one of `START_STEPS`), `text` (empty: the step says it).
    """
    return [
        {
            "pattern": pattern,
            "step": step,
            "text": tr(f"hub.pages.pending.reports.{report}", lang=lang) if report else "",
        }
        for pattern, step, report in _REPORTS
    ]


def page_traits(
    *,
    title=None,
    login_hint=None,
    login_service=None,
    service_titles: Mapping | None = None,
    expected_seconds=None,
    start_steps: Sequence[str] = START_STEPS,
    default_url="",
) -> dict:
    """The traits of `c.JupyterHub` that make the pages bilingual.

    A text is a plain string, `{"en": ..., "fr": ...}` or an object with `en` and `fr`.

    Parameters
    ----------
    title : text, optional
        Name of this VRE.
    login_hint : text, optional
        Where the password is, shown above the login form.
    login_service : text, optional
        What people log in with, on the button; without it, the authenticator's own name of it.
    service_titles : mapping of str to text, optional
        What a service is called on the pages; without it, its own name.
    expected_seconds : float or callable, optional
        How long a start usually takes, in seconds; JupyterHub calls it with the user. A spawner's
        progress event may say better: `{"expected_seconds": 40}`.
    start_steps : sequence of str, optional
        Which of `START_STEPS` a start goes through.
    default_url : str or callable, optional
        JupyterHub's `default_url`: it is needed for the language switch, so give it here.

    Returns
    -------
    dict
        Trait name to value.

    Examples
    --------
    >>> sorted(page_traits())
    ['default_url', 'jinja_environment_options', 'logo_file', 'template_paths', 'template_vars']
    """
    both = {lang: tr("hub.pages.title", lang=lang) for lang in LANGUAGES}
    return {
        "template_paths": [str(_HERE / "templates"), str(_HERE / "static")],
        "template_vars": {
            "vre_title": title or both,
            "login_hint": login_hint,
            "login_service_text": login_service,
            "service_titles": dict(service_titles or {}),
            "expected_seconds": expected_seconds,
            "start_steps": list(start_steps),
            "start_reports": {lang: start_reports(lang) for lang in LANGUAGES},
        },
        "jinja_environment_options": {"extensions": ["odatis_vre.hub.page_language.PageLanguage"]},
        "logo_file": str(_HERE / "static" / "logo.svg"),
        "default_url": landing(default_url),
    }


def memory_text(count: int, lang: str) -> str:
    """A number of bytes of memory as people read it: `4 GB`, `1,5 Go`.

    Parameters
    ----------
    count : int
        Bytes.
    lang : {"en", "fr"}

    Examples
    --------
    >>> memory_text(3 * 2**29, "fr")
    '1,5 Go'
    """
    unit, size = ("gb", _GIB) if count >= _GIB else ("mb", 2**20)
    number = f"{count / size:.4g}"
    return tr(f"hub.pages.spawn.{unit}", lang=lang, number=number.replace(".", "," if lang == "fr" else "."))


@cache
def _form_template():
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True).get_template(
        "profiles.html"
    )


def _page_text(url: str, lang: str) -> str:
    known = {"/lab": "lab", "/odatis": "start"}.get(url.rstrip("/"))
    return tr(f"hub.pages.spawn.opens.{known}", lang=lang) if known else url


def profile_form(profiles: Mapping[str, Profile], chosen: str | None, lang: str) -> str:
    """The choice of a profile, as JupyterHub's `options_form`: radio cards of the field `profile`.

    Parameters
    ----------
    profiles : mapping of key to Profile
        In the order of the form.
    chosen : str or None
        Key to select; without it, or if it is none of them, the first.
    lang : {"en", "fr"}

    Returns
    -------
    str
        HTML.
    """
    selected = chosen if chosen in profiles else next(iter(profiles))
    cards = [
        {
            "key": key,
            "name": say(profile.name, lang),
            "description": say(profile.description, lang),
            "memory": memory_text(profile.memory, lang),
            "cores": tr(
                "hub.pages.spawn.core" if profile.cores <= 1 else "hub.pages.spawn.cores",
                lang=lang,
                number=f"{profile.cores:g}".replace(".", "," if lang == "fr" else "."),
            ),
            "page": _page_text(profile.page, lang),
            "checked": key == selected,
        }
        for key, profile in profiles.items()
    ]
    words = {
        key: tr(f"hub.pages.spawn.{key}", lang=lang) for key in ("choose", "memory", "opens_in", "power")
    }
    return _form_template().render(cards=cards, words=words)
