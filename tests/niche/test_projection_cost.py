"""What a projection is expected to take, beside what it takes."""

import time
import tracemalloc

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.base import BaseEstimator

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, Ensemble, Envelope, estimate, project


class Slow(BaseEstimator):
    """Takes 20 microseconds a cell."""

    def fit(self, X, y=None):
        self.feature_names_in_, self.n_features_in_ = np.array(X.columns, dtype=object), X.shape[1]
        return self

    def predict(self, X):
        time.sleep(20e-6 * len(X))
        return np.full(len(X), 0.5)


@pytest.fixture
def model(presences):
    return NPPEN(method="ecdf").fit(presences)


@pytest.fixture
def pair(presences):
    """An ensemble of two models."""
    env = pd.concat([presences, presences.add([6, 1])], ignore_index=True)
    return Ensemble([Envelope(), NPPEN(method="ecdf")]).fit(env, np.arange(len(env)) < len(presences))


@pytest.fixture
def wide_sea() -> xr.Dataset:
    """Eight months of 300 x 400 cells in blocks of one month, computed as they are read."""
    shape, chunks = (8, 300, 400), (1, 300, 400)
    sst = da.random.default_rng(1).normal(12, 3, shape, chunks=chunks)
    salinity = da.random.default_rng(2).normal(35, 1, shape[1:], chunks=chunks[1:])
    return xr.Dataset({"sst": (("time", "lat", "lon"), sst), "salinity": (("lat", "lon"), salinity)})


def test_cells_blocks_and_bytes_are_counted(model, wide_sea):
    told = estimate(model, wide_sea, threads=2)
    assert (told.cells, told.blocks, told.threads) == (8 * 300 * 400, 8, 2)
    assert told.bytes_read == (8 + 1) * 300 * 400 * 8
    assert told.bytes_written == project(model, wide_sea).nbytes == told.cells * 4
    whole = estimate(model, wide_sea.isel(time=0).load(), threads=2)
    assert (whole.cells, whole.blocks) == (300 * 400, 1)


def test_the_cost_of_a_data_array_is_told_too(model, wide_sea):
    told = estimate(model, wide_sea.isel(time=0).to_dataarray(), threads=2)
    assert (told.cells, told.bytes_written) == (300 * 400, 300 * 400 * 4)


def test_one_block_is_read_and_no_more(model, wide_sea):
    read = []

    def load(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return block

    wide_sea["sst"].data = wide_sea.sst.data.map_blocks(load, dtype=float, meta=np.empty((0, 0, 0)))
    estimate(model, wide_sea)
    assert read == [(4, 0, 0)]


@pytest.mark.parametrize("threads", [1, 4])
def test_the_time_is_that_of_reading_and_predicting_shared_among_threads(presences, wide_sea, threads):
    def slowly(block):
        time.sleep(0.2)
        return block

    wide_sea["sst"].data = wide_sea.sst.data.map_blocks(slowly, dtype=float, meta=np.empty((0, 0, 0)))
    expected = (8 * 0.2 + 20e-6 * 8 * 300 * 400) / threads
    told = estimate(Slow().fit(presences), wide_sea, threads=threads)
    assert 0.9 * expected < told.seconds < 3 * expected


@pytest.mark.parametrize("output", ["suitability", "members"])
def test_the_memory_is_what_the_blocks_of_a_projection_take(pair, wide_sea, output):
    told = estimate(pair, wide_sea, threads=1, output=output)
    lazy = project(pair, wide_sea, output=output)
    lazy.isel(time=0).sum().compute(scheduler="synchronous")  # imports
    tracemalloc.start()
    lazy.sum().compute(scheduler="synchronous")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 * peak < told.peak_memory < 2 * peak
    assert estimate(pair, wide_sea, threads=3, output=output).peak_memory == 3 * told.peak_memory
    assert estimate(pair, wide_sea, threads=99, output=output).peak_memory == 8 * told.peak_memory


def test_members_are_counted_once_each(pair, wide_sea):
    told = estimate(pair, wide_sea, output="members")
    assert told.cells == 2 * 8 * 300 * 400
    assert told.blocks == 8
    assert told.bytes_read == estimate(pair, wide_sea).bytes_read


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "960 000 cells in 8 blocks: 8.24 MiB to read, 3.66 MiB to write"),
        ("fr", "960 000 mailles en 8 blocs : 8,24 Mio à lire, 3,66 Mio à écrire"),
    ],
)
def test_the_estimate_is_a_sentence_in_the_readers_language(model, wide_sea, lang, sentence):
    with use_language(lang):
        assert str(estimate(model, wide_sea)).startswith(sentence)


def test_what_cannot_be_projected_cannot_be_estimated(model, wide_sea):
    with use_language("en"), pytest.raises(NicheError, match="lacks variables of the model: salinity"):
        estimate(model, wide_sea.drop_vars("salinity"))
    with use_language("en"), pytest.raises(NicheError, match="no ensemble"):
        estimate(model, wide_sea, output="spread")
