"""What `benchmarks/niche.py` compares does the same on each side."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import dask
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def module_of(name: str):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def work():
    return module_of("niche_work")


@pytest.fixture
def bench():
    return module_of("niche")


@pytest.mark.parametrize("job", ["nppen exact", "nppen ecdf"])
def test_plain_numpy_gives_the_probabilities_that_nppen_gives(work, job, tmp_path):
    work.write(job, tmp_path, 0.0)

    def load(name):
        return np.load(tmp_path / f"{name}.npy")

    seconds, targets, ours = work.ours(job, load)
    _, same_targets, plain = work.plain_numpy(job, load)
    assert targets == same_targets == 1000
    assert seconds > 0
    assert ours == pytest.approx(plain, abs=1e-9)


def test_a_projected_cube_lacks_what_its_predictors_lack(work, tmp_path, monkeypatch):
    monkeypatch.setattr(work.resource, "setrlimit", lambda *limits: None)
    work.write_cube(tmp_path, np.random.default_rng(1), 2)
    with dask.config.set(scheduler="threads", num_workers=1):
        _, cells, missing = work.project_cube(tmp_path)
        _, same_cells, land = work.read_cube(tmp_path)
    assert cells == same_cells == 2 * 720 * 1440
    assert missing == land > 0


def test_a_row_is_measured_side_by_side_and_kept(tmp_path):
    kept = tmp_path / "niche.json"
    command = [
        sys.executable,
        str(BENCHMARKS / "niche.py"),
        "--quick",
        "--only",
        "nppen ecdf",
        "--json",
        kept,
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours, plain = json.loads(kept.read_text())
    assert (ours["side"], plain["side"]) == ("ours", "numpy, definition")
    assert ours["check"] == pytest.approx(plain["check"], abs=1e-9)
    assert "NPPEN ECDF" in printed
    assert "OTHER VALUES" not in printed


@pytest.mark.parametrize("job", ["maxent fit", "maxent predict"])
def test_maxent_of_other_values_is_told_but_not_of_elapid(bench, monkeypatch, job):
    checks = {"ours": 0.2, "R, definition": 0.2015, "R, maxnet": 0.21, "elapid": 0.5}
    monkeypatch.setattr(bench, "run", lambda command: ("", 0.0))
    monkeypatch.setattr(
        bench, "measure", lambda side, *rest: {"seconds": 1.0, "work": 1, "check": checks[side], "peak_mb": 1}
    )
    row = next(r for r in bench.ROWS if r.job == job)
    told = {r["side"]: r["verdict"] for r in bench.results(row, list(row.peers), 1.0)}
    assert [side for side, verdict in told.items() if verdict == "other values"] == ["R, maxnet"]


@pytest.mark.parametrize("package", ["glmnet", "maxnet", "specieschrom", "nppen"])
def test_an_r_package_that_is_not_there_is_named(bench, monkeypatch, package):
    asked = []

    def no_such_package(command, **how):
        asked.append(command[-1])
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(bench.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(bench.subprocess, "run", no_such_package)
    side = next(side for side, (name, _) in bench.PACKAGES.items() if name == package)
    assert f"the R package {package} is not installed" in bench.missing(side)
    assert asked == [f"stopifnot(requireNamespace('{package}'))"]


def test_tables_reach_r_column_by_column(work, tmp_path):
    work.keep(tmp_path, table=np.array([[1, 2, 3], [4, 5, 6]]))
    assert (tmp_path / "table.shape").read_text() == "2 3"
    np.testing.assert_array_equal(np.fromfile(tmp_path / "table.f64"), [1, 4, 2, 5, 3, 6])
