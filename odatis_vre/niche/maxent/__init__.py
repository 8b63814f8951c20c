"""MaxEnt: features, penalties, solver, and the model over them."""

from odatis_vre.niche.maxent.estimator import MaxEnt

__all__ = ["MaxEnt"]
