"""Where the arrays of a service are cut, so that it is asked for what was selected and no more."""

import numpy as np
import xarray as xr

from odatis_vre.catalog.access.methods import Request
from odatis_vre.catalog.access.places import marked, places_of
from odatis_vre.catalog.clean import clean_grid
from odatis_vre.catalog.subset import select_grid
from odatis_vre.errors import CatalogError

__all__ = ["cut_for"]


def cut_for(ds: xr.Dataset, request: Request, entry: str) -> dict[str, tuple[int, ...]]:
    """Chunks whose edges are those of the selection.

    A box that crosses Greenwich in a file from 0 to 360 is two runs of longitudes: two chunks, and a third
    that nobody reads.

    Parameters
    ----------
    ds : xarray.Dataset
        Undecoded; its coordinates are read.
    request : Request
    entry : str
        Its name, for messages.

    Returns
    -------
    dict of dimension to chunk sizes
        Of the dimensions that the request cuts.
    """
    if not (request.bbox or request.time or request.depth is not None):
        return {}
    try:
        bare = clean_grid(marked(ds.drop_vars(list(ds.data_vars))))
        selected = select_grid(bare, entry, request.bbox, request.time, request.depth)
    except CatalogError:  # told when it is really selected
        return {}
    cuts = {}
    for dim, size in ds.sizes.items():
        places = np.sort(places_of(selected, dim, size))
        if places.size == size or not places.size:
            continue
        breaks = np.flatnonzero(np.diff(places) > 1)
        edges = {0, size, int(places[0]), int(places[-1]) + 1}
        edges |= {int(places[at]) + 1 for at in breaks} | {int(places[at + 1]) for at in breaks}
        cuts[str(dim)] = tuple(int(step) for step in np.diff(sorted(edges)))
    return cuts
