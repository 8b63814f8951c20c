"""The ODMAP table: its elements, and how a model's facts are worded in them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from odatis_vre.i18n import language, tr

# Sections and elements of the protocol, in its order.
ODMAP = {
    "overview": (
        *("authorship", "objective", "taxon", "location", "scale", "biodiversity", "predictors"),
        *("assumptions", "algorithms", "workflow", "software"),
    ),
    "data": ("biodiversity_data", "partitioning", "predictor_variables", "transfer"),
    "model": (
        *("preselection", "multicollinearity", "settings", "estimates", "ensemble"),
        *("non_independence", "threshold"),
    ),
    "assessment": ("performance", "plausibility"),
    "prediction": ("output", "uncertainty"),
}


def number(value: float, form: str = "g") -> str:
    """A number with the decimal sign of the language in force."""
    text = format(value, form)
    return text.replace(".", ",") if language() == "fr" else text


def variable(name: str, facts: Mapping[str, Any]) -> str:
    """A predictor with its unit and range: `sst (degC) 8 … 16`."""
    unit = f" ({facts['units']})" if facts.get("units") else ""
    if facts.get("lowest") is not None:
        return f"{name}{unit} {number(facts['lowest'], '.4g')} … {number(facts['highest'], '.4g')}"
    return f"{name}{unit}"


def ensemble(model) -> str:
    """How an ensemble combines its models, with their weights, scores and thresholds; "" of any other."""
    if not hasattr(model, "models_"):
        return ""
    how = tr(f"model_report.combined.{model.combine}", metric=model.metric, threshold=model.threshold)
    told = {model.metric: model.scores_, model.threshold: model.thresholds_}
    members = []
    for name, weight in model.weights_.items():
        more = [f"{kind} {number(v[name], '.3f')}" for kind, v in told.items() if v is not None]
        members.append(f"{name} {number(weight, '.3f')}" + (f" ({', '.join(more)})" if more else ""))
    return tr("model_report.ensemble", count=len(members), how=how, members="; ".join(members))


def disagreement(model) -> str:
    """How far the models of an ensemble lie apart over the table of the fit; "" of any other."""
    if not hasattr(model, "spread_"):
        return ""
    spread = model.spread_[~np.isnan(model.spread_)]
    return tr("model_report.spread", mean=number(spread.mean(), ".3f"), most=number(spread.max(), ".3f"))
