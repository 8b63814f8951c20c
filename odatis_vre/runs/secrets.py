"""What must not land in a run's folder: secret parameters, and the secrets of the environment."""

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

__all__ = ["Redactor", "looks_secret"]

_WORDS = {
    "apikey",
    "credential",
    "credentials",
    "jeton",
    "motdepasse",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
}
_PHRASES = ("access_key", "api_key", "mot_de_passe", "private_key")
# In capitals only, as the environment has them: `low_pass` is a filter.
_SUFFIX = re.compile(r"_(PASS|PAT)$")
# They say where something is.
_PLACE = re.compile(r"^(OLD)?PWD$|_(FILE|PATH)$", re.IGNORECASE)
# user:password in a URL, up to the last @ before its path.
_ACCOUNT = re.compile(r"://([^\s/?#@:]*:[^\s/?#]+)@")
_MASK = "***"
_SHORTEST = 8  # a shorter value would blank ordinary text


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()).strip("_")


def looks_secret(name: str) -> bool:
    """Whether a name announces a password, a token or a key.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> looks_secret("api_key"), looks_secret("JUPYTERHUB_API_TOKEN"), looks_secret("author")
    (True, True, False)
    """
    snake = _snake(name)
    return (
        bool(_WORDS & set(snake.split("_")))
        or any(f"_{p}_" in f"_{snake}_" for p in _PHRASES)
        or _SUFFIX.search(name) is not None
    )


def _patterns(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each secret of an environment, and what matches it."""
    for name, value in environ.items():
        if looks_secret(name) and not _PLACE.search(name) and len(value) >= _SHORTEST:
            yield value, re.escape(value)
        for account in _ACCOUNT.findall(value):
            # Before an @, even a short one is no ordinary text.
            yield account, re.escape(account) + ("(?=@)" if len(account) < _SHORTEST else "")
            password = account.partition(":")[2]
            for text in {password, unquote(password)}:
                if len(text) >= _SHORTEST:
                    yield text, re.escape(text)


class Redactor:
    """Replaces the environment's secret values, and the accounts in its URLs, wherever they appear.

    Parameters
    ----------
    environ : mapping, optional
        Default: the environment of this process.
    """

    def __init__(self, environ: Mapping[str, str] | None = None):
        found = dict(_patterns(os.environ if environ is None else environ))
        # Longest first: a secret may contain another one.
        ordered = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(found[text] for text in ordered)) if ordered else None

    def __call__(self, value):
        """The same structure of dicts, lists and text, without the secrets."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(_MASK, value)
        if isinstance(value, dict):
            return type(value)({key: self(item) for key, item in value.items()})
        if isinstance(value, (list, tuple)):
            return type(value)(self(item) for item in value)
        return value
