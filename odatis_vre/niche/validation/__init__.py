"""How good a model is where it was not trained: splits apart in space or environment, scores, tuning.

The splitters are scikit-learn's: `split(X, y)` and `get_n_splits(X, y)`, for its own functions as well.
"""

from odatis_vre.niche.validation.autocorrelation import autocorrelation_range
from odatis_vre.niche.validation.blocks import EnvironmentalBlocks, SpatialBlocks
from odatis_vre.niche.validation.buffers import Buffered
from odatis_vre.niche.validation.crossvalidation import Tuning, cross_validate, tune
from odatis_vre.niche.validation.evaluation import evaluate

__all__ = [
    "Buffered",
    "EnvironmentalBlocks",
    "SpatialBlocks",
    "Tuning",
    "autocorrelation_range",
    "cross_validate",
    "evaluate",
    "tune",
]
