"""Derive `world.json` from Natural Earth: `python -m odatis_vre.catalog.outline.derive land-110m.json`.

The source is `land-110m.json` of the npm package world-atlas 2.0.2: Natural Earth's 1:110m land, made into
TopoJSON (https://github.com/topojson/topojson-specification). Natural Earth is in the public domain.
"""

import json
import sys
from pathlib import Path

import numpy as np

__all__ = ["derive", "simplified"]

_TOLERANCE = 0.5  # degrees: half a pixel of a card's map
_SMALLEST = 2.0  # square degrees


def rings(topology: dict) -> list[np.ndarray]:
    """The rings of all polygons, (n, 2) longitudes and latitudes in degrees."""
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in topology["arcs"]]
    found = []
    for shape in topology["objects"]["land"]["geometries"]:
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        for polygon in polygons:
            for ring in polygon:
                parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in ring]
                found.append(np.concatenate([parts[0], *(part[1:] for part in parts[1:])]))
    return found


def simplified(line: np.ndarray, tolerance: float) -> np.ndarray:
    """A line with fewer points, none further from it than the tolerance.

    Ramer (1972), doi:10.1016/S0146-664X(72)80017-0; Douglas and Peucker (1973),
    doi:10.3138/FM57-6770-U75U-7727.

    Parameters
    ----------
    line : numpy.ndarray
        (n, 2), degrees.
    tolerance : float
        Degrees.

    Returns
    -------
    numpy.ndarray
        (m, 2), with the two ends.

    Examples
    --------
    >>> simplified(np.array([[0, 0], [1, 0.01], [2, 0]]), 0.1).tolist()
    [[0.0, 0.0], [2.0, 0.0]]
    """
    if len(line) < 3:
        return line
    start, along = line[0], line[-1] - line[0]
    length = np.hypot(*along)
    away = line - start
    distance = (
        np.hypot(*away.T) if length == 0 else np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length
    )
    far = int(distance.argmax())
    if distance[far] <= tolerance:
        return line[[0, -1]]
    return np.concatenate([simplified(line[: far + 1], tolerance)[:-1], simplified(line[far:], tolerance)])


def on_the_map(ring: np.ndarray) -> list[np.ndarray]:
    """A ring as it is drawn on a map from 180°W to 180°E; what lies beyond its edges is drawn again inside.

    Parameters
    ----------
    ring : numpy.ndarray
        (n, 2), degrees; it may jump over the date line.

    Returns
    -------
    list of numpy.ndarray
        One ring, or two that are 360 degrees apart.

    Examples
    --------
    >>> [ring[:, 0].tolist() for ring in on_the_map(np.array([[170.0, 0], [-170, 0], [-170, 9], [170, 0]]))]
    [[170.0, 190.0, 190.0, 170.0], [-190.0, -170.0, -170.0, -190.0]]
    """
    x = np.unwrap(ring[:, 0], period=360)
    around = np.column_stack([x, ring[:, 1]])
    if abs(x[-1] - x[0]) > 180:  # around a pole: closed along the edge of the map
        pole = 90 if ring[:, 1].mean() > 0 else -90
        around = np.concatenate([around, [[x[-1], pole], [x[0], pole]], around[:1]])
    turn = np.array([360.0, 0.0])
    if x.max() > 180:
        return [around, around - turn]
    return [around, around + turn] if x.min() < -180 else [around]


def derive(topology: dict) -> dict:
    """The outline, with its origin and its licence."""
    path = ""
    for ring in [part for whole in rings(topology) for part in on_the_map(whole)]:
        x, y = ring.T
        if abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2 < _SMALLEST:
            continue
        half = np.round(np.add(simplified(ring, _TOLERANCE), [180, -90]) * [2, -2]).astype(int)
        steps = np.diff(half, axis=0)
        steps = steps[np.any(steps != 0, axis=1)][:-1]
        path += f"M{half[0][0]} {half[0][1]}l" + " ".join(f"{dx} {dy}" for dx, dy in steps) + "z"
    return {
        "origin": "Natural Earth 1:110m land, as land-110m.json of the npm package world-atlas 2.0.2",
        "licence": "public domain (https://www.naturalearthdata.com/about/terms-of-use/)",
        "derivation": f"lines simplified to {_TOLERANCE} degree, rounded to half degrees; "
        f"islands below {_SMALLEST:g} square degrees left out",
        "path": path.replace(" -", "-"),
    }


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    text = json.dumps(derive(source), indent=1, ensure_ascii=False)
    Path(__file__).with_name("world.json").write_text(text + "\n", "utf-8")
