import dataclasses
import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import GLM, NPPEN, Ensemble, Envelope, project, validation
from odatis_vre.niche.report import ModelCard


@pytest.fixture
def stations():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"sst": rng.normal(12, 2, 120), "salinity": rng.normal(35, 0.4, 120)})
    table.attrs["units"] = {"sst": "degree_Celsius"}
    return table, (np.abs(table.sst - 12) < 1.5).astype(int)


@pytest.fixture
def card(stations):
    environment, presence = stations
    model = Envelope().fit(environment, presence)
    grid = xr.Dataset({"sst": (("lat", "lon"), [[10.0, 12.0], [14.0, np.nan]]), "salinity": 35.0})
    return ModelCard(
        model,
        title="Œufs <de> maquereau",
        species="Scomber scombrus",
        data=[{"title": "Survey", "citation": "Bowman (2021)", "licence": "GPL"}],
        environment=environment,
        scores=validation.cross_validate(Envelope(), environment, presence, cv=3),
        thresholds={"max_tss": 0.25},
        projection=project(model, grid.assign_coords(lat=[45.0, 46.0], lon=[-5.0, -4.0])),
        extrapolated=0.125,
        limits=["Not for fisheries advice."],
        told={"authorship": "A. Chercheuse"},
    )


def test_the_table_holds_every_element_and_says_what_nobody_told(card):
    table = card.odmap("en").set_index("element").text
    assert len(table) == len(card.elements())
    assert table["Authorship"] == "A. Chercheuse"
    assert table["Focal taxon"] == "Scomber scombrus"
    assert "3 folds" in table["Data partitioning"]
    assert table["Model objective"] == "not told"
    assert "12.5 %" in table["Uncertainty"]
    assert table["Location"] == "45 … 46 °N, -5 … -4 °E"


def test_the_french_table_writes_its_numbers_in_french(card, stations):
    table = card.odmap("fr").set_index("element").text
    assert "12,5 %" in table["Incertitude"]
    low = f"{stations[0].sst.min():.4g}".replace(".", ",")
    assert f"sst (degree_Celsius) {low} …" in table["Variables prédictives"]
    assert table["Choix du seuil"] == "max_tss 0,250"
    mean = f"auc {card.scores.auc.mean():.3f} ± {card.scores.auc.std():.3f}".replace(".", ",")
    assert mean in table["Statistiques de performance"]
    half = dataclasses.replace(card, projection=card.projection.assign_coords(lat=[45.5, 46.5]))
    assert half.odmap("fr").set_index("element").text["Lieu"] == "45,5 … 46,5 °N, -5 … -4 °E"


def test_an_ensemble_tells_how_it_combines_its_models(stations):
    environment, presence = stations
    models = [GLM(), NPPEN(method="ecdf")]
    texts = {}
    for combine in ("mean", "weighted", "committee"):
        model = Ensemble(models, combine=combine, cv=3, random_state=1).fit(environment, presence)
        card = ModelCard(model, title="Eggs", extrapolated=0.125)
        texts[combine] = card.odmap("en").set_index("element").text
        told = texts[combine]["Model selection, averaging, ensemble"]
        assert told.startswith("2 models")
        assert f"GLM {model.weights_['GLM']:.3f}" in told
        if combine == "weighted":
            assert f"NPPEN {model.weights_['NPPEN']:.3f} (auc {model.scores_['NPPEN']:.3f})" in told
        if combine == "committee":
            assert f"(max_tss {model.thresholds_['GLM']:.3f})" in told
        assert f"{np.nanmean(model.spread_):.3f} on average" in texts[combine]["Uncertainty"]
        assert texts[combine]["Uncertainty"].startswith("12.5 %")
        assert json.loads(card.to_json())["odmap"]["ensemble"] == told
    assert len({text["Model selection, averaging, ensemble"] for text in texts.values()}) == 3
    assert "GLM 0,500" in ModelCard(model, title="Œufs").to_html("fr")


def test_a_single_model_tells_nothing_of_an_ensemble(card):
    assert card.odmap("en").set_index("element").text["Model selection, averaging, ensemble"] == "not told"


def test_ranges_and_units_of_the_predictors_are_those_of_the_fit(card, stations):
    facts = json.loads(card.to_json())["predictors"]
    assert facts["sst"]["units"] == "degree_Celsius"
    assert facts["sst"]["lowest"] == pytest.approx(stations[0].sst.min())
    assert facts["salinity"]["missing"] == 0


def test_scores_are_means_over_the_folds(card):
    score = card.to_dict()["scores"]["auc"]
    assert score["mean"] == pytest.approx(card.scores.auc.mean())
    assert score["folds"] == 3


def test_json_is_strict_with_the_same_keys_and_numbers_and_its_texts_in_the_language_asked_for(card):
    english, french = (
        json.loads(card.to_json(lang), parse_constant=lambda name: pytest.fail(name)) for lang in ("en", "fr")
    )
    for lang, facts in (("en", english), ("fr", french)):
        with use_language(lang):
            assert json.loads(card.to_json()) == facts
        assert facts.pop("language") == lang
    texts = [facts.pop("odmap") for facts in (english, french)]
    assert french == english
    assert [*texts[0]] == [*texts[1]] == card.elements()
    assert [t["uncertainty"].split(" %")[0] for t in texts] == ["12.5", "12,5"]
    assert [t["objective"] for t in texts] == ["not told", "non renseigné"]
    assert {t["authorship"] for t in texts} == {"A. Chercheuse"}


@pytest.mark.parametrize(
    ("lang", "word"), [("en", "Performance statistics"), ("fr", "Statistiques de performance")]
)
def test_the_page_is_in_the_language_asked_for_and_escapes_what_it_is_given(card, lang, word):
    page = card.to_html(lang)
    HTMLParser().feed(page)
    assert f'<html lang="{lang}">' in page
    assert word in page
    assert "Œufs &lt;de&gt; maquereau" in page
    assert "<de>" not in page


def test_an_element_that_odmap_does_not_have_is_refused(card):
    with pytest.raises(NicheError, match="no element named: author"):
        ModelCard(card.model, title="x", told={"author": "A."})


def test_a_model_that_is_not_fitted_has_no_card():
    with pytest.raises(NicheError, match="not been fitted"):
        ModelCard(Envelope(), title="x")
