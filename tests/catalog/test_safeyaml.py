"""YAML from anywhere: what could hurt the reader is one error that names file and place."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odatis_vre.catalog import open_catalog
from odatis_vre.errors import CatalogError

GOOD = "driver: csv, args: {urlpath: a.csv}"
# Ten lists of ten aliases each: small to read, 10^10 to walk.
LAUGHS = "x0: &x0 [a]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 11))
HOSTILE = {
    "deep flow": "sources: " + "[" * 200_000,
    "deep mappings": "sources: " + "{a: " * 100_000,
    "deep blocks": "sources:\n" + "- " * 200_000 + "a",
    "deep keys": "? " * 100_000,
    "deep in time": "sources: {a: {driver: csv, metadata: {x: " + "[\n" * 300 + "]" * 300 + "}}}",
    "laughs": LAUGHS + f"sources: {{a: {{{GOOD}, metadata: {{x: *x10}}}}}}",
    "itself": f"sources: {{a: {{{GOOD}, metadata: &m {{x: *m}}}}}}",
    "no date": f"sources: {{a: {{{GOOD}, metadata: {{x: 2001-99-99}}}}}}",
    "many digits": f"sources: {{a: {{{GOOD}, metadata: {{x: {'9' * 5000}}}}}}}",
    "python": "sources: !!python/object/apply:os.system ['true']",
    "binary": "sources: !!binary 'not base 64'",
    "list as key": "sources: {[a, b]: 1}",
    "control": "sources: {a: \x07}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_yaml_is_one_error_naming_the_file(write_catalog, text):
    with pytest.raises(CatalogError, match=r"catalog\.yaml"):
        open_catalog(write_catalog(text))


def test_aliases_of_a_sane_size_are_read(write_catalog):
    path = write_catalog(f"sources: {{a: &a {{{GOOD}, metadata: {{title: A}}}}, b: *a}}")
    assert [entry.title for entry in open_catalog(path)] == ["A", "A"]


def test_many_brackets_that_are_not_deep_are_read(write_catalog):
    boxes = "".join(
        f"  d{n}: {{{GOOD}, metadata: {{title: 'x [{{(', bbox: [0, 0, 1, 1]}}}}\n" for n in range(300)
    )
    assert len(open_catalog(write_catalog(f"sources:\n{boxes}"))) == 300


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
)
KEYS = st.sampled_from(
    [
        *("title", "description", "domain", "bbox", "time", "licence", "citation", "access", "variables"),
        *("odatis_variables", "links", "doi", "sha256", "size", "verified", "x"),
    ]
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
SOURCES = st.fixed_dictionaries(
    {"driver": st.sampled_from(["csv", "netcdf", "zarr", "yaml_file_cat", "x", ""]) | PLAIN},
    optional={
        "args": st.dictionaries(
            st.sampled_from(["urlpath", "path", "engine", "xarray_kwargs", "x"]), VALUES, max_size=3
        ),
        "metadata": st.dictionaries(KEYS, VALUES, max_size=5) | VALUES,
        "description": VALUES,
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sources=st.dictionaries(st.text(max_size=6), SOURCES, max_size=3))
def test_any_catalogue_opens_and_is_searched_or_is_one_error_naming_file_and_field(write_catalog, sources):
    path = write_catalog(yaml.safe_dump({"sources": sources}, allow_unicode=True))
    cat, message = None, "catalog.yaml sources"
    try:
        cat = open_catalog(path)
    except CatalogError as error:
        message = error.message
    assert "catalog.yaml" in message
    assert "sources" in message
    if cat is None:
        return
    assert len(cat) <= len(sources)
    assert repr(cat.facets) is not None
    assert cat._repr_html_()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_opens_or_is_one_error_naming_the_file(write_catalog, text):
    path = write_catalog("sources: {}")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    message = "catalog.yaml"
    try:
        open_catalog(path)
    except CatalogError as error:
        message = error.message
    assert "catalog.yaml" in message


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(max_size=60) | st.from_regex(r"[a-zé ,'/-]*(1\d{3}|20\d\d)[ -–/a]+[0-9-]*", fullmatch=True)
)
def test_any_question_is_understood_or_finds_nothing(site, text):
    names, hint = [], ""
    try:
        names = site.search(text).names
    except CatalogError as error:
        hint = error.hint
    assert set(names) <= set(site.names)
    assert names or hint
