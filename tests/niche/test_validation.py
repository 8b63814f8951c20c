import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

from odatis_vre.errors import NicheError
from odatis_vre.i18n import use_language
from odatis_vre.niche import NPPEN, metrics, validation
from odatis_vre.niche.sphere import arc_km, unit_vectors


@pytest.fixture
def survey():
    """400 stations, presence where sst is near 12, sst falling northwards: X, y and positions."""
    rng = np.random.default_rng(13)
    lat, lon = rng.uniform(40, 60, 400), rng.uniform(-30, 0, 400)
    X = pd.DataFrame({"sst": 30 - 0.35 * lat + rng.normal(0, 0.3, 400), "depth": rng.uniform(0, 200, 400)})
    y = pd.Series(rng.uniform(size=400) < np.exp(-0.5 * ((X.sst - 12) / 1.5) ** 2)).astype(int)
    return X, y, pd.DataFrame({"lat": lat, "lon": lon})


def splitters(positions):
    return {
        "spatial": validation.SpatialBlocks(positions, size_km=400, folds=4),
        "environmental": validation.EnvironmentalBlocks(folds=4),
        "buffered": validation.Buffered(positions, 100, folds=4),
    }


@pytest.mark.parametrize("name", ["spatial", "environmental", "buffered"])
def test_each_row_is_tested_once_and_never_trained_on_meanwhile(name, survey):
    X, y, positions = survey
    cv = splitters(positions)[name]
    splits = list(cv.split(X, y))
    assert len(splits) == cv.get_n_splits(X, y) == 4
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(400))
    for train, test in splits:
        assert len(train) > 50
        assert not np.intersect1d(train, test).size
        if name != "buffered":
            assert len(train) + len(test) == 400


@pytest.mark.parametrize("name", ["spatial", "environmental", "buffered"])
def test_scikit_learn_takes_the_splits(name, survey):
    X, y, positions = survey
    cv = splitters(positions)[name]
    model = LogisticRegression()
    scores = cross_val_score(model, X, y, cv=cv, scoring=metrics.scorer("auc"))
    ours = validation.cross_validate(model, X, y, cv)["auc"]
    np.testing.assert_allclose(scores, ours)
    assert GridSearchCV(model, {"C": [0.1, 1.0]}, cv=cv).fit(X, y).best_params_["C"] in (0.1, 1.0)


def test_a_block_is_in_one_fold_and_no_wider_than_asked_for(survey):
    _, y, positions = survey
    cv = validation.SpatialBlocks(positions, size_km=400)
    fold = cv.fold_of(positions, y)
    points = unit_vectors(positions.lat, positions.lon)
    for block in np.unique(cv.blocks_):
        held = cv.blocks_ == block
        assert len(np.unique(fold[held])) == 1
        across = arc_km(np.linalg.norm(points[held][:, None] - points[held], axis=-1)).max()
        assert across < 1.2 * np.hypot(400, 400)
    assert len(np.unique(cv.blocks_)) > 30


def test_folds_hold_about_as_many_presences_and_rows_each(survey):
    _, y, positions = survey
    fold = validation.SpatialBlocks(positions, size_km=400).fold_of(positions, y)
    held = np.bincount(fold, y)
    assert held.max() - held.min() <= 2
    rare = (y == 1) & (positions.lat < 44)
    fold = validation.SpatialBlocks(positions, size_km=400).fold_of(positions, rare.astype(int))
    assert np.bincount(fold, minlength=5).min() > 50


def test_blocks_meet_across_the_dateline():
    where = pd.DataFrame({"lat": 0.1, "lon": [179.99, 180.0, -180.0, -179.99]})
    blocks = validation.SpatialBlocks(where, size_km=500, folds=2).blocks_
    # The dateline is a limit of blocks; whichever way 180 is written, it lies on the same side.
    assert blocks[1] == blocks[2] == blocks[3] != blocks[0]


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(24)))
def test_blocks_do_not_depend_on_the_order_of_rows(order):
    where = pd.DataFrame({"lat": np.repeat([41.0, 47.0, 53.0], 8), "lon": np.tile(np.arange(8) * 4.0, 3)})
    blocks = validation.SpatialBlocks(where, 600, 2).blocks_
    shuffled = validation.SpatialBlocks(where.iloc[list(order)], 600, 2).blocks_
    np.testing.assert_array_equal(shuffled, blocks[list(order)])


def test_environmental_blocks_part_the_environment(survey):
    X, y, _ = survey
    gaps = X.copy()
    gaps.iloc[3, 0] = np.nan
    fold = validation.EnvironmentalBlocks(folds=2).fold_of(gaps, y)
    means = (X / X.std()).groupby(fold).mean()
    assert np.abs(means.diff().iloc[1]).max() > 1


def test_nothing_within_the_buffer_is_trained_on(survey):
    X, y, positions = survey
    points = unit_vectors(positions.lat, positions.lon)
    for train, test in validation.Buffered(positions, 150, folds=5).split(X, y):
        away = arc_km(np.linalg.norm(points[train][:, None] - points[test], axis=-1))
        assert away.min() > 150


def test_without_folds_each_presence_is_left_out_in_turn(survey):
    X, y, positions = survey
    cv = validation.Buffered(positions, 100)
    tested = [test.tolist() for _, test in cv.split(X, y)]
    assert tested == [[i] for i in np.flatnonzero(y)]
    assert cv.get_n_splits(X, y) == y.sum()
    assert cv.get_n_splits() == 400


def test_the_range_of_a_field_that_was_made_with_one_is_found():
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(-15, 15, 900), rng.uniform(-15, 15, 900)
    points = unit_vectors(lat, lon)
    x = np.minimum(arc_km(np.linalg.norm(points[:, None] - points, axis=-1)) / 700, 1)
    root = np.linalg.cholesky(1 - 1.5 * x + 0.5 * x**3 + 1e-8 * np.eye(900))
    fields = pd.DataFrame(root @ rng.normal(size=(900, 6))).add_prefix("field_")
    found = validation.autocorrelation_range(pd.DataFrame({"lat": lat, "lon": lon}), fields)
    assert 500 < found["range_km"].median() < 950
    assert found["sill"].median() == pytest.approx(1, abs=0.3)


def test_a_range_can_be_that_of_a_sample_and_a_constant_has_none(survey):
    X, _, positions = survey
    found = validation.autocorrelation_range(positions, X.assign(month=5.0), sample=150, most_km=1500)
    assert 800 < found.loc["sst", "range_km"] <= 1500
    assert found.loc["month"].isna().all()


def test_scores_of_each_fold_come_with_what_was_tested(survey):
    X, y, positions = survey
    cv = validation.SpatialBlocks(positions, 400)
    table, suitability = validation.cross_validate(NPPEN(), X, y, cv, return_predictions=True)
    assert list(table) == ["n_train", "n_test", "presences", "auc", "auc_prg", "tss", "kappa", "cor", "boyce"]
    assert table["presences"].sum() == y.sum()
    assert (table["n_train"] + table["n_test"] == 400).all()
    assert table["auc"].between(0.6, 1).all()
    assert suitability.index.equals(X.index)
    for fold, (train, test) in enumerate(cv.split(X, y)):
        expected = NPPEN().fit(X.iloc[train][y.iloc[train] == 1]).predict(X.iloc[test])
        np.testing.assert_array_equal(suitability.iloc[test], expected)
        assert table.loc[fold, "tss"] == metrics.tss(y.iloc[test], expected)


def test_left_out_one_by_one_the_whole_is_scored_together(survey):
    X, y, positions = survey
    X, y, positions = X[:80], y[:80], positions[:80]
    table, suitability = validation.cross_validate(
        LogisticRegression(), X, y, validation.Buffered(positions, 50), return_predictions=True
    )
    assert table["auc"].isna().all()
    np.testing.assert_array_equal(suitability.notna(), y == 1)


def test_a_number_of_folds_is_stratified_and_working_in_parallel_changes_nothing(survey):
    X, y, _ = survey
    alone = validation.cross_validate(LogisticRegression(), X, y, 3, metrics=["auc"])
    with parallel_config("threading"):
        together = validation.cross_validate(LogisticRegression(), X, y, 3, metrics=["auc"], n_jobs=2)
    pd.testing.assert_frame_equal(alone, together)
    assert np.ptp(alone["presences"]) <= 1
    own = validation.cross_validate(LogisticRegression(), X, y, 3, metrics={"n": lambda p, s: len(p)})
    assert own["n"].tolist() == own["n_test"].tolist()


def test_a_grid_is_validated_like_the_table_of_its_cells(island_sea):
    presence = (island_sea.sst > 11.2).where(island_sea.sst.notnull())
    sea = island_sea.fillna(35.0).where(island_sea.sst.notnull())
    table = sea.to_dataframe()[["sst", "salinity"]].dropna()
    by_row = validation.cross_validate(LogisticRegression(), table, table.sst > 11.2, 3)
    pd.testing.assert_frame_equal(validation.cross_validate(LogisticRegression(), sea, presence, 3), by_row)


def test_a_fold_that_cannot_be_fitted_is_missing_and_says_why(survey):
    X, y, _ = survey
    rows = np.arange(400)
    few = np.append(np.flatnonzero(y == 1)[:2], np.flatnonzero(y == 0))
    cv = [(rows[rows % 2 == 0], rows[rows % 2 == 1]), (few, np.setdiff1d(rows, few))]
    with use_language("en"), pytest.warns(UserWarning, match=r"fold 1 .NaN.: 2 .* too few"):
        table = validation.cross_validate(NPPEN(), X, y, cv)
    assert table["auc"].isna().tolist() == [False, True]
    with use_language("en"), pytest.raises(NicheError, match=r"2 .* too few"):
        validation.cross_validate(NPPEN(), X, y, cv[1:])


def test_tuning_keeps_the_parameters_that_score_best(survey):
    X, y, positions = survey
    bent = X.assign(square=X.sst**2)
    cv = validation.SpatialBlocks(positions, 400)
    grid = {"C": [1e-9, 1.0], "max_iter": [2000]}
    found = validation.tune(LogisticRegression(), grid, bent, y, cv, metric="cor")
    assert found.best.C == 1.0
    assert found.best.coef_.shape == (1, 3)
    table = found.table.set_index("C")
    assert table["rank"].to_dict() == {1e-9: 2, 1.0: 1}
    scores = validation.cross_validate(LogisticRegression(C=1.0, max_iter=2000), bent, y, cv)["cor"]
    assert table.loc[1.0, "mean"] == pytest.approx(scores.mean())
    assert table.loc[1.0, "sd"] == pytest.approx(scores.std(ddof=0))


def test_a_combination_that_fails_is_the_last(survey):
    X, y, _ = survey
    with use_language("en"), pytest.warns(UserWarning, match="5 of 10 fits failed"):
        found = validation.tune(NPPEN(), {"method": ["slow", "ecdf"]}, X, y)
    assert found.best.method == "ecdf"
    assert found.table["folds"].tolist() == [0, 5]
    assert found.table["rank"].tolist() == [2, 1]


def test_an_evaluation_tells_every_score_and_what_each_threshold_does(survey):
    X, y, _ = survey
    suitability = np.append(NPPEN().fit(X, y).predict(X)[:-1], np.nan)
    found = validation.evaluate(y, suitability)
    assert found.scores["n"] == 399
    assert found.scores["missing"] == 1
    assert found.scores["auc"] == metrics.auc(y, suitability)
    at = found.thresholds
    assert at.loc["no_omission", "sensitivity"] == 1
    assert at.loc["max_tss", "tss"] == found.scores["tss"] == at["tss"].max()
    assert at.loc["max_kappa", "kappa"] == found.scores["kappa"] == at["kappa"].max()
    np.testing.assert_allclose(at["sensitivity"] + at["specificity"] - 1, at["tss"], atol=1e-12)
    assert at.loc["percentile_10", "sensitivity"] == pytest.approx(0.9, abs=0.01)
    assert at["predicted"].between(0, 1).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_one_class_alone_cannot_be_evaluated_but_is_no_error():
    found = validation.evaluate([1, 1], [0.2, 0.3])
    assert found.scores["presences"] == 2
    assert found.scores[["auc", "tss", "boyce"]].isna().all()
    assert found.thresholds["threshold"].isna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X, y, p: validation.SpatialBlocks(p, size_km=0), "size_km = 0"),
        (lambda X, y, p: validation.SpatialBlocks(p, folds=1), "folds = 1"),
        (lambda X, y, p: validation.SpatialBlocks(p.assign(lat=np.nan)), "400 of 400 rows have no position"),
        (
            lambda X, y, p: next(validation.SpatialBlocks(p, 20_000).split(X)),
            "blocks are too few for 5 folds",
        ),
        (lambda X, y, p: next(validation.SpatialBlocks(p[:10]).split(X)), "400 rows, the positions have 10"),
        (lambda X, y, p: next(validation.EnvironmentalBlocks(3).split(X * 0)), "1 blocks are too few"),
        (lambda X, y, p: validation.Buffered(p, -5), "distance_km = -5"),
        (lambda X, y, p: validation.Buffered(p, 5, folds=1), "folds = 1"),
        (lambda X, y, p: next(validation.Buffered(p, 9000).split(X)), "none is left to train on"),
        (lambda X, y, p: validation.cross_validate(LogisticRegression(), X, y[:5]), "5 presences.*400 rows"),
        (lambda X, y, p: validation.cross_validate(LogisticRegression(), X, y * 2), "holds 2"),
        (lambda X, y, p: validation.cross_validate(LogisticRegression(), X, y, 1000), "cv = 1000"),
        (lambda X, y, p: validation.cross_validate(LogisticRegression(), X, y / y), "rows have no presence"),
        (lambda X, y, p: validation.tune(LogisticRegression(), {"depth": [1]}, X, y), "no parameters depth"),
        (lambda X, y, p: validation.autocorrelation_range(p[:5], X[:5]), "5 complete rows are too few: 10"),
        (lambda X, y, p: validation.autocorrelation_range(p, X[:5]), "5 rows, the positions have 400"),
    ],
)
def test_a_mistake_is_told_with_its_value(call, message, survey):
    with use_language("en"), pytest.raises(NicheError, match=message):
        call(*survey)
