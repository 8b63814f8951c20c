"""What `benchmarks/matchup.py` measures are right values."""

import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "matchup.py"


def ratios(**seconds: float) -> dict[str, float]:
    names = {"ours": "ours", "no_dask": "ours, no dask", "dask": "xarray+dask", "fast": "fast-vindex"}
    names["loaded"] = "xarray, loaded first"
    methods = {
        name: {"seconds": seconds[key]} if key in seconds else {"failed": "-"} for key, name in names.items()
    }
    return runpy.run_path(str(BENCHMARK))["ratios"]({"methods": methods})


@pytest.fixture(scope="module")
def row(tmp_path_factory) -> dict:
    """A small run of it, as a reader starts it."""
    file = tmp_path_factory.mktemp("bench") / "rows.json"
    words = ["--quick", "--stores", "local", "--layouts", "cube", "--tasks", "windows:200", "--json"]
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), *words, str(file)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    assert "1 rows" in done.stdout
    (found,) = json.loads(file.read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    "method", ["ours", "ours, no dask", "xarray+dask", "fast-vindex", "xarray, loaded first"]
)
def test_each_method_gives_the_values_of_the_cube_or_tells_that_it_is_not_installed(row, method):
    if method == "fast-vindex" and importlib.util.find_spec("fast_vindex") is None:
        assert row["methods"][method] == {"failed": "not installed"}
        return
    assert "failed" not in row["methods"][method]  # other values are a failure
    assert row["methods"][method]["seconds"] > 0


def test_the_default_mode_is_compared_with_the_best_peer_on_its_own():
    found = ratios(ours=4, no_dask=1, dask=12, fast=6, loaded=2)
    assert found == {
        "vs xarray+dask": 3,
        "vs fast-vindex": 1.5,
        "vs best peer": 0.5,
        "better of ours vs best peer": 2,
    }


def test_a_row_that_only_the_default_mode_loses_is_told(capsys):
    tell_lost = runpy.run_path(str(BENCHMARK))["tell_lost"]
    result = {"seconds": 1.0, "peak_mb": 1.0}
    methods = {"ours": {**result, "seconds": 2.0}, "ours, no dask": result, "xarray+dask": result}
    methods |= {"fast-vindex": {"failed": "not installed"}, "xarray, loaded first": result}
    rows = [{"store": "local", "layout": "cube", "task": "points", "n": 9, "methods": methods}]
    tell_lost(rows, "vs best peer", "default")
    tell_lost(rows, "better of ours vs best peer", "better")
    printed = capsys.readouterr().out
    assert "default: slower than the best peer by more than 10 %: 1" in printed
    assert "better: slower than the best peer by more than 10 %: 0" in printed
    assert printed.count("local cube") == 1


def test_values_that_are_not_those_of_the_cube_are_a_failure():
    bench = runpy.run_path(str(BENCHMARK))
    shape = {"time": 8, "lat": 24, "lon": 36}
    cube = bench["field"](shape)
    table, cells = bench["observations"](shape, "points", 20)
    assert len(table) == 20
    right = bench["expected"](cube, "points", cells)
    assert right == bench["digest"](cube[tuple(cells)])
    assert right != bench["digest"](cube[tuple(cells)][::-1])
