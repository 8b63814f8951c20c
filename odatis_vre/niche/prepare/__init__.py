"""Occurrences made ready for a model: each step tells which rows it dropped, and why.

>>> import pandas as pd
>>> lat, sst = [48.0, 48.0, 48.001, 60.0], [12.0, 12.0, 12.1, 8.0]
>>> seen = pd.DataFrame({"lat": lat, "lon": -5.0, "sst": sst})
>>> ready = duplicates(seen).then(thin, distance_km=10)
>>> len(ready.kept), ready.dropped["step"].tolist()
(2, ['duplicates', 'thin'])
"""

from odatis_vre.niche.prepare.outlying import outliers
from odatis_vre.niche.prepare.prepared import Prepared, complete
from odatis_vre.niche.prepare.thinning import duplicates, environmental_filter, thin

__all__ = ["Prepared", "complete", "duplicates", "environmental_filter", "outliers", "thin"]
