"""Scores of a suitability against observed presence, and thresholds that turn it into presence.

Every score takes `(presence, suitability)`, scikit-learn's order. Where a value of either is missing the
row is left out. Where presences or absences are missing altogether a score is NaN, with a warning.
"""

from odatis_vre.niche.metrics.confusion import kappa, thresholds, tss
from odatis_vre.niche.metrics.moving_window import boyce
from odatis_vre.niche.metrics.ranking import auc, auc_prg, cor
from odatis_vre.niche.metrics.scoring import scorer

__all__ = ["auc", "auc_prg", "boyce", "cor", "kappa", "scorer", "thresholds", "tss"]
