"""ERDDAP's tabledap: what is asked of it, in both conventions of longitude, and what it answers."""

import pandas as pd
import pytest
from data_stand_ins import TabledapStandIn, stand_in
from small_ocean import QUICK, entry, one, ways

from odatis_vre.catalog.check import check_entry
from odatis_vre.errors import CatalogError, DataNotFound


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))


FLOATS = [
    {"platform_number": 690000 + i, "time": f"2010-0{1 + i}-15T00:00:00Z", "latitude": 40 + i,
     "longitude": -10 + 3 * i, "pres": 10.0 * i, "temp": 12.0 + i}
    for i in range(5)
]  # fmt: skip
UNITS = {
    "time": "UTC",
    "latitude": "degrees_north",
    "longitude": "degrees_east",
    "pres": "decibar",
    "temp": "degree_C",
}


@pytest.fixture
def erddap():
    with stand_in(TabledapStandIn(FLOATS, UNITS)) as server:
        yield server


def floats(folder, server, args: str = "variables: [pres, temp]"):
    return entry(folder, one("tabledap", f"{server.address}/erddap/tabledap/ArgoFloats", args))


def test_tabledap_is_asked_for_the_box_the_period_and_the_columns(tmp_path, erddap):
    table = floats(tmp_path, erddap).to_pandas(
        bbox=(-8, 40.5, -1, 43), time=("2010-01", "2010-03"), variables="temp"
    )
    assert table.temp.tolist() == [13.0, 14.0]
    # the rows may count from 0 to 360
    assert erddap.asked == [
        "/erddap/tabledap/ArgoFloats.csv?latitude,longitude,time,temp&latitude>=40.5&latitude<=43.0"
        f"&longitude>={west}&longitude<={east}&time>=2010-01-01T00:00:00Z&time<=2010-03-31T23:59:59Z"
        for west, east in ((-8.0, -1.0), (352.0, 359.0))
    ]


def test_tabledap_gives_units_positions_and_dates(tmp_path, erddap):
    table = floats(tmp_path, erddap, "variables: [temp], constraints: ['pres<=20']").to_pandas()
    assert table.columns.tolist() == ["lat", "lon", "time", "temp"]
    assert len(table) == 3
    assert table.time.iloc[0] == pd.Timestamp("2010-01-15")
    assert table.attrs["units"] == {"lat": "degrees_north", "lon": "degrees_east", "temp": "degree_Celsius"}


UNKNOWN = b'Error { code=404; message="Not Found: Currently unknown datasetID=ArgoFloats"; }'


@pytest.mark.parametrize("asked", [{}, {"bbox": (-8, 40.5, 0, 43)}, {"time": ("2010", "2011")}])
def test_a_tabledap_dataset_that_is_gone_is_a_failure_and_the_next_method_is_tried(tmp_path, erddap, asked):
    with pytest.raises(DataNotFound, match="no row"):
        floats(tmp_path, erddap).to_pandas(bbox=(100, 0, 110, 10))
    with stand_in(lambda _: (404, "text/plain", UNKNOWN)) as gone:
        with pytest.raises(CatalogError, match="it is not there"):
            floats(tmp_path, gone).to_pandas(**asked)
        methods = [
            f"driver: tabledap, args: {{urlpath: '{server.address}/erddap/tabledap/ArgoFloats'}}"
            for server in (gone, erddap)
        ]
        table = entry(tmp_path, ways(*methods, driver="tabledap")).to_pandas(**asked)
    assert table.attrs["odatis_access"].endswith(f"{erddap.address}/erddap/tabledap/ArgoFloats")
    assert len(table) > 0


def test_the_check_tells_a_service_without_rows_of_late_from_one_that_is_gone(tmp_path, erddap):
    late = floats(tmp_path, erddap, "variables: [temp]")
    assert [part.code for part in check_entry(late, remote=True).differences] == ["no_rows"]
    assert check_entry(late, remote=True).state == "as_said"
    with stand_in(lambda _: (404, "text/plain", UNKNOWN)) as gone:
        assert check_entry(floats(tmp_path, gone), remote=True).state == "unopened"


def test_tabledap_across_the_date_line(tmp_path):
    rows = [dict(FLOATS[0], longitude=lon) for lon in (-179.0, -100.0, 0.0, 179.0)]
    with stand_in(TabledapStandIn(rows, UNITS)) as server:
        assert floats(tmp_path, server).to_pandas(bbox=(170, 30, -170, 50)).lon.tolist() == [-179.0, 179.0]


@pytest.mark.parametrize("bbox", [(-150, -5, -130, 5), (210, -5, 230, 5)])
@pytest.mark.parametrize("lon", [220.0, -140.0])
def test_tabledap_may_count_longitudes_from_0_to_360(tmp_path, lon, bbox):
    rows = [dict(FLOATS[0], latitude=0.0, longitude=lon), dict(FLOATS[1], latitude=0.0, longitude=10.0)]
    with stand_in(TabledapStandIn(rows, UNITS)) as server:
        table = floats(tmp_path, server).to_pandas(bbox=bbox)
        assert (table.lon % 360).tolist() == [220.0]
        assert table.attrs["units"]["temp"] == "degree_Celsius"
        server.asked.clear()
        with pytest.raises(DataNotFound, match="no row"):
            floats(tmp_path, server).to_pandas(bbox=(30, -5, 50, 5))
        assert len(server.asked) == 1  # to the east of Greenwich both count alike


@pytest.mark.parametrize("turn", [0, 360])
@pytest.mark.parametrize(
    ("bbox", "found"),
    [
        ((-10, 30, 10, 50), [0, 1]),
        ((-10, 30, 0, 50), [0]),
        ((350, 30, 10, 50), [0, 1]),
        ((-180, 30, 180, 50), [0, 1, 2]),
        ((0, 30, 360, 50), [0, 1, 2]),
        ((170, 30, -60, 50), [2]),
    ],
)
def test_tabledap_across_greenwich_and_around_the_world_leaves_no_row_out(tmp_path, bbox, found, turn):
    places = [-5.0 + turn, 5.0, -100.0 + turn]
    rows = [dict(FLOATS[0], longitude=lon, temp=number) for number, lon in enumerate(places)]
    with stand_in(TabledapStandIn(rows, UNITS)) as server:
        assert sorted(floats(tmp_path, server).to_pandas(bbox=bbox).temp) == found


def test_tabledap_rows_of_two_answers_are_one_table(tmp_path):
    names = {5.0: "001234", 6.0: "6901234", 355.0: "Q69", -3.0: "0077"}
    rows = [dict(FLOATS[0], longitude=lon, temp=name) for lon, name in names.items()]
    with stand_in(TabledapStandIn(rows, UNITS)) as server:
        table = floats(tmp_path, server).to_pandas(bbox=(-10, 30, 10, 50))
    assert sorted(table.temp) == sorted(names.values())


def test_a_row_cut_short_is_no_row(tmp_path):
    heads = b"latitude,longitude,time,temp\ndegrees_north,degrees_east,UTC,degree_C\n"
    cut = heads + b"40,-10,2010-01-15T00:00:00Z,1"
    with (
        stand_in(lambda _: (200, "text/csv", cut)) as server,
        pytest.raises(CatalogError, match="cut short"),
    ):
        floats(tmp_path, server).to_pandas()


@pytest.mark.parametrize("clean", [True, False])
def test_tabledap_is_selected_from_by_its_own_names_too(tmp_path, erddap, clean):
    table = floats(tmp_path, erddap).to_pandas(
        bbox=(-8, 40.5, 0, 43), time=("2010-01", "2010-03"), clean=clean
    )
    assert table.temp.tolist() == [13.0, 14.0]
    assert ("latitude" in table.columns) is not clean
