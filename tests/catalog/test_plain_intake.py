"""Plain Intake opens the same files."""

from pathlib import Path

import intake
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
