"""A Zarr store of a home as a catalogue entry: the file beside it, and which stores are the user's."""

import os

import intake
import numpy as np
import pytest
import xarray as xr

import odatis_vre as ov
from odatis_vre.catalog.own import catalog_beside, own_store, own_stores
from odatis_vre.errors import CatalogError, DataNotFound
from odatis_vre.i18n import use_language


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def suitability(home):
    """A map as `ov.niche.project` and a notebook leave it."""
    store = home / "niche_output" / "suitability.zarr"
    attrs = {"long_name": "environmental suitability", "units": "1"}
    field = xr.DataArray(
        np.array([[0.0, 0.5], [1.0, np.nan]], "float32"),
        coords={"lat": [45.5, 46.5], "lon": [-5.5, -4.5]},
        dims=("lat", "lon"),
        name="suitability",
        attrs=attrs,
    )
    field.to_dataset().to_zarr(store, consolidated=False)
    return store


def test_the_entry_has_the_values_of_the_store(suitability):
    path = catalog_beside(suitability)
    assert path == suitability.with_suffix(".yaml")
    entry = ov.open_catalog(path)["suitability"]
    xr.testing.assert_equal(entry.to_xarray().load(), xr.open_zarr(suitability, consolidated=False).load())


def test_plain_intake_reads_it_too(suitability):
    entry = intake.open_catalog(str(catalog_beside(suitability)))["suitability"]
    assert float(entry.to_dask()["suitability"].max()) == 1.0


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Environmental suitability"), ("fr", "Aptitude du milieu")]
)
def test_the_entry_speaks_both_languages(suitability, lang, title):
    entry = ov.open_catalog(catalog_beside(suitability))["suitability"]
    with use_language(lang):
        assert entry.title == f"{title} (niche_output)"
        assert str(entry.variables["suitability"].title) == title[0].lower() + title[1:]


def test_what_the_store_says_of_another_variable_is_kept(home):
    store = home / "warm.zarr"
    attrs = {
        "long_name": "sea: surface 'temperature'",
        "units": "degC",
        "standard_name": "sea_surface_temperature",
    }
    xr.Dataset({"sst": ("lat", [12.0], attrs)}).to_zarr(store)
    variable = ov.open_catalog(catalog_beside(store))["warm"].variables["sst"]
    assert str(variable.title) == attrs["long_name"]
    assert (variable.units, variable.standard_name) == ("degC", "sea_surface_temperature")


def test_a_correction_stays(suitability):
    path = catalog_beside(suitability)
    corrected = path.read_text("utf-8").replace("Environmental suitability", "Suitability of mackerel")
    path.write_text(corrected, "utf-8")
    assert catalog_beside(suitability).read_text("utf-8") == corrected


def test_what_is_no_store_is_told_and_leaves_no_file(home):
    (home / "empty.zarr").mkdir()
    with pytest.raises(CatalogError, match=r"empty\.zarr"):
        catalog_beside(home / "empty.zarr")
    with pytest.raises(DataNotFound):
        catalog_beside(home / "nothing.zarr")
    assert not list(home.glob("*.yaml"))


def test_a_users_store_is_named_below_the_home_or_whole(suitability):
    assert own_store("niche_output/suitability.zarr") == suitability
    assert own_store(suitability) == suitability


@pytest.mark.parametrize(
    "path", ["", "/", "..", "niche_output", "../outside.zarr", "linked.zarr", "a\0b.zarr"]
)
def test_what_is_not_in_the_home_is_no_store_of_the_user(home, suitability, tmp_path, path):
    (tmp_path / "outside.zarr").mkdir()
    (home / "linked.zarr").symlink_to(tmp_path / "outside.zarr")
    with pytest.raises(DataNotFound):
        own_store(path)


def test_stores_are_found_four_folders_deep_the_newest_first(home, suitability):
    run = home / "runs" / "niche-1" / "outputs" / "niche_output" / "suitability.zarr"
    deeper = home / "a" / "b" / "c" / "d" / "e" / "deep.zarr"
    for store in (suitability / "inner.zarr", deeper, home / ".cache" / "hidden.zarr", run):
        store.mkdir(parents=True)
    (home / "linked.zarr").symlink_to(run)
    os.utime(suitability, (0, 0))
    assert own_stores(home) == [run, suitability]
