"""What must not land in a run's folder: secret parameters, and the secrets of the environment."""

import os
import re
from collections.abc import Mapping

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
    return bool(_WORDS & set(snake.split("_"))) or any(f"_{p}_" in f"_{snake}_" for p in _PHRASES)


class Redactor:
    """Replaces the environment's secret values wherever they appear in text.

    Parameters
    ----------
    environ : mapping, optional
        Default: the environment of this process.
    """

    def __init__(self, environ: Mapping[str, str] | None = None):
        found = {
            value
            for name, value in (os.environ if environ is None else environ).items()
            # PWD and TOKEN_FILE name places, not secrets.
            if looks_secret(name) and len(value) >= _SHORTEST and not os.path.exists(value)  # noqa: PTH110
        }
        # Longest first: a secret may contain another one.
        ordered = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

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
