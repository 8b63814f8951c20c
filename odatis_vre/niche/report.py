"""What a fitted model is and how good it is: an ODMAP table and a model card."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from odatis_vre.errors import NicheError
from odatis_vre.i18n import language, tr, use_language
from odatis_vre.niche.odmap import ODMAP, disagreement, ensemble, number, variable

__all__ = ["ModelCard"]

_SOFTWARE = ("odatis-vre", "numpy", "scipy", "scikit-learn", "xarray")


@dataclass(frozen=True)
class ModelCard:
    """Data, settings, scores and limits of a fitted model, for a reader and for a machine.

    What the model and the tables tell is filled in; what only its author knows is given in `told`; an
    element of the protocol that nobody tells says so.

    Parameters
    ----------
    model : fitted model
    title : str
        Such as "Mackerel eggs, spring".
    species : str, optional
    data : sequence of mappings, optional
        The datasets used: `title`, `citation`, `doi`, `licence`, `sha256`, as far as known.
        `catalog.opened()` gives them.
    environment : DataFrame, shape (n, p), optional
        The table of the fit: its ranges and missing values are told.
    scores : DataFrame, Series or mapping, optional
        From `validation.cross_validate` (one row per fold: mean and standard deviation are told) or
        `validation.evaluate`.
    thresholds : Series or mapping, optional
        From `metrics.thresholds`.
    projection : DataArray, optional
        From `project`: its extent, shape and share of missing cells are told. A lazy one is not computed.
    extrapolated : float, optional
        Share of the projected cells outside the range of the fit, 0..1 (from `mess`).
    limits : sequence of str, optional
        What the model must not be used for, and what is known to be weak.
    told : mapping, optional
        Other elements of ODMAP, by name (see `ModelCard.elements()`).

    References
    ----------
    Zurell, D. et al. (2020). A standard protocol for reporting species distribution models. Ecography
    43, 1261-1277. doi:10.1111/ecog.04960

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from odatis_vre.niche import NPPEN
    >>> sst = pd.DataFrame({"sst": np.linspace(8, 16, 50)})
    >>> card = ModelCard(NPPEN().fit(sst), title="Mackerel", environment=sst, told={"authorship": "A. B."})
    >>> card.odmap("en").set_index("element").loc["Authorship", "text"]
    'A. B.'
    """

    model: Any
    title: str
    species: str = ""
    data: Sequence[Mapping[str, Any]] = ()
    environment: pd.DataFrame | None = None
    scores: pd.DataFrame | pd.Series | Mapping[str, float] | None = None
    thresholds: pd.Series | Mapping[str, float] | None = None
    projection: Any = None
    extrapolated: float | None = None
    limits: Sequence[str] = ()
    told: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        if not hasattr(self.model, "n_features_in_"):
            kind = type(self.model).__name__
            raise NicheError(tr("niche.not_fitted", model=kind), tr("niche.not_fitted_hint"))
        if unknown := sorted(set(self.told) - set(self.elements())):
            raise NicheError(
                tr("model_report.no_element", names=", ".join(unknown)),
                tr("model_report.no_element_hint", names=", ".join(self.elements())),
            )

    @staticmethod
    def elements() -> list[str]:
        """The elements of ODMAP that `told` may hold."""
        return [name for names in ODMAP.values() for name in names]

    def to_dict(self, lang: str | None = None) -> dict[str, Any]:
        """The card for machines: keys in English, numbers as numbers, NaN as None.

        Parameters
        ----------
        lang : {"en", "fr"}, optional
            Of the texts under `odmap`. Default: the language in force.
        """
        model = self.model
        with _speaking(lang):
            spoken, texts = language(), {row.name: row.text for row in self._rows(None)}
        return {
            "language": spoken,
            "title": self.title,
            "species": self.species,
            "model": {
                "kind": type(model).__name__,
                "parameters": {k: _plain(v) for k, v in model.get_params(deep=False).items()},
                "presences": _plain(getattr(model, "n_presences_", None)),
                "background": _plain(getattr(model, "n_background_", None)),
                "citation": getattr(model, "citation", ""),
            },
            "predictors": self._predictors(),
            "data": [{k: _plain(v) for k, v in source.items()} for source in self.data],
            "scores": self._scores(),
            "thresholds": {k: _plain(v) for k, v in _pairs(self.thresholds)},
            "projection": self._projection(),
            "limits": list(self.limits),
            "software": {name: version(name) for name in _SOFTWARE} | {"python": platform.python_version()},
            "odmap": texts,
        }

    def to_json(self, lang: str | None = None) -> str:
        """`to_dict` as JSON: the same keys and numbers in both languages.

        Parameters
        ----------
        lang : {"en", "fr"}, optional
            Default: the language in force.
        """
        return json.dumps(self.to_dict(lang), ensure_ascii=False, indent=2, allow_nan=False) + "\n"

    def odmap(self, lang: str | None = None) -> pd.DataFrame:
        """The ODMAP table.

        Parameters
        ----------
        lang : {"en", "fr"}, optional
            Default: the language in force.

        Returns
        -------
        DataFrame
            `section`, `element`, `text`: one row per element of the protocol, in its order.
        """
        rows = self._rows(lang)
        return pd.DataFrame(
            {
                "section": [row.section for row in rows],
                "element": [row.element for row in rows],
                "text": [row.text for row in rows],
            }
        )

    def to_html(self, lang: str | None = None) -> str:
        """The card as a page of its own, without scripts.

        Parameters
        ----------
        lang : {"en", "fr"}, optional
            Default: the language in force.
        """
        from odatis_vre.niche.report_page import page

        with _speaking(lang):
            return page(self.title, self._body())

    def _repr_html_(self) -> str:
        return self._body()

    def _body(self) -> str:
        from odatis_vre.niche.report_page import definitions, table

        facts = self.to_dict()

        def label(key: str) -> str:
            return tr(f"model_report.label.{key}")

        first = {
            label("species"): self.species,
            label("kind"): facts["model"]["kind"],
            label("presences"): facts["model"]["presences"],
            label("background"): facts["model"]["background"],
            label("method"): facts["model"]["citation"],
        }
        predictors = [
            {label(k): v for k, v in known.items()}
            for known in ({"name": name, **told} for name, told in facts["predictors"].items())
        ]
        scores = [
            {label("score"): name, label("mean"): s["mean"], label("sd"): s["sd"], label("folds"): s["folds"]}
            for name, s in facts["scores"].items()
        ]
        thresholds = [{label("threshold"): k, label("value"): v} for k, v in facts["thresholds"].items()]
        sources = [
            {label(k): source.get(k) for k in ("title", "citation", "licence")} for source in self.data
        ]
        odmap = [
            {label("section"): r.section, label("element"): r.element, label("text"): r.text}
            for r in self._rows(None)
        ]
        limits = "".join(f"<li>{escape(text)}</li>" for text in self.limits)
        return "".join(
            [
                definitions(self.title, first),
                table(label("settings"), [facts["model"]["parameters"]], transposed=True),
                table(label("predictors"), predictors),
                table(label("data"), sources),
                table(label("scores"), scores),
                table(label("thresholds"), thresholds),
                f"<h3>{escape(label('limits'))}</h3><ul>{limits}</ul>" if limits else "",
                table("ODMAP", odmap),
            ]
        )

    def _predictors(self) -> dict[str, dict[str, Any]]:
        names = [str(n) for n in getattr(self.model, "feature_names_in_", [])]
        names = names or [f"variable_{i}" for i in range(1, self.model.n_features_in_ + 1)]
        units = getattr(self.model, "feature_units_", {})
        levels = getattr(self.model, "categories_", {})
        out = {}
        for name in names:
            known: dict[str, Any] = {"units": units.get(name)}
            if name in levels:
                known["levels"] = [_plain(v) for v in levels[name]]
            column = None if self.environment is None else self.environment.get(name)
            if column is not None:
                known["missing"] = int(column.isna().sum())
                if name not in levels and pd.api.types.is_numeric_dtype(column):
                    known |= {"lowest": _plain(column.min()), "highest": _plain(column.max())}
            out[name] = known
        return out

    def _scores(self) -> dict[str, dict[str, Any]]:
        if isinstance(self.scores, pd.DataFrame):
            kept = self.scores.select_dtypes("number").drop(
                columns=["n_train", "n_test", "presences"], errors="ignore"
            )
            return {
                str(n): {
                    "mean": _plain(c.mean()),
                    "sd": _plain(c.std()) if c.notna().sum() > 1 else None,
                    "folds": int(c.notna().sum()),
                }
                for n, c in kept.items()
            }
        return {str(n): {"mean": _plain(v), "sd": None, "folds": None} for n, v in _pairs(self.scores)}

    def _projection(self) -> dict[str, Any] | None:
        if self.projection is None:
            return None
        field_ = self.projection
        facts: dict[str, Any] = {"shape": {str(d): int(n) for d, n in field_.sizes.items()}}
        for axis in ("lat", "lon"):
            if axis in field_.coords:
                facts[axis] = [_plain(field_[axis].min().item()), _plain(field_[axis].max().item())]
        if field_.chunks is None:
            facts["missing"] = _plain(float(field_.isnull().mean()))
        facts["extrapolated"] = _plain(self.extrapolated)
        return facts

    def _rows(self, lang: str | None) -> list["_Row"]:
        with _speaking(lang):
            found = self._found() | {k: str(v) for k, v in self.told.items() if str(v).strip()}
            return [
                _Row(
                    name,
                    tr(f"model_report.section.{section}"),
                    tr(f"model_report.element.{name}"),
                    found.get(name) or tr("model_report.not_told"),
                )
                for section, names in ODMAP.items()
                for name in names
            ]

    def _found(self) -> dict[str, str]:
        """The elements that the model and the tables tell."""
        model, kind = self.model, type(self.model).__name__
        names = list(self._predictors())
        settings = ", ".join(f"{k}={v!r}" for k, v in model.get_params(deep=False).items())
        scores = "; ".join(
            f"{n} {number(s['mean'], '.3f')}"
            + (f" ± {number(s['sd'], '.3f')}" if s["sd"] is not None else "")
            for n, s in self._scores().items()
            if s["mean"] is not None
        )
        found = {
            "taxon": self.species,
            "predictors": ", ".join(names),
            "algorithms": f"{kind}. {getattr(model, 'citation', '')}".strip(),
            "software": ", ".join(f"{n} {version(n)}" for n in _SOFTWARE)
            + f", Python {platform.python_version()}",
            "biodiversity_data": self._counted(),
            "predictor_variables": "; ".join(variable(n, f) for n, f in self._predictors().items()),
            "settings": f"{kind}({settings})",
            "ensemble": ensemble(model),
            "performance": scores,
            "threshold": ", ".join(f"{k} {number(v, '.3f')}" for k, v in _pairs(self.thresholds)),
            "uncertainty": disagreement(model),
        }
        if isinstance(self.scores, pd.DataFrame):
            found["partitioning"] = tr("model_report.folds", folds=len(self.scores))
        if shape := self._projection():
            found["output"] = tr(
                "model_report.output", shape=" x ".join(f"{d} {n}" for d, n in shape["shape"].items())
            )
            if "lat" in shape and "lon" in shape:
                (south, north), (west, east) = shape["lat"], shape["lon"]
                found["location"] = (
                    f"{number(south)} … {number(north)} °N, {number(west)} … {number(east)} °E"
                )
        if self.extrapolated is not None:
            outside = tr("model_report.extrapolated", share=number(100 * self.extrapolated, ".1f"))
            found["uncertainty"] = f"{outside} {found['uncertainty']}".strip()
        return found

    def _counted(self) -> str:
        sources = "; ".join(str(s.get("citation") or s.get("title") or "") for s in self.data)
        if (presences := getattr(self.model, "n_presences_", None)) is None:
            return sources
        counts = tr(
            "model_report.counts", presences=presences, background=getattr(self.model, "n_background_", 0)
        )
        return f"{counts} {sources}".strip()


@dataclass(frozen=True)
class _Row:
    name: str
    section: str
    element: str
    text: str


def _speaking(lang: str | None):
    """The language asked for, or the one in force."""
    return use_language(lang) if lang else nullcontext()


def _pairs(values) -> Iterable[tuple[str, Any]]:
    return () if values is None else values.items()


def _plain(value: Any) -> Any:
    """A value that JSON can hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | str) else repr(value)
