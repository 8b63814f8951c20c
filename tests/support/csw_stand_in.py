"""A stand-in for a CSW 2.0.2, on loopback: for records that pycsw 2.6 does not take.

pycsw reads no ISO 19115-3 and no broken XML; this gives both as they are.
"""

from stand_in import StandIn

__all__ = ["BOMB", "CswStandIn"]

# Before a record: entities that expand, and one that names a file.
BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


class CswStandIn(StandIn):
    """Records as they are given, whatever they hold, in pages."""

    def __init__(self, *records: str):
        super().__init__()
        self.records = records

    def answer(self, method, path, body):
        first = int(body.split('startPosition="')[1].split('"')[0])
        size = int(body.split('maxRecords="')[1].split('"')[0])
        page = self.records[first - 1 : first - 1 + size]
        following = first + size if first + size <= len(self.records) else 0
        head = next(
            (record[: record.index("]>") + 2] for record in page if record.startswith("<!DOCTYPE")), ""
        )
        inner = "".join(record.removeprefix(BOMB) for record in page)
        return 200, (
            f'<?xml version="1.0"?>{head}<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">'
            f'<csw:SearchResults numberOfRecordsMatched="{len(self.records)}" nextRecord="{following}">'
            f"{inner}</csw:SearchResults></csw:GetRecordsResponse>"
        ).encode()
