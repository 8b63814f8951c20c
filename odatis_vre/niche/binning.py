"""Kernels of the species chromatogram: arrays in, arrays out."""

import warnings

import numpy as np


def bin_index(x: np.ndarray, bins: int) -> np.ndarray:
    """The category of each value of a variable scaled to 0..1.

    Category c holds [c / bins, (c + 1) / bins); the last one holds 1 too.

    Parameters
    ----------
    x : ndarray, shape (n,)
        NaN belongs to no category.
    bins : int

    Returns
    -------
    ndarray of int16, shape (n,)
        0 .. bins - 1, and `bins` for NaN.
    """
    known = ~np.isnan(x)
    guess = np.where(known, np.minimum(x * bins, bins - 1), bins).astype(np.int16)
    edges = np.append(np.arange(bins + 1) / bins, np.inf)
    # x * bins rounds: put a value beside an edge on the side where the edge itself says it is.
    guess -= (x < edges[guess]) & known
    guess += (x >= edges[guess + 1]) & known & (guess < bins - 1)
    return guess


def top_means(
    index: np.ndarray, abundance: np.ndarray, order: np.ndarray, bins: int, min_samples: int, percent: float
) -> np.ndarray:
    """Mean of the largest abundances of each category.

    Of the n_c samples of a category (those without an abundance count) the ceil(percent * n_c / 100)
    largest abundances are averaged, or those there are.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Category of each sample, from `bin_index`.
    abundance : ndarray, shape (n,)
    order : ndarray of int, shape (n,)
        Samples by decreasing abundance, missing ones last.
    bins, min_samples : int
    percent : float

    Returns
    -------
    ndarray, shape (bins,)
        NaN where the category holds fewer than `min_samples` samples, or no abundance.
    """
    ranked = index[order]
    grouped = order[np.argsort(ranked, kind="stable")]
    count = np.bincount(index, minlength=bins + 1)[:bins]
    available = np.bincount(index[~np.isnan(abundance)], minlength=bins + 1)[:bins]
    start = np.cumsum(count) - count
    taken = np.minimum(np.ceil(percent * count / 100).astype(int), available)
    used = (count >= min_samples) & (taken > 0)
    out = np.full(bins, np.nan)
    if used.any():
        limits = np.stack([start[used], start[used] + taken[used]], axis=1).ravel()
        sums = np.add.reduceat(np.append(abundance[grouped], 0.0), limits)[::2]
        out[used] = sums / taken[used]
    return out


def _mean(values: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a window without any value is NaN
        return np.nanmean(values, axis=0)


def smooth(values: np.ndarray, half: int, *, shrink: bool) -> np.ndarray:
    """Simple moving average over categories, missing ones ignored.

    Parameters
    ----------
    values : ndarray, shape (bins, ...)
    half : int
        Half-width: windows hold 2 half + 1 categories. 0 leaves the values as they are.
    shrink : bool
        At c categories from an end the half-width is c; the ends are averaged with their neighbour.
        Otherwise it is 1 there, and a missing value propagates into the ends (specieschrom).

    Returns
    -------
    ndarray, same shape
    """
    if half == 0:
        return values.copy()
    bins = len(values)
    out = np.empty_like(values)
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * half + 1, axis=0)
    out[half : bins - half] = _mean(np.moveaxis(windows, -1, 0))
    for c in range(1, half):
        width = c if shrink else 1
        for centre in (c, bins - 1 - c):
            out[centre] = _mean(values[centre - width : centre + width + 1])
    end_mean = _mean if shrink else (lambda pair: pair.mean(axis=0))
    out[0], out[-1] = end_mean(values[:2]), end_mean(values[-2:])
    return out


def suitable_run(values: np.ndarray, threshold: float) -> np.ndarray:
    """Categories between the first and the last suitable one, both included.

    Parameters
    ----------
    values : ndarray, shape (bins, ...)
        0..1, NaN where missing.
    threshold : float
        Suitable is a value above 0 when it is 0, a value at or above it otherwise.

    Returns
    -------
    ndarray of bool, same shape
    """
    suitable = values > 0 if threshold == 0 else values >= threshold
    after_first = np.logical_or.accumulate(suitable, axis=0)
    before_last = np.logical_or.accumulate(suitable[::-1], axis=0)[::-1]
    return after_first & before_last
