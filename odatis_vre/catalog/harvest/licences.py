"""Licences by the names that records give them; a field that holds something else is told apart."""

import re
from collections.abc import Sequence

__all__ = ["is_citation", "licence_of"]

_CC = re.compile(
    r"\bcc[\s-]*(by|0)\b|creative\s+commons|creativecommons\.org/(?:licenses|publicdomain)/", re.IGNORECASE
)
_CC_URL = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)", re.IGNORECASE)
_OTHERS = (
    (
        r"licence ouverte|open licence|etalab",
        "Etalab-2.0",
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
    ),
    (
        r"copernicus marine",
        "Copernicus Marine Service licence",
        "https://marine.copernicus.eu/user-corner/service-commitments-and-licence",
    ),
    (r"\bodbl\b|open database license", "ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
    (r"public domain|domaine public", "public domain", None),
)
# Land that the State owns and lends (the foreshore), and data that are not in the public domain.
_NO_LICENCE = re.compile(
    r"maritime public domain|domaine public\s+(?:maritime|fluvial|portuaire|routier|hydraulique|de l.[eé]tat)"
    r"|(?:occupation|concession|limite|d[ée]limitation)[^.;]{0,40}domaine public"
    r"|\b(?:not|hors|(?:n['’]est|ne sont) pas)\b[^.;]{0,30}(?:public domain|domaine public)",
    re.IGNORECASE,
)
_CITATION = re.compile(
    r"\bcit(?:e|er|ed|ation|ez)\b|\bet al\b|doi\.org|\bdoi\s*:|^[^.]{3,120}\((?:19|20)\d\d\)\s*[.:,]",
    re.IGNORECASE,
)


def licence_of(texts: Sequence[str]) -> dict[str, str] | None:
    """The licence that some texts name.

    Parameters
    ----------
    texts : sequence of str
        The field meant for it first.

    Returns
    -------
    dict or None
        `name` (an SPDX identifier where there is one) and `url`.

    Examples
    --------
    >>> licence_of(["Licence CC-BY 4.0"])["name"], licence_of(["CC BY-NC-SA"])["name"]
    ('CC-BY-4.0', 'CC-BY-NC-SA')
    """
    for text in texts:
        if found := _creative_commons(text) or _other(text):
            return found
    return None


def is_citation(text: str) -> bool:
    """Whether a text says how to cite, and not under which licence.

    Examples
    --------
    >>> is_citation("Ifremer (2018). Surval. https://doi.org/10.12770/cf5048f6"), is_citation("CC-BY 4.0")
    (True, False)
    """
    return bool(_CITATION.search(text))


def _creative_commons(text: str) -> dict[str, str] | None:
    if not _CC.search(text):
        return None
    if match := _CC_URL.search(text):
        name, version = match[1].upper(), match[2]
    elif re.search(r"\bcc[\s-]*0\b|publicdomain/zero", text, re.IGNORECASE):
        return {"name": "CC0-1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}
    else:
        parts = [
            part
            for part, words in (
                ("BY", r"\bby\b|attribution|paternité"),
                ("NC", r"\bnc\b|non[\s-]*commercial|pas d.utilisation commerciale"),
                ("ND", r"\bnd\b|no[\s-]*deriv|pas de modification"),
                ("SA", r"\bsa\b|share[\s-]*alike|partage"),
            )
            if re.search(words, text, re.IGNORECASE)
        ]
        if not parts:
            return None
        number = re.search(r"\b([1-4]\.0)\b", text)
        name, version = "-".join(parts), number[1] if number else ""
    licence = {"name": f"CC-{name}" + (f"-{version}" if version else "")}
    if version:
        licence["url"] = f"https://creativecommons.org/licenses/{name.lower()}/{version}/"
    return licence


def _other(text: str) -> dict[str, str] | None:
    text = _NO_LICENCE.sub("", text)
    for pattern, name, url in _OTHERS:
        if re.search(pattern, text, re.IGNORECASE):
            return {"name": name} | ({"url": url} if url else {})
    return None
