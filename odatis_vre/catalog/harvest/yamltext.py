"""A catalogue file as text: entries are written alike each time, and what nothing changes keeps its bytes.

A hand's comments stay: those of an entry that must be written again move to its head.
"""

import re
from typing import Any

from odatis_vre.catalog.safeyaml import read_yaml
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import tr

__all__ = ["CatalogText", "written"]

_WIDTH = 110
# In both languages: the bytes of a file depend on no reader's.
_HEAD = """\
# Harvested. Review and correct this file: a correction is never overwritten.
# Moissonné. Relisez et corrigez ce fichier : une correction n'est jamais écrasée.
"""
_COMMENT = re.compile(r"#[^\n]*")
_BLANK = re.compile(r"\s*(?:#.*)?")


class CatalogText:
    """The text of a catalogue file, entry by entry.

    Parameters
    ----------
    text : str
        Of an existing file, or "" for a new one.
    name : str
        Of the file, for messages.
    title : str
        Of a new file.

    Raises
    ------
    CatalogError
        The file is not written in blocks, one line a key, as a harvest writes it.
    """

    def __init__(self, text: str, name: str, title: str = ""):
        self.entries: dict[str, Any] = {}
        self._blocks: dict[str, str] = {}
        self._tail = ""
        if not text.strip():
            metadata = _dumped({"metadata": {"version": 1, "title": {"en": title, "fr": title}}}, 0)
            self._head = f"{_HEAD}{metadata}sources:\n"
            return
        tree = read_yaml(text)
        sources = tree.get("sources") if isinstance(tree, dict) else None
        if not isinstance(sources, dict | None) or not isinstance(tree, dict) or "sources" not in tree:
            raise _not_ours(name)
        self.entries = {str(key): value for key, value in (sources or {}).items()}
        self._split(text, name)

    def _split(self, text: str, name: str) -> None:
        import yaml

        lines = text.splitlines(keepends=True)
        root = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        key, sources = next(pair for pair in root.value if pair[0].value == "sources")
        if not isinstance(sources, yaml.MappingNode) or not sources.value:
            line = key.start_mark.line
            if re.fullmatch(r"sources:\s*(?:\{\s*\}|null|~)?\s*(?:#.*)?\s*", lines[line]) is None:
                raise _not_ours(name)
            self._head = "".join(lines[:line]) + "sources:\n"
            self._tail = "".join(lines[line + 1 :])
            return
        starts = [entry.start_mark.line for entry, _ in sources.value]
        indents = {entry.start_mark.column for entry, _ in sources.value}
        if sources.flow_style or indents != {2} or len(set(starts)) != len(starts):
            raise _not_ours(name)
        end = sources.end_mark.line if sources.end_mark.column == 0 else len(lines)
        firsts = [
            self._first_of(lines, start, floor) for start, floor in zip(starts, [0, *starts], strict=False)
        ]
        last = end
        while last > starts[-1] + 1 and not lines[last - 1].strip():
            last -= 1
        self._head = "".join(lines[: firsts[0]])
        for (entry, _), first, after in zip(sources.value, firsts, [*firsts[1:], last], strict=True):
            self._blocks[entry.value] = "".join(lines[first:after])
        self._tail = "".join(lines[last:])

    @staticmethod
    def _first_of(lines: list[str], start: int, floor: int) -> int:
        """The comments right above an entry, at its own depth, are its own."""
        first = start
        while first - 1 > floor and re.match(r"  #", lines[first - 1]):
            first -= 1
        return first

    def put(self, name: str, entry: dict[str, Any]) -> None:
        """Write an entry, new or changed."""
        comments = _comments(self._blocks[name]) if name in self._blocks else []
        above = [comment for comment, outside in comments if outside]
        inside = [comment for comment, outside in comments if not outside]
        block = "".join(f"  {comment}\n" for comment in above)
        block += f"  {_key(name)}:\n" + "".join(f"    {comment}\n" for comment in inside) + _dumped(entry, 4)
        self._blocks[name] = block
        self.entries[name] = entry

    @property
    def text(self) -> str:
        """The whole file."""
        head = self._head if self._blocks else re.sub(r"sources:\n\Z", "sources: {}\n", self._head)
        blocks = (block if block.endswith("\n") else f"{block}\n" for block in self._blocks.values())
        return head + "".join(blocks) + self._tail


def written(entry: dict[str, Any]) -> str:
    """An entry as a file has it, without its name.

    Examples
    --------
    >>> print(written({"driver": "csv", "args": {"urlpath": "a.csv"}}), end="")
    driver: csv
    args:
      urlpath: a.csv
    """
    return _dumped(entry, 0)


def _dumped(value: dict[str, Any], indent: int) -> str:
    import yaml

    text = yaml.dump(
        value, Dumper=_dumper(), allow_unicode=True, sort_keys=False, width=_WIDTH, default_flow_style=False
    )
    return "".join(f"{' ' * indent}{line}" for line in text.splitlines(keepends=True))


def _dumper():
    import yaml

    class Dumper(yaml.SafeDumper):
        """Short lists in one line, no aliases."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False):
            return super().increase_indent(flow, False)

    def sequence(dumper, value):
        flat = all(isinstance(part, int | float | str | None) for part in value)
        short = flat and sum(len(str(part)) + 2 for part in value) < 80
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short)

    Dumper.add_representer(list, sequence)
    return Dumper


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w-]*", name) else f'"{name}"'


def _comments(block: str) -> list[tuple[str, bool]]:
    """The comments of an entry, and whether each stands above it."""
    import yaml

    found, end, key = [], 0, None
    for token in yaml.scan(block):
        gap = block[end : token.start_mark.index]
        found += [(match[0].rstrip(), key is None) for match in _COMMENT.finditer(gap)]
        if isinstance(token, yaml.ScalarToken) and key is None:
            key = token.value
        end = max(end, token.end_mark.index)
    return found + [(match[0].rstrip(), False) for match in _COMMENT.finditer(block[end:])]


def _not_ours(name: str) -> CatalogError:
    return CatalogError(tr("harvest.not_blocks", file=name), tr("harvest.not_blocks_hint"))
