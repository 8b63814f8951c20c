"""Labels of vocabularies find the datasets that they mean: NVS in English, ODATIS variables in French."""

import json
from importlib.resources import files

import pytest

from odatis_vre.catalog.search.nvs import derive
from odatis_vre.catalog.search.query import understand
from odatis_vre.catalog.search.vocabulary import vocabulary

FOLDER = files("odatis_vre.catalog.search").joinpath("vocabulary")
CONCEPTS = json.loads(FOLDER.joinpath("concepts.json").read_text("utf-8"))["concepts"]
NVS = json.loads(FOLDER.joinpath("nvs.json").read_text("utf-8"))

# Preferred labels of R03 and P02, as the NVS has them, and a dataset that each must find.
ENGLISH = {
    "Sea temperature in-situ ITS-90 scale": "physics/argo_gdac",
    "Practical salinity": "physics/cora",
    "Sea water pressure, equals 0 at sea-level": "physics/argo_gdac",
    "Chlorophyll-A": "biogeochemistry/globcolour_chlorophyll",
    "Dissolved oxygen": "biogeochemistry/isas_oxygen",
    "Nitrate": "biogeochemistry/woa23_nitrate",
    "pH (total scale)": "biogeochemistry/surface_carbon",
    "Sea water turbidity": "biogeochemistry/odatis_mr_ocean_colour",
    "Temperature of the water column": "physics/isas_temperature_salinity",
    "Salinity of the water column": "physics/woa23_salinity",
    "Horizontal velocity of the water column (currents)": "physics/woc_currents",
    "Sea level": "physics/duacs_sea_level",
    "Wave height and period statistics": "physics/cci_sea_state",
    "Chlorophyll pigment concentrations in water bodies": "biogeochemistry/odatis_mr_ocean_colour",
    "Nitrate concentration parameters in the water column": "biogeochemistry/global_bgc_hindcast",
    "Phosphate concentration parameters in the water column": "biogeochemistry/woa23_phosphate",
    "Dissolved oxygen parameters in the water column": "biogeochemistry/woa23_oxygen",
    "Alkalinity, acidity and pH of the water column": "biogeochemistry/surface_carbon",
    "Concentration of suspended particulate material in the water column": (
        "biogeochemistry/odatis_mr_ocean_colour"
    ),
    "Phytoplankton taxonomic abundance in water bodies": "marine_biology/rephy",
    "Bathymetry and Elevation": "geology/emodnet_dtm_2024",
    "Wind strength and direction": "meteorology/blended_wind",
    "Air temperature": "meteorology/arco_era5",
}
# The labels of the ODATIS variables, and a dataset that each must find.
FRENCH = {
    "/Physique de l'Océan/Température": "physics/argo_gdac",
    "/Physique de l'Océan/Salinité": "physics/cora",
    "/Physique de l'Océan/Turbidité": "biogeochemistry/odatis_mr_ocean_colour",
    "/Biogéochimie marine/Pigments": "biogeochemistry/globcolour_chlorophyll",
    "/Biogéochimie marine/Nutriments (sels nutritifs)": "biogeochemistry/somlit_hydrology",
    "/Biogéochimie marine/Oxygène dissous": "biogeochemistry/isas_oxygen",
    "/Biogéochimie marine/Eléments chimiques et contaminants": "marine_biology/surval",
    "/Biologie marine/Phytoplancton": "marine_biology/rephy",
    "/Biologie marine/Zooplancton": "marine_biology/surval",
    "/Biologie marine/Bivalves": "marine_biology/surval",
    "/Biologie marine/Habitats benthiques": "marine_biology/hyscores_reunion",
    "/Biologie marine/Organismes pathogènes": "marine_biology/surval",
    "/Biologie marine/Organismes marins tropicaux": "marine_biology/sargassum",
    "/Biologie marine/Toxines": "marine_biology/surval",
    "/Biologie marine/Matière en suspension": "biogeochemistry/odatis_mr_ocean_colour",
}


@pytest.mark.parametrize(("label", "name"), ENGLISH.items())
def test_a_preferred_label_of_the_nvs_finds_its_datasets(site, label, name):
    hits = site.search(label)
    assert name in hits.names
    assert len(hits) < len(site) / 2  # and not everything


@pytest.mark.parametrize(("label", "name"), FRENCH.items())
def test_a_label_of_the_odatis_variables_finds_its_datasets(site, label, name):
    for text in (label, label.rpartition("/")[2], label.rpartition("/")[2].upper()):
        assert name in site.search(text).names
    assert name in site.search(variable=label).names


def test_every_label_that_was_derived_or_chosen_is_read_as_its_concept():
    for concept, terms in NVS["nvs"].items():
        for label in terms.values():
            (part,) = understand(label).parts
            assert f"={concept}" in part.tokens, label
    for concept, known in CONCEPTS.items():
        for label in known.get("p02", {}).values():
            (part,) = understand(label).parts
            assert f"={concept}" in part.tokens, label


def test_the_table_says_where_it_comes_from_and_under_which_licence():
    assert "http://vocab.nerc.ac.uk/collection/R03/current" in NVS["origin"]
    assert "CC-BY 4.0" in NVS["origin"]
    assert set(NVS["nvs"]) <= set(CONCEPTS)


def term(code: str, label: str, standard_name: str = "-", **others) -> dict:
    return {
        "@id": f"http://vocab.nerc.ac.uk/collection/R03/current/{code}/",
        "@type": "skos:Concept",
        "skos:altLabel": code,
        "skos:prefLabel": {"@language": "en", "@value": label},
        "skos:definition": {"@value": f"Text. Local_Attributes:{{standard_name:{standard_name}; units:1}}."},
    } | others


def test_a_collection_is_put_under_the_concepts_that_its_standard_names_mean():
    old = term("OLD", "Old", "sea_water_temperature", **{"owl:deprecated": "true"})
    terms = [
        term("TEMP", "Sea temperature", "sea_water_temperature"),
        term("TILT", "Inclination of the float"),
        term("UP", "Upwelling radiance", "upwelling_radiance_in_sea_water"),
        old,
        {"@id": "x", "@type": "skos:Collection"},
    ]
    collection = {"long_name": "Codes", "last_update": "2026-01-02T00:00", "data": {"@graph": terms}}
    made = derive(collection, CONCEPTS)
    assert made["nvs"] == {"temperature": {"TEMP": "Sea temperature"}}
    assert "as of 2026-01-02" in made["origin"]


def test_a_code_that_is_an_empty_word_is_passed_over():
    assert "PRES" in NVS["nvs"]["pressure"]
    assert vocabulary().label("=pressure")
