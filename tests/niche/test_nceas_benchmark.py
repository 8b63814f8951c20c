import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "nceas.py"


def sites(rng, n: int, group: str | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": group,
            "siteid": np.arange(n) + 1,
            "x": 0.0,
            "y": 0.0,
            "warmth": rng.uniform(0, 30, n).round(2),
            "relief": rng.uniform(0, 1, n).round(3),
        }
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    """A made-up region with two groups of species, birds in the warm and plants in the cold."""
    rng = np.random.default_rng(7)
    optimum = {"bird": ("xy01", 22), "plant": ("xy02", 6)}
    po = []
    for group, (species, warmth) in optimum.items():
        seen = sites(rng, 40, group).assign(spid=species, occ=1)
        po.append(seen.assign(warmth=rng.normal(warmth, 2, 40)))
        env = sites(rng, 80, group).sample(frac=1, random_state=1)
        present = (np.abs(env["warmth"] - warmth) < 4).astype(int)
        pa = env[["group", "siteid", "x", "y"]].assign(**{species: present})
        env.to_csv(tmp_path / f"XYtest_env_{group}.csv", index=False)
        pa.sort_values("siteid").to_csv(tmp_path / f"XYtest_pa_{group}.csv", index=False)
    pd.concat(po).to_csv(tmp_path / "XYtrain_po.csv.gz", index=False)
    sites(rng, 300).assign(spid="pseudo1", occ=0).to_csv(tmp_path / "XYtrain_bg.csv.gz", index=False)
    pd.DataFrame(
        {"region": "XY", "species": ["xy01", "xy02"], "auc_roc": 0.9, "cor": 0.5, "fit_seconds": 1.0,
         "predict_seconds": 1.0}
    ).to_csv(tmp_path / "measured_maxnet.csv", index=False)  # fmt: skip
    return tmp_path


def run(monkeypatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", [str(BENCHMARK), *words])
    runpy.run_path(str(BENCHMARK), run_name="__main__")


def test_each_species_is_tested_at_the_sites_of_its_group(folder, monkeypatch, capsys):
    scores = folder / "scores.json"
    run(monkeypatch, str(folder), "--models", "GLM", "MaxEnt", "Envelope", "--json", str(scores))
    rows = pd.DataFrame(json.loads(scores.read_text()))
    assert rows.columns.tolist() == ["model", "region", "species", "auc", "auc_prg", "cor", "seconds"]
    assert set(zip(rows.model, rows.species, strict=True)) == {
        (model, species) for model in ("GLM", "MaxEnt", "Envelope") for species in ("xy01", "xy02")
    }
    assert (rows.region == "XY").all()
    assert (rows.auc > 0.9).all()
    printed = capsys.readouterr().out
    assert "R maxnet" in printed
    assert "MaxEnt against R maxnet, 2 species" in printed


def test_the_ensemble_is_told_beside_its_members_and_a_peer(folder, monkeypatch, capsys):
    scores = folder / "scores.json"
    asked = ["GLM-lasso", "GAM", "Ensemble", "sklearn LogisticRegression"]
    run(monkeypatch, str(folder), "--models", *asked, "--species", "xy01", "--json", str(scores))
    rows = json.loads(scores.read_text())
    assert sorted(r["model"] for r in rows) == sorted(asked)
    for row in rows:
        assert list(row) == ["model", "region", "species", "auc", "auc_prg", "cor", "seconds"]
        assert (row["region"], row["species"]) == ("XY", "xy01")
        assert 0.5 < row["auc"] <= 1
        assert row["auc_prg"] <= 1
        assert 0 < row["cor"] <= 1
    seconds = {r["model"]: r["seconds"] for r in rows}
    assert seconds["Ensemble"] > seconds["GLM-lasso"] + seconds["GAM"]
    told = [line for line in capsys.readouterr().out.splitlines() if ": Ensemble " in line]
    assert [line.split(":")[0] for line in told] == ["auc", "auc_prg", "cor"]
    above, members = "above its best member in this table", ["GLM-lasso", "GAM"]
    for line in told:
        score = {r["model"]: r[line.split(":")[0]] for r in rows}
        named = [m for m in members if score[m] >= score["Ensemble"]]
        assert ("NOT above" if named else above) in line
        assert all(f"{m} {score[m]:.4f}" in line for m in named)


def test_members_above_the_ensemble_are_named_in_each_region():
    made = {"Ensemble": (0.8, 0.6), "BRT": (0.74, 0.65), "GAM": (0.75, 0.6), "NPPEN": (0.9, 0.9)}
    rows = pd.DataFrame(
        {"model": m, "region": region, "species": region, "auc": value, "auc_prg": 0.5, "cor": np.nan,
         "seconds": 1.0}
        for m, both in made.items() for region, value in zip(("NZ", "SWI"), both, strict=True)
    )  # fmt: skip
    told = runpy.run_path(str(BENCHMARK))["report"](rows, pd.DataFrame()).split("\n\n")[-1]
    assert told.splitlines() == [
        "auc: Ensemble 0.7000 is above its best member in this table: BRT 0.6950",
        "auc_prg: Ensemble 0.5000 is NOT above: GAM 0.5000, BRT 0.5000",
        "auc NZ: Ensemble 0.8000 is above its best member in this table: GAM 0.7500",
        "auc SWI: Ensemble 0.6000 is NOT above: BRT 0.6500, GAM 0.6000",
    ]


def test_a_run_goes_on_where_it_ended(folder, monkeypatch):
    scores = folder / "scores.json"
    run(monkeypatch, str(folder), "--models", "GLM", "--species", "xy01", "--json", str(scores))
    before = json.loads(scores.read_text())
    run(monkeypatch, str(folder), "--models", "GLM", "Envelope", "--json", str(scores), "--resume")
    rows = json.loads(scores.read_text())
    assert len(before) == 1
    assert rows[0] == before[0]
    assert len({(r["model"], r["species"]) for r in rows}) == len(rows) == 4


def test_a_region_that_is_not_there_is_named(folder, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, str(folder), "--regions", "ZZ")
    assert "there are: XY" in capsys.readouterr().err
