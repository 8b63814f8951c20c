"""What `benchmarks/niche.py` compares does the same on each side."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "niche_work.py"


@pytest.fixture(scope="module")
def work():
    spec = importlib.util.spec_from_file_location("niche_work", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("job", ["nppen exact", "nppen ecdf"])
def test_plain_numpy_gives_the_probabilities_that_nppen_gives(work, job, tmp_path):
    work.write(job, tmp_path, 0.0)

    def load(name):
        return np.load(tmp_path / f"{name}.npy")

    seconds, targets, ours = work.ours(job, load)
    _, same_targets, plain = work.plain_numpy(job, load)
    assert targets == same_targets == 1000
    assert seconds > 0
    assert ours == pytest.approx(plain, abs=1e-9)


def test_tables_reach_r_column_by_column(work, tmp_path):
    work.keep(tmp_path, table=np.array([[1, 2, 3], [4, 5, 6]]))
    assert (tmp_path / "table.shape").read_text() == "2 3"
    np.testing.assert_array_equal(np.fromfile(tmp_path / "table.f64"), [1, 4, 2, 5, 3, 6])
