"""The texts and the bytes of DAP 2.0: what a dataset declares, its attributes, its values."""

import re
from typing import Any, NamedTuple

import numpy as np

from odatis_vre.catalog.access.failures import OtherCount, ShortRead

__all__ = ["Declared", "decode", "error_text", "parse_das", "parse_dds"]

# The type's name in a DDS to what it is for us, and to what XDR sends.
_TYPES = {
    "Byte": ("u1", "u1"),
    "Int16": ("i2", ">i4"),
    "UInt16": ("u2", ">u4"),
    "Int32": ("i4", ">i4"),
    "UInt32": ("u4", ">u4"),
    "Float32": ("f4", ">f4"),
    "Float64": ("f8", ">f8"),
    "String": ("O", ""),
    "Url": ("O", ""),
}
# DAP 2.0 gives its keywords no case: ERDDAP writes `GRID`, `ARRAY:`.
_NAMES = {name.casefold(): name for name in _TYPES}
_DDS = re.compile(r"[{}\[\];:=]|[^\s{}\[\];:=]+")
_DAS = re.compile(r'"(?:[^"\\]|\\.)*"|[{};,]|[^\s{};,"]+')
_MESSAGE = re.compile(rb'message\s*=\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)


class Declared(NamedTuple):
    """An array: its name, the path to ask for it, its type, dimensions and shape."""

    name: str
    path: str
    kind: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(_TYPES[self.kind][0])


def parse_dds(text: str) -> list[Declared]:
    """Read the arrays that a DDS declares; the maps of grids once.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        The text is no DDS.

    Examples
    --------
    >>> parse_dds("Dataset { Float32 sst[lat = 2][lon = 3]; } a;")[0].shape
    (2, 3)
    """
    tokens = _Tokens(_DDS.findall(text))
    if tokens.next().casefold() != "dataset":
        raise ValueError("no DDS")
    tokens.take("{")
    found: dict[str, Declared] = {}
    maps: list[Declared] = []
    while not tokens.at("}"):
        _declaration(tokens, found, maps)
    for known in maps:
        found.setdefault(known.name, known)
    return list(found.values())


class _Tokens:
    def __init__(self, words: list[str]):
        self.words, self.place = words, 0

    def at(self, word: str) -> bool:
        return self.peek() == word

    def peek(self) -> str:
        if self.place >= len(self.words):
            raise ValueError("cut")
        return self.words[self.place]

    def next(self) -> str:
        word = self.peek()
        self.place += 1
        return word

    def take(self, *words: str) -> None:
        for word in words:
            if self.next() != word:
                raise ValueError(word)


def _declaration(tokens: _Tokens, found: dict[str, Declared], maps: list[Declared]) -> None:
    kind = tokens.next().casefold()
    if kind == "grid":
        tokens.take("{")
        _label(tokens)
        array = _array(tokens, tokens.next())
        _label(tokens)
        inside = []
        while not tokens.at("}"):
            inside.append(_array(tokens, tokens.next()))
        tokens.take("}")
        name = tokens.next()
        tokens.take(";")
        found[name] = array._replace(name=name, path=f"{name}.{array.name}")
        maps += [known._replace(path=f"{name}.{known.name}") for known in inside]
    elif kind in ("structure", "sequence"):  # no place in a dataset of arrays
        tokens.take("{")
        while not tokens.at("}"):
            _declaration(tokens, {}, [])
        tokens.take("}")
        tokens.next()
        _dimensions(tokens)
        tokens.take(";")
    else:
        known = _array(tokens, kind)
        found[known.name] = known


def _label(tokens: _Tokens) -> None:
    tokens.next()  # Array or Maps
    tokens.take(":")


def _array(tokens: _Tokens, word: str) -> Declared:
    kind = _NAMES.get(word.casefold())
    if kind is None:
        raise ValueError(word)
    name = tokens.next()
    sizes = _dimensions(tokens)
    tokens.take(";")
    dims = tuple(dim or f"{name}_{number}" for number, (dim, _) in enumerate(sizes))
    return Declared(name, name, kind, dims, tuple(size for _, size in sizes))


def _dimensions(tokens: _Tokens) -> list[tuple[str, int]]:
    sizes = []
    while tokens.at("["):
        tokens.take("[")
        word = tokens.next()
        if tokens.at("="):
            tokens.take("=")
            sizes.append((word, int(tokens.next())))
        else:
            sizes.append(("", int(word)))
        tokens.take("]")
    return sizes


def parse_das(text: str) -> dict[str, dict[str, Any]]:
    """Read the attributes of each variable.

    Raises
    ------
    ValueError
        The text is no DAS.

    Examples
    --------
    >>> parse_das('Attributes { sst { String units "degC"; Float32 _FillValue -999.0; } }')["sst"]["units"]
    'degC'
    """
    tokens = _Tokens(_DAS.findall(text))
    if tokens.next().casefold() != "attributes":
        raise ValueError("no DAS")
    tokens.take("{")
    return {name: values for name, values in _container(tokens).items() if isinstance(values, dict)}


def _container(tokens: _Tokens) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not tokens.at("}"):
        word = tokens.next()
        if word == ";":
            continue
        if tokens.at("{"):
            tokens.take("{")
            found[word] = _container(tokens)
            continue
        name, values = tokens.next(), [tokens.next()]
        while tokens.at(","):
            tokens.take(",")
            values.append(tokens.next())
        tokens.take(";")
        if kind := _NAMES.get(word.casefold()):
            found[name] = _values(kind, values)
    tokens.take("}")
    return found


def _values(kind: str, words: list[str]) -> Any:
    if kind in ("String", "Url"):
        return "\n".join(re.sub(r'\\(["\\])', r"\1", word.strip('"')) for word in words)
    kept = [float(word) if kind.startswith("Float") else int(float(word)) for word in words]
    values = np.array(kept).astype(_TYPES[kind][0])
    return values[0] if values.size == 1 else values


def error_text(body: bytes) -> str:
    """What a server says went wrong, in one short line."""
    found = _MESSAGE.search(body)
    text = found[1].decode("utf-8", "replace") if found else ""
    return " ".join(text.replace("://", " ").split())[:120]


def decode(data: bytes, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """The values of one array out of the XDR part of an answer.

    Parameters
    ----------
    data : bytes
        From the first byte after `Data:`.
    kind : str
        The type's name in the DDS.
    shape : tuple of int
        As asked for; `()` is a scalar.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ShortRead
        Fewer bytes came than this shape takes.
    OtherCount
        The answer announces another number of values.
    """
    ours, sent = _TYPES[kind]
    count = int(np.prod(shape, dtype=np.int64))
    start = 0
    if shape:
        start = 4 if kind in ("String", "Url") else 8
        if len(data) < start:
            raise ShortRead(len(data), start)
        announced = int.from_bytes(data[:4], "big")
        if announced != count:
            raise OtherCount(announced, count)
    if kind in ("String", "Url"):
        return _texts(data, start, count).reshape(shape)
    kind_sent = np.dtype("u1" if kind == "Byte" and shape else sent or "u1")
    if kind == "Byte" and not shape:
        kind_sent = np.dtype(">u4")
    needed = start + count * kind_sent.itemsize
    if len(data) < needed:
        raise ShortRead(len(data), needed)
    return np.frombuffer(data, kind_sent, count, start).astype(ours).reshape(shape)


def _texts(data: bytes, start: int, count: int) -> np.ndarray:
    found = np.empty(count, dtype=object)
    for number in range(count):
        length = int.from_bytes(data[start : start + 4], "big")
        end = start + 4 + length
        if len(data) < end:
            raise ShortRead(len(data), end)
        found[number] = data[start + 4 : end].decode("utf-8", "replace")
        start = end + (-length) % 4
    return found
