"""YAML from anywhere: read fast, and refused where it could hurt the reader."""

import re
from typing import Any

from odatis_vre.i18n import tr

__all__ = ["BadYaml", "read_yaml"]

# libyaml's loader calls itself at each level: far more levels than this end the process.
_DEEPEST = 100
_MOST_NODES = 2_000_000
_BRACKET = re.compile(r"[\[{]|[\]}]")
_LEADING = re.compile(rf"(?m)^[ \t?:-]{{{_DEEPEST},}}")
_ALIAS = re.compile(r"(?m)(?:^|[\s\[{,:-])\*[^\s,\[\]{}]")


class BadYaml(ValueError):  # noqa: N818 - read as "bad YAML"
    """The text is no YAML that a catalogue may be: where, and why."""

    def __init__(self, where: str, problem: str):
        super().__init__(where, problem)
        self.where, self.problem = where, problem


def read_yaml(text: str) -> Any:
    """Read a document of plain values.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict, list, str, number, date or None

    Raises
    ------
    BadYaml
        It is no YAML, is nested too deep, or repeats itself (aliases) beyond measure.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if _may_be_deep(text):
            _refuse_depth(text, yaml)
        tree = yaml.load(text, loader)  # a safe loader: plain values only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = tr("catalog.line", line=mark.line + 1) if mark else "-"
        raise BadYaml(where, getattr(error, "problem", None) or type(error).__name__) from None
    except BadYaml:
        raise
    except (ValueError, OverflowError, RecursionError, TypeError, AttributeError) as error:
        # a date that is none, a number of ten thousand digits: PyYAML lets Python's own errors through
        raise BadYaml("-", str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    if _ALIAS.search(text):
        _refuse_repetition(tree)
    return tree


def _may_be_deep(text: str) -> bool:
    """Whether the nesting could be too deep: never wrong when it says no."""
    if _LEADING.search(text):
        return True
    open_ = deepest = 0
    for bracket in _BRACKET.finditer(text):
        open_ = open_ + 1 if bracket[0] in "[{" else max(open_ - 1, 0)
        deepest = max(deepest, open_)
    return deepest >= _DEEPEST // 2


def _refuse_depth(text: str, yaml) -> None:
    depth = 0
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                line = tr("catalog.line", line=event.start_mark.line + 1)
                raise BadYaml(line, tr("search.too_deep", levels=_DEEPEST))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_repetition(tree: Any) -> None:
    """Aliases make a tree that is small in memory and endless to walk."""
    sizes: dict[int, int] = {}

    def size(node: Any, above: tuple[int, ...]) -> int:
        if not isinstance(node, dict | list):
            return 1
        if id(node) in above or len(above) > _DEEPEST:
            raise BadYaml("-", tr("search.repeats"))
        if id(node) not in sizes:
            parts = [*node.values(), *node] if isinstance(node, dict) else node
            sizes[id(node)] = 1 + sum(size(part, (*above, id(node))) for part in parts)
        return sizes[id(node)]

    if size(tree, ()) > _MOST_NODES:
        raise BadYaml("-", tr("search.repeats"))
