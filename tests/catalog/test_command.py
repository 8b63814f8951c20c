"""`odatis catalog`."""

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import typer
import xarray as xr
from typer.testing import CliRunner

from odatis_vre.cli.catalog import register
from odatis_vre.errors import DataNotFound

# Shaped as an answer of Seanoe's find-by-id; the dataset is invented.
RECORD = {
    "publicationDoi": "10.17882/99999",
    "title": {"en": "An invented dataset", "fr": "Un jeu inventé"},
    "geoExtendList": [{"west": -5, "south": 47, "east": -4, "north": 48}],
    "temporalExtend": {"begin": "2001-01-01", "end": "2002-01-01"},
    "files": [
        {
            "fileName": "a.csv",
            "fileUrl": "https://www.seanoe.org/data/00999/99999/data/1.csv",
            "size": 10,
            "checksum": "0" * 64,
            "openAccess": True,
            "label": {"en": "values"},
        }
    ],
}


@pytest.fixture
def run():
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)

    def call(*words: str):
        return CliRunner().invoke(app, ["catalog", *words], env={"COLUMNS": "200"})

    return call


def test_list_names_every_dataset(run, site):
    result = run("list")
    assert result.exit_code == 0
    assert all(name in result.output for name in site.names)


def test_search_in_json_is_the_python_search(run):
    result = run(
        "search",
        "salinité",
        "--bbox",
        "-12",
        "43",
        "2",
        "60",
        "--time",
        "1990",
        "2000",
        "--domain",
        "physique",
        "--json",
    )
    assert "sample/ocean_climatology" in [hit["id"] for hit in json.loads(result.output)]


def test_show_prints_the_card(run):
    result = run("show", "sample/mackerel_eggs_1992")
    assert "696 stations" in result.output
    assert json.loads(run("show", "sample/mackerel_eggs_1992", "--json").output)["bbox"] == [
        -14.78,
        44.02,
        -1.28,
        57.75,
    ]


def test_cite_prints_a_style(run):
    assert run("cite", "sample/ocean_climatology", "--style", "bibtex").output.startswith(
        "@misc{ocean_climatology"
    )


def test_a_wrong_name_is_an_error_with_a_way_out(run):
    result = run("show", "sample/ocean_climatolgy")
    assert result.exit_code == 1
    assert isinstance(result.exception, DataNotFound)
    assert "sample/ocean_climatology" in result.exception.hint


def test_wrong_usage_exits_with_2(run):
    assert run("search", "--bbox", "1", "2").exit_code == 2


def test_search_has_the_options_of_the_python_search(run):
    result = run(
        "search", "--platform", "glider", "--protocol", "erddap", "--data-centre", "coriolis", "--json"
    )
    assert [hit["id"] for hit in json.loads(result.output)] == ["physics/ocean_gliders"]


def test_a_search_says_how_it_was_understood(run):
    assert "Bay of Biscay" in run("search", "chlorophylle, golfe de Gascogne, 2010-2020").output


def test_open_says_what_a_selection_holds(run):
    result = run(
        "open", "sample/ocean_climatology", "--variables", "sst", "--bbox", "-12", "43", "2", "60", "--json"
    )
    held = json.loads(result.output)
    assert held["sizes"] == {"time": 12, "lat": 17, "lon": 14}
    assert held["variables"]["sst"]["units"] == "degree_Celsius"


def test_open_estimates_before_it_reads(run):
    result = run("open", "sample/ocean_climatology", "--variables", "sst", "--estimate", "--json")
    assert json.loads(result.output)["entry"] == "sample/ocean_climatology"


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_open_writes_a_selection_that_is_the_same_values(run, climatology, tmp_path, suffix):
    path = tmp_path / f"sst{suffix}"
    words = ["open", "sample/ocean_climatology", "--variables", "sst", "--output", str(path)]
    assert run(*words, "--dry-run").exit_code == 0
    assert not path.exists()
    assert run(*words).exit_code == 0
    with xr.open_dataset(path, engine="zarr" if suffix == ".zarr" else "netcdf4") as written:
        np.testing.assert_allclose(written.sst, climatology.to_xarray(variables="sst").sst, atol=1e-6)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_open_writes_a_table_and_overwrites_nothing(run, tmp_path):
    path = tmp_path / "eggs.csv"
    assert run("open", "sample/mackerel_eggs_1992", "--output", str(path)).exit_code == 0
    assert len(path.read_text("utf-8").splitlines()) == 697
    again = run("open", "sample/mackerel_eggs_1992", "--output", str(path))
    assert again.exit_code == 1
    assert "is there already" in again.exception.message


def test_open_refuses_a_name_that_says_no_format(run, tmp_path):
    result = run("open", "sample/mackerel_eggs_1992", "--output", str(tmp_path / "eggs.nc"))
    assert result.exit_code == 1
    assert ".csv" in result.exception.hint


def test_check_keeps_what_it_found_and_show_tells_it(run, tmp_path, monkeypatch):
    status = tmp_path / "status.json"
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(status))
    assert run("check", "sample", "--dry-run").exit_code == 0
    assert not status.exists()
    result = run("check", "sample", "--json")
    assert result.exit_code == 0
    assert [found["state"] for found in json.loads(result.output)] == ["as_said", "as_said"]
    shown = json.loads(run("show", "sample/mackerel_eggs_1992", "--json").output)
    assert shown["check"]["state"] == "as_said"


def test_check_exits_with_1_where_a_dataset_does_not_open(run, write_catalog, tmp_path):
    path = write_catalog("sources: {a: {driver: csv, args: {urlpath: '{{ CATALOG_DIR }}/gone.csv'}}}")
    result = run("check", "--path", str(path))
    assert result.exit_code == 1
    assert "does not open" in result.output
    assert (tmp_path / "catalog.status.json").exists()


def test_check_opens_what_is_elsewhere_with_remote_only(run, write_catalog, tmp_path):
    (tmp_path / "a.csv").write_text("lat,lon\n47,-4\n", "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    args = f"args: {{urlpath: 'http://127.0.0.1:{server.server_port}/a.csv'}}"
    pattern = "args: {urlpath: 'https://h/{file}.csv'}, metadata: {address: pattern}"
    path = write_catalog(f"sources: {{a: {{driver: csv, {args}}}, b: {{driver: csv, {pattern}}}}}")
    words = ["check", "--path", str(path), "--dry-run", "--json"]
    try:
        results = [run(*words), run(*words, "--remote")]
    finally:
        server.shutdown()
        server.server_close()
    assert [result.exit_code for result in results] == [0, 0]
    here, remote = ([found["state"] for found in json.loads(result.stdout)] for result in results)
    assert (here, remote) == (["left_out", "left_out"], ["as_said", "left_out"])


def test_cite_names_several_or_what_a_script_opened(run, eggs, tmp_path, monkeypatch):
    kept = tmp_path / "opened.jsonl"
    monkeypatch.setenv("ODATIS_OPENED", str(kept))
    eggs.to_pandas()
    both = run("cite", "sample", "--style", "bibtex").output
    of_script = run("cite", "--opened", str(kept), "--style", "bibtex").output
    assert both.count("@") == 6
    assert of_script.count("@") == 2
    assert run("cite").exit_code == run("cite", "sample", "--opened", str(kept)).exit_code == 2


def test_harvest_writes_a_file_to_review_unless_told_not_to(run, tmp_path):
    class Seanoe(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(RECORD).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Seanoe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    output = tmp_path / "seanoe.yaml"
    url = f"http://127.0.0.1:{server.server_port}/api"
    words = [
        "harvest",
        url,
        str(output),
        "--kind",
        "seanoe",
        "--conditions",
        "id=10.17882/99999",
        "--pause",
        "0",
        "--json",
    ]
    try:
        dry = run(*words, "--dry-run")
        assert dry.exit_code == 0, dry.exception
        assert not output.exists()
        report = json.loads(run(*words).output)
    finally:
        server.shutdown()
        server.server_close()
    assert report["records"] == 1
    assert len(report["changes"]["added"]) == 1
    assert output.exists()


def test_a_condition_is_a_name_and_a_value(run, tmp_path):
    assert run("harvest", "https://h/api", str(tmp_path / "a.yaml"), "--conditions", "odd").exit_code == 2


def test_what_a_catalogue_says_is_no_markup_of_the_terminal(run, write_catalog):
    path = write_catalog(
        "sources: {a: {driver: csv, args: {urlpath: a.csv}, metadata: {title: 'x [link=file:///y]z[/link]'}}}"
    )
    assert "[link=file:///y]" in run("list", "--path", str(path)).output


def test_open_takes_every_choice_of_the_python_call(run):
    words = ["open", "sample/ocean_climatology", "--variables", "temperature", "--json"]
    held = json.loads(run(*words, "--depth", "0,50").output)
    assert held["sizes"]["depth"] == 5
    assert "depth" not in json.loads(run(*words, "--depth", "180").output)["sizes"]
    kelvin = json.loads(run(*words, "--depth", "0", "--units", "temperature=K").output)
    assert kelvin["variables"]["temperature"]["units"] == "K"
    raw = json.loads(run(*words, "--raw").output)
    assert "odatis_changes" not in raw["attrs"]
    assert run(*words, "--depth", "deep").exit_code == run(*words, "--units", "K").exit_code == 2


@pytest.mark.parametrize("option", [("--depth", "10"), ("--units", "lat=K")])
def test_open_refuses_for_a_table_what_only_a_grid_has(run, option):
    result = run("open", "sample/mackerel_eggs_1992", *option)
    assert result.exit_code == 2
    assert option[0] in result.output


def test_open_estimates_a_table_too(run, eggs):
    told = json.loads(run("open", "sample/mackerel_eggs_1992", "--estimate", "--json").output)
    assert told["whole"] is True
    assert told["bytes_to_read"] == Path(eggs.urlpath).stat().st_size


def test_cite_in_json_is_csl(run):
    items = json.loads(run("cite", "sample/ocean_climatology", "--json").output)
    assert items[0]["id"] == "ocean_climatology"
    assert items[0]["accessed"]["date-parts"]
    assert run("cite", "sample", "--json", "--style", "ris").exit_code == 2
