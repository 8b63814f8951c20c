"""Tables as data centres really give them: CSV in French and old encodings, WFS."""

import bz2
import gzip
import io
import lzma
import zipfile

import data_servers as servers
import numpy as np
import pandas as pd
import pytest
from data_stand_ins import WfsStandIn, stand_in
from hypothesis import given, settings
from hypothesis import strategies as st
from small_ocean import QUICK, entry, one

from odatis_vre.catalog.access.tables import read_csv, sniffed
from odatis_vre.errors import CatalogError, DataNotFound

# The shape of a REPHY file (columns, mark, comma, encoding); the values are synthetic.
REPHY = (
    "Lieu de surveillance : Libellé;Passage : Date;Coordonnées minx;Coordonnées miny;Résultat : Valeur\n"
    "Baie de Douarnenez;21/06/2010;-4,35;48,12;1200\n"
    "Île d'Yeu;02/07/2010;-2,40;46,70;350,5\n"
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_a_french_file_reads_in_every_encoding(encoding):
    table = read_csv(REPHY.encode(encoding))
    assert next(iter(table.columns)) == "Lieu de surveillance : Libellé"
    assert table.iloc[1, 0] == "Île d'Yeu"
    assert table["Résultat : Valeur"].tolist() == [1200.0, 350.5]
    assert table["Coordonnées minx"].tolist() == [-4.35, -2.4]


def test_its_positions_and_dates_can_be_selected(tmp_path):
    (tmp_path / "rephy.csv").write_bytes(REPHY.encode("latin-1"))
    it = entry(tmp_path, one("csv", str(tmp_path / "rephy.csv")))
    july = it.to_pandas(time=("2010-07", "2010-07"))
    assert july["Lieu de surveillance : Libellé"].tolist() == ["Île d'Yeu"]
    assert july.time.tolist() == [pd.Timestamp("2010-07-02")]
    assert it.to_pandas(bbox=(-5, 48, -4, 49)).lat.tolist() == [48.12]
    assert "Coordonnées minx renamed lon" in july.attrs["odatis_changes"]
    raw = it.to_pandas(clean=False)
    assert raw["Passage : Date"].tolist() == ["21/06/2010", "02/07/2010"]


def test_over_http_and_in_a_gzip_file_it_is_the_same(tmp_path, missing):
    servers.require(missing, "rclone")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.csv").write_bytes(REPHY.encode("latin-1"))
    (folder / "a.csv.gz").write_bytes(gzip.compress(REPHY.encode()))
    with servers.rclone("http", folder) as address:
        plain = entry(tmp_path, one("csv", f"{address}/a.csv")).to_pandas()
        packed = entry(tmp_path, one("csv", f"{address}/a.csv.gz", "sep: ';', decimal: ','")).to_pandas()
    pd.testing.assert_frame_equal(plain, packed)


def test_what_the_catalogue_says_wins():
    content = b"a;b\n1,5;x\n"
    assert read_csv(content, decimal=".").a.tolist() == ["1,5"]
    assert read_csv(content, sep="|").columns.tolist() == ["a;b"]


def test_a_web_page_is_no_table():
    with pytest.raises(CatalogError, match="web page"):
        read_csv(b"<!DOCTYPE html>\n<html>Log in", "it")


@pytest.mark.parametrize(
    ("text", "sep", "decimal"),
    [
        ("a,b\n1.5,2\n", ",", "."),
        ("a;b\n1.5;2\n", ";", "."),
        ("a;b\n1,5;2\n", ";", ","),
        ("a\tb\n1,5\t2\n", "\t", ","),
        ('name,lat\n"Douarnenez; baie",48.1\n"Yeu; île",46.7\n', ",", "."),
        ("alone\n1\n", ",", "."),
        ("", ",", "."),
    ],
)
def test_the_mark_between_columns_is_found(text, sep, decimal):
    found = sniffed(text.encode())
    assert (found["sep"], found["decimal"]) == (sep, decimal)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=2, max_size=20),
    st.sampled_from([";", "\t", "|"]),
    st.sampled_from([",", "."]),
    st.sampled_from(["utf-8", "latin-1", "utf-8-sig"]),
)
def test_numbers_come_back_whatever_the_dialect(values, sep, decimal, encoding):
    table = pd.DataFrame({"étiquette": ["é"] * len(values), "valeur": values})
    text = table.to_csv(index=False, sep=sep, decimal=decimal)
    np.testing.assert_allclose(read_csv(text.encode(encoding))["valeur"].astype(float), values)


POINTS = [
    {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-5.0 + i, 48.0]},
        "properties": {"lieu": f"Point {i}", "valeur": i},
    }
    for i in range(5)
]
AREA = [
    {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[[-5, 47], [-3, 47], [-3, 49], [-5, 47]]]},
        "properties": {"habitat": "maërl"},
    }
]


@pytest.fixture
def wfs():
    with stand_in(WfsStandIn({"surval": POINTS, "habitats": AREA})) as server:
        yield server


def test_wfs_gives_every_page_of_the_features_in_the_box(tmp_path, wfs):
    it = entry(tmp_path, one("wfs", f"{wfs.address}/wfs?map=a", "typename: surval"))
    assert it.to_pandas().valeur.tolist() == [0, 1, 2, 3, 4]
    assert it.to_pandas(bbox=(-4.5, 47, -2.5, 49)).lieu.tolist() == ["Point 1", "Point 2"]
    assert "map=a&service=WFS" in wfs.asked[0]
    assert "bbox=-4.5,47.0,-2.5,49.0,CRS:84" in wfs.asked[-1]


def test_wfs_areas_have_their_middle_and_their_shape(tmp_path, wfs):
    table = entry(tmp_path, one("wfs", f"{wfs.address}/wfs", "typename: habitats")).to_pandas()
    assert table[["lon", "lat"]].iloc[0].tolist() == [-4.0, 48.0]
    assert '"Polygon"' in table.geometry.iloc[0]


def test_wfs_errors_and_empty_answers_are_told(tmp_path, wfs):
    with pytest.raises(CatalogError, match="no features in GeoJSON") as caught:
        entry(tmp_path, one("wfs", f"{wfs.address}/wfs", "typename: none")).to_pandas()
    assert "typename" in caught.value.hint
    with pytest.raises(DataNotFound, match="no row"):
        entry(tmp_path, one("wfs", f"{wfs.address}/wfs", "typename: surval")).to_pandas(bbox=(10, 0, 11, 1))


def test_fewer_features_than_announced_raise(tmp_path):
    body = b'{"type": "FeatureCollection", "features": [], "numberMatched": 3, "numberReturned": 0}'
    with stand_in(lambda _: (200, "application/json", body)) as server:
        it = entry(tmp_path, one("wfs", f"{server.address}/wfs", "typename: surval"))
        with pytest.raises(CatalogError, match="cut short: 0 of 3"):
            it.to_pandas()


def dated(folder, column: str, clean: bool = True, name: str = "time", **asked):
    """A file with one column of dates, and what a period keeps of it."""
    rows = "".join(f"{date};{number}\n" for number, date in enumerate(column.split("|")))
    (folder / "dates.csv").write_text(f"{name};n\n{rows}", "utf-8")
    return entry(folder, one("csv", str(folder / "dates.csv"))).to_pandas(clean=clean, **asked)


@pytest.mark.parametrize(
    "column",
    [
        "20191231|20200615|20210101",
        "2019|2020|2021",
        "201912|202006|202101",
        "2019-12-31T00:00:00Z|2020-06-15T00:00:00Z|2021-01-01T00:00:00Z",
        "31/12/2019|15/06/2020|01/01/2021",
        "31/12/2019 23:59|15/06/2020 00:00|01/01/2021 08:30",
        "2019-12-31T23:00:00-01:00|2020-06-15T00:00:00+02:00|2021-01-01T12:00:00+00:00",
    ],
)
@pytest.mark.parametrize("clean", [True, False])
def test_dates_of_every_writing_are_compared_as_dates(tmp_path, column, clean):
    if "-01:00" not in column:
        assert dated(tmp_path, column, clean, time=(None, "2020")).n.tolist() == [0, 1]
    assert dated(tmp_path, column, clean, time=("2020", "2020-12")).n.tolist()[-1] == 1
    assert dated(tmp_path, column, clean, time=("2021", None)).n.tolist() == [2]


def test_what_is_not_cleaned_keeps_its_dates_as_written(tmp_path):
    table = dated(tmp_path, "31/12/2019|15/06/2020", clean=False, time=("2020", None), name="Passage : Date")
    assert table["Passage : Date"].tolist() == ["15/06/2020"]


@pytest.mark.parametrize(
    ("column", "days"),
    [
        ("05/06/2020|07/08/2020", ["2020-06-05", "2020-08-07"]),
        ("05/06/2020|21/08/2020", ["2020-06-05", "2020-08-21"]),
        ("05/06/2020|08/21/2020", ["2020-05-06", "2020-08-21"]),
        ("5-6-2020|07.08.2020", ["2020-06-05", "2020-08-07"]),
    ],
)
def test_a_column_of_dates_is_read_in_one_order_the_day_first_where_both_fit(tmp_path, column, days):
    assert dated(tmp_path, column).time.dt.strftime("%Y-%m-%d").tolist() == days


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("column", ["13/14/2020|05/06/2020", "spring|summer", "1.5|2.5", "12|99"])
def test_what_is_no_date_is_never_compared_with_one(tmp_path, column, clean):
    assert len(dated(tmp_path, column, clean)) == 2
    with pytest.raises(CatalogError, match="no column of dates that can be read"):
        dated(tmp_path, column, clean, time=("2020", "2021"))


def test_a_table_without_dates_and_without_a_known_period_refuses_a_period(tmp_path):
    with pytest.raises(CatalogError, match="rows cannot be chosen by time"):
        dated(tmp_path, "Brest|Nice", name="lieu", time=("2020", "2021"))
    with pytest.raises(CatalogError, match="no coordinate for lat, lon"):
        dated(tmp_path, "Brest|Nice", name="lieu", bbox=(-5, 47, -4, 49))


def test_a_table_that_is_all_of_its_period_says_that_all_of_it_came(eggs):
    assert "no column of dates: all rows" in eggs.to_pandas(time=("1992-05", "1993")).attrs["odatis_changes"]


DATED = [
    {**point, "properties": {"lieu": f"Point {i}", "passage": f"2010-0{1 + i}-15"}}
    for i, point in enumerate(POINTS)
]


@pytest.mark.parametrize("clean", [True, False])
def test_wfs_features_are_chosen_by_the_property_that_holds_their_date(tmp_path, clean):
    with stand_in(WfsStandIn({"surval": DATED})) as server:
        it = entry(tmp_path, one("wfs", f"{server.address}/wfs", "typename: surval, time: passage"))
        asked = {"time": ("2010-02", "2010-03"), "clean": clean}
        assert it.to_pandas(**asked).lieu.tolist() == ["Point 1", "Point 2"]
        assert it.to_pandas(bbox=(-3.5, 47, 0, 49), **asked).lieu.tolist() == ["Point 2"]
        other = entry(tmp_path, one("wfs", f"{server.address}/wfs", "typename: surval, time: date"))
        with pytest.raises(CatalogError, match='no variable "date"') as caught:
            other.to_pandas()
    assert "passage" in caught.value.hint


def test_wfs_without_such_a_property_refuses_a_period(tmp_path, wfs):
    it = entry(tmp_path, one("wfs", f"{wfs.address}/wfs", "typename: surval"))
    with pytest.raises(CatalogError, match="rows cannot be chosen by time"):
        it.to_pandas(time=("2010", "2011"))


def packed(kind: str, content: bytes) -> bytes:
    if kind == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data/rephy.csv", content)
            archive.writestr("README.pdf", b"%PDF")
        return file.getvalue()
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind](content)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("named", [True, False])
def test_a_packed_file_is_found_out_like_one_that_is_not(tmp_path, kind, encoding, named):
    path = tmp_path / (f"rephy.csv.{kind}" if named else "rephy.csv")
    path.write_bytes(packed(kind, REPHY.encode(encoding)))
    table = entry(tmp_path, one("csv", str(path))).to_pandas(clean=False)
    pd.testing.assert_frame_equal(table, read_csv(REPHY.encode()), check_flags=False)


def test_a_server_that_has_unpacked_the_file_already_is_no_trouble(tmp_path):
    with stand_in(lambda _: (200, "text/csv", REPHY.encode())) as server:
        it = entry(tmp_path, one("csv", f"{server.address}/a.csv.gz", "compression: gzip"))
        assert len(it.to_pandas()) == 2


def test_an_archive_of_several_tables_and_one_cut_short_are_told(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", "a")
        archive.writestr("b.csv", "b")
    with pytest.raises(CatalogError, match="holds 2 tables") as caught:
        read_csv(file.getvalue(), "it")
    assert "a.csv" in caught.value.hint
    for kind in ("gz", "bz2", "xz", "zip"):
        (tmp_path / "a.csv").write_bytes(packed(kind, REPHY.encode() * 100)[:-40])
        with pytest.raises(CatalogError, match="cut short"):
            entry(tmp_path, one("csv", str(tmp_path / "a.csv"))).to_pandas()
