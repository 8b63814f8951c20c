"""ISO records: what they say in both schemas, and what a broken one is."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iso_records import gmd, mdb

from odatis_vre.catalog.harvest.draft import Draft
from odatis_vre.catalog.harvest.hostile import Hostile
from odatis_vre.catalog.harvest.iso import read_iso
from odatis_vre.errors import CatalogError

SCHEMAS = pytest.mark.parametrize("schema", [gmd, mdb], ids=["19139", "19115-3"])


@SCHEMAS
def test_both_schemas_say_the_same(schema):
    record = read_iso(schema("a").encode(), "a.xml")
    assert record.uuid == "a"
    assert (record.title["fr"], record.title["en"]) == ("Chlorophylle a", "Chlorophyll a")
    assert record.boxes == [[-10, 43, -1, 48.5]]
    assert record.period == ["2010-01-01", "2020-12-31"]
    assert record.odatis_variables == ["/Biogéochimie marine/Pigments"]
    assert record.constraints == ["CC-BY 4.0"]
    assert record.changed == "2024-01-02T00:00:00"
    assert record.links[0].url == "https://data.example.org/a.nc"
    assert Draft(record).entries[0][1]["metadata"]["doi"] == "10.12770/a"


@SCHEMAS
def test_a_period_until_now_is_open(schema):
    record = read_iso(schema("a", end=None).encode(), "a.xml")
    assert record.period == ["2010-01-01", None]
    assert Draft(record).entries[0][1]["metadata"]["time"] == ["2010-01-01", None]


@SCHEMAS
def test_a_box_that_is_no_numbers_is_told(schema):
    record = read_iso(schema("a", box=("west", 43, -1, 48.5)).encode(), "a.xml")
    assert record.boxes == []
    assert [code for code, _ in record.notes] == ["unreadable_box"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "XML"),
        (b"<a", "XML"),
        (b"<a/>", "MD_Metadata"),
        (b'<MD_Metadata xmlns="http://www.isotc211.org/2005/gmd"/>', "fileIdentifier"),
        (gmd("a").encode().replace(b"identificationInfo", b"other"), "identificationInfo"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "DOCTYPE"),
        ("<!DOCTYPE a []><a/>".encode("utf-16"), "DOCTYPE"),
        (
            gmd("a").replace("<gmd:contact>", "<gmd:x>" * 250 + "</gmd:x>" * 250 + "<gmd:contact>").encode(),
            "MD_Metadata",
        ),
    ],
)
def test_a_broken_record_is_one_error_naming_file_and_field(content, field):
    with pytest.raises(CatalogError, match=r"^a\.xml, ") as caught:
        read_iso(content, "a.xml")
    assert field in caught.value.message
    assert caught.value.hint


TEXTS = {"gmd": gmd("a"), "mdb": mdb("a")}
PIECES = st.text(alphabet="<>/&;:\"'=! aé0-\x00", max_size=6) | st.sampled_from(
    ["<gmd:x>", "]]>", "<!--", "&lt;", "NaN"]
)


@settings(max_examples=150, deadline=None)
@given(
    schema=st.sampled_from(sorted(TEXTS)),
    cuts=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 200), PIECES), min_size=1, max_size=3),
)
def test_a_damaged_record_is_read_or_is_one_error_naming_file_and_field(schema, cuts):
    text = TEXTS[schema]
    for position, length, piece in cuts:
        text = text[:position] + piece + text[position + length :]
    _read_or_refused(text.encode())


@settings(max_examples=100, deadline=None)
@given(
    schema=st.sampled_from([gmd, mdb]),
    facts=st.fixed_dictionaries(
        {},
        optional={
            name: st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
            for name in ("titre", "title", "abstract", "licence", "start", "end", "changed")
        }
        | {"box": st.tuples(*[st.floats() | st.text("0123456789.,eNa-", max_size=5)] * 4)},
    ),
)
def test_a_record_of_any_facts_is_read_or_is_one_error_naming_file_and_field(schema, facts):
    _read_or_refused(schema("a", **facts).encode())


def _read_or_refused(content: bytes) -> None:
    record, message = None, "a.xml, "
    try:
        record = read_iso(content, "a.xml")
    except CatalogError as error:
        message = error.message
    assert message.startswith("a.xml, ")
    if record is not None:
        with contextlib.suppress(Hostile):
            assert all(map(str, Draft(record).findings))
