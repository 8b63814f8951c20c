"""The sources of a large catalogue file, kept as JSON: reading YAML takes a hundred times longer.

They are kept under the checksum of the file's content, as the file has them; each is checked again when it
is read, as if it came from the file.
"""

import json
from collections.abc import Set
from datetime import date, datetime
from pathlib import Path
from typing import Any

from odatis_vre.catalog.address import public_url
from odatis_vre.catalog.kept import keep, recall

__all__ = ["LARGE", "keep_sources", "plain_value", "recall_sources"]

# Bytes; a smaller file is read at once.
LARGE = 100_000
_VERSION = "1"
_DATE = "$date"


def recall_sources(
    content: str, file: Path | None
) -> tuple[dict[str, Any], list[tuple[str, bool, bytes]]] | None:
    """What was kept of a file.

    Parameters
    ----------
    content : str
        The checksum of its content.
    file : pathlib.Path, optional
        The file, where it is of this machine.

    Returns
    -------
    metadata : dict
    sources : list of (name, nested, line)
        `plain_value(line)` is the source; `nested` where it is a catalogue itself.
    """
    kept = recall(_name(content), file)
    if kept is None:
        return None
    head, *lines = kept.split(b"\n")
    sources = []
    for line in lines:
        name, nested, source = line.split(b"\t", 2)
        sources.append((json.loads(name), nested == b"1", source))
    return plain_value(head), sources


def keep_sources(content: str, tree: dict[str, Any], nested: Set[str], file: Path | None) -> None:
    """Keep the sources of a file, unless JSON cannot say them as they are."""
    try:
        lines = [_json(tree.get("metadata") or {})]
        for name, source in tree["sources"].items():
            if _tells_a_secret(source):  # its file keeps it: no copy does
                return
            lines.append(f"{json.dumps(str(name))}\t{int(str(name) in nested)}\t{_json(source)}")
    except (TypeError, ValueError):
        return
    keep(_name(content), "\n".join(lines).encode(), file)


def plain_value(line: bytes) -> Any:
    """A value as the YAML file had it."""
    return json.loads(line, object_hook=_as_date if _DATE.encode() in line else None)


def _name(content: str) -> str:
    return f"{content}.sources{_VERSION}"


def _json(value: Any) -> str:
    return json.dumps(_with_text_keys(value), ensure_ascii=True, separators=(",", ":"))


def _tells_a_secret(value: Any) -> bool:
    if isinstance(value, dict):
        # an argument is written like a parameter of an address
        asked = (f"?{key}=x" for key, part in value.items() if not isinstance(part, dict | list | bool))
        return any(public_url(text) != text for text in asked) or any(map(_tells_a_secret, value.values()))
    if isinstance(value, list):
        return any(map(_tells_a_secret, value))
    return isinstance(value, str) and ("://" in value or "=" in value) and public_url(value) != value


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value) or _DATE in value:
            raise TypeError("JSON has text keys only")
        return {key: _with_text_keys(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(part) for part in value]
    if isinstance(value, date):
        return {_DATE: value.isoformat()}
    return value


def _as_date(value: dict[str, Any]) -> Any:
    if set(value) != {_DATE}:
        return value
    text = value[_DATE]
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
