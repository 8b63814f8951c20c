"""The species chromatogram: optimum and amplitude of a niche along each variable."""

import warnings

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.abundance import read_community
from odatis_vre.niche.binning import categories, extremes, smooth, suitable_run, top_means
from odatis_vre.niche.table import Table

_MOST_BINS = 10_000


class Chromatogram(BaseEstimator):
    """Species chromatogram (Kleparski & Beaugrand 2022).

    Each variable is cut into categories of equal width between its extremes. A category's value is the
    mean of its largest abundances, smoothed over its neighbours and divided by the largest value.

    Parameters
    ----------
    bins : int, default 50
        Number of categories of each variable.
    min_samples : int, default 1
        A category with fewer samples has no value of its own (smoothing may still give it one).
    top_percent : float, default 5
        Share of each category's samples, the most abundant ones, that is averaged (0-100].
    smoothing : int, default 2
        Half-width of the moving average, in categories; 0 for none.
    threshold : float, default 0.0
        Fraction of the maximum (0..1) from which a category is suitable; at 0, any value above 0 is.
    compat : {None, "specieschrom"}, default None
        "specieschrom" gives the numbers of the R package of that name, version 1.0.0. None departs from
        it on purpose: within `smoothing` categories of an end the window shrinks step by step instead of
        to three categories at once; a missing value next to an end does not spread into it; the last
        category is closed when the optimum is read; where smoothing puts the peak into a category that
        nobody sampled, the nearest samples give the optimum; the mean amplitude skips variables that
        have none.

    Attributes
    ----------
    chromatogram_ : DataArray, dims (bin, variable, species)
        0..1, NaN where there is no data. Coordinates `lower` and `upper` (bin, variable) are the
        limits of the categories in the variables' own units.
    optimum_ : DataArray, dims (variable, species)
        Mean of the variable over the most abundant samples of the best category, in its own unit.
    amplitude_ : DataArray, dims (variable, species)
        Share of the categories with data that lies between the first and the last suitable one, in %.
    mean_amplitude_ : DataArray, dims (species)
        Mean of the amplitudes over the variables, in %.
    feature_names_in_ : ndarray of str
        The variables, when they were given in a DataFrame.
    feature_units_ : dict
        Variable -> unit, as far as the DataFrame's `attrs["units"]` tells (`matchup.points` sets it).

    Notes
    -----
    A constant variable, or a species absent wherever a variable is known, has no chromatogram: its
    values are NaN and a warning names it. When nothing at all is left, `fit` raises.

    References
    ----------
    Kleparski, L. & Beaugrand, G. (2022). The species chromatogram, a new graphical method to represent,
    characterize, and compare the ecological niches of different species. Ecology and Evolution 12,
    e8830. doi:10.1002/ece3.8830

    Examples
    --------
    >>> import numpy as np
    >>> sst = np.linspace(0, 20, 201)[:, None]
    >>> chrom = Chromatogram(bins=10, smoothing=0).fit(sst, (sst[:, 0] > 10) & (sst[:, 0] < 12))
    >>> float(chrom.amplitude_[0, 0])
    10.0
    """

    citation = (
        "Kleparski, L. & Beaugrand, G. (2022). The species chromatogram, a new graphical method to "
        "represent, characterize, and compare the ecological niches of different species. Ecology and "
        "Evolution 12, e8830. https://doi.org/10.1002/ece3.8830"
    )

    def __init__(self, bins=50, min_samples=1, top_percent=5, smoothing=2, threshold=0.0, compat=None):
        self.bins = bins
        self.min_samples = min_samples
        self.top_percent = top_percent
        self.smoothing = smoothing
        self.threshold = threshold
        self.compat = compat

    def fit(self, X, y):
        """Read the chromatogram of each species.

        Parameters
        ----------
        X : DataFrame, array or Dataset, shape (n samples, p variables)
            Environment of each sample, NaN where unknown. The cells of a grid are samples.
        y : DataFrame, Series, array or DataArray, shape (n,) or (n, S species)
            Abundance (or 0/1) of each species in each sample, 0 or more; NaN where unknown.

        Returns
        -------
        self

        Raises
        ------
        NicheError
            A parameter out of range, tables of different lengths, negative abundances, no data.
        """
        self._check_parameters()
        samples = read_community(X, y)
        env, abundance = samples.env, samples.abundance
        samples.remember(self)

        low, span = extremes(env.values)
        index, count = categories(env.values, low, span, self.bins)
        raw = self._raw(index, count, abundance.values)
        smoothed = smooth(raw, self.smoothing, shrink=self.compat is None)
        peak = np.fmax.reduce(smoothed, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(peak > 0, smoothed / peak, np.nan)
        self._warn_of_gaps(env, abundance, span, peak)

        optimum = self._optimum(env.values, (low, span), index, abundance.values, value)
        self._keep(env, abundance, low, span, value, optimum)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.positive_only = True
        tags.input_tags.allow_nan = True
        return tags

    def _check_parameters(self) -> None:
        ranges = {
            "bins": (isinstance(self.bins, int | np.integer) and 2 <= self.bins <= _MOST_BINS, "2 .. 10000"),
            "min_samples": (isinstance(self.min_samples, int | np.integer) and self.min_samples >= 1, ">= 1"),
            "top_percent": (0 < self.top_percent <= 100, "> 0, <= 100"),
            "smoothing": (isinstance(self.smoothing, int | np.integer) and self.smoothing >= 0, ">= 0"),
            "threshold": (0 <= self.threshold <= 1, "0 .. 1"),
            "compat": (self.compat in (None, "specieschrom"), 'None, "specieschrom"'),
        }
        for name, (fits, allowed) in ranges.items():
            if not fits:
                raise NicheError(
                    tr("niche.bad_parameter", name=name, value=getattr(self, name)),
                    tr("niche.bad_parameter_hint", allowed=allowed),
                )
        if self.bins < 2 * self.smoothing + 1:
            raise NicheError(
                tr("niche.window_too_wide", bins=self.bins, width=2 * self.smoothing + 1),
                tr("niche.window_too_wide_hint"),
            )

    def _raw(self, index, count, abundance) -> np.ndarray:
        raw = np.empty((self.bins, len(index), abundance.shape[1]))
        for s, values in enumerate(np.ascontiguousarray(abundance.T)):
            order = np.argsort(-values)
            order = order[: len(order) - np.count_nonzero(np.isnan(values))]
            for j, (where, size) in enumerate(zip(index, count, strict=True)):
                raw[:, j, s] = top_means(where, size, values, order, self.min_samples, self.top_percent)
        return raw

    def _warn_of_gaps(self, env: Table, abundance: Table, span, peak) -> None:
        constant = [n for n, width in zip(env.names, span, strict=True) if not width > 0]
        varying = span > 0
        absent = [s for s, top in zip(abundance.names, peak.T, strict=True) if not (top[varying] > 0).all()]
        if not (peak > 0).any():
            raise NicheError(
                tr("niche.no_chromatogram", species=", ".join(abundance.names)),
                tr("niche.no_chromatogram_hint"),
            )
        if constant:
            warnings.warn(tr("niche.constant_variable", columns=", ".join(constant)), stacklevel=3)
        if absent:
            warnings.warn(tr("niche.absent_species", species=", ".join(absent)), stacklevel=3)

    def _optimum(self, env, scale, index, abundance, value) -> np.ndarray:
        optimum = np.full(value.shape[1:], np.nan)
        low, span = scale
        for j, s in np.argwhere((value == 1).any(axis=0)):
            best = np.flatnonzero(value[:, j, s] == 1)
            first, last = best[0], best[-1]
            while True:
                rows = np.flatnonzero((index[j] >= first) & (index[j] <= last))
                if self.compat:  # right-open, even at the end
                    rows = rows[(env[rows, j] - low[j]) / span[j] < (last + 1) / self.bins]
                rows = rows[np.argsort(-abundance[rows, s], kind="stable")]
                top = rows[: int(np.ceil(self.top_percent * len(rows) / 100))]
                top = top[~np.isnan(abundance[top, s])]
                if len(top) or self.compat or (first == 0 and last == self.bins - 1):
                    break
                # Smoothing can put the peak where nobody sampled: the nearest samples stand for it.
                first, last = max(first - 1, 0), min(last + 1, self.bins - 1)
            if len(top):
                optimum[j, s] = env[top, j].mean()
        return optimum

    def _keep(self, env: Table, abundance: Table, low, span, value, optimum) -> None:
        run = suitable_run(value, self.threshold)
        with np.errstate(invalid="ignore"):
            amplitude = 100 * run.sum(axis=0) / (run | ~np.isnan(value)).sum(axis=0)
        amplitude[np.isnan(value).all(axis=0)] = np.nan
        edges = low + np.arange(self.bins + 1)[:, None] / self.bins * span
        names = {"variable": env.names, "species": abundance.names}
        self.chromatogram_ = xr.DataArray(
            value,
            dims=("bin", "variable", "species"),
            coords={
                "bin": np.arange(1, self.bins + 1),
                **names,
                "lower": (("bin", "variable"), edges[:-1]),
                "upper": (("bin", "variable"), edges[1:]),
            },
            name="chromatogram",
            attrs={"long_name": "abundance relative to its maximum", "units": "1"},
        )
        self.optimum_ = xr.DataArray(optimum, dims=("variable", "species"), coords=names, name="optimum")
        self.amplitude_ = xr.DataArray(
            amplitude,
            dims=("variable", "species"),
            coords=names,
            name="amplitude",
            attrs={"long_name": "share of suitable categories", "units": "%"},
        )
        self.mean_amplitude_ = self.amplitude_.mean("variable", skipna=self.compat is None, keep_attrs=True)
        self.mean_amplitude_.name = "mean_amplitude"
