"""The shipped catalogue: complete, in both languages, and honest about what nobody has verified."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from odatis_vre.catalog import card
from odatis_vre.catalog.model import CHECKABLE
from odatis_vre.i18n import tr, use_language
from odatis_vre.units import UnitsError, parse

FOLDER = Path(__file__).parents[2] / "catalogs"
DOMAINS = ("physics", "biogeochemistry", "marine_biology", "geology", "meteorology", "other_poles")
# The thematic list of the site: each of its datasets is found under one of these identifiers.
DATASETS = [
    "10.17882/42182",
    "10.17882/52367",
    "10.17882/46219",
    "10.17882/91774",
    "10.17882/45461",
    "10.48670/moi-00148",
    "aa2927ad-d1d6-4867-89d3-1311bc11e6bb",
    "83cca913-392b-4b65-ae34-d9d69d043e46",
    "a57da16f-330a-4927-b532-ca013b6c83da",
    "10.17882/79489",
    "odyssea",
    "cci-seastate",
    "projects/woc",
    "10.48670/moi-00021",
    "OceanGlidersGDACTrajectories",
    "maregraphie",
    "10.12770/06770b5a-b8aa-4a59-b66d-304c2bf9b548",
    "ArgoFloats-synthetic-BGC",
    "isas_oxygen",
    "10.48670/moi-00281",
    "ocean-color-odatis-mr",
    "MULTIOBS_GLO_BIO_CARBON_SURFACE_MYNRT_015_008",
    "10.17882/100323",
    "10.48670/moi-00019",
    "woa23",
    "10.17882/47248",
    "102656",
    "10.12770/cf5048f6-5bbf-4e44-ba74-e6f429af51ea",
    "10.12770/ee059de2-2c81-46ce-88de-0fb5517046af",
    "10.12770/1eb82d09-77ed-4f63-9f03-2c3516a9713d",
    "10.12770/cf51df64-56f9-4a99-b1aa-36b8d7b743a1",
    "4c54ac5e-9b83-42ad-b10e-e0769d6a1cd3",
    "cmems_obs-wind_glo_phy_my_l4_0.125deg_PT1H",
    "arco-era5",
    "10.25326/128",
    "hydroweb",
    "ForM@Ter",
]


@pytest.fixture(scope="module")
def remote(site):
    return [entry for entry in site if not entry.id.startswith("sample/")]


def test_there_is_one_file_a_domain_and_the_root_names_it(site):
    assert {entry.id.partition("/")[0] for entry in site} == {"sample", *DOMAINS}
    assert all((FOLDER / f"{name}.yaml").exists() for name in DOMAINS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_of_the_list_is_there(dataset):
    assert any(dataset in (FOLDER / f"{name}.yaml").read_text("utf-8") for name in DOMAINS)


def test_every_entry_is_described_in_both_languages(remote):
    for entry in remote:
        known = entry.metadata
        for text in (known.title, known.description, *(facts.title for facts in entry.variables.values())):
            assert text.en, entry.id
            assert text.fr, entry.id
        assert known.domain, entry.id
        assert known.data_centre, entry.id
        assert known.protocol, entry.id
        assert known.links or known.access, entry.id


def test_what_was_checked_is_said_for_every_field_that_is_stated(remote):
    for entry in remote:
        known = entry.metadata
        stated = set(CHECKABLE) - set(known.unknown)
        assert isinstance(known.verified, dict), entry.id
        assert set(known.verified) == stated, entry.id


def test_every_dataset_states_its_extent_and_its_period_or_why_it_has_none(remote):
    for entry in remote:
        known = entry.metadata
        for field in ("bbox", "time"):
            reason = known.absent.get(field)
            assert (getattr(known, field) is None) == (reason is not None), (entry.id, field)
            assert reason is None or (reason.en and reason.fr), (entry.id, field)
    # a reason is the exception
    assert sum(bool(entry.metadata.absent) for entry in remote) <= 8


def test_what_is_not_known_is_left_out_and_said_on_the_card(site):
    assert site["marine_biology/gravelines"].metadata.licence is None
    assert "not known: licence" in repr(site["marine_biology/gravelines"])


def test_every_unit_is_one_that_can_be_read(remote):
    for entry in remote:
        for name, facts in entry.variables.items():
            try:
                facts.units and parse(facts.units)
            except UnitsError:
                pytest.fail(f"{entry.id}, {name}: {facts.units}")


def test_standard_names_are_written_as_cf_writes_them(remote):
    names = {name for entry in remote for name in entry.metadata.standard_names}
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)


def test_a_citation_is_of_the_dataset_with_its_doi_where_it_has_one(remote):
    for entry in remote:
        known = entry.metadata
        if known.citation:
            assert known.citation[0]["type"] == "dataset", entry.id
            assert known.citation[0].get("DOI") == known.doi, entry.id


def test_a_pattern_has_places_to_fill_in_and_an_exact_address_none(remote):
    for entry in remote:
        filled = "{" not in entry.urlpath
        assert filled == (entry.metadata.address != "pattern"), entry.id


# Of the thematic list: what a program reads of a row, and how.
ROWS = {
    "physics/argo_gdac": ("sea_water_temperature", {"tabledap"}, {"erddap"}),
    "physics/argo_gdac_files": ("sea_water_pressure", {"netcdf"}, {"s3", "ftp", "https"}),
    "physics/swot_l3_ssh_basic": ("sea_surface_height_above_reference_ellipsoid", {"opendap"}, {"opendap"}),
    "physics/duacs_with_swot": ("sea_surface_height_above_geoid", {"opendap", "netcdf"}, {"opendap", "ncss"}),
    "biogeochemistry/argo_bgc_files": (
        "moles_of_oxygen_per_unit_mass_in_sea_water",
        {"netcdf"},
        {"s3", "ftp", "https"},
    ),
    "biogeochemistry/surface_carbon": ("sea_water_ph_reported_on_total_scale", {"zarr"}, {"https"}),
    "biogeochemistry/global_bgc_hindcast": (
        "mole_concentration_of_nitrate_in_sea_water",
        {"zarr"},
        {"https"},
    ),
    "marine_biology/rephy": ("number_concentration_of_biological_taxon_in_sea_water", {"csv"}, {"https"}),
    "marine_biology/surval": (None, {"wfs"}, {"wfs"}),
    "geology/emodnet_dtm_2024_tiles": (None, {"netcdf"}, {"https"}),
    "physics/cci_sea_state": ("sea_surface_wave_significant_height", set(), set()),
    "physics/woc_currents": ("eastward_sea_water_velocity", set(), set()),
    "physics/odyssea_sst": ("sea_surface_foundation_temperature", set(), set()),
    "meteorology/blended_wind": ("northward_wind", {"zarr"}, {"https"}),
    "meteorology/arco_era5": ("air_temperature", {"zarr"}, {"https"}),
    "other_poles/eurec4a_turbulence": ("wind_speed", set(), set()),
    "other_poles/hydroweb_next": ("water_surface_height_above_reference_datum", set(), set()),
}
# What the list asks for and no driver here reads, with a word of the note that says so.
NOT_READ = {
    "physics/eot20_tides": "tidal_sea_surface_height_above_mean_sea_level",
    "physics/refmar_tide_gauges": "JSON",
    "marine_biology/surval": "WPS",
    "marine_biology/hyscores_reunion": "WFS",
    "geology/emodnet_dtm_2024": "WCS",
}


@pytest.mark.parametrize(("name", "row"), ROWS.items())
def test_a_row_of_the_list_has_its_standard_name_and_its_ways(site, name, row):
    standard_name, drivers, protocols = row
    known = site[name].metadata
    assert {way.driver for way in known.access} == drivers
    assert {way.protocol for way in known.access} == protocols
    assert standard_name is None or standard_name in known.standard_names


@pytest.mark.parametrize(("name", "word"), NOT_READ.items())
def test_what_no_driver_reads_is_said_on_the_card_in_both_languages(site, name, word):
    for lang in ("en", "fr"):
        with use_language(lang):
            assert word in card.facts(site[name])[tr("catalog.label.notes")]


def test_notes_are_in_both_languages():
    for path in FOLDER.glob("*.yaml"):
        for name, source in yaml.safe_load(path.read_text("utf-8"))["sources"].items():
            for way in source.get("metadata", {}).get("access", []):
                note = way.get("note")
                assert note is None or (note["en"] and note["fr"] and note["en"] != note["fr"]), name


def test_an_address_by_analogy_says_so_on_the_card(site):
    for name in ("biogeochemistry/globcolour_chlorophyll", "physics/woa23_temperature"):
        assert site[name].metadata.verified["address"]
        assert "not verified" in card.facts(site[name])["notes"]
        with use_language("fr"):
            assert "non vérifiée" in card.facts(site[name])["remarques"]


def test_two_layouts_of_the_same_data_are_two_methods_of_one_entry(site):
    layouts = [way.layout for way in site["physics/duacs_sea_level"].metadata.access]
    assert layouts == ["map", "series"]


def test_no_address_holds_an_account():
    for path in FOLDER.glob("*.yaml"):
        assert not re.search(r"://[^/\s]*@", path.read_text("utf-8")), path.name


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "not known: ODATIS variables"), ("fr", "non connus : variables ODATIS")]
)
def test_a_dataset_without_an_odatis_variable_says_so_on_its_card(site, remote, lang, said):
    without = [entry for entry in remote if not entry.metadata.odatis_variables]
    assert len(without) == 17
    with use_language(lang):
        for entry in remote:
            trust = card.facts(entry)[tr("catalog.label.checked")]
            assert ("ODATIS" in trust) == (entry in without), entry.id
        assert said in card.facts(site["physics/duacs_sea_level"])[tr("catalog.label.checked")]
        told = card.facts(site["physics/cora"])[tr("catalog.label.odatis_variables")]
        assert told == "/Physique de l'Océan/Température, /Physique de l'Océan/Salinité"


def test_odatis_variables_are_labels_of_the_thesaurus(remote):
    labels = {label for entry in remote for label in entry.metadata.odatis_variables}
    tops = {label.split("/")[1] for label in labels}
    assert tops == {"Physique de l'Océan", "Biogéochimie marine", "Biologie marine"}


def test_a_french_question_leads_to_the_datasets(site):
    found = site.search("chlorophylle, golfe de Gascogne, 2010-2020").names
    assert set(found) >= {
        "biogeochemistry/globcolour_chlorophyll",
        "biogeochemistry/odatis_mr_ocean_colour",
        "biogeochemistry/somlit_hydrology",
        "marine_biology/rephy",
        "marine_biology/surval",
    }
    # one that opens first, not the pattern of the very place
    assert site["biogeochemistry/globcolour_chlorophyll"].metadata.address == "exact"
    assert found.index("biogeochemistry/globcolour_chlorophyll") < found.index(
        "biogeochemistry/odatis_mr_ocean_colour"
    )
    assert "physics/refmar_tide_gauges" in site.search("marégraphe").names
    assert site.search("sargasses").names[0] == "marine_biology/sargassum"


@pytest.mark.parametrize("word", ["houle", "swell", "vagues", "waves"])
def test_swell_is_looked_for_among_the_waves(site, word):
    assert site.search(word).names == ["physics/cci_sea_state"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("catalogue.md", "Of the 45 entries that lead elsewhere in the shipped catalogue, these are 29"),
        ("catalogue.fr.md", "Des 45 entrées du catalogue livré qui mènent ailleurs, ce sont 29"),
    ],
)
def test_the_documentation_says_how_many_addresses_a_check_does_not_open(remote, page, said):
    kinds = Counter(entry.metadata.address for entry in remote)
    assert (len(remote), kinds["pattern"], kinds["page"]) == (45, 16, 13)
    text = (FOLDER.parent / "docs" / page).read_text("utf-8")
    assert said in text
    assert re.search(r"29 \(16 (patterns|modèles), 13 pages\)", text)


def test_files_are_plain_yaml_of_utf8():
    for path in FOLDER.glob("*.yaml"):
        assert yaml.safe_load(path.read_text("utf-8"))["sources"], path.name
