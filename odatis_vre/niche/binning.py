"""Kernels of the species chromatogram: arrays in, arrays out."""

import warnings

import numpy as np

# Elements of one block of (variables x samples), and samples of one block of a ranking: both stay in a
# core's cache.
_BLOCK = 16_384
_RANKED = 16_384


def _blocks(values: np.ndarray):
    """Rows of a table, a block at a time, as (slice, contiguous columns)."""
    rows = max(1, _BLOCK // values.shape[1])
    for start in range(0, len(values), rows):
        part = slice(start, start + rows)
        yield part, np.ascontiguousarray(values[part].T)


def extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and range of each column.

    Parameters
    ----------
    values : ndarray, shape (n, p)

    Returns
    -------
    low, span : ndarray, shape (p,)
        NaN for a column without values.
    """
    low = np.full(values.shape[1], np.nan)
    high = low.copy()
    for _, columns in _blocks(values):
        np.fmin(low, np.fmin.reduce(columns, axis=1), out=low)
        np.fmax(high, np.fmax.reduce(columns, axis=1), out=high)
    return low, high - low


def categories(
    values: np.ndarray, low: np.ndarray, span: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """The category of each value of each variable, and the number of samples in each.

    Of a variable scaled to 0..1, category c holds [c / bins, (c + 1) / bins); the last one holds 1 too.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    low, span : ndarray, shape (p,)
        From `extremes`.
    bins : int

    Returns
    -------
    index : ndarray of uint8 or int16, shape (p, n)
        0 .. bins - 1, and `bins` for NaN or a variable that does not vary.
    count : ndarray of int, shape (p, bins)
    """
    n, p = values.shape
    index = np.empty((p, n), dtype=np.uint8 if bins < 255 else np.int16)
    count = np.zeros(p * (bins + 1), dtype=int)
    edges = np.append(np.arange(bins + 1) / bins, np.inf)
    width = np.where(span > 0, span, np.nan)[:, None]
    shift = np.arange(p)[:, None] * (bins + 1)
    for part, columns in _blocks(values):
        scaled = (columns - low[:, None]) / width
        guess = np.fmin(scaled * bins, bins - 1).astype(np.intp)
        # The product rounds: put a value beside an edge on the side where the edge itself says it is.
        guess -= scaled < edges.take(guess)
        guess += (scaled >= edges.take(guess + 1)) & (guess < bins - 1)
        missing = np.isnan(scaled)
        if missing.any():
            guess[missing] = bins
        index[:, part] = guess
        count += np.bincount((guess + shift).ravel(), minlength=len(count))
    return index, count.reshape(p, bins + 1)[:, :bins]


def top_means(
    index: np.ndarray,
    count: np.ndarray,
    abundance: np.ndarray,
    order: np.ndarray,
    min_samples: int,
    percent: float,
) -> np.ndarray:
    """Mean of the largest abundances of each category.

    Of the n_c samples of a category (those without an abundance count) the ceil(percent * n_c / 100)
    largest abundances are averaged, or those there are.

    Parameters
    ----------
    index : ndarray of int, shape (n,)
        Category of each sample, from `categories`.
    count : ndarray of int, shape (bins,)
        Samples of each category.
    abundance : ndarray, shape (n,)
    order : ndarray of int
        Samples by decreasing abundance, without those of unknown abundance.
    min_samples : int
    percent : float

    Returns
    -------
    ndarray, shape (bins,)
        NaN where the category holds fewer than `min_samples` samples, or no abundance.
    """
    bins = len(count)
    wanted = np.where(count >= min_samples, np.ceil(percent * count / 100), 0).astype(int)
    left = np.append(wanted, 0)
    sums = np.zeros(bins + 1)
    for start in range(0, len(order), _RANKED):
        if not left.any():
            break
        rows = order[start : start + _RANKED]
        category = index[rows]
        needed = left.take(category) > 0
        rows, category = rows[needed], category[needed]
        grouped = np.argsort(category, kind="stable")
        category = category[grouped].astype(np.intp)
        size = np.bincount(category, minlength=bins + 1)
        place = np.arange(len(category)) - (np.cumsum(size) - size).take(category)
        taken = place < left.take(category)
        sums += np.bincount(category[taken], abundance[rows[grouped[taken]]], bins + 1)
        left -= np.minimum(size, left)
    found = wanted - left[:bins]
    return np.divide(sums[:bins], found, out=np.full(bins, np.nan), where=found > 0)


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
