"""The coastline of the cards: the world in half degrees, small enough to go with each card."""

import json
from functools import cache
from importlib.resources import files

__all__ = ["world_path"]


@cache
def world_path() -> str:
    """The land of the world as an SVG path, in half degrees: x from 0 (180°W) to 720, y from 0 (90°N) to 360.

    Examples
    --------
    >>> world_path()[:1]
    'M'
    """
    return json.loads(files("odatis_vre.catalog.outline").joinpath("world.json").read_text("utf-8"))["path"]
