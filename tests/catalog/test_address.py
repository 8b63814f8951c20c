"""Addresses are shown without what opens them."""

import traceback

import pytest
from yarl import URL

from odatis_vre.catalog import open_catalog
from odatis_vre.catalog.address import kept_url, public_url, whole_url
from odatis_vre.errors import CatalogError

ADDRESSES = {
    "/data/a.nc": "/data/a.nc",
    "https://host:8080/a@b/c.nc?v=2": "https://host:8080/a@b/c.nc?v=2",
    "https://host:8080?at=a@b": "https://host:8080?at=a@b",
    "https://me:secret@host/a.csv": "https://host/a.csv",
    "https://me:se/cret@host/a.csv": "https://host/a.csv",
    "zip://x.csv::https://me:secret@host/b.zip": "zip://x.csv::https://host/b.zip",
    "https://host/a?sst[0:1]&token=secret&v=1": "https://host/a?sst[0:1]&token=***&v=1",
    "https://host/a?X-Amz-Signature=secret&X-Amz-Date=2": "https://host/a?X-Amz-Signature=***&X-Amz-Date=2",
    "https://host/a?key=secret;password=secret": "https://host/a?key=***;password=***",
    "https://host/a?%74oken=secret#access_token=secret": "https://host/a?%74oken=***#access_token=***",
    "https://host/a?sigma=2&sp=r&sig=secret": "https://host/a?sigma=2&sp=r&sig=***",
}


@pytest.mark.parametrize(("written", "shown"), ADDRESSES.items())
def test_accounts_and_keys_are_left_out(written, shown):
    assert public_url(written) == shown


def test_each_address_of_a_list_is_shown_without_its_account():
    assert public_url(["https://a:secret@h/1", "https://b:secret@h/2"]) == "https://h/1, https://h/2"


@pytest.mark.parametrize("sha256", ["", f", metadata: {{sha256: '{'0' * 64}'}}"])
@pytest.mark.parametrize("options", ["", "?token=secret"])
def test_no_message_card_record_or_traceback_tells_an_account(write_catalog, free_ports, sha256, options):
    (port,) = free_ports()
    url = f"http://me:secret@127.0.0.1:{port}/a.nc{options}"
    args = f"{{urlpath: '{url}', xarray_kwargs: {{engine: h5netcdf}}}}"
    entry = open_catalog(write_catalog(f"sources: {{it: {{driver: netcdf, args: {args}{sha256}}}}}"))["it"]
    with pytest.raises(CatalogError) as caught:
        entry.to_xarray()
    shown = "".join(traceback.format_exception(caught.value))
    assert "127.0.0.1" in shown
    assert "secret" not in f"{shown}{caught.value.hint}{entry!r}{entry._repr_html_()}{entry.to_dict()}"


@pytest.mark.parametrize("name", ["catalog.yaml", "nested.yaml"])
def test_no_catalogue_error_tells_an_account(write_catalog, free_ports, name):
    (port,) = free_ports()
    url = f"http://me:secret@127.0.0.1:{port}/c.yaml"
    nested = write_catalog(f"sources: {{n: {{driver: yaml_file_cat, args: {{path: '{url}'}}}}}}", name)
    for path in (nested, url):
        with pytest.raises(CatalogError) as caught:
            open_catalog(path)
        assert "secret" not in "".join(traceback.format_exception(caught.value)) + caught.value.hint


@pytest.mark.parametrize("damage", [": {", "driver: 3, ", "bbox: [1], "])
def test_a_broken_file_does_not_tell_its_addresses(write_catalog, damage):
    entry = f"sources: {{it: {{{damage}args: 'https://me:secret@host/a.csv', metadata: 5}}}}"
    with pytest.raises(CatalogError) as caught:
        open_catalog(write_catalog(entry))
    assert "secret" not in "".join(traceback.format_exception(caught.value))


PLAIN = [
    "https://host/a?cycle=10&pass=12",
    "https://host/a?code=BREST&user=shom",
    "https://host/a?session=2010&primarykey=2&keyword=sel&tokenize=1&author=x&monkey=3",
]


@pytest.mark.parametrize("url", PLAIN)
def test_a_parameter_that_names_data_is_no_secret(url):
    assert public_url(url) == kept_url(url) == url


@pytest.mark.parametrize(
    "name", ["X-Amz-Signature", "api_key", "apiKey", "client-secret", "access_token", "KEY"]
)
def test_a_secret_is_known_by_its_name_however_it_is_written(name):
    assert public_url(f"https://host/a?v=1&{name}=b") == f"https://host/a?v=1&{name}=***"


def test_two_addresses_that_differ_in_a_key_alone_stay_two(tmp_path, write_catalog, monkeypatch):
    from data_stand_ins import stand_in

    monkeypatch.setenv("ODATIS_CACHE", str(tmp_path / "cache"))

    def answer(url):
        return 200, "text/csv", f"asked\n{url.query}\n".encode()

    with stand_in(answer) as server:
        queries = ["cycle=10&pass=12", "cycle=10&pass=13", "code=BREST", "code=NICE", "key=one", "key=two"]
        sources = ", ".join(
            f"e{number}: {{driver: csv, args: {{urlpath: '{server.address}/a.csv?{query}'}}}}"
            for number, query in enumerate(queries)
        )
        cat = open_catalog(write_catalog(f"sources: {{{sources}}}"))
        for _ in range(2):
            assert [entry.to_pandas().asked[0] for entry in cat] == queries
            assert len({str(entry.download()[0]) for entry in cat}) == len(queries)
        assert "two" not in f"{cat['e5']!r}{cat['e5'].to_dict()}{cat['e5']._leaf.source}"


def test_a_catalogue_that_writes_what_stands_for_a_key_gets_no_key():
    kept_url("https://shared.org/mine?token=s3cret")
    assert whole_url(URL(kept_url("https://shared.org/theirs?token=***"))).query["token"] == "***"
    assert (
        whole_url(URL(kept_url("https://shared.org/mine?token=***", again=True))).query["token"] == "s3cret"
    )


@pytest.mark.parametrize("field", ["urlpath: 'http://[x/a.csv?token=1'", "urlpath: ['http://[x/a.csv']"])
@pytest.mark.parametrize(
    "place", ["args: {%s}", "args: {urlpath: a}, metadata: {access: [{driver: csv, args: {%s}}]}"]
)
def test_an_address_that_is_none_is_an_error_of_its_field(write_catalog, field, place):
    path = write_catalog(f"sources: {{it: {{driver: csv, {place % field}}}}}")
    with pytest.raises(CatalogError, match=r"args\.urlpath: .*no address"):
        open_catalog(path)
