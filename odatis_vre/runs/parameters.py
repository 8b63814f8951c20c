"""A notebook's parameters: what it declares, and whether the values given fit."""

import ast
import logging
import math
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any

import yaml

from odatis_vre.errors import RunError
from odatis_vre.i18n import tr
from odatis_vre.runs.secrets import Redactor, looks_secret

__all__ = ["Parameter", "ParameterError", "check", "declared", "parse"]

_TYPES = (bool, int, float, str, list, dict)
_ANNOTATIONS = {kind.__name__: kind for kind in _TYPES}


class ParameterError(RunError):
    """A parameter is unknown to the notebook, or its value does not fit."""


@dataclass(frozen=True)
class Parameter:
    """One name of the notebook's `parameters` cell.

    Parameters
    ----------
    name : str
    default : object
        The literal written in the notebook; its source text where it is not a literal.
    kind : type or None
        What a value must be; None accepts anything.
    description : str
        The comment beside it.
    """

    name: str
    default: Any
    kind: type | None
    description: str = ""


def declared(nb) -> dict[str, Parameter]:
    """The parameters of a notebook, in the order of its cell tagged `parameters`.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        With its kernel's name and language, which papermill's inspection asks for.

    Returns
    -------
    dict of str to Parameter
        Empty when no cell has the tag.
    """
    from papermill import inspect_notebook

    # It warns of lines it cannot parse, and Python ones are parsed here.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    seen = inspect_notebook(nb)
    cell = next((c for c in nb.cells if "parameters" in c.metadata.get("tags", ())), None)
    source = cell.source if cell is not None and cell.cell_type == "code" else ""
    found = {}
    for name, value, annotation in _assignments(source):
        found[name] = _parameter(name, value, annotation, seen.get(name, {}).get("help", ""))
    for name, entry in seen.items():
        if name not in found:
            found[name] = _parameter(name, entry["default"], entry["inferred_type_name"], entry["help"])
    return found


def _assignments(source: str):
    """(name, source of the value, source of the annotation) of each assignment; none if not Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # another language, or a magic: papermill's own inspection remains
        return
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, ast.unparse(node.value), None
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, ast.unparse(node.value), ast.unparse(node.annotation)


def _parameter(name: str, text: str, annotation: str | None, description: str) -> Parameter:
    try:
        default = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return Parameter(name, text, _ANNOTATIONS.get(annotation or ""), description)
    if isinstance(default, tuple):
        default = list(default)
    kind = _ANNOTATIONS.get(annotation or "")
    if kind is None and default is not None:
        kind = next((known for known in _TYPES if isinstance(default, known)), None)
    return Parameter(name, default, kind, description)


def parse(assignments: list[str], known: dict[str, Parameter]) -> dict[str, Any]:
    """`name=value` texts as values: text stays text where the default is text, the rest is YAML.

    Parameters
    ----------
    assignments : list of str
    known : dict of str to Parameter

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        No `=`, or a value that is not YAML.
    """
    values: dict[str, Any] = {}
    for text in assignments:
        name, equal, raw = text.partition("=")
        name = name.strip()
        if not equal or not name:
            raise ParameterError(tr("runs.not_an_assignment", text=text), tr("runs.not_an_assignment_hint"))
        if name in values:
            raise ParameterError(tr("runs.given_twice", name=name), tr("runs.given_twice_hint"))
        parameter = known.get(name)
        if parameter is not None and parameter.kind is str:
            values[name] = raw
            continue
        try:
            value = yaml.safe_load(raw)
        except yaml.YAMLError:
            raise ParameterError(
                tr("runs.not_yaml", name=name, value=raw), tr("runs.not_yaml_hint")
            ) from None
        # YAML 1.1 reads 1e-3 as text.
        if parameter is not None and parameter.kind is float and isinstance(value, str):
            value = _number(value)
        values[name] = value
    return values


def _number(text: str):
    try:
        return float(text)
    except ValueError:
        return text


def check(given: dict[str, Any], known: dict[str, Parameter]) -> dict[str, Any]:
    """The values given, fit for the notebook and for JSON.

    Parameters
    ----------
    given : dict
    known : dict of str to Parameter

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        An unknown name, a value of another type than the default, or a secret.
    """
    redact = Redactor()
    values = {}
    for name, value in given.items():
        if looks_secret(name) or redact(_plain(value)) != _plain(value):
            raise ParameterError(tr("runs.secret", name=name), tr("runs.secret_hint"))
        if name not in known:
            raise ParameterError(tr("runs.unknown_parameter", name=name), _names_hint(name, known))
        values[name] = _fit(known[name], _plain(value))
    return values


def _names_hint(name: str, known: dict[str, Parameter]) -> str:
    if not known:
        return tr("runs.no_parameters")
    names = ", ".join(known)
    near = get_close_matches(name.lower(), [k.lower() for k in known], n=1, cutoff=0.5)
    if near:
        match = next(k for k in known if k.lower() == near[0])
        return tr("runs.did_you_mean", near=match, names=names)
    return tr("runs.valid_names", names=names)


def _plain(value):
    """numpy scalars and arrays, paths and tuples as what JSON and a notebook cell can hold."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, PurePath) or hasattr(value, "isoformat"):
        return str(value)
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _fit(parameter: Parameter, value):
    kind = parameter.kind
    if kind is None or (value is None and parameter.default is None):
        return value
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and math.isfinite(value) and value.is_integer():
        return int(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ParameterError(
            tr(
                "runs.wrong_type",
                name=parameter.name,
                value=repr(value),
                got=_type_words(type(value)),
                wanted=_type_words(kind),
            ),
            tr("runs.wrong_type_hint", name=parameter.name, default=repr(parameter.default)),
        )
    return value


def _type_words(kind: type) -> str:
    return tr(f"runs.type_{kind.__name__}") if kind in (*_TYPES, type(None)) else kind.__name__
