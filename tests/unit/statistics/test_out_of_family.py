import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from complexity_atlas.statistics.out_of_family import (
    IDENTITY,
    LOG,
    LOGISTIC,
    NotIdentified,
    assess,
    best_of,
    predict,
)
from complexity_atlas.statistics.resampling import family_draws

FAMILIES = {LOG: sm.families.Poisson, LOGISTIC: sm.families.Binomial}


def models(seed, n=40, families=8, k=2):
    rng = np.random.default_rng(seed)
    family = rng.permutation(np.r_[np.arange(families), rng.integers(0, families, n - families)])
    design = np.column_stack([np.ones(n), 20 + 3 * rng.normal(size=(n, k))])
    score = 0.5 + 0.03 * (design[:, 1:] - 20).sum(axis=1)
    score += 0.05 * rng.normal(size=families)[family] + 0.05 * rng.normal(size=n)
    return design, np.clip(score, 0, 1), family


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(12, 60), st.integers(3, 12), st.integers(0, 3))
def test_least_squares_predictions_are_those_of_scikit_learn(seed, n, families, k):
    design, score, family = models(seed, n, families, k)
    if min(n - np.bincount(family)) < k + 3:
        return
    oracle = cross_val_predict(
        LinearRegression(fit_intercept=False), design, score, groups=family, cv=LeaveOneGroupOut()
    )
    np.testing.assert_allclose(predict(design, score, family, IDENTITY), oracle, atol=1e-9)


@pytest.mark.parametrize("link", [LOG, LOGISTIC])
@pytest.mark.parametrize("seed", [0, 1])
def test_other_links_are_those_of_statsmodels(link, seed):
    design, score, family = models(seed)
    score[:2] = 0.0
    predicted = predict(design, score, family, link)
    for code in range(family.max() + 1):
        kept = family != code
        fit = sm.GLM(score[kept], design[kept], family=FAMILIES[link]()).fit(tol=1e-12)
        np.testing.assert_allclose(predicted[~kept], fit.predict(design[~kept]), atol=1e-7)


def test_accuracy_of_the_study_is_that_of_scikit_learn():
    design, score, family = models(2)
    accuracy = assess(design, score, family, LOGISTIC, np.zeros((0, 8)))
    predicted = predict(design, score, family, LOGISTIC)
    assert accuracy.r2[0] == pytest.approx(r2_score(score, predicted), abs=1e-12)
    assert accuracy.mae[0] == pytest.approx(mean_absolute_error(score, predicted), abs=1e-12)


def resampled(design, score, family, drawn, link):
    """R² and mean error with every model fitted anew to the copies of all other families."""
    rows = np.repeat(np.arange(len(score)), drawn[family].astype(int))
    left_out = np.empty(len(rows))
    for code in np.unique(family[rows]):
        kept = rows[family[rows] != code]
        if link is IDENTITY:
            fit = sm.OLS(score[kept], design[kept]).fit()
        else:
            fit = sm.GLM(score[kept], design[kept], family=FAMILIES[link]()).fit()
        out = family[rows] == code
        left_out[out] = fit.predict(design[rows[out]])
    return r2_score(score[rows], left_out), mean_absolute_error(score[rows], left_out)


@pytest.mark.parametrize(("link", "tolerance"), [(IDENTITY, 1e-6), (LOGISTIC, 0.01), (LOG, 0.03)])
def test_resamples_are_those_of_models_fitted_anew(link, tolerance):
    design, score, family = models(3, n=60, families=10)
    draws = family_draws(10, 20, seed=1)
    accuracy = assess(design, score, family, link, draws)
    expected = np.array([resampled(design, score, family, drawn, link) for drawn in draws])
    np.testing.assert_allclose(accuracy.r2[1:], expected[:, 0], atol=tolerance)
    np.testing.assert_allclose(accuracy.mae[1:], expected[:, 1], atol=tolerance)


def test_many_resamples_in_parts_are_those_of_one(monkeypatch):
    design, score, family = models(4)
    draws = family_draws(8, 50, seed=1)
    whole = assess(design, score, family, IDENTITY, draws).r2
    monkeypatch.setattr("complexity_atlas.statistics.out_of_family._CHUNK", 500)
    np.testing.assert_allclose(
        assess(design, score, family, IDENTITY, draws).r2, whole, rtol=0, atol=1e-12
    )


def test_predictions_do_not_depend_on_units():
    design, score, family = models(5)
    moved = design * [1, 1e-9, 1e9] + [0, 1e-6, 0]
    np.testing.assert_allclose(
        predict(moved, score, family, LOGISTIC), predict(design, score, family, LOGISTIC), atol=1e-6
    )


def test_a_model_that_the_data_do_not_determine_has_a_reason():
    design, score, family = models(6)
    with pytest.raises(NotIdentified, match="families: 2"):
        predict(design, score, family % 2, IDENTITY)
    with pytest.raises(NotIdentified, match="no scores from"):
        predict(design, score - 1, family, LOG)
    with pytest.raises(NotIdentified, match="cannot be told apart"):
        predict(np.column_stack([design, design[:, 1]]), score, family, IDENTITY)
    only_there = np.column_stack([design, family == 3])
    with pytest.raises(NotIdentified, match="without one of the families"):
        predict(only_there, score, family, IDENTITY)


def test_a_family_has_no_say_in_which_model_predicts_it():
    _, score, family = models(7, n=12, families=3)
    no_draws = np.zeros((0, 3))
    first = assess(np.ones((12, 1)), score, family, IDENTITY, no_draws)
    squared = np.array([[[9.0, 1.0, 1.0]], [[0.0, 4.0, 4.0]]])
    candidates = [
        type(first)(**{**vars(first), "squared": errors, "absolute": errors}) for errors in squared
    ]
    # For family 0 the first model is better on the others (2 < 8), for 1 and 2 the second (4 < 10).
    assert best_of(candidates).squared.tolist() == [[9.0, 4.0, 4.0]]
    assert best_of(candidates[:1]).squared.tolist() == [[9.0, 1.0, 1.0]]
