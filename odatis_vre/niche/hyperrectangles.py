"""Overlap of niches: the hyper-rectangles of suitable categories that species have in common."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from odatis_vre.errors import NicheError
from odatis_vre.i18n import tr
from odatis_vre.niche.binning import suitable_run

_MOST_VARIABLES = 20
# Elements of one block of (subsets x pairs): some 60 MB of float64 in all.
_BLOCK = 1 << 20
# Mean overlaps that differ by rounding alone are the same overlap.
_TIE = 1e-12


@dataclass(frozen=True, repr=False)
class ChromatogramOverlap:
    """Overlap of species in the space of their niches.

    Attributes
    ----------
    pairwise : DataArray, dims (species, other_species)
        D of each pair over all variables, in %: 100 on the diagonal, NaN for a species without
        chromatogram in one of the variables.
    best : DataFrame
        Per number of variables (`size`), the `variables` (tuple) that part the species best, and `D`,
        the mean over the pairs of species in %.
    alone : DataArray, dims (variable)
        Mean D over the pairs of species for each variable alone, in %.
    """

    pairwise: xr.DataArray
    best: pd.DataFrame
    alone: xr.DataArray

    def __repr__(self) -> str:
        return f"ChromatogramOverlap ({self.pairwise.sizes['species']} species)\n{self.best}"


def chromatogram_overlap(chrom, threshold=None) -> ChromatogramOverlap:
    """Overlap of species over every subset of the variables (Kleparski & Beaugrand 2022).

    A species' niche is the hyper-rectangle of its suitable categories, one side per variable, from the
    first to the last suitable category. D is the volume that two of them share, in % of the volume that
    they cover together.

    Parameters
    ----------
    chrom : Chromatogram
        Fitted on two species or more. With `compat="specieschrom"`, a size at which several subsets
        have the smallest mean overlap, but not all, has no best subset; otherwise the first of them in
        the order of the variables is the best.
    threshold : float, optional
        Fraction of the maximum (0..1) from which a category is suitable; that of `chrom` by default.

    Returns
    -------
    ChromatogramOverlap

    Raises
    ------
    NicheError
        Fewer than two species, more than 20 variables, a threshold outside 0..1.

    Notes
    -----
    A species without chromatogram in any variable is left out of the means; a subset of variables in
    which another species has none has no mean. The volumes of all 2^p subsets are built up one variable
    at a time: no subset is visited on its own, and memory stays below some 60 MB.

    References
    ----------
    Kleparski, L. & Beaugrand, G. (2022). The species chromatogram, a new graphical method to represent,
    characterize, and compare the ecological niches of different species. Ecology and Evolution 12,
    e8830. doi:10.1002/ece3.8830

    Examples
    --------
    >>> import numpy as np
    >>> from odatis_vre.niche import Chromatogram
    >>> sst = np.arange(0.5, 10)[:, None]
    >>> eggs = np.array([[0, 1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 0, 0, 0]]).T
    >>> overlap = chromatogram_overlap(Chromatogram(bins=10, smoothing=0).fit(sst, eggs))
    >>> float(overlap.pairwise[0, 1].round(1))  # 2 common categories of 6
    33.3
    """
    if not hasattr(chrom, "chromatogram_"):
        raise NicheError(tr("niche.not_fitted", model="Chromatogram"), tr("niche.not_fitted_hint"))
    threshold = chrom.threshold if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise NicheError(
            tr("niche.bad_parameter", name="threshold", value=threshold),
            tr("niche.bad_parameter_hint", allowed="0 .. 1"),
        )
    values = chrom.chromatogram_.transpose("bin", "variable", "species")
    variables = [str(v) for v in values["variable"].values]
    if len(variables) > _MOST_VARIABLES:
        raise NicheError(
            tr("niche.too_many_variables", p=len(variables), most=_MOST_VARIABLES),
            tr("niche.too_many_variables_hint"),
        )
    if values.sizes["species"] < 2:
        raise NicheError(tr("niche.one_species"), tr("niche.one_species_hint"))

    run = suitable_run(values.values, threshold)
    full, mean = _overlaps(run)
    species = values.species.values
    return ChromatogramOverlap(
        xr.DataArray(
            full,
            dims=("species", "other_species"),
            coords={"species": species, "other_species": species},
            name="D",
            attrs={"long_name": "niche overlap", "units": "%"},
        ),
        _best(mean, variables, chrom.compat is not None),
        xr.DataArray(
            mean[1 << np.arange(len(variables))[::-1]],
            dims="variable",
            coords={"variable": variables},
            name="D",
            attrs={"long_name": "mean niche overlap in one variable alone", "units": "%"},
        ),
    )


def _overlaps(run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """D of each pair over all variables, and the mean D of each subset.

    Parameters
    ----------
    run : ndarray of bool, shape (bins, p, S)

    Returns
    -------
    ndarray, shape (S, S)
    ndarray, shape (2^p,)
        Bit p - 1 - j of the index stands for variable j; NaN for the empty subset.
    """
    known = run.any(axis=0)
    p, count = known.shape
    full = np.diag(np.where(known.all(axis=0), 100.0, np.nan))
    first, second = np.triu_indices(count, 1)
    total, pairs = np.zeros(1 << p), 0
    some = known.any(axis=0)
    block = max(1, _BLOCK >> p)
    for start in range(0, len(first), block):
        a, b = first[start : start + block], second[start : start + block]
        both = known[:, a] & known[:, b]
        common = _products(np.where(both, (run[:, :, a] & run[:, :, b]).sum(axis=0), np.nan))
        cover = _products(run[:, :, a].sum(axis=0)) + _products(run[:, :, b].sum(axis=0)) - common
        d = 100 * common / cover
        full[a, b] = full[b, a] = d[-1]
        counted = some[a] & some[b]
        total += d[:, counted].sum(axis=1)
        pairs += counted.sum()
    mean = total / pairs if pairs else np.full(1 << p, np.nan)
    mean[0] = np.nan
    return full, mean


def _products(sides: np.ndarray) -> np.ndarray:
    """Product of the sides of every subset of variables: (p, pairs) gives (2^p, pairs)."""
    out = np.ones((1, sides.shape[1]))
    for side in sides[::-1]:
        out = np.concatenate([out, out * side])
    return out


def _best(mean: np.ndarray, variables: list[str], strict: bool) -> pd.DataFrame:
    p = len(variables)
    members = np.bitwise_count(np.arange(len(mean)))
    rows = []
    for size in range(1, p + 1):
        subsets = np.flatnonzero(members == size)
        d = mean[subsets]
        if np.isnan(d).all():
            rows.append((size, (), np.nan))
            continue
        least = np.nanmin(d)
        tied = subsets[d <= least * (1 + _TIE)]
        if strict and 1 < len(tied) < np.isfinite(d).sum():
            warnings.warn(tr("niche.tied_subsets", count=len(tied), size=size), stacklevel=3)
            rows.append((size, (), np.nan))
            continue
        # The first in the order of the variables holds the highest bits.
        first = int(tied.max())
        names = tuple(v for j, v in enumerate(variables) if first >> (p - 1 - j) & 1)
        rows.append((size, names, least))
    return pd.DataFrame(rows, columns=["size", "variables", "D"])
