"""Online resources: told apart by address first, then by protocol."""

import pytest

from odatis_vre.catalog.harvest import Link
from odatis_vre.catalog.harvest.licences import is_citation, licence_of
from odatis_vre.catalog.harvest.ways import classify

LINKS = [
    ("https://tds.example.org/thredds/dodsC/sst.nc", "OTHER", "opendap"),
    ("https://tds.example.org/thredds/fileServer/sst.nc", "WWW:LINK", "netcdf"),
    ("https://tds.example.org/thredds/catalog/sst/catalog.html", "WWW:OPENDAP", None),
    ("https://erddap.example.org/erddap/griddap/dtm.html", "WWW:LINK", "opendap"),
    ("https://erddap.example.org/erddap/tabledap/ArgoFloats.html", "WWW:LINK", "tabledap"),
    ("s3://bucket/glorys.zarr", "", "zarr"),
    ("https://s3.example.org/bucket/glorys.zarr/", "WWW:LINK", "zarr"),
    ("ftp://ftp.example.org/ifremer/a.nc", "WWW:FTP", "netcdf"),
    ("ftp://ftp.example.org/ifremer/", "WWW:FTP", None),
    ("https://www.example.org/a.csv.gz", "WWW:DOWNLOAD-1.0-http--download", "csv"),
    ("https://www.example.org/report.pdf", "WWW:DOWNLOAD-1.0-http--download", None),
    ("https://www.example.org/services/wfs", "OGC:WFS", "wfs"),
    ("https://www.example.org/services/wms", "OGC:WMS", None),
    ("https://doi.org/10.17882/42182", "WWW:LINK-1.0-http--metadata-URL", None),
    ("https://www.example.org/*.nc", "", None),
]


@pytest.mark.parametrize(("url", "protocol", "driver"), LINKS)
def test_a_link_is_a_way_to_values_or_a_page(url, protocol, driver):
    way = classify(Link(url, protocol, "layer"))
    assert (way and way.driver) == driver


def test_a_feature_service_without_a_layer_is_a_page():
    assert classify(Link("https://www.example.org/wfs", "OGC:WFS", "")) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"),
        ("CC BY-NC-SA", "CC-BY-NC-SA"),
        ("CC0", "CC0-1.0"),
        ("Licence Ouverte / Open Licence version 2.0 (Etalab)", "Etalab-2.0"),
        ("domaine public", "public domain"),
        ("Les données sont dans le domaine public.", "public domain"),
        ("US Government work, public domain", "public domain"),
        ("Autorisation d'occupation du domaine public maritime", None),
        ("Domaine Public Maritime naturel", None),
        ("domaine public de l'État", None),
        ("occupation temporaire du domaine public", None),
        ("The data are not in the public domain.", None),
        ("Ces données ne sont pas dans le domaine public.", None),
        ("Limite du domaine public maritime. Données sous CC-BY 4.0", "CC-BY-4.0"),
        ("Pas de restriction d'accès public", None),
    ],
)
def test_licences_are_known_by_their_names(text, name):
    found = licence_of([text])
    assert (found and found["name"]) == name


def test_a_citation_is_no_licence():
    assert is_citation("Caer G. et al. (2019). SOMLIT. SEANOE.")
    assert licence_of(["Caer G. et al. (2019). SOMLIT. SEANOE."]) is None
