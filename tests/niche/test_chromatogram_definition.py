"""The chromatogram against its definition, written out sample by sample."""

import warnings

import numpy as np
import xarray as xr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from odatis_vre.niche import Chromatogram


def by_definition(x, abundance, bins, least, percent, half, threshold):
    """Kleparski & Beaugrand's chromatogram of one variable and one species, as specieschrom 1.0.0 has it."""
    low, span = np.nanmin(x), np.nanmax(x) - np.nanmin(x)
    scaled = (x - low) / span
    edge = [c / bins for c in range(bins + 1)]

    def largest(rows):
        best = sorted(rows, key=lambda i: (np.isnan(abundance[i]), -abundance[i]))
        return [i for i in best[: int(np.ceil(percent * len(rows) / 100))] if not np.isnan(abundance[i])]

    raw = []
    for c in range(bins):
        last = c == bins - 1
        held = [
            i for i, v in enumerate(scaled) if edge[c] <= v and (v < edge[c + 1] or (last and v <= edge[-1]))
        ]
        chosen = largest(held) if len(held) >= least else []
        raw.append(np.mean([abundance[i] for i in chosen]) if chosen else np.nan)

    def known_mean(values):
        known = [v for v in values if not np.isnan(v)]
        return np.mean(known) if known else np.nan

    smoothed = []
    for c in range(bins):
        if half == 0:
            smoothed.append(raw[c])
        elif c in (0, bins - 1):
            smoothed.append((raw[0] + raw[1]) / 2 if c == 0 else (raw[-1] + raw[-2]) / 2)
        else:
            width = half if half <= c <= bins - 1 - half else 1
            smoothed.append(known_mean(raw[c - width : c + width + 1]))
    value = np.array(smoothed) / np.nanmax(smoothed)

    suitable = [c for c in range(bins) if (value[c] > 0 if threshold == 0 else value[c] >= threshold)]
    run = range(suitable[0], suitable[-1] + 1)
    amplitude = 100 * len(run) / len({*run, *(c for c in range(bins) if not np.isnan(value[c]))})
    best = [c for c in range(bins) if value[c] == 1]
    held = [i for i, v in enumerate(scaled) if edge[best[0]] <= v < edge[best[-1] + 1]]
    top = largest(held)
    return value, amplitude, np.mean([x[i] for i in top]) if top else np.nan


# Steps of 1/7: many ties, and values on the limits of the categories.
numbers = st.integers(0, 28).map(lambda k: k / 7) | st.just(np.nan)


@settings(max_examples=150, deadline=None)
@given(
    x=arrays(float, st.integers(6, 40), elements=numbers),
    seed=st.integers(0, 2**16),
    bins=st.integers(5, 12),
    least=st.integers(1, 3),
    percent=st.sampled_from([5, 30, 50, 100]),
    half=st.integers(0, 2),
    threshold=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
)
@example(x=np.arange(15.0), seed=0, bins=7, least=1, percent=50, half=2, threshold=0.0)
def test_compat_follows_the_definition_to_the_last_tie(x, seed, bins, least, percent, half, threshold):
    chance = np.random.default_rng(seed)
    abundance = chance.integers(0, 6, len(x)).astype(float)
    abundance[chance.random(len(x)) < 0.2] = np.nan
    assume(np.nanmax(x, initial=0) > np.nanmin(x, initial=4))
    model = Chromatogram(bins, least, percent, half, threshold, compat="specieschrom")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(x[:, None], abundance)
        except ValueError:  # no abundance above 0 in a category with enough samples
            assume(False)
        value, amplitude, optimum = by_definition(x, abundance, bins, least, percent, half, threshold)
    np.testing.assert_allclose(model.chromatogram_[:, 0, 0], value, atol=1e-12)
    np.testing.assert_allclose(model.amplitude_[0, 0], amplitude)
    np.testing.assert_allclose(model.optimum_[0, 0], optimum)


def test_many_samples_give_what_few_at_a_time_would():
    chance = np.random.default_rng(11)
    sst, eggs = chance.integers(0, 200, 150_000) / 7, chance.poisson(4, 150_000).astype(float)
    model = Chromatogram(bins=20, top_percent=60, smoothing=0, compat="specieschrom").fit(sst[:, None], eggs)
    value, amplitude, optimum = by_definition(sst, eggs, 20, 1, 60, 0, 0.0)
    np.testing.assert_allclose(model.chromatogram_[:, 0, 0], value, atol=1e-12)
    np.testing.assert_allclose(model.optimum_[0, 0], optimum)
    assert float(model.amplitude_[0, 0]) == amplitude


def test_more_categories_than_a_byte_counts():
    sst = np.arange(601.0)[:, None]
    model = Chromatogram(bins=300, top_percent=100, smoothing=0).fit(sst, np.where(sst[:, 0] < 500, 1.0, 2.0))
    assert list(model.chromatogram_[[0, 249, 250, 299], 0, 0].values) == [0.5, 0.5, 1, 1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), copies=st.integers(2, 4))
def test_the_order_and_the_repetition_of_samples_do_not_matter(seed, copies):
    chance = np.random.default_rng(seed)
    env = chance.normal(size=(60, 2))
    abundance = chance.random((60, 3))
    order = chance.permutation(np.tile(np.arange(60), copies))
    options = {"bins": 8, "top_percent": 100, "smoothing": 1}
    once = Chromatogram(**options).fit(env, abundance)
    many = Chromatogram(**options).fit(env[order], abundance[order])
    xr.testing.assert_allclose(once.chromatogram_, many.chromatogram_)
    xr.testing.assert_allclose(once.optimum_, many.optimum_)
    xr.testing.assert_allclose(once.amplitude_, many.amplitude_)
