"""The site's catalogue as plain Intake sees it: `intake.cat.odatis`.

Named by the entry point `odatis` of the group `intake.catalogs`, which Intake reads at the first use of
`intake.cat`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intake.catalog import Catalog

    catalog: Catalog

__all__ = ["catalog"]


def __getattr__(name: str):
    if name != "catalog":
        raise AttributeError(f"module 'odatis_vre.catalog.plain' has no attribute {name!r}")
    import intake

    from odatis_vre.catalog.yamlfile import site_catalog

    return intake.open_catalog(site_catalog())
