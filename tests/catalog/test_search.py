"""Search: words in both languages, typed conditions, and a way out of nothing."""

import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import use_language

CLIMATOLOGY, EGGS = "sample/ocean_climatology", "sample/mackerel_eggs_1992"


@pytest.fixture
def sample(site):
    """The two datasets that come with the library, whatever the site's catalogue holds besides."""
    return site["sample"]


@pytest.mark.parametrize(
    "text", ["salinité", "SALINITE", "salinity", "sea_water_salinity", "température profondeur"]
)
def test_words_are_found_without_accents_or_case_in_both_languages(sample, text):
    assert CLIMATOLOGY in sample.search(text).names


@pytest.mark.parametrize("text", ["œufs de maquereau", "oeufs", "mackerel egg", "MAQUEREAU"])
def test_ligatures_and_the_starts_of_words_are_found(sample, text):
    assert sample.search(text).names[0] == EGGS


def test_the_title_ranks_before_the_description(write_catalog):
    path = write_catalog(
        """
sources:
  a: {driver: csv, args: {urlpath: a.csv}, metadata: {title: Wind, description: also salinity}}
  b: {driver: csv, args: {urlpath: b.csv}, metadata: {title: Salinity}}
"""
    )
    assert open_catalog(path).search("salinity").names == ["b", "a"]


def test_each_word_must_be_found(sample):
    with pytest.raises(DataNotFound):
        sample.search("mackerel nitrate")


@pytest.mark.parametrize(
    "variable", ["sst", "sea_surface_temperature", "température de surface", "bottom_depth"]
)
def test_a_variable_is_found_by_name_standard_name_or_title(sample, variable):
    assert CLIMATOLOGY in sample.search(variable=variable).names


def test_a_domain_is_named_in_either_language(sample):
    assert sample.search(domain="biologie").names == sample.search(domain="biology").names == [EGGS]


def test_a_box_keeps_what_it_touches_across_the_date_line_too(sample):
    assert sample.search(bbox=(170, -10, -170, 10)).names == [CLIMATOLOGY]
    assert EGGS in sample.search(bbox=(345, 40, 359, 60)).names


def test_a_climatology_answers_to_any_period(sample):
    assert sample.search(time=("2005", "2010")).names == [CLIMATOLOGY]
    assert sample.search(time=("1992-06", None)).names == [CLIMATOLOGY, EGGS]


def test_conditions_add_up(sample):
    hits = sample.search(
        "salinité",
        domain="physics",
        variable="sea_water_salinity",
        bbox=(-12, 43, 2, 60),
        time=("1990", "2000"),
    )
    assert [entry.id for entry in hits] == [CLIMATOLOGY]


@pytest.mark.parametrize(
    ("conditions", "hint"),
    [
        ({"text": "salinty"}, "salinity"),
        ({"variable": "sea_surface_temperatur"}, "sea_surface_temperature"),
        ({"domain": "biolgy"}, "biology"),
        ({"domain": "geology"}, "biology, physics"),
        ({"domain": "biology", "bbox": (-40, 10, -30, 20)}, "14.78°W – 1.28°W, 44.02°N – 57.75°N"),
        ({"domain": "biology", "time": ("2001", "2002")}, "1992-01-01 – 1992-12-31"),
    ],
)
def test_nothing_found_says_what_is_nearest(sample, conditions, hint):
    with pytest.raises(DataNotFound) as caught:
        sample.search(**conditions)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "meant"),
    [("sample/ocean_climatolgy", CLIMATOLOGY), ("ocean_climatology", CLIMATOLOGY), ("sample/mackerel", EGGS)],
)
def test_a_wrong_name_gets_did_you_mean(site, name, meant):
    with pytest.raises(DataNotFound, match="No dataset is named") as caught:
        site[name]
    assert meant in caught.value.hint


def test_the_site_answers_to_the_question_in_one_sentence(site):
    hits = site.search("chlorophylle, golfe de Gascogne, 2010-2020")
    assert len(hits) >= 3
    for entry in hits:
        assert entry.bbox.overlaps(hits.understood.places[0].box)
        assert entry.period.overlaps(hits.understood.period)
    assert "chloro" in hits[hits.names[0]].metadata.title.both.lower()


def test_a_catalogue_is_walked_counted_and_entered(sample):
    assert [entry.id for entry in sample] == [CLIMATOLOGY, EGGS]
    assert len(sample) == 2
    assert CLIMATOLOGY in sample
    assert sample["ocean_climatology"].id == CLIMATOLOGY


def test_errors_speak_french(sample):
    with use_language("fr"), pytest.raises(DataNotFound, match="Aucun jeu de données") as caught:
        sample["sample/ocean_climatolgy"]
    assert caught.value.hint.startswith("Vouliez-vous dire")


@pytest.mark.parametrize(
    "bbox", [(1, 2, 3), "abcd", (0, 50, 10, 40), (-200, 0, 0, 10), (0, 0, float("nan"), 1), 5]
)
def test_what_is_no_box_is_refused(sample, bbox):
    with pytest.raises(CatalogError) as caught:
        sample.search(bbox=bbox)
    assert "bbox=(-12, 43, 2, 60)" in caught.value.hint


@pytest.mark.parametrize(
    "time", ["1990", ("2000", "1990"), ("yesterday", None), (1, 2, 3), ("1990-13", None), 7]
)
def test_what_is_no_period_is_refused(sample, time):
    with pytest.raises(CatalogError) as caught:
        sample.search(time=time)
    assert "time=" in caught.value.hint


def test_a_field_that_is_there_and_empty_is_no_value_of_a_facet(write_catalog):
    source = "{driver: csv, args: {urlpath: a.csv}, metadata: {%s}}"
    empty = ["licence: ''", "domain: ' '", "data_centre: ''", "platforms: ['']", "protocol: ''"]
    for fields in (*empty, ", ".join(empty)):
        cat = open_catalog(write_catalog(f"sources: {{a: {source % fields}}}"))
        assert cat.facets.to_dict() == {facet: {} for facet in cat.facets}
        assert cat["a"]._repr_html_()
