"""Plain Intake opens the same files."""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

import data_servers as servers
import intake
import numpy as np
import pandas as pd
import pytest
import yaml

ROOT_FILE = Path(__file__).parents[2] / "catalogs" / "odatis.yaml"


@pytest.fixture(scope="module")
def plain():
    return intake.open_catalog(str(ROOT_FILE))


def of(plain, entry):
    source = plain
    for name in entry.id.split("/"):
        source = source[name]
    return source


def test_every_entry_of_this_machine_opens(plain, site):
    for entry in site["sample"]:
        source = of(plain, entry)
        read = source.read() if entry.is_table else source.to_dask()
        assert len(read) > 0


def test_every_entry_is_a_source_that_plain_intake_knows(plain, site):
    for entry in site:
        source = of(plain, entry)  # made, with its driver and its arguments; nothing is read
        assert callable(source.read), entry.id


@pytest.mark.parametrize("kind", ["netcdf", "zarr", "csv"])
def test_a_protocol_of_its_own_opens_from_a_server_as_the_catalogue_writes_it(
    kind, climatology, eggs, tmp_path
):
    import fsspec
    import yaml as y

    fs = fsspec.filesystem("memory")
    args = {"urlpath": f"memory://plain/{kind}"}
    if kind == "csv":
        fs.pipe("/plain/csv", Path(eggs.urlpath).read_bytes())
        wanted = 696
    else:
        ds = climatology.to_xarray(variables="sst").drop_attrs().drop_encoding().load()
        args |= {"chunks": {}}
        wanted = 12
        if kind == "netcdf":
            fs.pipe("/plain/netcdf", bytes(ds.to_netcdf(engine="h5netcdf")))
            args["xarray_kwargs"] = {"engine": "h5netcdf"}
        else:
            ds.to_zarr("memory://plain/zarr", zarr_format=2, consolidated=True)
            args["consolidated"] = True
    path = tmp_path / "c.yaml"
    path.write_text(y.safe_dump({"sources": {"a": {"driver": kind, "args": args}}}), "utf-8")
    data = intake.open_catalog(str(path))["a"]
    assert (len(data.read()) if kind == "csv" else data.to_dask().sizes["time"]) == wanted


@pytest.fixture(scope="module")
def served(site, tmp_path_factory, missing):
    """A grid of two formats and a table, in a folder that is also a bucket."""
    servers.require(missing, "rclone")
    folder = tmp_path_factory.mktemp("plain") / "ocean"
    folder.mkdir()
    ds = site["sample/ocean_climatology"].to_xarray(variables="sst").drop_attrs().drop_encoding().load()
    ds.to_netcdf(folder / "netcdf", engine="h5netcdf")
    ds.to_zarr(folder / "zarr", zarr_format=2, consolidated=True)
    (folder / "csv").write_bytes(Path(site["sample/mackerel_eggs_1992"].urlpath).read_bytes())
    return folder


@pytest.fixture(scope="module")
def addresses(served):
    """The folder's address over HTTP and over S3, with what each needs to be said."""
    keys = {"key": servers.KEY, "secret": servers.SECRET}
    bucket = ("s3", served.parent, "--auth-key", ",".join(keys.values()))
    with servers.rclone("http", served) as http, servers.rclone(*bucket) as s3:
        yield {"http": (http, {}), "s3": ("s3://ocean", {"endpoint_url": s3, **keys})}


@pytest.mark.parametrize("protocol", ["http", "s3"])
@pytest.mark.parametrize("kind", ["netcdf", "zarr", "csv"])
def test_a_driver_of_its_own_reads_from_a_real_server(protocol, kind, addresses, climatology, eggs, tmp_path):
    address, options = addresses[protocol]
    args = {"urlpath": f"{address}/{kind}", "storage_options": options}
    if kind == "netcdf":
        args |= {"chunks": {}, "xarray_kwargs": {"engine": "h5netcdf"}}
    if kind == "zarr":
        args |= {"chunks": {}, "consolidated": True}
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"sources": {"a": {"driver": kind, "args": args}}}), "utf-8")
    source = intake.open_catalog(str(path))["a"]
    if kind == "csv":
        pd.testing.assert_frame_equal(source.read(), eggs.to_pandas())
    else:
        assert np.array_equal(source.to_dask().sst, climatology.to_xarray().sst, equal_nan=True)


def test_values_are_the_same_through_both_doors(plain, climatology, eggs):
    assert plain["sample"]["ocean_climatology"].to_dask().sst.equals(climatology.to_xarray().sst)
    assert plain["sample"]["mackerel_eggs_1992"].read().equals(eggs.to_pandas())


def test_engines_are_explicit_and_no_entry_has_user_parameters():
    for path in ROOT_FILE.parent.glob("*.yaml"):
        for source in yaml.safe_load(path.read_text("utf-8"))["sources"].values():
            assert "parameters" not in source
            if source["driver"] == "netcdf":
                assert source["args"]["xarray_kwargs"]["engine"] in ("netcdf4", "h5netcdf")
            if source["driver"] == "opendap":  # among its own arguments: twice would be an error
                assert source["args"]["engine"] == "netcdf4"
                assert "engine" not in source["args"].get("xarray_kwargs", {})


def test_sample_entries_are_fully_described(site):
    for entry in site["sample"]:
        known = entry.metadata
        for text in (known.title, known.description, *(facts.title for facts in entry.variables.values())):
            assert text.en, entry.id
            assert text.fr, entry.id
        assert known.bbox, entry.id
        assert known.time, entry.id
        assert known.licence, entry.id
        assert known.citation, entry.id
        assert known.sha256, entry.id
        assert known.domain, entry.id
        assert known.odatis_variables, entry.id


def test_the_installed_library_tells_intake_of_the_catalogue_as_its_project_file_does():
    (point,) = distribution("odatis-vre").entry_points.select(group="intake.catalogs")
    project = tomllib.loads((ROOT_FILE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["intake.catalogs"] == {point.name: point.value}
    assert point.name == "odatis"
    assert "mackerel_eggs_1992" in intake.cat.odatis["sample"]


def test_the_site_catalogue_is_one_of_intakes_own(tmp_path, monkeypatch):
    info = tmp_path / "site_of_test-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: site-of-test\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[intake.catalogs]\nodatis_of_test = odatis_vre.catalog.plain:catalog\n", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from intake.catalog.local import EntrypointsCatalog

    found = EntrypointsCatalog()["odatis_of_test"]
    assert len(found["sample"]["mackerel_eggs_1992"].read()) == 696
    assert {"sample", "physics", "other_poles"} <= set(found)


def test_it_is_the_catalogue_that_the_environment_names(write_catalog, monkeypatch):
    from odatis_vre.catalog import plain as module

    monkeypatch.setenv(
        "ODATIS_CATALOG", str(write_catalog("sources: {a: {driver: csv, args: {urlpath: a.csv}}}"))
    )
    assert list(module.catalog) == ["a"]
