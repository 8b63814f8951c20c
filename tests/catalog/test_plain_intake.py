"""Plain Intake opens the same files."""

from pathlib import Path

import intake
import pytest
import yaml

ROOT_FILE = Path(__file__).parents[2] / "catalogs" / "odatis.yaml"


@pytest.fixture(scope="module")
def plain():
    return intake.open_catalog(str(ROOT_FILE))


def test_every_entry_opens(plain, site):
    for entry in site:
        source = plain
        for name in entry.id.split("/"):
            source = source[name]
        read = source.read() if entry.is_table else source.to_dask()
        assert len(read) > 0


def test_values_are_the_same_through_both_doors(plain, climatology, eggs):
    assert plain["sample"]["ocean_climatology"].to_dask().sst.equals(climatology.to_xarray().sst)
    assert plain["sample"]["mackerel_eggs_1992"].read().equals(eggs.to_pandas())


def test_engines_are_explicit_and_no_entry_has_user_parameters():
    for path in ROOT_FILE.parent.glob("*.yaml"):
        for source in yaml.safe_load(path.read_text("utf-8"))["sources"].values():
            assert "parameters" not in source
            if source["driver"] in ("netcdf", "opendap"):
                assert source["args"]["xarray_kwargs"]["engine"] in ("netcdf4", "h5netcdf")


def test_shipped_entries_are_fully_described(site):
    for entry in site:
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
