"""Derive `vocabulary/nvs.json` from an NVS collection: `python -m odatis_vre.catalog.search.nvs R03.json`.

The source is the NERC Vocabulary Server's collection R03 (Argo parameter codes) in JSON-LD, as the wheel of
argopy 1.5.0 carries it (`argopy/static/assets/vocabulary/offline/R03.json`). The content of the NVS is
licensed under CC-BY 4.0 (https://vocab.nerc.ac.uk/about). What is derived: of each accepted term that says a
standard name which our concepts know, its code and its preferred label.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

__all__ = ["derive"]

_STANDARD_NAME = re.compile(r"standard_name:\s*([a-z0-9_]+)")
_ORIGIN = (
    "Preferred labels of {title} ({uri}), NERC Vocabulary Server (NVS), National Oceanography Centre - "
    "British Oceanographic Data Centre (BODC), CC-BY 4.0, as of {date}; chosen and put under our concepts by "
    "odatis_vre/catalog/search/nvs.py."
)


def derive(collection: dict[str, Any], concepts: dict[str, dict]) -> dict[str, Any]:
    """The codes and preferred labels of a collection under the concepts that they mean.

    Parameters
    ----------
    collection : dict
        With `data["@graph"]`: terms in JSON-LD (SKOS).
    concepts : dict of str to dict
        Of `vocabulary/concepts.json`.

    Returns
    -------
    dict
        `origin`, and `nvs`: concept to code to label.
    """
    known = {
        phrase: name
        for name, facts in concepts.items()
        for phrase in (*facts.get("narrower", ()), *facts["phrases"])
    }
    found: dict[str, dict[str, str]] = {}
    uri = ""
    for term in collection["data"]["@graph"]:
        if term.get("@type") != "skos:Concept" or term.get("owl:deprecated") == "true":
            continue
        uri = term["@id"].rstrip("/").rpartition("/")[0]
        standard_name = _STANDARD_NAME.search(term.get("skos:definition", {}).get("@value", ""))
        concept = known.get(standard_name[1]) if standard_name else None
        if concept is not None:
            found.setdefault(concept, {})[term["skos:altLabel"]] = term["skos:prefLabel"]["@value"]
    origin = _ORIGIN.format(title=collection["long_name"], uri=uri, date=collection["last_update"][:10])
    return {"origin": origin, "nvs": {name: dict(sorted(found[name].items())) for name in sorted(found)}}


def main(path: str) -> None:
    """Write the table beside that of the concepts."""
    folder = Path(__file__).with_name("vocabulary")
    concepts = json.loads((folder / "concepts.json").read_text("utf-8"))["concepts"]
    made = derive(json.loads(Path(path).read_text("utf-8")), concepts)
    (folder / "nvs.json").write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
