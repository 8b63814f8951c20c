"""`vre.yaml` to `Settings`, with errors that point at the line."""

import difflib
from pathlib import Path
from typing import Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from odatis_vre.errors import SettingsError
from odatis_vre.i18n import tr
from odatis_vre.settings import BEYOND_THIS_MACHINE, PAGE, Settings

__all__ = ["load", "mistakes"]


def load(path: str | Path | None = None) -> Settings:
    """Read the settings of a VRE.

    Parameters
    ----------
    path : path, optional
        A `vre.yaml`; without it every setting has its default.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        The file is missing, is not YAML, or has wrong keys or values: the text names the line, the
        key, the value and what is allowed, one line a mistake.
    """
    return Settings() if path is None else _read(Path(path))


def _read(path: Path) -> Settings:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(
            tr("settings.unreadable", path=path, reason=error.strerror), tr("settings.unreadable_hint")
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(tr("settings.not_utf8", path=path)) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text) or {}
        repeated = _repeated_key(node)
    except RecursionError:
        raise SettingsError(tr("settings.recursive", path=path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise SettingsError(tr("settings.not_yaml", path=path, line=line, problem=problem)) from None
    if repeated:
        raise SettingsError(tr("settings.repeated", path=path, line=repeated[1], key=repeated[0]))
    if not isinstance(values, dict):
        raise SettingsError(tr("settings.not_mapping", path=path))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(mistakes(error, path, node)) from None
    return _with_whole_paths(path, node, settings)


def mistakes(
    error: ValidationError,
    path: Path,
    node: yaml.Node | None = None,
    model: type[BaseModel] = Settings,
    at: tuple[str, ...] = (),
) -> str:
    """What is wrong with settings, a line a mistake.

    Parameters
    ----------
    error : pydantic.ValidationError
    path : Path
        The file that they were read from.
    node : yaml.Node, optional
        What is in it, to tell the lines; without it all is on the first.
    model : type
        What the file holds: the settings, or values that hold them.
    at : tuple of str
        The key in it below which the settings are.

    Returns
    -------
    str
    """
    return "\n".join(dict.fromkeys(_sentence(path, node, detail, model, at) for detail in error.errors()))


def _with_whole_paths(path: Path, node: yaml.Node | None, settings: Settings) -> Settings:
    """Paths count from the folder of the file, and lead somewhere."""

    def whole(part: str, name: str):
        value = getattr(getattr(settings, part), name)
        if value is None or "://" in str(value):
            return value
        found = (path.parent / Path(value).expanduser()).resolve()
        if not found.exists():
            where = {"path": path, "line": _line(node, (part, name)), "key": f"{part}.{name}"}
            raise SettingsError(tr("settings.no_such_path", **where, value=found))
        return type(value)(found)

    notebooks = {name: whole("notebooks", name) for name in ("templates", "gallery", "workshops")}
    return settings.model_copy(
        update={
            "data": settings.data.model_copy(update={"catalog": whole("data", "catalog")}),
            "notebooks": settings.notebooks.model_copy(update=notebooks),
        }
    )


def _repeated_key(node: yaml.Node | None) -> tuple[str, int] | None:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                return key.value, key.start_mark.line + 1
            seen.add(key.value)
            if found := _repeated_key(value):
                return found
    return None


def _line(node: yaml.Node | None, loc: tuple) -> int:
    line = node.start_mark.line + 1 if node else 1
    for step in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _sentence(
    path: Path, node: yaml.Node | None, detail: dict, model: type[BaseModel], at: tuple[str, ...]
) -> str:
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    own = loc[len(at) :] if loc[: len(at)] == at else None
    where = {"path": path, "line": _line(node, loc), "key": ".".join(map(str, loc)) or "vre"}
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        names = _allowed_keys(loc, model)
        near = difflib.get_close_matches(str(loc[-1]), names, 1)
        did_you_mean = " " + tr("settings.did_you_mean", name=near[0]) if near else ""
        return tr("settings.unknown_key", **where, allowed=", ".join(names)) + did_you_mean
    if kind == "missing":
        return tr("settings.missing_key", **where)
    message = str(detail.get("ctx", {}).get("error", ""))
    if message == "beyond_this_machine":
        where["line"] = _line(node, ("hub", "address"))
        return tr("settings.network_password", **where, words=BEYOND_THIS_MACHINE)
    if own == ("auth", "kind") and value == "dummy":
        return tr("settings.dummy", **where)
    if message.startswith("provider "):
        return tr("settings.missing_key", **{**where, "key": ".".join((*at, "auth", message.split()[1]))})
    if message == "nobody":
        return tr("settings.nobody", **where)
    if kind == "value_error" and own is None:
        return tr("settings.refused", **where, reason=message)
    if message in ("size", "image"):
        allowed = tr(f"settings.{message}")
    elif own and own[0] == "hub" and kind == "value_error":
        where["key"], where["line"] = "hub.address", _line(node, ("hub", "address"))
        value, allowed = value.get("address"), tr("settings.address")
    else:
        allowed = _allowed(kind, detail)
    return tr("settings.wrong_value", **where, value=repr(value), allowed=allowed)


def _allowed(kind: str, detail: dict) -> str:
    """What a value must be; pydantic's own words for the kinds of mistake that have none of ours."""
    pattern = detail.get("ctx", {}).get("pattern")
    try:
        if kind == "string_pattern_mismatch":
            return tr("settings.allowed.page" if pattern == PAGE else "settings.allowed.name")
        return tr(f"settings.allowed.{kind}", **detail.get("ctx", {}))
    except KeyError:
        return detail["msg"]


def _allowed_keys(loc: tuple, model: object) -> list[str]:
    for step in loc[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = _fields(model).get(str(step))
            model = field.annotation if field else None
        elif get_origin(model) is dict:
            model = get_args(model)[1]
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(_fields(model))
    if get_origin(model) is dict and get_origin(get_args(model)[0]) is Literal:
        return list(get_args(get_args(model)[0]))
    return []


def _fields(model: type[BaseModel]) -> dict:
    return {field.alias or name: field for name, field in model.model_fields.items()}
