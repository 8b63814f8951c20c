import numpy as np
import pandas as pd
import pytest
from maxent_data import small_sea

from odatis_vre.errors import NicheError
from odatis_vre.niche import MaxEnt


@pytest.fixture(scope="module")
def maxnet(read_reference) -> tuple[pd.DataFrame, pd.Series]:
    table = read_reference("maxnet/input.csv")
    return table.drop(columns="presence"), table.presence


@pytest.mark.parametrize("features", ["lqp", "h", "lqpht"])
def test_clamping_holds_variables_at_the_ends_of_their_training_range(features):
    env, presence = small_sea()
    model = MaxEnt(features=features).fit(env, presence)
    beyond = env.assign(sst=env.sst.where(env.sst < 15, 80.0), salinity=env.salinity - 20 * (env.sst < 5))
    np.testing.assert_allclose(
        model.predict(beyond), model.predict(beyond.clip(env.min(), env.max(), axis=1))
    )
    free = MaxEnt(features=features, clamp=False).fit(env, presence)
    np.testing.assert_allclose(free.predict(env), model.predict(env))
    if features == "lqp":
        assert np.abs(free.predict(beyond) - model.predict(beyond)).max() > 0.01


def test_clamping_holds_products_at_the_ends_of_their_training_range():
    # Both variables at their maximum together: a product that no training row has.
    rng = np.random.default_rng(8)
    x = rng.uniform(0, 10, 400)
    env = pd.DataFrame({"a": x, "b": 10 - x + rng.normal(0, 0.5, 400)})
    presence = rng.uniform(size=400) < 0.02 * (env.a * env.b).clip(0)
    model = MaxEnt(features="p", output="link").fit(env, presence)
    corner = pd.DataFrame({"a": [env.a.max()], "b": [env.b.max()]})
    largest = (env.a * env.b).max()
    np.testing.assert_allclose(
        model.predict(corner), model.coefficients_["a*b"] * largest + model.alpha_, rtol=1e-9
    )


@pytest.mark.parametrize("features", ["lqpht", "h", "t"])
@pytest.mark.parametrize("clamp", [True, False])
def test_many_hinges_and_few_predict_the_features_they_stand_for(maxnet, features, clamp):
    # A weak penalty leaves many hinges of a variable: they are looked up, not added up.
    env, presence = maxnet
    env = env - [10, 0, 2, 0]
    for strength in (0.05, 1.0):
        model = MaxEnt(features=features, regularization=strength, output="link", clamp=clamp).fit(
            env, presence
        )
        low, high = env.min(), env.max()
        targets = env + np.random.default_rng(1).normal(size=env.shape) * env.std().to_numpy()
        inside = targets.clip(low, high, axis=1) if clamp else targets
        link = np.full(len(env), model.alpha_)
        for name, coefficient in model.coefficients_.items():
            value, train = _feature(name, inside, low, high), _feature(name, env, low, high)
            link += coefficient * (value.clip(train.min(), train.max()) if clamp else value)
        np.testing.assert_allclose(model.predict(targets), link, atol=2e-4)


def _feature(name: str, table: pd.DataFrame, low, high) -> pd.Series:
    kind, _, rest = name.partition("(")
    if not rest:
        variables = name.replace("^2", "").split("*")
        first, second = variables[0], variables[-1]
        return table[first] * (table[second] if "*" in name or "^" in name else 1)
    variable, *at = rest.rstrip(")").split(", ")
    if kind == "threshold":
        knots = np.linspace(low[variable], high[variable], 52)
        return (table[variable] >= knots[np.abs(knots - float(at[0])).argmin()]).astype(float)
    knots = np.linspace(low[variable], high[variable], 50)
    start, end = (knots[np.abs(knots - float(a)).argmin()] for a in at)
    return ((table[variable] - start) / (end - start)).clip(0, 1)


@pytest.mark.parametrize("regularization", [0.05, 1.0])
@pytest.mark.parametrize("features", ["lqph", "lqpht", "h", "t"])
def test_predictions_in_single_precision_are_those_of_the_rounded_input(maxnet, features, regularization):
    env, presence = maxnet
    model = MaxEnt(features=features, regularization=regularization, output="link").fit(env, presence)
    rng = np.random.default_rng(4)
    # more rows than are worked on at a time, a third of them beyond the training range
    rows = env.iloc[rng.integers(0, len(env), 20_000)].reset_index(drop=True)
    rows += rng.normal(size=rows.shape) * env.std().to_numpy()
    rounded = rows.astype(np.float32)
    np.testing.assert_allclose(model.predict(rounded), model.predict(rounded.astype(float)), atol=1e-4)
    for order in "CF":
        given = np.array(rounded, order=order)
        array = MaxEnt(**model.get_params()).fit(env.to_numpy(), presence)
        np.testing.assert_array_equal(array.predict(given), model.predict(rounded))


@pytest.mark.parametrize("output", ["cloglog", "logistic", "raw"])
def test_every_output_is_the_same_in_single_precision(maxnet, output):
    env, presence = maxnet
    model = MaxEnt(output=output).fit(env, presence)
    rounded = env.astype(np.float32)
    found = model.predict(rounded)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, model.predict(rounded.astype(float)), rtol=2e-4)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_number_too_large_to_be_squared_is_kept_at_the_end_and_infinity_is_refused(kind):
    env, presence = small_sea()
    model = MaxEnt().fit(env, presence)
    largest = float(np.finfo(kind).max)
    far = env.astype(kind)
    far.iloc[3, 0] = largest
    np.testing.assert_allclose(
        model.predict(far), model.predict(far.clip(env.min(), env.max(), axis=1)), rtol=2e-4
    )
    for wrong in (np.inf, -np.inf):
        far.iloc[3, 0] = wrong
        with pytest.raises(NicheError, match="infinite"):
            model.predict(far)
    far.iloc[3, 0] = np.nan
    assert np.flatnonzero(np.isnan(model.predict(far))).tolist() == [3]


def test_a_threshold_that_single_precision_cannot_write_stays_where_it_is():
    env, presence = small_sea()
    model = MaxEnt(features="t", regularization=0.05, output="link").fit(env, presence)
    rows = []
    for name in model.coefficients_.index:
        variable, at = name.removeprefix("threshold(").rstrip(")").split(", ")
        knots = np.linspace(env[variable].min(), env[variable].max(), 52)
        near = np.float32(knots[np.abs(knots - float(at)).argmin()])
        for value in (np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))):
            rows.append(env.iloc[0].astype(np.float32).to_dict() | {variable: value})
    rounded = pd.DataFrame(rows).astype(np.float32)
    np.testing.assert_allclose(model.predict(rounded), model.predict(rounded.astype(float)), atol=1e-5)


def test_single_precision_is_not_used_where_it_would_show():
    env, presence = small_sea()
    far = env + 1e6  # products of 1e12, whose last digit in single precision is 65 536
    model = MaxEnt(features="lqp", output="link").fit(far, presence)
    rounded = far.astype(np.float32)
    np.testing.assert_array_equal(model.predict(rounded), model.predict(rounded.astype(float)))
