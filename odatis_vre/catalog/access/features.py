"""Services that give tables: ERDDAP's tabledap and WFS, asked for the box and the period only."""

import io
import json
from typing import Any
from urllib.parse import quote, urlencode

import pandas as pd

from odatis_vre.catalog.access.failures import Refused, ShortRead
from odatis_vre.catalog.access.filesystems import filesystem
from odatis_vre.catalog.access.methods import Method, Origin, Request
from odatis_vre.catalog.access.retries import patiently
from odatis_vre.catalog.address import protocols
from odatis_vre.catalog.request import BBox
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import tr

__all__ = ["tabledap", "wfs"]

_PAGE = 10_000
_NO_ROWS = b"produced no matching results"


def tabledap(origin: Origin, method: Method, request: Request) -> pd.DataFrame:
    """Ask an ERDDAP for rows; the variables, the box and the period go into the request.

    Parameters
    ----------
    origin : Origin
    method : Method
        `args`: `urlpath` of the dataset (`.../tabledap/ArgoFloats`), `variables` (asked for when the caller
        names none), `lat`, `lon` and `time` where they have other names, `constraints` (a list such as
        `["pres<=100"]`).
    request : Request

    Returns
    -------
    pandas.DataFrame
        `attrs["units"]` from the second line of the answer.

    Raises
    ------
    DataNotFound
        No row matches, and the server says so: a dataset that it does not know is another failure.
    """
    args = method.args
    (url,) = method.urls
    names = {axis: args.get(axis, default) for axis, default in _AXES.items()}
    columns = list(request.variables or args.get("variables") or [])
    if columns:
        columns = list(dict.fromkeys([*names.values(), *(names.get(column, column) for column in columns)]))
    answers = []
    for span in _longitudes(request.bbox):
        constraints = _constraints(names, request, span)
        constraints += [quote(part, safe="") for part in args.get("constraints", [])]
        query = "&".join([quote(",".join(columns), safe=","), *constraints])
        address = f"{url.removesuffix('.html').removesuffix('.csv')}.csv" + (f"?{query}" if query else "")
        answers += _answered(origin, method, address)
    if not answers:
        raise DataNotFound(tr("access.no_rows", entry=origin.entry), tr("access.no_rows_hint"))
    return _rows_with_units(answers, origin.entry)


_AXES = {"lat": "latitude", "lon": "longitude", "time": "time"}


def _longitudes(box: BBox | None) -> list[tuple[float, float] | None]:
    """The spans to ask for, whether rows count from -180 to 180 or from 0 to 360; None is any."""
    # across the date line, rows are selected when they are here
    if box is None or box.width >= 360 or len(box.spans) > 1:
        return [None]
    ((west, east),) = box.spans
    return [(west, east), *([(west + 360, min(east, 0) + 360)] if west < 0 else [])]


def _answered(origin: Origin, method: Method, address: str) -> list[bytes]:
    """The answer; none where the server says that there are no rows."""
    fs, place = filesystem(address, None, origin.trusted, method.login)
    if "http" not in fs.protocol:
        raise Refused(tr("access.no_protocol", protocol=protocols(address)[0]))
    status, body = patiently(fs.answer, place)
    if status == 404:  # ERDDAP says "no such row" and "no such dataset" by the same number
        if _NO_ROWS in body:
            return []
        raise FileNotFoundError(origin.entry)
    return [body]


def _constraints(names: dict[str, str], request: Request, span: tuple[float, float] | None) -> list[str]:
    found = []
    if request.bbox:
        found += [f"{names['lat']}>={request.bbox.south}", f"{names['lat']}<={request.bbox.north}"]
    if span:
        found += [f"{names['lon']}>={span[0]}", f"{names['lon']}<={span[1]}"]
    if request.time:
        start, end = request.time
        found += [f"{names['time']}>={start:%Y-%m-%dT%H:%M:%SZ}"] if start else []
        found += [f"{names['time']}<={end:%Y-%m-%dT%H:%M:%SZ}"] if end else []
    return [quote(part, safe="") for part in found]


def _rows_with_units(answers: list[bytes], entry: str) -> pd.DataFrame:
    """One table: what is text in one answer is text in all."""
    parts = [_lines(body, entry) for body in answers]
    heads, units = (
        next(pd.read_csv(io.BytesIO(line), header=None).itertuples(index=False)) for line in parts[0][:2]
    )
    rows = io.BytesIO(b"".join(part[2] for part in parts))
    table = pd.read_csv(rows, header=None, names=[str(head) for head in heads], low_memory=False)
    known = {str(name): str(unit) for name, unit in zip(heads, units, strict=True) if isinstance(unit, str)}
    table.attrs["units"] = {name: unit for name, unit in known.items() if unit and unit != "UTC"}
    return table


def _lines(body: bytes, entry: str) -> list[bytes]:
    """Names, units, and all rows."""
    lines = body.split(b"\n", 2)
    if len(lines) < 3 or b"," not in lines[0] + b",":
        raise ShortRead(len(body), len(body) + 1)
    if body[:64].lstrip().lower().startswith((b"<!doctype", b"<html", b"error")):
        raise CatalogError(tr("access.web_page", entry=entry), tr("access.web_page_hint"))
    if not body.endswith(b"\n"):  # each row ends its line: the last one was cut
        raise ShortRead(len(body), len(body) + 1)
    return lines


def wfs(origin: Origin, method: Method, request: Request) -> pd.DataFrame:
    """Ask a WFS for features within the box, page after page.

    Parameters
    ----------
    origin : Origin
    method : Method
        `args`: `urlpath` of the service, `typename`, `version` (2.0.0), `format` (`application/json`), `time`
        (the property that holds the date; rows are chosen by it once they are here).
    request : Request

    Returns
    -------
    pandas.DataFrame
        Properties as columns; points as `lon` and `lat`, other shapes as GeoJSON in `geometry` and their
        middle in `lon` and `lat`.

    Raises
    ------
    DataNotFound
        No feature is there.
    CatalogError
        The service answers with an error of its own, or no feature has the property `time`.
    """
    args = method.args
    (url,) = method.urls
    newest = str(args.get("version", "2.0.0")) >= "2"
    base = {
        "service": "WFS",
        "version": args.get("version", "2.0.0"),
        "request": "GetFeature",
        "typeNames" if newest else "typeName": args["typename"],
        "outputFormat": args.get("format", "application/json"),
        "srsName": "EPSG:4326",
    }
    features: list[dict[str, Any]] = []
    fs, place = filesystem(url, None, origin.trusted, method.login)
    for span in request.bbox.spans if request.bbox else [None]:
        asked = dict(base)
        if span:
            box = request.bbox
            # with a URN of the coordinate system, WFS 2 would expect latitude first
            asked["bbox"] = f"{span[0]},{box.south},{span[1]},{box.north}" + (",CRS:84" if newest else "")
        features += _pages(fs, place, asked, newest, origin.entry)
    if not features:
        raise DataNotFound(tr("access.no_rows", entry=origin.entry), tr("access.no_rows_hint"))
    table = _as_table(features)
    if (dated := args.get("time")) and dated not in table.columns:
        known = ", ".join(str(name) for name in table.columns)
        raise CatalogError(
            tr("catalog.no_variable", name=dated, entry=origin.entry), tr("catalog.there_are", names=known)
        )
    return table


def _pages(fs, place: str, asked: dict[str, Any], newest: bool, entry: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    while True:
        page = asked | {"count" if newest else "maxFeatures": _PAGE}
        if newest:
            page["startIndex"] = len(found)
        mark = "&" if "?" in place else "?"
        answer = patiently(_page, fs, f"{place.rstrip('?&')}{mark}{urlencode(page)}", entry)
        new = answer["features"]
        announced = answer.get("numberReturned")
        if isinstance(announced, int) and announced != len(new):
            raise ShortRead(len(new), announced)
        keys = {json.dumps(feature, sort_keys=True) for feature in new}
        found += new
        total = answer.get("numberMatched")
        done = not new or not newest or keys <= seen
        if done or (len(new) < _PAGE and not (isinstance(total, int) and total > len(found))):
            if isinstance(total, int) and len(found) < total:
                raise ShortRead(len(found), total)
            return found
        seen |= keys


def _page(fs, address: str, entry: str) -> dict[str, Any]:
    body = fs.cat_file(address)
    try:
        answer = json.loads(body)
        if isinstance(answer["features"], list):
            return answer
    except (ValueError, KeyError, TypeError):
        if body.rstrip().endswith((b"}", b">", b"]")) or not body.lstrip().startswith(b"{"):
            raise CatalogError(
                tr("access.not_features", entry=entry), tr("access.not_features_hint")
            ) from None
    raise ShortRead(len(body), len(body) + 1)


def _as_table(features: list[dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for feature in features:
        shape = feature.get("geometry") or {}
        row = {**(feature.get("properties") or {})}
        if shape.get("type") == "Point":
            row["lon"], row["lat"] = shape["coordinates"][:2]
        elif shape.get("coordinates"):
            lons, lats = zip(*_points(shape["coordinates"]), strict=True)
            row["lon"], row["lat"] = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
            row["geometry"] = json.dumps(shape)
        rows.append(row)
    return pd.DataFrame(rows)


def _points(nested: list) -> list[tuple[float, float]]:
    if nested and isinstance(nested[0], int | float):
        return [(nested[0], nested[1])]
    return [point for part in nested for point in _points(part)]
