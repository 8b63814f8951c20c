"""A store that is down, or refuses the key, is asked a handful of times; one that stumbles is waited for."""

import asyncio

import data_servers as servers
import numpy as np
import pytest
from data_servers import KEY, SECRET
from faulty_proxy import FaultyProxy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_ocean import QUICK, entry, ocean, one, ways, write_all, write_repository

from odatis_vre.catalog.access import outages
from odatis_vre.catalog.access.outages import Outage
from odatis_vre.errors import CatalogError

ATTEMPTS = 4
# Of objects that a store's opening asks for at once.
TOGETHER = 4
DOWN = {"500": "error of its own", "stop": "broke off in the middle"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    login = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    for name, value in {**QUICK, **login, "ODATIS_ATTEMPTS": str(ATTEMPTS)}.items():
        monkeypatch.setenv(name, value)
    # On a slow machine a moment passes between two ways of an entry.
    monkeypatch.setattr(outages, "_MOMENT", 3600.0)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture(scope="module")
def served(tmp_path_factory, missing):
    for package in ("rclone", "icechunk"):
        servers.require(missing, package)
    folder = write_all(tmp_path_factory.mktemp("served") / "ocean")
    write_repository(folder / "repository")
    return folder


@pytest.fixture(scope="module")
def store(served):
    with servers.rclone("s3", served.parent, "--auth-key", f"{KEY},{SECRET}") as address:
        yield address


@pytest.fixture
def proxy(store):
    faulty = FaultyProxy(store)
    yield faulty
    faulty.close()


def in_store(proxy, driver: str, name: str) -> str:
    return one(driver, f"s3://ocean/{name}", f"storage_options: {{endpoint_url: '{proxy.address}'}}")


WAYS = {
    "netcdf": ("four.nc", ATTEMPTS),
    "zarr": ("three.zarr", ATTEMPTS + TOGETHER - 1),
    "csv": ("a.csv", ATTEMPTS),
    "kerchunk": ("r.json", ATTEMPTS),
    "icechunk": ("repository", ATTEMPTS),
}


def told(it) -> str:
    with pytest.raises(CatalogError) as caught:
        it.to_pandas() if it.is_table else it.to_xarray()
    return caught.value.message


@pytest.mark.parametrize("kind", DOWN)
@pytest.mark.parametrize("driver", WAYS)
def test_a_store_that_is_down_is_asked_a_handful_of_times(proxy, tmp_path, driver, kind):
    name, most = WAYS[driver]
    proxy.always(".", kind)
    assert DOWN[kind] in told(entry(tmp_path, in_store(proxy, driver, name)))
    assert ATTEMPTS <= len(proxy.requests) <= most


@pytest.mark.parametrize("driver", WAYS)
def test_a_store_that_refuses_the_key_is_not_asked_again(proxy, tmp_path, monkeypatch, driver):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert "access refused" in told(entry(tmp_path, in_store(proxy, driver, WAYS[driver][0])))
    assert len(proxy.requests) <= TOGETHER


def test_several_ways_to_a_store_that_is_down_share_their_attempts(proxy, tmp_path):
    options = f"storage_options: {{endpoint_url: '{proxy.address}'}}"
    methods = [
        f"driver: {driver}, args: {{urlpath: 's3://ocean/{name}', {options}}}"
        for driver, name in (("netcdf", "four.nc"), ("zarr", "three.zarr"), ("zarr", "two.zarr"))
    ]
    proxy.always(".", "500")
    assert told(entry(tmp_path, ways(*methods))).count("error of its own") == 3
    assert len(proxy.requests) <= ATTEMPTS + 2 * TOGETHER


@pytest.mark.parametrize("kind", DOWN)
@pytest.mark.parametrize("driver", ["netcdf", "zarr"])
def test_a_store_that_stumbles_is_asked_until_it_answers(proxy, tmp_path, driver, kind):
    proxy.faults += [(".", kind)] * (ATTEMPTS - 1)
    ds = entry(tmp_path, in_store(proxy, driver, WAYS[driver][0])).to_xarray()
    proxy.faults += [(".", kind)] * (ATTEMPTS - 1)
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)
    assert proxy.faults == []


def test_icechunk_asks_for_a_piece_as_often_as_everything_else_does(proxy, tmp_path):
    ds = entry(tmp_path, in_store(proxy, "icechunk", "repository")).to_xarray()
    first = ds.sst.isel(time=0)
    opening = len(proxy.requests)
    proxy.faults += [(".", "500")] * (ATTEMPTS - 1)
    np.testing.assert_array_equal(first.values, ocean().sst.values[0])
    proxy.always("chunks/", "500")
    done = len(proxy.requests)
    assert done - opening <= 2 + ATTEMPTS
    with pytest.raises(CatalogError):
        ds.sst.isel(time=1).load()
    assert len(proxy.requests) - done == ATTEMPTS


def test_all_of_the_first_requests_may_fail(proxy, tmp_path):
    proxy.faults += [("zarr.json|/.z", "500")] * (TOGETHER + ATTEMPTS - 2)
    ds = entry(tmp_path, in_store(proxy, "zarr", "three.zarr")).to_xarray()
    np.testing.assert_array_equal(ds.sst.values, ocean().sst.values)


def test_a_store_that_was_down_and_is_back_gets_all_attempts_again(proxy, tmp_path):
    it = entry(tmp_path, in_store(proxy, "netcdf", "four.nc"))
    proxy.always(".", "500")
    told(it)
    proxy.faults[:] = []
    it.to_xarray()
    proxy.faults += [(".", "500")] * (ATTEMPTS - 1)
    np.testing.assert_array_equal(it.to_xarray().sst.values, ocean().sst.values)


class Asked:
    """A request that fails until the server is back, or is answered with an error."""

    def __init__(self, failures: int):
        self.failures, self.calls = failures, 0

    async def __call__(self) -> str:
        self.calls += 1
        await asyncio.sleep(0)
        if self.calls <= self.failures:
            raise ConnectionResetError
        return "answer"


async def together(*asked: Asked) -> list:
    outage = Outage()
    return await asyncio.gather(*(outage.patiently(one) for one in asked), return_exceptions=True)


async def test_one_asks_again_for_all_and_they_follow_how_it_ends():
    down = [Asked(1000) for _ in range(20)]
    found = await together(*down)
    assert [type(error) for error in found] == [ConnectionResetError] * 20
    assert sum(asked.calls for asked in down) == 20 + ATTEMPTS - 1
    back = [Asked(2) for _ in range(20)]
    assert await together(*back) == ["answer"] * 20


@given(st.lists(st.integers(0, 8), max_size=12))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_is_made_more_often_than_the_attempts_allow(failures):
    asked = [Asked(number) for number in failures]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ODATIS_RETRY_PAUSE", "0.0001")
        asyncio.run(together(*asked))
    assert all(one.calls <= ATTEMPTS for one in asked)


async def test_who_is_cancelled_while_asking_again_leaves_the_others_to_ask(monkeypatch):
    monkeypatch.setenv("ODATIS_RETRY_PAUSE", "5")
    outage, first = Outage(), Asked(1000)
    task = asyncio.create_task(outage.patiently(first))
    await asyncio.sleep(0.05)
    monkeypatch.setenv("ODATIS_RETRY_PAUSE", "0.01")
    other = asyncio.create_task(outage.patiently(Asked(1)))
    await asyncio.sleep(0.05)
    task.cancel()
    assert await asyncio.wait_for(other, 5) == "answer"
