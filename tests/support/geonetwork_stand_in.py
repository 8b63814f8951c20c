"""A stand-in for GeoNetwork 4's `_search`, on loopback: there is no light real server.

It answers with records of the shape that Sextant's index gives, and understands what a harvest asks: pages,
the order by date of change, `changeDate` ranges and terms. `record()` makes a sound record; the traps are
those of a record of the ODATIS catalogue (Surval): the licence field holds a citation, the geometry is a list
or the world, the range has no end and was not indexed, the format is empty, links are repeated, plain http,
or hold an account.
"""

from typing import Any

from stand_in import StandIn

__all__ = ["GeoNetworkStandIn", "record", "surval"]


class GeoNetworkStandIn(StandIn):
    """Records behind `{address}/srv/api/search/records/_search`."""

    def __init__(self, records: list[dict[str, Any]]):
        super().__init__()
        self.records = records

    @property
    def api(self) -> str:
        return f"{self.address}/geonetwork/srv/api"

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method != "POST" or not path.endswith("/srv/api/search/records/_search"):
            return 404, {"error": "no such resource"}
        found = [record for record in self.records if _matches(record, body["query"]["bool"]["filter"])]
        found.sort(key=lambda source: (source["changeDate"], source["uuid"]))
        page = found[body["from"] : body["from"] + body["size"]]
        hits = [{"_index": "gn-records", "_id": source["uuid"], "_source": source} for source in page]
        return 200, {"took": 1, "hits": {"total": {"value": len(found), "relation": "eq"}, "hits": hits}}


def _matches(record: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    for part in filters:
        if "range" in part and record["changeDate"] < part["range"]["changeDate"]["gte"]:
            return False
        for choice in [part] if "term" in part else []:
            ((field, value),) = choice["term"].items()
            if field != "isTemplate" and value not in _values(record, field):
                return False
        if "bool" in part and not any(_matches(record, [choice]) for choice in part["bool"]["should"]):
            return False
    return True


def _values(record: dict[str, Any], field: str) -> list[Any]:
    name, _, below = field.partition(".")
    found = record.get(name, [])
    found = found if isinstance(found, list) else [found]
    return [part.get(below) if isinstance(part, dict) else part for part in found]


def record(uuid: str, changed: str = "2024-01-02T00:00:00Z", **others: Any) -> dict[str, Any]:
    """A sound record of a grid in the Bay of Biscay, in two languages; `others` replace its fields."""
    west, south, east, north = -10, 43, -1, 48.5
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "uuid": uuid,
        "isTemplate": "n",
        "changeDate": changed,
        "resourceTitleObject": {
            "default": f"Chlorophylle {uuid}",
            "langfre": f"Chlorophylle {uuid}",
            "langeng": f"Chlorophyll {uuid}",
        },
        "resourceAbstractObject": {
            "default": "Couleur de l'eau.",
            "langfre": "Couleur de l'eau.",
            "langeng": "Colour.",
        },
        "geom": {"type": "Polygon", "coordinates": [ring]},
        "resourceTemporalExtentDateRange": [
            {"gte": "2010-01-01T00:00:00.000Z", "lte": "2020-12-31T00:00:00.000Z"}
        ],
        "th_odatis_variables": [{"default": "/Biogéochimie marine/Pigments"}],
        "th_odatis_centre_donnees": [{"default": "CDS-CERSAT"}],
        "platforms": ["Sentinel-3"],
        "tag": [{"default": "couleur de l'eau"}],
        "licenseObject": [{"default": "CC-BY 4.0"}],
        "OrgForResourceObject": [{"default": "Ifremer"}],
        "publicationDateForResource": ["2021-01-01T00:00:00.000Z"],
        "resourceIdentifier": [{"code": f"DOI:10.12770/{uuid}", "codeSpace": "", "link": ""}],
        "format": ["NetCDF-4"],
        "isOpenData": "true",
        "link": [link(f"https://data.example.org/{uuid}.nc", "WWW:DOWNLOAD-1.0-link--download")],
    } | others


def link(url: str, protocol: str = "WWW:LINK", name: str = "", description: str = "") -> dict[str, Any]:
    """A link as the index has it."""
    return {
        "protocol": protocol,
        "url": url,
        "name": name,
        "description": description,
        "function": "",
        "applicationProfile": "",
        "group": 0,
    }


def surval() -> dict[str, Any]:
    """A record with the traps of a real one (Surval, data by parameter), in its shape; texts shortened."""
    world = [[-180, -70], [180, -70], [180, 70], [-180, 70], [-180, -70]]
    services = [
        link(
            "http://www.ifremer.fr/services/wms/surveillance_littorale", "OGC:WMS", "surval_parametre_point"
        ),
        link(
            "http://www.ifremer.fr/services/wfs/surveillance_littorale", "OGC:WFS", "surval_parametre_point"
        ),
        link("https://www.ifremer.fr/services/wps3/surval", "OGC:WPS", "r:survalextraction30140"),
    ]
    return {
        "uuid": "cf5048f6-5bbf-4e44-ba74-e6f429af51ea",
        "isTemplate": "n",
        "changeDate": "2023-05-04T10:00:00Z",
        "resourceTitleObject": {
            "default": "Surval - Données par paramètre",
            "langfre": "Surval - Données par paramètre",
        },
        "resourceAbstractObject": {
            "default": "Surveillance du littoral français.",
            "langfre": "Surveillance du littoral.",
        },
        "geom": [{"type": "Polygon", "coordinates": [world]}],
        "resourceDate": [
            {"type": "creation", "date": "2012-01-01T00:00:00.000Z"},
            {"type": "publication", "date": "2018-01-01T00:00:00.000Z"},
        ],
        "resourceTemporalDateRange": [
            {"gte": "2012-01-01T00:00:00.000Z", "lte": "2012-01-01T00:00:00.000Z"},
            {"gte": "2018-01-01T00:00:00.000Z", "lte": "2018-01-01T00:00:00.000Z"},
        ],
        "indexingErrorMsg": [
            "Warning / Field resourceTemporalDateRange / Lower range bound '1974-01-01T00:00:00Z' can not be "
            "greater than upper bound ''. Date range not indexed."
        ],
        "th_odatis_variables": [
            {"default": "/Biologie marine/Bivalves", "langfre": "/Biologie marine/Bivalves"},
            {"default": "/Biologie marine/Matière en suspension"},
            {"default": "/Physique de l'Océan/Température"},
        ],
        "th_type_jeux_donnee": [{"default": "/Observations in-situ/Réseaux"}],
        "licenseObject": [
            {"default": "Ifremer (2018). Surval - Données par paramètre. https://doi.org/10.12770/cf5048f6"}
        ],
        "MD_LegalConstraintsUseLimitationObject": [{"default": "Licence ouverte Etalab"}],
        "resourceIdentifier": [
            {"code": "DOI:10.12770/cf5048f6-5bbf-4e44-ba74-e6f429af51ea", "codeSpace": "", "link": ""}
        ],
        "OrgForResource": ["Ifremer"],
        "format": [""],
        "isOpenData": "false",
        "link": [
            link("http://archimer.ifremer.fr/doc/00409/52016/", name="Manuel"),
            *services,
            *services,
            link(
                "https://doi.org/10.12770/cf5048f6-5bbf-4e44-ba74-e6f429af51ea",
                "WWW:LINK-1.0-http--metadata-URL",
            ),
        ],
    }
