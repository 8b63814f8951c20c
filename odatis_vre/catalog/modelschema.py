"""The model of a catalogue file as a JSON schema: what a person may write, before it is read."""

from typing import Any

from pydantic import BaseModel

__all__ = ["catalog_schema"]

_TEXT = {"type": "string"}
_NUMBER_OR_TEXT = {"type": ["string", "number", "null"]}


def catalog_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a catalogue file, with the short forms that the model reads.

    Parameters
    ----------
    model : type
        `odatis_vre.catalog.model.CatalogFile`.

    Returns
    -------
    dict
        Draft 2020-12.
    """
    made = model.model_json_schema(mode="validation")
    parts = made["$defs"]
    text = {"anyOf": [{"$ref": "#/$defs/Text"}, _TEXT]}
    for name in ("Metadata", "Variable"):
        for field in ("title", "description"):
            if field in parts[name]["properties"]:
                parts[name]["properties"][field] = text
    for name, field in (("Access", "note"), ("Link", "name")):
        parts[name]["properties"][field]["anyOf"].append(_TEXT)
    known = parts["Metadata"]["properties"]
    known["absent"]["additionalProperties"] = text
    known["licence"]["anyOf"].append(_TEXT)
    known["version"] = _NUMBER_OR_TEXT
    _sized(known["bbox"], 4)
    _sized(known["time"], 2)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Intake catalogue of the ODATIS VRE"
    return _without_titles(made)


def _sized(field: dict[str, Any], length: int) -> None:
    field["anyOf"][0] |= {"minItems": length, "maxItems": length}


def _without_titles(node: Any, inside: str = "") -> Any:
    """Pydantic titles each field with its own name; a property may itself be called `title`."""
    if isinstance(node, list):
        return [_without_titles(part) for part in node]
    if not isinstance(node, dict):
        return node
    named = inside in ("properties", "$defs")
    return {
        key: _without_titles(part, key)
        for key, part in node.items()
        if named or key != "title" or not isinstance(part, str) or " " in part
    }
