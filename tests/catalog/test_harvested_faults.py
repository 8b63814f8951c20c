"""Servers behind harvested entries that fail: once is not seen, what lasts is told with its reason."""

import pytest
from data_servers import KEY, SECRET
from faulty_proxy import FaultyProxy
from harvest_sources import TABLES, brought, read_here, right, served_with_login

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError, DataNotFound


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    read_here(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def data(tmp_path_factory, missing):
    with served_with_login(tmp_path_factory.mktemp("served") / "ocean", missing) as data:
        yield data


@pytest.fixture(scope="module")
def from_geonetwork(data, tmp_path_factory):
    return brought(data, "geonetwork", tmp_path_factory.mktemp("faults"), 0)


@pytest.fixture
def proxy(request, data):
    """The proxy before a protocol's server, without faults before and after."""

    def before(name: str) -> FaultyProxy:
        found = data.proxies[name]
        found.faults.clear()
        found.heads.clear()
        found.requests.clear()
        request.addfinalizer(found.faults.clear)
        return found

    return before


def test_a_file_behind_http_is_read_by_byte_ranges(from_geonetwork, proxy):
    before = proxy("netcdf")
    assert right("netcdf", open_catalog(from_geonetwork)["chlorophyll_netcdf"])
    assert all("Range: bytes=" in head for head in before.heads)


FAULTS = {
    "500": "error of its own",
    "stop": "broke off in the middle",
    "half": "broke off in the middle",
    "slow": "no answer in time",
    "403": "access refused",
}
BEHIND_HTTP = ("netcdf", "zarr", "s3", "opendap", "griddap", "csv", "tabledap", "wfs")


@pytest.mark.parametrize("kind", ["500", "stop", "half", "slow"])
@pytest.mark.parametrize("name", BEHIND_HTTP)
def test_a_server_that_fails_once_still_gives_the_right_values(from_geonetwork, proxy, name, kind):
    before = proxy(name)
    before.faults.append((".", kind))
    assert right(name, open_catalog(from_geonetwork)[f"chlorophyll_{name}"])
    assert before.faults == []


@pytest.mark.parametrize(("kind", "why"), FAULTS.items())
@pytest.mark.parametrize("name", BEHIND_HTTP)
def test_a_server_that_keeps_failing_is_told_with_its_reason(
    from_geonetwork, proxy, monkeypatch, name, kind, why
):
    if kind == "slow":
        monkeypatch.setenv("ODATIS_TIMEOUT", "0.3")
    proxy(name).always(".", kind)
    with pytest.raises(CatalogError, match=why) as caught:
        right(name, open_catalog(from_geonetwork)[f"chlorophyll_{name}"])
    assert SECRET not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["stop", "busy"])
def test_ftp_that_fails_once_gives_the_right_values_and_else_its_reason(
    from_geonetwork, data, monkeypatch, tmp_path, kind
):
    entry = open_catalog(from_geonetwork)["chlorophyll_ftp"]
    data.ftp_faults[:] = [kind]
    assert right("ftp", entry)
    assert data.ftp_faults == []
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "another"))
    data.ftp_faults[:] = [kind] * 200
    with pytest.raises(CatalogError, match=r"broke off in the middle|cut short"):
        entry.to_xarray()
    data.ftp_faults.clear()


@pytest.mark.parametrize("name", ["netcdf", "zarr", "s3", "ftp", "csv"])
def test_a_key_that_is_refused_is_told_and_not_shown(from_geonetwork, monkeypatch, name):
    monkeypatch.setenv("ODATIS_LOGIN_127_0_0_1", f"{KEY}:an0ther-w0rd")
    with pytest.raises(CatalogError, match="access refused: a login is missing, or it is wrong") as caught:
        right(name, open_catalog(from_geonetwork)[f"chlorophyll_{name}"])
    assert "an0ther-w0rd" not in f"{caught.value.message}{caught.value.hint}"


def test_a_table_with_no_rows_there_says_so(from_geonetwork):
    for name in TABLES:
        with pytest.raises(DataNotFound):
            open_catalog(from_geonetwork)[f"chlorophyll_{name}"].to_pandas(bbox=(100, 10, 110, 20))
