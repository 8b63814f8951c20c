"""scikit-learn's checks of an estimator, whose targets are made up, for models of presence."""

import numpy as np

_OWN_WORDS = "raises a NicheError as asked, in our own words and in the user's language"
OUR_WAYS = {
    "check_n_features_in_after_fitting": _OWN_WORDS,
    "check_dtype_object": _OWN_WORDS,
    "check_estimators_empty_data_messages": _OWN_WORDS,
    "check_fit2d_1sample": _OWN_WORDS,
    "check_fit2d_predict1d": _OWN_WORDS,
    "check_fit1d": "one variable may be given as a Series",
    "check_supervised_y_2d": "a table of one column of presences is taken without a warning",
}


def of_any_target(model: type) -> type:
    """The model, with presence where a made-up target is above its median."""

    class OfAnyTarget(model):
        def fit(self, X, y, sample_weight=None):
            target = np.asarray(y)
            if target.dtype.kind in "fiu" and np.isfinite(target).all() and target.size > 1:
                y = target > np.median(target)
                y = y if y.any() else target >= np.median(target)
            return super().fit(X, y, sample_weight)

    OfAnyTarget.__name__ = OfAnyTarget.__qualname__ = f"{model.__name__}OfAnyTarget"
    # Where pickle looks a class up.
    globals()[OfAnyTarget.__name__] = OfAnyTarget
    return OfAnyTarget
