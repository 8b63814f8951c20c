"""The language of a hub page: `?lang=`, then the cookie, then the browser, then English.

JupyterHub renders its pages with Jinja and has no gettext. `PageLanguage` is a Jinja extension that
gives every template `tr`, `say`, `lang` and `language_links`; each finds the request through
`static_url`, the handler's own method, which JupyterHub puts into every page.
"""

import re
from urllib.parse import parse_qsl, urlencode

from jinja2 import pass_context
from jinja2.ext import Extension

from odatis_vre.i18n import COOKIE, LANGUAGE_NAMES, LANGUAGES, choose_language, tr

__all__ = ["PageLanguage", "landing", "request_language", "say"]

# A form's token must not travel in a link; `lang` would override the choice; `redirects` counts loops.
_NOT_IN_LINKS = {"_xsrf", "lang", "redirects"}
# What JupyterHub says to people in words of its own, and our key for it.
_UPSTREAM_MESSAGES = {
    "Invalid username or password": "hub.pages.login.wrong",
    "Login form invalid or expired. Try again.": "hub.pages.login.expired",
}
_ERROR_PARTS = ("title", "text", "todo")
_ERROR_PAGES = (400, 403, 404, 429, 500, 503)


def _asked_language(handler) -> str | None:
    asked = handler.get_query_argument("lang", default="")
    return asked if asked in LANGUAGES else None


def request_language(handler) -> str:
    """The language to answer a request in.

    Parameters
    ----------
    handler : tornado.web.RequestHandler
        For a spawner, `spawner.handler`.

    Returns
    -------
    str
        `"en"` or `"fr"`.
    """
    return choose_language(
        _asked_language(handler),
        handler.get_cookie(COOKIE),
        accept_language=handler.request.headers.get("Accept-Language"),
    )


def _remember(handler) -> None:
    if lang := _asked_language(handler):
        handler.set_cookie(
            COOKIE,
            lang,
            path=handler.base_url,
            expires_days=365,
            samesite="Lax",
            secure=handler.request.protocol == "https",
        )


def landing(default_url=""):
    """What to set as `c.JupyterHub.default_url`, so that `/hub/?lang=fr&next=...` switches language.

    A page cannot simply be asked again with `?lang=`: JupyterHub takes any argument of `/hub/spawn`
    for a server option and starts the server.

    Parameters
    ----------
    default_url : str or callable, optional
        Where people land otherwise, as JupyterHub's own `default_url`.

    Returns
    -------
    callable
        Of one handler.
    """

    def land(handler) -> str:
        if _asked_language(handler) is None:
            return default_url(handler) if callable(default_url) else default_url
        _remember(handler)
        return handler.get_next_url(handler.current_user, default=f"{handler.hub.base_url}home")

    return land


def say(text, lang: str) -> str:
    """A text in one language.

    Parameters
    ----------
    text : str, mapping or object
        A plain text, `{"en": ..., "fr": ...}`, or an object with attributes `en` and `fr`.
    lang : {"en", "fr"}
    """
    if text is None or isinstance(text, str):
        return text or ""
    return text[lang] if isinstance(text, dict) else getattr(text, lang)


def _handler(context):
    return context["static_url"].__self__


@pass_context
def _lang(context) -> str:
    handler = _handler(context)
    _remember(handler)
    return request_language(handler)


@pass_context
def _tr(context, key: str, lang: str | None = None, **values) -> str:
    lang = lang or request_language(_handler(context))
    text = tr(key, lang=lang, **values)
    # A line must not begin with the punctuation that French sets apart.
    return re.sub(r" (?=[:;?!])", "\u00a0", text) if lang == "fr" else text


@pass_context
def _say(context, text) -> str:
    return say(text, request_language(_handler(context)))


def _here(handler) -> str:
    """Where a choice of language comes back to."""
    path, query = handler.request.path, handler.request.query
    if path.startswith(f"{handler.hub.base_url}error/"):
        path, _, query = handler.get_query_argument("url", default=handler.base_url).partition("?")
    if path == f"{handler.hub.base_url}logout":
        path = f"{handler.hub.base_url}login"
    kept = [pair for pair in parse_qsl(query) if pair[0] not in _NOT_IN_LINKS]
    return f"{path}?{urlencode(kept)}" if kept else path


@pass_context
def _language_links(context) -> list[dict]:
    handler = _handler(context)
    current, here = request_language(handler), _here(handler)
    return [
        {
            "code": code,
            "name": LANGUAGE_NAMES[code],
            "current": code == current,
            "href": f"{handler.hub.base_url}?{urlencode({'lang': code, 'next': here})}",
        }
        for code in LANGUAGES
    ]


@pass_context
def _upstream_message(context, message: str | None) -> str:
    """JupyterHub's message in the page's language; one we do not know stays as it is."""
    key = _UPSTREAM_MESSAGES.get(message or "")
    return _tr(context, key) if key else message or ""


@pass_context
def _error_texts(context, status_code: int) -> list[dict]:
    """Title, what happened and what to do, for a status code.

    One for the page's language; one for each language when the proxy asks on behalf of a browser it
    tells us nothing about.
    """
    handler = _handler(context)
    page = status_code if status_code in _ERROR_PAGES else "other"
    told = (
        _asked_language(handler) or handler.get_cookie(COOKIE) or "Accept-Language" in handler.request.headers
    )
    return [
        {"lang": lang} | {part: tr(f"hub.pages.errors.{page}.{part}", lang=lang) for part in _ERROR_PARTS}
        for lang in ([request_language(handler)] if told else LANGUAGES)
    ]


@pass_context
def _scope_text(context, scope: str, description: str) -> str:
    """What a permission means; a scope that JupyterHub does not define keeps its own description."""
    try:
        return _tr(context, f"hub.pages.scopes.{scope}")
    except KeyError:
        return description


@pass_context
def _client_name(context, description: str) -> str:
    """What an application is called: JupyterHub names servers and services in English."""
    if server := re.fullmatch(r"Server at (.*)", description):
        return _tr(context, "hub.pages.oauth.server", place=server[1])
    name = re.sub(r"^JupyterHub service ", "", description)
    return _say(context, context["service_titles"].get(name, name))


@pass_context
def _duration(context, seconds: float) -> str:
    """A number of seconds as people say it: 20 s, 3 min."""
    if seconds < 90:
        return _tr(context, "hub.pages.duration.seconds", count=round(seconds))
    return _tr(context, "hub.pages.duration.minutes", count=round(seconds / 60))


class PageLanguage(Extension):
    """Gives every hub template its language; named in `c.JupyterHub.jinja_environment_options`."""

    def __init__(self, environment):
        super().__init__(environment)
        environment.globals.update(
            client_name=_client_name,
            duration=_duration,
            error_texts=_error_texts,
            lang=_lang,
            language_links=_language_links,
            say=_say,
            scope_text=_scope_text,
            tr=_tr,
            upstream_message=_upstream_message,
        )
