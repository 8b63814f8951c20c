"""Cards and citations."""

import json
from html.parser import HTMLParser

import pytest

from odatis_vre.catalog import open_catalog
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
    assert "licence and address not verified" in repr(entry)
    _Balance(entry._repr_html_())


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


def test_text_is_one_line_per_reference(eggs):
    assert eggs.cite().splitlines()[0].startswith("Bowman A. W., Azzalini A. (2021). Mackerel eggs")


def test_a_wrong_style_gets_did_you_mean(eggs):
    with pytest.raises(CatalogError, match='"bibtx"') as caught:
        eggs.cite("bibtx")
    assert "bibtex" in caught.value.hint
