"""Which method for which request, what a read takes before it starts, and the operator's warning."""

import hashlib
import re
import warnings

import data_servers as servers
import pytest
from faulty_proxy import FaultyProxy
from small_ocean import QUICK, entry, one, ways, write_all

from odatis_vre.catalog.access import throughput
from odatis_vre.catalog.access.methods import Method, Request, in_order
from odatis_vre.catalog.estimate import HeavyRead, duration
from odatis_vre.catalog.request import read_bbox, read_period
from odatis_vre.errors import CatalogError
from odatis_vre.i18n import use_language

EXTENT, PERIOD = read_bbox((-180, -90, 180, 90)), read_period(("1993", "2022"))
MAP, SERIES, CUBE, PLAIN = (
    Method("zarr", {"urlpath": name}, layout=name) for name in ("map", "series", "cube", None)
)
POINT, WORLD = (-5, 47, -5, 47), (-180, -90, 180, 90)


@pytest.mark.parametrize(
    ("bbox", "time", "first"),
    [
        (POINT, None, "series"),
        (POINT, ("1993", "2022"), "series"),
        ((-12, 43, 2, 60), ("1993", "2022"), "series"),
        (None, ("2010-06-01", "2010-06-01"), "map"),
        (WORLD, ("2010", "2010"), "map"),
        (WORLD, None, "map"),
        (None, None, "map"),
    ],
)
def test_a_map_is_read_from_maps_and_a_series_from_series(bbox, time, first):
    asked = Request(bbox and read_bbox(bbox), time and read_period(time), extent=EXTENT, period=PERIOD)
    assert in_order([MAP, SERIES], asked)[0].layout == first
    if first != "map" or bbox or time:
        assert in_order([SERIES, MAP], asked)[0].layout == (
            first if (bbox, time) != (WORLD, None) else "series"
        )


def test_cubes_lie_between_and_a_method_of_no_layout_keeps_its_place():
    point = Request(read_bbox(POINT), None, extent=EXTENT, period=PERIOD)
    assert [way.layout for way in in_order([PLAIN, MAP, CUBE, SERIES], point)] == [
        None,
        "series",
        "cube",
        "map",
    ]
    assert in_order([PLAIN, MAP], point) == [PLAIN, MAP]


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ODATIS_READ_WARNING", raising=False)


@pytest.fixture
def both(tmp_path):
    """The ocean in maps and in series, on this machine."""
    folder = write_all(tmp_path / "ocean")
    return entry(
        tmp_path,
        ways(
            f"driver: zarr, layout: map, protocol: maps, args: {{urlpath: '{folder}/three.zarr'}}",
            f"driver: zarr, layout: series, protocol: series, args: {{urlpath: '{folder}/series.zarr'}}",
            driver="zarr",
            metadata="bbox: [-20, 40, -1, 49], time: ['2000-01-01', '2000-01-24']",
        ),
    )


def test_an_entry_in_two_chunkings_opens_the_one_that_suits(both):
    day = both.to_xarray(time=("2000-01-03", "2000-01-03"))
    point = both.to_xarray(bbox=(-3, 45, -3, 45))
    assert day.attrs["odatis_access"].startswith("maps ")
    assert point.attrs["odatis_access"].startswith("series ")
    assert day.sst.values[0, 5, 17] == point.sst.values[2, 0, 0] == 30517


def test_an_estimate_counts_the_chunks_of_the_layout_it_would_read(both):
    day = both.estimate(time=("2000-01-03", "2000-01-03"))
    point = both.estimate("sst", bbox=(-3, 45, -3, 45))
    # a float of 4 bytes: one map of 10 x 20, and one series of 24 x 5 x 5
    assert (day.bytes_to_read, day.chunks, day.chunks_total, day.layout) == (800, 1, 24, "map")
    assert (point.bytes_to_read, point.chunks, point.chunks_total, point.layout) == (2400, 1, 8, "series")
    assert point.bytes_kept == 24 * 4


def test_an_estimate_reads_no_values(tmp_path, missing, monkeypatch):
    monkeypatch.setattr(throughput, "_reads", {})  # of a process that read nothing yet
    servers.require(missing, "rclone")
    folder = write_all(tmp_path / "ocean")
    with servers.rclone("http", folder) as address:
        proxy = FaultyProxy(address)
        told = entry(tmp_path, one("zarr", f"{proxy.address}/three.zarr")).estimate(
            time=("2000-01-03", "2000-01-04")
        )
        proxy.close()
    assert told.chunks == 2
    assert not any("/sst/c/" in line for line in proxy.requests)
    assert not told.measured
    assert "assumed" in repr(told)


def test_the_estimate_of_a_service_is_of_the_selection_itself(tmp_path, missing):
    from small_ocean import ocean

    servers.require(missing, "xpublish_opendap")
    with servers.opendap({"ocean": ocean()}) as address:
        it = entry(tmp_path, one("opendap", f"{address}/ocean/opendap", "engine: netcdf4"))
        told = it.estimate("sst", bbox=(-10, 42, -5, 45), time=("2000-01-05", "2000-01-06"))
    assert told.bytes_to_read == told.bytes_kept == 2 * 4 * 6 * 4


def test_the_speed_of_a_server_is_measured_as_it_is_read():
    throughput.note("server.example.org", 500_000, 0.1)
    assert not throughput.speed("server.example.org").measured
    throughput.note("server.example.org", 1_500_000, 0.1)
    told = throughput.speed("server.example.org")
    assert told.measured
    assert told.rate == pytest.approx(10e6)


def test_the_card_of_an_estimate_is_in_both_languages(both):
    told = both.estimate(time=("2000-01-03", "2000-01-03"))
    assert "1 of 24" in repr(told)
    assert "<dl>" in told._repr_html_()
    with use_language("fr"):
        assert "1 sur 24" in repr(told)
        assert "supposé" in repr(told)


def test_a_read_above_the_operators_limit_warns_and_one_below_does_not(both, monkeypatch):
    monkeypatch.setenv("ODATIS_READ_WARNING", "10kB")
    with pytest.warns(HeavyRead, match=r"reads 19 kB of it \(24 chunks.*warns above 10 kB") as caught:
        ds = both.to_xarray(time=("1999", "2001"))
    assert caught[0].filename == __file__
    assert not [name for name in ds.coords if "place" in str(name)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both.to_xarray(time=("2000-01-03", "2000-01-04"))


def test_a_limit_that_is_no_size_is_told(both, monkeypatch):
    monkeypatch.setenv("ODATIS_READ_WARNING", "much")
    with pytest.raises(CatalogError, match="ODATIS_READ_WARNING is no size: much"):
        both.to_xarray()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.3, "less than a second"), (12, "12 s"), (400, "7 min"), (9000, "3 h")]
)
def test_times_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said


@pytest.fixture
def over_http(tmp_path, missing):
    """A folder of files behind a proxy that counts."""
    servers.require(missing, "rclone")
    folder = write_all(tmp_path / "ocean")
    (folder / "a.csv").write_text("a\n" + "1\n" * 5000)
    with servers.rclone("http", folder) as address:
        proxy = FaultyProxy(address)
        proxy.folder = folder
        yield proxy
        proxy.close()


@pytest.mark.parametrize(
    ("driver", "name", "sum_"),
    [
        ("netcdf", "three.nc", False),
        ("netcdf", "four.nc", True),
        ("csv", "a.csv", False),
        ("csv", "a.csv", True),
    ],
)
def test_what_comes_whole_is_estimated_from_its_announced_size(over_http, tmp_path, driver, name, sum_):
    path = over_http.folder / name
    sha256 = f"sha256: {hashlib.sha256(path.read_bytes()).hexdigest()}" if sum_ else ""
    it = entry(tmp_path, one(driver, f"{over_http.address}/{name}", metadata=sha256))
    told = it.estimate()
    assert (told.bytes_to_read, told.bytes_kept, told.whole) == (path.stat().st_size, None, True)
    assert "whole files" in repr(told)
    assert "<dl>" in told._repr_html_()
    # a first byte, and a first few: nothing was downloaded
    assert all(re.search(r"Range: bytes=0-\d{1,3}\r", head) for head in over_http.heads)
    assert not (tmp_path / "cache").exists()
    it.download()
    if driver == "netcdf":
        assert it.estimate().bytes_kept is not None


def test_a_method_that_fails_leaves_the_estimate_to_the_next(over_http, tmp_path):
    urls = (f"{over_http.address}/none.nc", f"{over_http.address}/three.nc")
    told = entry(tmp_path, ways(*(f"driver: netcdf, args: {{urlpath: '{url}'}}" for url in urls))).estimate()
    assert told.bytes_to_read == (over_http.folder / "three.nc").stat().st_size


@pytest.mark.parametrize("driver", ["tabledap", "wfs"])
def test_a_service_of_tables_says_no_size_before_it_is_asked(tmp_path, driver):
    with pytest.raises(CatalogError, match="known once it is asked"):
        entry(tmp_path, one(driver, "http://127.0.0.1:9/a")).estimate()


@pytest.mark.parametrize(
    ("driver", "name", "size"), [("netcdf", "three.nc", "20 kB"), ("csv", "a.csv", "10 kB")]
)
@pytest.mark.parametrize("sum_", [False, True])
def test_the_warning_of_a_download_comes_before_it(
    over_http, tmp_path, monkeypatch, driver, name, size, sum_
):
    monkeypatch.setenv("ODATIS_READ_WARNING", "8kB")
    path = over_http.folder / name
    sha256 = f"sha256: {hashlib.sha256(path.read_bytes()).hexdigest()}" if sum_ else ""
    it = entry(tmp_path, one(driver, f"{over_http.address}/{name}", metadata=sha256))
    read = it.to_pandas if it.is_table else it.to_xarray
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a reader who stops there has downloaded nothing
        with pytest.raises((HeavyRead, CatalogError)):
            read()
    assert all(re.search(r"Range: bytes=0-\d{1,3}\r", head) for head in over_http.heads)
    with pytest.warns(HeavyRead, match=f"downloads {size}") as caught:
        read()
    assert len(caught) == 1
    assert caught[0].filename == __file__
