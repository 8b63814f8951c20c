"""Environmental envelope: trapezoids of suitability, one per variable."""

import numpy as np
import pandas as pd

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.presence_only import PresenceOnlyModel
from odatis_vre.niche.table import Table


class Envelope(PresenceOnlyModel):
    """Environmental envelope, as in AquaMaps (Kaschner et al. 2006).

    Along each variable the suitability is a trapezoid: 0 outside the range of the presences, 1 between
    two percentiles of them, linear between. The suitabilities of all variables are multiplied.

    Parameters
    ----------
    percentiles : tuple of two floats, default (10, 90)
        Between them the suitability is 1. 0 <= first < second <= 100.

    Attributes
    ----------
    limits_ : DataFrame, index variable, columns min, low, high, max
        Corners of the trapezoids, in the variables' own units.

    References
    ----------
    Kaschner, K., Watson, R., Trites, A. W. & Pauly, D. (2006). Mapping world-wide distributions of
    marine mammal species using a relative environmental suitability (RES) model. Marine Ecology
    Progress Series 316, 285-310. doi:10.3354/meps316285

    Examples
    --------
    >>> import numpy as np
    >>> model = Envelope().fit(np.arange(0.0, 101)[:, None])
    >>> model.predict([[-1.0], [5.0], [50.0], [95.0]]).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """

    citation = (
        "Kaschner, K., Watson, R., Trites, A. W. & Pauly, D. (2006). Mapping world-wide distributions of "
        "marine mammal species using a relative environmental suitability (RES) model. Marine Ecology "
        "Progress Series 316, 285-310. https://doi.org/10.3354/meps316285"
    )

    def __init__(self, percentiles=(10, 90)):
        self.percentiles = percentiles

    def _learn(self, seen: np.ndarray, table: Table) -> None:
        try:
            low, high = self.percentiles
            fits = 0 <= low < high <= 100
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise NicheError(
                tr("niche.bad_parameter", name="percentiles", value=self.percentiles),
                tr("niche.bad_parameter_hint", allowed="(low, high), 0 <= low < high <= 100"),
            )
        self.limits_ = pd.DataFrame(
            np.percentile(seen, [0, low, high, 100], axis=0).T,
            index=pd.Index(table.names, name="variable"),
            columns=["min", "low", "high", "max"],
        )

    def _predict(self, values: np.ndarray) -> np.ndarray:
        out = np.ones(len(values))
        for x, corners in zip(values.T, self.limits_.to_numpy(), strict=True):
            out *= _trapezoid(x, *corners)
        return out


def _trapezoid(x: np.ndarray, least: float, low: float, high: float, most: float) -> np.ndarray:
    """0 outside [least, most], 1 inside [low, high], linear between; a side may be upright."""
    rise = (x - least) / (low - least) if low > least else 1.0
    fall = (most - x) / (most - high) if most > high else 1.0
    return np.where((least <= x) & (x <= most), np.clip(np.minimum(rise, fall), 0, 1), 0.0)
