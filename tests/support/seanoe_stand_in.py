"""A stand-in for Seanoe's `find-by-id` and `find-by-fragment`, on loopback: answers of the real shape."""

from typing import Any

from stand_in import StandIn

__all__ = ["SeanoeStandIn", "dataset"]


class SeanoeStandIn(StandIn):
    """Datasets behind `{address}/api/find-by-id/{number}`; a snapshot is a dataset of `number#fragment`."""

    def __init__(self, datasets: dict[str, dict[str, Any]]):
        super().__init__()
        self.datasets = datasets

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        number = path.removeprefix("/api/find-by-id/").removeprefix("/api/find-by-fragment/")
        number = number.replace("?fragmentId=", "#")
        return (200, self.datasets[number]) if number in self.datasets else (404, {"error": "not found"})


def dataset(number: str, files: list[dict[str, Any]], **others: Any) -> dict[str, Any]:
    """A dataset with two extents and these files."""
    return {
        "docId": int(number),
        "publicationDoi": f"10.17882/{number}",
        "title": {"en": f"Ships {number}", "fr": f"Navires {number}"},
        "geoExtendList": [
            {"north": 44.0, "south": 42.0, "east": 8.0, "west": 3.0},
            {"north": 60.0, "south": 55.0, "east": -10.0, "west": -20.0},
        ],
        "temporalExtend": {"begin": "1987-01-01", "end": "2022-12-31"},
        "files": files,
    } | others
