"""Checks: every entry opened, compared with what its catalogue says, and told on its card."""

import json
import threading
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import xarray as xr

from odatis_vre.catalog import open_catalog, opened
from odatis_vre.catalog.check import check_catalog, check_entry, status_of, status_path
from odatis_vre.catalog.check.status import keep
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language

ENTRY = """
sources:
  warm_pool:
    driver: netcdf
    args: {{urlpath: "{{{{ CATALOG_DIR }}}}/warm_pool.nc", chunks: {{}}, xarray_kwargs: {{engine: netcdf4}}}}
    metadata:
      variables: {{sst: {{standard_name: {name}, units: {units}}}{more}}}
      bbox: {bbox}
      time: {time}
"""
AS_SAID = {
    "name": "sea_surface_temperature",
    "units": "degC",
    "more": "",
    "bbox": [140, -10, 180, 10],
    "time": ["2020-01-01", "2020-12-31"],
}


@pytest.fixture(autouse=True)
def _status_beside(monkeypatch):
    monkeypatch.delenv("ODATIS_CATALOG_STATUS", raising=False)


@pytest.fixture
def warm_pool(tmp_path, write_catalog):
    """A small ocean, and a catalogue that says of it what it is asked to."""
    lat, lon = np.arange(-9.5, 10), np.arange(140.5, 180)
    time = np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[ns]")
    sst = (("time", "lat", "lon"), np.full((12, lat.size, lon.size), 29.0))
    ds = xr.Dataset({"sst": sst}, {"time": time, "lat": lat, "lon": lon})
    ds.sst.attrs = {"standard_name": "sea_surface_temperature", "units": "DEG C"}
    ds.lat.attrs, ds.lon.attrs = {"units": "degrees_north"}, {"units": "degrees_east"}
    ds.to_netcdf(tmp_path / "warm_pool.nc")

    def said(**facts):
        return open_catalog(write_catalog(ENTRY.format(**{**AS_SAID, **facts})))["warm_pool"]

    return said


def test_the_sample_data_are_as_their_catalogue_says(site):
    assert [found.state for _, found in check_catalog(site["sample"])] == ["as_said", "as_said"]


def test_what_the_clean_up_puts_right_is_no_difference(warm_pool):
    found = check_entry(warm_pool())
    assert found.state == "as_said"
    assert any("degree_Celsius" in change for change in found.changes)
    assert found.size >= 12 * 20 * 40 * 8


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        ({"units": "K"}, "units", "sst is in degree_Celsius, not in K."),
        (
            {"name": "sea_water_salinity"},
            "standard_name",
            "sst is sea_surface_temperature, not sea_water_salinity.",
        ),
        ({"more": ", salt: {units: '1'}"}, "no_variable", "The variable salt is not there."),
        ({"bbox": [100, -10, 180, 10]}, "extent", "It covers 140.5°E"),
        ({"bbox": [140, -10, 180, 40]}, "extent", "It covers 140.5°E"),
        ({"time": ["1990-01-01", "2020-12-31"]}, "period", "It runs over 2020-01-01 – 2020-12-01"),
        ({"time": ["2020-01-01", "2024-12-31"]}, "period", "not 2020-01-01 – 2024-12-31"),
    ],
)
def test_each_difference_is_found_and_said(warm_pool, facts, code, words):
    found = check_entry(warm_pool(**facts))
    assert found.state == "differs"
    assert [part.code for part in found.differences] == [code]
    assert words in str(found)


def test_an_open_period_is_not_too_long(warm_pool):
    assert check_entry(warm_pool(time="[2020-01-01, null]")).state == "as_said"


def test_a_box_across_the_date_line_is_compared_the_short_way(tmp_path, write_catalog):
    lon = np.arange(170.5, 190)
    ds = xr.Dataset({"sst": (("lat", "lon"), np.ones((4, lon.size)))}, {"lat": np.arange(0.5, 4), "lon": lon})
    ds.lat.attrs, ds.lon.attrs = {"units": "degrees_north"}, {"units": "degrees_east"}
    ds.to_netcdf(tmp_path / "a.nc")
    text = (
        "sources: {{a: {{driver: netcdf, args: {{urlpath: '{{{{ CATALOG_DIR }}}}/a.nc', chunks: {{}},"
        " xarray_kwargs: {{engine: netcdf4}}}}, metadata: {{bbox: {box}}}}}}}"
    )
    assert (
        check_entry(open_catalog(write_catalog(text.format(box=[170, 0, -170, 4])))["a"]).state == "as_said"
    )
    assert (
        check_entry(open_catalog(write_catalog(text.format(box=[150, 0, -170, 4])))["a"]).state == "differs"
    )


def test_a_file_that_is_gone_or_broken_does_not_open_and_stops_no_other(warm_pool, tmp_path):
    entry = warm_pool()
    (tmp_path / "warm_pool.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\x00" * 40)
    broken = check_entry(entry)
    (tmp_path / "warm_pool.nc").unlink()
    gone, sample = check_catalog([entry, open_catalog()["sample/mackerel_eggs_1992"]])
    assert (broken.state, gone[1].state, sample[1].state) == ("unopened", "unopened", "as_said")
    assert "does not open" in str(gone[1])


def test_what_is_elsewhere_is_left_out_unless_asked_for(site):
    found = check_entry(site["physics/glorys12"])
    assert found.state == "left_out"
    assert "--remote" in str(found)


@pytest.mark.parametrize("name", ["physics/odyssea_sst", "physics/cora"])
def test_an_address_that_is_no_files_is_not_tried(site, name):
    assert check_entry(site[name], remote=True).state == "left_out"


def test_every_way_is_tried_and_the_one_that_fails_is_named(warm_pool, write_catalog, tmp_path):
    warm_pool()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    ways = "".join(
        f"{{driver: netcdf, args: {{urlpath: {url}, xarray_kwargs: {{engine: h5netcdf}}}}}}, "
        for url in (f"{here}/gone.nc", f"{here}/warm_pool.nc")
    )
    known = f"args: {{urlpath: {here}/gone.nc}}, metadata: {{access: [{ways}]}}"
    path = write_catalog(f"sources: {{a: {{driver: netcdf, {known}}}}}", "b.yaml")
    try:
        found = check_entry(open_catalog(path)["a"], remote=True)
    finally:
        server.shutdown()
        server.server_close()
    assert [part.code for part in found.differences] == ["way"]
    assert "gone.nc" in str(found)
    assert found.state == "differs"


def test_a_check_is_no_opening_of_a_script(warm_pool):
    entry = warm_pool()
    check_entry(entry)
    assert entry.urlpath not in [record["urlpath"] for record in opened()]


def test_what_was_found_is_kept_beside_the_catalogue_and_told_on_the_card(warm_pool, tmp_path):
    entry = warm_pool(units="K")
    path = status_path(str(tmp_path / "catalog.yaml"))
    keep(path, check_catalog([entry]))
    assert path == tmp_path / "catalog.status.json"
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "catalog.status.json", "catalog.yaml", "warm_pool.nc",
    ]  # fmt: skip
    for lang, words in (("en", "it opens, but differs."), ("fr", "il s'ouvre, mais diffère.")):
        with use_language(lang):
            assert words in repr(entry)
            assert words in entry._repr_html_().replace("&#x27;", "'")
    assert "in memory" in repr(entry)


CHANGES = {
    "en": ("What the clean-up changes", "sst: unit &quot;DEG C&quot; written degree_Celsius"),
    "fr": ("Ce que le nettoyage change", "sst : unité « DEG C » écrite degree_Celsius"),
}


@pytest.mark.parametrize("lang", CHANGES)
@pytest.mark.parametrize("opened_by", ["check", "session"])
def test_every_change_of_the_clean_up_is_listed_on_the_card(warm_pool, tmp_path, lang, opened_by):
    title, sentence = CHANGES[lang]
    entry = warm_pool()
    assert title not in entry._repr_html_()
    with use_language(lang):
        if opened_by == "check":
            keep(tmp_path / "catalog.status.json", check_catalog([entry]))
        changes = entry.to_xarray().attrs["odatis_changes"].splitlines()
        card = entry._repr_html_()
    assert len(changes) > 1
    assert f"<summary>{title} ({len(changes)})</summary>" in card
    listed = "".join(f'<li lang="{lang}">{escape(change)}</li>' for change in changes)
    assert f"<ul>{listed}</ul>" in card
    assert sentence in listed


def test_a_card_lists_no_change_of_what_was_opened_as_it_is(warm_pool):
    entry = warm_pool()
    entry.to_xarray(clean=False)
    assert "What the clean-up changes" not in entry._repr_html_()
    # nor what was asked for
    entry.to_xarray(units={"sst": "K"})
    assert "What the clean-up changes" not in entry._repr_html_()


def test_a_status_of_another_day_gives_way_to_what_has_changed_since(warm_pool, tmp_path):
    keep(tmp_path / "catalog.status.json", check_catalog([warm_pool(units="K")]))
    assert "before its entry was changed" in repr(warm_pool())


def test_it_is_the_same_status_whichever_root_leads_to_the_entry(warm_pool, write_catalog, tmp_path):
    keep(tmp_path / "catalog.status.json", check_catalog([warm_pool()]))
    nested = "sources: {part: {driver: yaml_file_cat, args: {path: '{{ CATALOG_DIR }}/catalog.yaml'}}}"
    found = status_of(open_catalog(write_catalog(nested, "root.yaml"))["part/warm_pool"])
    assert (found.state, found.stale) == ("as_said", False)


def test_what_is_left_out_keeps_what_was_known_of_it(warm_pool, tmp_path):
    entry = warm_pool()
    path = tmp_path / "catalog.status.json"
    keep(path, check_catalog([entry]))
    keep(path, [(entry, check_entry(entry)._replace(state="left_out"))])
    assert status_of(entry).state == "as_said"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"entries": {"catalog.yaml#warm_pool": {"state": 3}}}', "\x00{"]
)
def test_a_damaged_status_is_none(warm_pool, tmp_path, content):
    (tmp_path / "catalog.status.json").write_text(content, "utf-8")
    assert status_of(warm_pool()) is None


def test_a_status_says_nothing_that_a_card_would_run(warm_pool, tmp_path):
    entry = warm_pool(units="K")
    path = tmp_path / "catalog.status.json"
    keep(path, check_catalog([entry]))
    known = json.loads(path.read_text("utf-8"))
    facts = known["entries"]["catalog.yaml#warm_pool"]
    facts["changes"] = ["<script>alert(1)</script>"]
    facts["changes_language"] = '"><script>'
    facts["differences"][0]["values"]["found"] = "<img src=x>"
    path.write_text(json.dumps(known), "utf-8")
    card = entry._repr_html_()
    assert "<script" not in card
    assert "<img" not in card


def test_the_environment_says_where_the_status_is(warm_pool, tmp_path, monkeypatch):
    elsewhere = tmp_path / "shared" / "status.json"
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(elsewhere))
    entry = warm_pool()
    keep(status_path("https://data.org/odatis.yaml"), check_catalog([entry]))
    assert status_of(entry).state == "as_said"


def test_a_catalogue_at_an_address_has_no_place_beside_it():
    with pytest.raises(CatalogError, match=r"https://data\.org") as caught:
        status_path("https://data.org/odatis.yaml")
    assert "--status" in caught.value.hint


def test_a_status_may_be_packed(warm_pool, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(tmp_path / "status.json.gz"))
    entry = warm_pool()
    keep(tmp_path / "status.json.gz", check_catalog([entry]))
    assert (tmp_path / "status.json.gz").read_bytes()[:2] == b"\x1f\x8b"
    assert status_of(entry).state == "as_said"
    (tmp_path / "status.json.gz").write_bytes((tmp_path / "status.json.gz").read_bytes()[:40])
    assert status_of(warm_pool()) is None


def test_ones_own_check_counts_beside_that_of_the_site(warm_pool, tmp_path, monkeypatch):
    """Of a user's own catalogue the site's status knows nothing; of the site's it tells more."""
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(tmp_path / "site" / "status.json"))
    entry = warm_pool()
    keep(tmp_path / "catalog.status.json", check_catalog([entry]))
    assert status_of(entry).state == "as_said"
    later = check_entry(entry)._replace(state="unopened", checked_at="2999-01-01T00:00:00+00:00")
    keep(tmp_path / "site" / "status.json", [(entry, later)])
    assert status_of(entry).state == "unopened"


def test_a_status_of_another_catalogue_with_the_same_names_gives_way(warm_pool, tmp_path, monkeypatch):
    monkeypatch.setenv("ODATIS_CATALOG_STATUS", str(tmp_path / "site" / "status.json"))
    other = warm_pool(units="K")
    keep(tmp_path / "site" / "status.json", check_catalog([other]))
    entry = warm_pool()
    assert status_of(entry).stale
    keep(tmp_path / "catalog.status.json", check_catalog([entry]))
    assert (status_of(entry).state, status_of(entry).stale) == ("as_said", False)


def test_the_status_beside_the_sites_root_counts_for_files_in_its_folders(warm_pool, tmp_path, monkeypatch):
    entry = warm_pool()
    (tmp_path / "root").mkdir()
    (root := tmp_path / "root" / "odatis.yaml").write_text("sources: {}", "utf-8")
    monkeypatch.setenv("ODATIS_CATALOG", str(root))
    keep(status_path(str(root)), check_catalog([entry]))
    assert status_of(entry).state == "as_said"


def test_a_place_that_cannot_be_written_is_named(warm_pool, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(CatalogError, match=r"cannot be kept in .*status\.json") as caught:
        keep(tmp_path / "file" / "status.json", check_catalog([warm_pool()]))
    assert "--status" in caught.value.hint
