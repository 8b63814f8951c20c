"""Cards and citations."""

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.citation import STYLES, render
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language

VOID = {"rect", "path", "br"}


class _Balance(HTMLParser):
    """Fails on a tag which is not closed; gathers tags and text."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_card_says_what_counts_in_the_language_in_force(climatology, lang):
    with use_language(lang):
        card = _Balance(climatology._repr_html_())
    text = " ".join(card.words)
    title = {"en": "Ocean climatology: surface", "fr": "Climatologie océanique : surface"}[lang]
    size = {"en": "4.0 MB", "fr": "4,0 Mo"}[lang]
    for fact in (
        title,
        size,
        {"en": "180°W – 180°E", "fr": "180°O – 180°E"}[lang],
        "1946-01-01",
        "Ferret",
        'open_catalog()["sample/ocean_climatology"].to_xarray()',
    ):
        assert fact in text
    assert next(attrs for tag, attrs in card.tags if tag == "article")["lang"] == lang


def test_a_footprint_is_a_picture_with_words(eggs):
    card = _Balance(eggs._repr_html_())
    picture = next(attrs for tag, attrs in card.tags if tag == "svg")
    assert picture["role"] == "img"
    assert "14.78°W" in picture["aria-label"]


def test_what_a_catalogue_says_is_escaped(write_catalog):
    path = write_catalog(
        "sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {title: '<script>alert(1)</script>'}}}"
    )
    cat = open_catalog(path)
    assert "<script" not in cat["a"]._repr_html_() + cat._repr_html_()


def test_a_sparse_entry_has_a_card_too(write_catalog):
    entry = open_catalog(write_catalog("sources: {a: {driver: csv, args: {urlpath: a.csv}}}"))["a"]
    assert "not verified: address; not known: DOI, licence" in repr(entry)
    _Balance(entry._repr_html_())


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "not verified: licence, citation"), ("fr", "non vérifiés : licence, citation")],
)
def test_a_card_says_field_by_field_what_nobody_has_verified(write_catalog, lang, said):
    entry = open_catalog(
        write_catalog(
            "sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {doi: 10.1/x, licence: MIT,"
            " citation: [{id: a, title: A}], verified: {address: true, doi: true, licence: false}}}}"
        )
    )["a"]
    with use_language(lang):
        assert said in repr(entry)
        assert said in entry._repr_html_()


def test_what_is_verified_whole_has_no_such_line(climatology):
    assert "verified" not in repr(climatology)


def test_an_address_that_is_a_pattern_is_told_in_place_of_the_line_that_loads(site):
    card = site["physics/odyssea_sst"]._repr_html_()
    assert "to_xarray()" not in card
    assert "{YYYYMMDD}" in card


def test_links_lead_to_web_pages_only(write_catalog):
    entry = open_catalog(
        write_catalog(
            "sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {doi: '10.1/x\"><script>', links: ["
            "{url: 'javascript:alert(1)', name: '<img src=x onerror=alert(1)>'},"
            "{url: 'https://me:secret@host/\"onclick=\"alert(1)', name: page}]}}}"
        )
    )["a"]
    card = _Balance(entry._repr_html_())
    assert [tag for tag, _ in card.tags if tag in ("script", "img")] == []
    assert all(set(attrs) <= {"href", "rel"} for tag, attrs in card.tags if tag == "a")
    assert all(attrs["href"].startswith("https://") for tag, attrs in card.tags if tag == "a")
    assert "secret" not in entry._repr_html_()


def test_the_name_of_a_link_and_its_colon_are_of_the_readers_language(site):
    entry = site["physics/cci_sea_state"]
    for lang, name, colon in (("en", ">files<", "FTP: <code>"), ("fr", ">fichiers<", "FTP : <code>")):
        with use_language(lang):
            assert name in entry._repr_html_()
            assert colon in entry._repr_html_()


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_shipped_card_is_well_formed_and_asks_nothing_of_a_network(site, lang):
    with use_language(lang):
        for entry in site:
            card = _Balance(entry._repr_html_())
            assert not any({"src", "srcset", "xlink:href"} & set(attrs) for _, attrs in card.tags), entry.id
            assert {tag for tag, _ in card.tags} & {"script", "link", "img", "iframe", "object"} == set()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "type", "title", "author", "issued", "page", "DOI", "URL", "version"]),
            st.one_of(
                st.text(max_size=12), st.integers(), st.none(), st.lists(st.text(max_size=5), max_size=3)
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_citation_that_a_catalogue_may_hold_is_written_in_every_style(items):
    for style in STYLES:
        text = render("a", items, style)
        if style == "ris":
            assert text.count("TY  - ") == text.count("ER  - ") == len(items)
        if style == "bibtex":
            assert sum(line.startswith("@") for line in text.splitlines()) == len(items)


def test_a_catalogue_lists_its_datasets(site):
    assert [line.split()[0] for line in repr(site).splitlines()[1:]] == site.names
    assert all(name in site._repr_html_() for name in site.names)


def test_bibtex_has_the_dataset_and_its_sources(climatology):
    text = climatology.cite("bibtex")
    assert text.count("@") == 4
    assert "author = {Woodruff, S. D. and Slutz, R. J. and Jenne, R. L. and Steurer, P. M.}" in text
    assert "pages = {1239--1250}" in text
    assert text.count("{") == text.count("}")


def test_ris_opens_and_closes_each_reference(climatology):
    lines = climatology.cite("ris").splitlines()
    assert (
        sum(line.startswith("TY  - ") for line in lines)
        == sum(line.startswith("ER  - ") for line in lines)
        == 4
    )
    assert "AU  - Woodruff, S. D." in lines
    assert "SP  - 1239" in lines


def test_csl_json_has_dated_items(eggs):
    items = json.loads(eggs.cite("csl-json"))
    assert items[0]["type"] == "dataset"
    assert items[1]["issued"] == {"date-parts": [[1997]]}


GENUINE_CSL = {
    "id": "argo",
    "type": "dataset",
    "title": "Argo float data",
    "author": [
        {"family": "Thierry", "given": "V."},
        {"family": "Boyer Montégut", "given": "C.", "non-dropping-particle": "de"},
        {"literal": "Ifremer"},
    ],
    "issued": {"date-parts": [[2020, 5, 1]]},
    "accessed": {"date-parts": [["2026", "9", "30"]]},
}


def test_an_item_as_csl_has_it_is_cited_in_each_style():
    def lines(style):
        return render("a", [GENUINE_CSL], style).splitlines()

    assert lines("text")[0] == (
        "Thierry V., de Boyer Montégut C., Ifremer (2020-05-01). Argo float data. Accessed 2026-09-30."
    )
    assert "  author = {Thierry, V. and de Boyer Montégut, C. and {Ifremer}}," in lines("bibtex")
    assert "  year = {2020}," in lines("bibtex")
    assert "  urldate = {2026-09-30}" in lines("bibtex")
    assert {"PY  - 2020", "AU  - Thierry, V.", "AU  - Ifremer", "Y2  - 2026/09/30"} <= set(lines("ris"))
    (item,) = json.loads("\n".join(lines("csl-json")))
    assert item == GENUINE_CSL


@pytest.mark.parametrize(
    ("issued", "text", "year", "csl"),
    [
        (2020, "2020", "2020", {"date-parts": [[2020]]}),
        ("2020-05", "2020-05", "2020", {"date-parts": [[2020, 5]]}),
        ({"date-parts": [[2020]]}, "2020", "2020", {"date-parts": [[2020]]}),
        ({"date-parts": [[2010], [2020]]}, "2010/2020", "2010", {"date-parts": [[2010], [2020]]}),
        ("spring of 2020", "spring of 2020", "spring of 2020", {"raw": "spring of 2020"}),
        ({"date-parts": [[1990]], "circa": True}, "1990", "1990", {"date-parts": [[1990]], "circa": True}),
        ({"raw": "2020-05-01"}, "2020-05-01", "2020", {"raw": "2020-05-01"}),
        ({"raw": "spring of 2020"}, "spring of 2020", "spring of 2020", {"raw": "spring of 2020"}),
        ({"literal": "in press"}, "in press", "in press", {"literal": "in press"}),
    ],
)
def test_a_date_of_issue_is_read_however_it_is_written(issued, text, year, csl):
    items = [{"id": "a", "title": "A", "author": "Ifremer", "issued": issued}]
    assert render("a", items, "text") == f"Ifremer ({text}). A."
    assert f"  year = {{{year}}}" in render("a", items, "bibtex")
    assert f"PY  - {year}\r\n" in render("a", items, "ris")
    assert json.loads(render("a", items, "csl-json"))[0]["issued"] == csl


@pytest.mark.parametrize(
    "author", [{"family": "Thierry", "given": "V."}, [{"family": "Thierry", "given": "V."}]]
)
def test_one_author_need_not_be_a_list(author):
    items = [{"id": "a", "title": "A", "author": author}]
    assert render("a", items, "text") == "Thierry V. A."
    assert "author = {Thierry, V.}" in render("a", items, "bibtex")
    assert "AU  - Thierry, V.\r\n" in render("a", items, "ris")
    assert json.loads(render("a", items, "csl-json"))[0]["author"] == [{"family": "Thierry", "given": "V."}]


def test_text_is_one_line_per_reference(eggs):
    assert eggs.cite().splitlines()[0].startswith("Bowman A. W., Azzalini A. (2021). Mackerel eggs")


def test_a_wrong_style_gets_did_you_mean(eggs):
    with pytest.raises(CatalogError, match='"bibtx"') as caught:
        eggs.cite("bibtx")
    assert "bibtex" in caught.value.hint


NOTED = """
sources:
  a:
    driver: zarr
    args: {urlpath: https://h/a.zarr}
    metadata:
      title: A
      verified: {address: true}
      absent: {time: {en: of no date, fr: sans date}, bbox: everywhere}
      access:
        - {driver: zarr, args: {urlpath: https://h/a.zarr}, note: {en: by <analogy>, fr: par <analogie>}}
        - {protocol: ftp, driver: netcdf, args: {urlpath: ftp://h/a.nc}, note: slow}
"""


@pytest.mark.parametrize(
    ("lang", "note", "absent"),
    [
        ("en", "zarr: by <analogy>; ftp: slow", "extent (everywhere), period (of no date)"),
        ("fr", "zarr : par <analogie> ; ftp : slow", "étendue (everywhere), période (sans date)"),
    ],
)
def test_a_card_shows_the_notes_of_each_way_and_why_a_field_is_absent(write_catalog, lang, note, absent):
    with use_language(lang):
        entry = open_catalog(write_catalog(NOTED))["a"]
        card = " ".join(_Balance(entry._repr_html_()).words)
        for text in (repr(entry), card):
            assert note in text
            assert absent in text
