"""From another catalogue's record to the values, through every protocol and kind of catalogue."""

import numpy as np
import pytest
from harvest_sources import (
    BOX,
    CATALOGUES,
    GRIDS,
    TABLES,
    brought,
    read_here,
    right,
    served,
    served_with_login,
)
from small_ocean import ocean

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    read_here(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def data(tmp_path_factory, missing):
    with served_with_login(tmp_path_factory.mktemp("served") / "ocean", missing) as data:
        yield data


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory, missing):
    """The same servers, open to everybody as most public ones are."""
    with served(tmp_path_factory.mktemp("unlocked") / "ocean", login=False) as data:
        yield data


def brought_or_missing(data, catalogue, folder, port, missing, **options):
    try:
        return brought(data, catalogue, folder, port, **options)
    except RuntimeError as error:
        missing("pycsw 2.6.2", f"its environment cannot be made from the package index: {error}")


@pytest.fixture(scope="module", params=CATALOGUES)
def harvested(request, data, tmp_path_factory, free_ports, missing):
    """Reviewed by an operator."""
    folder = tmp_path_factory.mktemp(request.param)
    return brought_or_missing(data, request.param, folder, free_ports()[0], missing)


@pytest.fixture(scope="module", params=CATALOGUES)
def as_it_came(request, unlocked, tmp_path_factory, free_ports, missing):
    """As the harvest wrote it."""
    folder = tmp_path_factory.mktemp(f"{request.param}_untouched")
    return brought_or_missing(unlocked, request.param, folder, free_ports()[0], missing, review=False)


@pytest.mark.parametrize("name", [*GRIDS, *TABLES])
def test_a_record_leads_to_the_values_that_its_server_holds(harvested, name):
    entry = open_catalog(harvested)[f"chlorophyll_{name}"]
    assert (tuple(entry.bbox), entry.period.start.year) == (BOX, 2000)
    assert right(name, entry)


@pytest.mark.parametrize("name", [*GRIDS, *TABLES])
def test_a_box_asked_for_changes_the_data_of_a_harvested_entry(harvested, name):
    entry = open_catalog(harvested)[f"chlorophyll_{name}"]
    if name in GRIDS:
        part = entry.to_xarray(bbox=(-10, 42, -5, 45), time=("2000-01-05", "2000-01-06"))
        expected = ocean().sel(time=slice("2000-01-05", "2000-01-06"), lat=slice(42, 45), lon=slice(-10, -5))
        np.testing.assert_array_equal(part.sst.values, expected.sst.values)
    else:
        assert entry.to_pandas(bbox=(-12, 40, -10, 43)).temp.tolist() == [11.5, 12.5]


def test_a_question_in_french_leads_to_the_values(harvested):
    hits = open_catalog(harvested).search("chlorophylle, golfe de Gascogne, 1999-2001")
    assert len(hits) == len(GRIDS) + len(TABLES)
    assert right("netcdf", hits["chlorophyll_netcdf"])


# the endpoint of a private S3 store is in no record
@pytest.mark.parametrize("name", sorted({*GRIDS, *TABLES} - {"s3"}))
def test_a_record_leads_to_the_values_with_no_hand_on_what_the_harvest_wrote(as_it_came, monkeypatch, name):
    monkeypatch.setenv("ODATIS_ALLOWED_HOSTS", "127.0.0.1")
    assert as_it_came.read_text("utf-8").count("harvested: true") == len(GRIDS) + len(TABLES)
    assert right(name, open_catalog(as_it_came)[f"chlorophyll_{name}"])


@pytest.mark.parametrize("name", sorted({*GRIDS, *TABLES} - {"s3"}))
def test_what_the_harvest_wrote_reaches_no_private_host_that_the_site_does_not_name(as_it_came, name):
    with pytest.raises(CatalogError, match=r"127\.0\.0\.1 is a private address"):
        right(name, open_catalog(as_it_came)[f"chlorophyll_{name}"])
