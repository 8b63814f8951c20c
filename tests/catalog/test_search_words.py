"""How a question is read: places, periods, what means the same, and which hit comes first."""

import json

import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.search import understand
from odatis_vre.catalog.search.vocabulary import content, vocabulary
from odatis_vre.catalog.search.words import fold, split, stems
from odatis_vre.errors import DataNotFound
from odatis_vre.i18n import use_language

ENTRY = """
  {name}:
    driver: csv
    args: {{urlpath: {name}.csv}}
    metadata: {{{metadata}}}
"""
CHLOROPHYLL = "variables: {CHL: {standard_name: mass_concentration_of_chlorophyll_a_in_sea_water}}"
SST = "variables: {t: {standard_name: sea_surface_temperature}}"
LEVEL = "variables: {h: {standard_name: sea_surface_height_above_geoid}}"
WORLD = "bbox: [-180, -90, 180, 90]"
ENTRIES = {
    "biscay": f"title: {{en: Ocean colour, fr: Couleur de l'eau}}, {CHLOROPHYLL}, "
    "bbox: [-9, 43.5, -1.5, 48], time: ['2012', '2018'], licence: CC-BY-4.0, "
    "data_centre: CDS-CERSAT, platforms: [Sentinel-3]",
    "world": f"title: Ocean atlas, {WORLD}, time: ['1990', null], {CHLOROPHYLL}, "
    "licence: CC-BY-NC-4.0, data_centre: CDS-AVISO",
    "old": "title: Chlorophylle ancienne, bbox: [-9, 44, -2, 47], time: ['1970', '1980']",
    "sst": f"title: SST L4, {WORLD}, {SST}",
    "level": "title: {en: Tide gauges, fr: Marégraphes}, description: Niveau de la mer a Brest., "
    f"bbox: [-5, 48, -4, 49], {LEVEL}, licence: CC-BY-4.0",
    "reunion": "title: Meeting notes of La Réunion island, domain: biology",
    "release": "title: Bathymetry DTM 2024, time: ['1900', '2000'], protocol: https",
}


@pytest.fixture
def cat(write_catalog):
    entries = "".join(ENTRY.format(name=name, metadata=metadata) for name, metadata in ENTRIES.items())
    return open_catalog(write_catalog(f"sources:{entries}"))


def test_variable_place_and_period_in_one_sentence(cat):
    hits = cat.search("chlorophylle, golfe de Gascogne, 2010-2020")
    assert hits.names == ["biscay", "world"]  # the one of the place first, the old one not at all
    said = hits.understood.to_dict()
    assert said["places"] == [{"name": "Bay of Biscay", "bbox": [-10, 43, -1, 48.5]}]
    assert said["period"] == "2010-01-01 – 2020-12-31"
    assert [word["text"] for word in said["words"]] == ["chlorophylle"]


def test_a_result_says_how_the_question_was_understood(cat):
    hits = cat.search("température de surface, Méditerranée")
    with use_language("fr"):
        assert "Méditerranée (6°O – 36.5°E, 30°N – 46°N)" in repr(hits)
        assert "température de surface de la mer" in hits._repr_html_()
    assert "sea surface temperature" in repr(hits)
    assert "Understood" not in repr(cat.search(licence="CC-BY-4.0"))


@pytest.mark.parametrize(
    "text",
    [
        "CHL",
        "chlorophyll",
        "Chlorophylles",
        "mass_concentration_of_chlorophyll_a_in_sea_water",
        "chl-a",
        "chlorophylle a",
    ],
)
def test_names_codes_and_standard_names_of_a_variable_mean_the_same(cat, text):
    assert {"biscay", "world", "old"} == set(cat.search(text).names)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("temperatures", "sst"),
        ("température", "sst"),
        ("TSM", "sst"),
        ("sea level", "level"),
        ("niveaux de la mer", "level"),
        ("sea_surface_height_above_geoid", "level"),
        ("bathymétrie", "release"),
    ],
)
def test_stems_and_synonyms_lead_from_one_language_to_the_other(cat, text, name):
    assert name in cat.search(text).names


def test_a_part_of_a_subject_does_not_stand_for_the_whole_of_it(cat):
    # sea surface temperature is a temperature; not the other way round
    assert "level" not in cat.search("SST").names
    with pytest.raises(DataNotFound):
        cat.search("diatom")


def test_a_place_is_found_by_its_name_where_the_extent_is_unknown(cat):
    assert cat.search("La Réunion").names[0] == "reunion"


def test_a_year_is_a_word_of_a_title_or_a_period(cat):
    assert cat.search("bathymetry 2024").names == ["release"]
    assert "old" in cat.search("chlorophylle 1975").names
    assert "old" not in cat.search("chlorophylle 1995").names


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("vent 2010-2020", 2010, 2020),
        ("vent de 2010 à 2020", 2010, 2020),
        ("wind from 2010 to 2020", 2010, 2020),
        ("wind 2010-03 / 2011-06-30", 2010, 2011),
        ("vent depuis 1995", 1995, None),
        ("wind before 2001", None, 2001),
        ("vent des années 1990", 1990, 1999),
        ("wind 1990s", 1990, 1999),
    ],
)
def test_periods_are_read_in_both_languages(text, start, end):
    period = understand(text).period
    assert (period.start and period.start.year, period.end and period.end.year) == (start, end)
    assert [part.tokens for part in understand(text).parts] == [("=wind",)]


@pytest.mark.parametrize(
    "text", ["10.17882/2010-2020", "version 2010-2020-1", "vent 2020-2010", "SWOT L3 v3.0"]
)
def test_what_is_no_period_stays_words(text):
    assert understand(text).period is None


def test_places_take_their_longest_name():
    assert [place.token for place in understand("canal du Mozambique").places] == ["@mozambique_channel"]
    assert [place.token for place in understand("la Manche").places] == ["@english_channel"]
    assert understand("Méditerranée occidentale").places[0].box.east == 16


def test_a_title_ranks_before_what_means_the_same_and_before_a_description(write_catalog):
    entries = (
        ENTRY.format(name="a", metadata="title: Data, description: salinity here")
        + ENTRY.format(name="b", metadata="title: Data, variables: {x: {standard_name: sea_water_salinity}}")
        + ENTRY.format(name="c", metadata="title: PSAL")
        + ENTRY.format(name="d", metadata="title: Salinities of the ocean")
        + ENTRY.format(name="e", metadata="title: Salinity")
    )
    assert open_catalog(write_catalog(f"sources:{entries}")).search("salinity").names == [
        "e",
        "d",
        "c",
        "b",
        "a",
    ]


def test_of_two_worth_much_the_same_the_one_that_opens_comes_first(write_catalog):
    entries = (
        ENTRY.format(name="a", metadata="title: Salinity, address: pattern")
        + ENTRY.format(name="b", metadata="title: Salinity, address: page")
        + ENTRY.format(name="c", metadata="title: Salinity")
        + ENTRY.format(name="d", metadata="title: Salinities")
    )
    # a word itself is still before its stem
    assert open_catalog(write_catalog(f"sources:{entries}")).search("salinity").names == ["c", "a", "b", "d"]


def test_of_those_that_a_period_alone_finds_the_ones_that_open_come_first():
    opens = [entry.metadata.address == "exact" for entry in open_catalog().search("1995-2015")]
    assert any(opens)
    assert opens == sorted(opens, reverse=True)


@pytest.mark.parametrize(
    ("lang", "word", "said"),
    [
        ("en", "diatoms", "phytoplankton"),
        ("fr", "diatomées", "phytoplancton"),
        ("en", "mussel bed", "bivalves"),
        ("fr", "carottes", "sédiments"),
    ],
)
def test_a_word_that_nothing_has_leads_to_what_it_is_a_part_of(write_catalog, lang, word, said):
    titles = ["Phytoplankton of ponds", "Shellfish", "Sediment map"]
    entries = "".join(
        ENTRY.format(name=f"d{n}", metadata=f"title: {title}") for n, title in enumerate(titles)
    )
    with use_language(lang), pytest.raises(DataNotFound) as caught:
        open_catalog(write_catalog(f"sources:{entries}")).search(word)
    assert caught.value.hint.rstrip("? ").endswith(f": {said}")


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({"data_centre": "cds-cersat"}, ["biscay"]),
        ({"data_centre": "CERSAT"}, ["biscay"]),
        ({"platform": "sentinel 3"}, ["biscay"]),
        ({"protocol": "HTTPS"}, ["release"]),
        ({"licence": "CC-BY"}, ["biscay", "level"]),
        ({"licence": "cc by nc 4.0"}, ["world"]),
        ({"variable": "chlorophylle"}, ["biscay", "world"]),
        ({"variable": "sea_surface_height_above_geoid"}, ["level"]),
    ],
)
def test_typed_conditions_take_the_values_that_facets_name(cat, conditions, names):
    assert sorted(cat.search(**conditions).names) == names


@pytest.mark.parametrize(
    ("conditions", "hint"),
    [
        ({"data_centre": "CDS-CERSATT"}, "Did you mean: CDS-CERSAT"),
        ({"platform": "glider"}, "There are: Sentinel-3"),
        ({"text": "chlorofyle"}, "chlorophylle"),
        (
            {
                "text": "chlorophylle, Kerguelen",
                "variable": "CHL",
                "time": ("2015", "2016"),
                "licence": "CC-BY",
            },
            "biscay",
        ),
        ({"text": "marégraphes 1850-1860 Brest"}, "no known period"),
        ({"text": "chlorophylle ancienne 2030-2040"}, "1970-01-01 – 1980-12-31"),
    ],
)
def test_an_empty_result_says_what_was_meant_or_what_is_nearest(cat, conditions, hint):
    with pytest.raises(DataNotFound) as caught:
        cat.search(**conditions)
    assert hint in caught.value.hint


def test_facets_count_each_value_and_each_level_of_the_odatis_tree(site):
    facets = site["sample"].search("température").facets
    assert facets["odatis_variable"]["/Physique de l'Océan"] == 1
    assert facets["odatis_variable"]["/Physique de l'Océan/Température"] == 1
    assert json.loads(json.dumps(facets.to_dict()))["protocol"] == facets["protocol"]
    with use_language("fr"):
        assert "variable ODATIS" in repr(facets)
    with pytest.raises(KeyError):
        facets["colour"]


def test_facets_of_hits_count_hits_only(cat):
    assert cat.facets["licence"]["CC-BY-4.0"] == 2
    assert cat.search("chlorophylle").facets["licence"]["CC-BY-4.0"] == 1
    # a facet is what the next condition takes
    for centre, number in cat.facets["data_centre"].items():
        assert len(cat.search(data_centre=centre)) == number


def test_a_search_within_hits_narrows_them(cat):
    assert cat.search("chlorophylle").search(licence="CC-BY").names == ["biscay"]


def test_facets_show_values_as_text(write_catalog):
    entry = ENTRY.format(name="a", metadata="title: A, data_centre: '<script>x</script>'")
    cat = open_catalog(write_catalog(f"sources:{entry}"))
    assert "<script>" not in cat.facets._repr_html_()
    assert "<script>" not in cat.search("A")._repr_html_()


def test_every_name_of_the_vocabulary_is_found_as_what_it_is():
    known = vocabulary()
    for table, mark in ((known.concepts, "="), (known.places, "@")):
        for name, facts in table.items():
            for phrase in (*facts.get("phrases", ()), *((facts["en"], facts["fr"]) if mark == "@" else ())):
                words = content(phrase)
                found = list(known.find(stems(words)))
                whole = [part for part in found if (part.start, part.end) == (0, len(words))]
                assert whole, phrase
                assert mark + name in whole[0].same, phrase
            for broader in facts.get("broader", ()):
                assert broader in known.concepts, name
    for facts in known.places.values():
        west, south, east, north = facts["bbox"]
        assert max(abs(west), abs(east)) <= 180
        assert -90 <= south < north <= 90


def test_folding_leaves_plain_words():
    assert split(fold("L’Œuf de l'Île, sea_water")) == ["oeuf", "de", "ile", "sea", "water"]
