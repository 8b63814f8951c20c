"""A catalogue from elsewhere: what it may ask for, and that it runs nothing."""

import pytest

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError

RUNS = "driver: subprocess.Popen, args: {args: [touch, '{{ CATALOG_DIR }}/ran']}"
REFUSED = {
    RUNS: ("driver", "subprocess.Popen"),
    "driver: pandas.read_pickle, args: {filepath_or_buffer: a.pkl}": ("driver", "pandas.read_pickle"),
    "driver: numpy, args: {path: a.npy, allow_pickle: true}": ("driver", "numpy"),
    "driver: netcdf, args: {urlpath: a.nc, engine: cfgrib}": ("args.engine", "cfgrib"),
    "driver: netcdf, args: {urlpath: a.nc, xarray_kwargs: {engine: os}}": ("args.xarray_kwargs.engine", "os"),
    "driver: netcdf, args: {urlpath: a.nc, xarray_kwargs: {preprocess: f}}": (
        "args.xarray_kwargs.preprocess",
        "preprocess",
    ),
    "driver: netcdf, args: {urlpath: a.nc, xarray_kwargs: text}": ("args.xarray_kwargs.text", "text"),
    "driver: zarr, args: {urlpath: a.zarr, backend_kwargs: {}}": ("args.backend_kwargs", "backend_kwargs"),
    "driver: opendap, args: {urlpath: 'https://h/a', auth: esgf}": ("args.auth", "auth"),
    "driver: csv, args: {urlpath: a.csv, converters: {a: f}}": ("args.converters", "converters"),
    "driver: csv, args: {urlpath: 'filecache::https://h/a.csv'}": ("args.urlpath", "filecache"),
    "driver: netcdf, args: {urlpath: [a.nc, 'simplecache::https://h/a.nc']}": ("args.urlpath", "simplecache"),
    "driver: zarr, args: {urlpath: 'reference://', storage_options: {}}": ("args.urlpath", "reference"),
    "driver: csv, args: {urlpath: a.csv, storage_options: {protocol: filecache}}": (
        "args.storage_options.protocol",
        "protocol",
    ),
    "driver: csv, args: {urlpath: 'zip://a::https://h/b', storage_options: {https: {get_client: f}}}": (
        "args.storage_options.https.get_client",
        "get_client",
    ),
    "driver: yaml_file_cat, args: {path: 'filecache::https://h/c.yaml'}": ("args.path", "filecache"),
    "driver: csv, args: {}": ("args.urlpath", "missing"),
    "driver: netcdf, args: {urlpath: []}": ("args.urlpath", "missing"),
    "driver: csv, args: {urlpath: '{{ shell(\"id\") }}'}": ("args.urlpath", "CATALOG_DIR"),
    "driver: csv, args: {urlpath: '{{ CATALOG_DIR.__class__ }}'}": ("args.urlpath", "CATALOG_DIR"),
    "driver: csv, args: {urlpath: '{% for a in b %}'}": ("args.urlpath", "CATALOG_DIR"),
}
SHA256 = f"metadata: {{sha256: '{'0' * 64}'}}"


@pytest.mark.parametrize(("entry", "why"), REFUSED.items())
def test_what_could_run_a_program_is_refused_when_the_file_is_read(write_catalog, entry, why):
    with pytest.raises(CatalogError, match=r"catalog\.yaml") as caught:
        open_catalog(write_catalog(f"sources: {{it: {{{entry}}}}}"))
    field, named = why
    assert f"sources.it.{field}:" in caught.value.message
    assert named in caught.value.message


def test_a_refused_driver_is_told_with_those_allowed_and_nothing_has_run(write_catalog, tmp_path):
    allowed = "csv, icechunk, kerchunk, netcdf, opendap, tabledap, wfs, yaml_file_cat, zarr"
    with pytest.raises(CatalogError, match=allowed):
        open_catalog(write_catalog(f"sources: {{it: {{{RUNS}}}}}"))
    assert not (tmp_path / "ran").exists()


def test_plugins_and_parameters_of_intake_are_not_read(write_catalog, tmp_path):
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (tmp_path / "a.csv").write_text("a\n1\n")
    cat = open_catalog(
        write_catalog(
            "plugins: {source: [{module: evil, dir: '{{ CATALOG_DIR }}'}]}\n"
            "sources: {it: {driver: csv, args: {urlpath: '{{ CATALOG_DIR }}/a.csv'},"
            " parameters: {p: {type: str, default: '{{ shell(\"touch ran\") }}'}}}}"
        )
    )
    assert list(cat["it"].to_pandas().a) == [1]
    assert not (tmp_path / "ran").exists()


def test_the_dotted_names_that_intake_writes_are_the_same_drivers(write_catalog, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    args = "args: {urlpath: '{{CATALOG_DIR}}/a.csv'}"
    cat = open_catalog(write_catalog(f"sources: {{it: {{driver: intake.source.csv.CSVSource, {args}}}}}"))
    assert cat["it"].is_table
    assert list(cat["it"].to_pandas().a) == [1]


@pytest.mark.parametrize(
    "entry",
    [
        "driver: zarr, args: {urlpath: a.zarr}",
        "driver: opendap, args: {urlpath: 'https://h/a'}",
        "driver: netcdf, args: {urlpath: 'a*.nc'}",
        "driver: netcdf, args: {urlpath: [a.nc, b.nc]}",
        "driver: yaml_file_cat, args: {path: a.yaml}",
    ],
)
def test_a_checksum_of_what_is_not_one_file_is_refused(write_catalog, entry):
    with pytest.raises(CatalogError, match=r"catalog\.yaml, sources\.it\.metadata\.sha256"):
        open_catalog(write_catalog(f"sources: {{it: {{{entry}, {SHA256}}}}}"))
