from math import factorial

import numpy as np
import pandas as pd
import pingouin
import pytest
from frames import families_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from complexity_atlas.statistics import resampling
from complexity_atlas.statistics.design import residuals
from complexity_atlas.statistics.resampling import (
    bootstrap_correlations,
    drawn_rows,
    family_draws,
    few_families,
    freedman_lane,
    interval,
    p_values,
    whole_families,
    within_families,
)

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=8)
SEED = 3


def shuffled(sizes, rng):
    """Codes as they are in a block: numbered in order of appearance."""
    return pd.factorize(rng.permutation(families_of(sizes)))[0]


@settings(max_examples=25, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 99))
def test_within_families_nobody_leaves(sizes, seed):
    family = shuffled(sizes, np.random.default_rng(seed))
    arranged = within_families(family, 50, seed)
    np.testing.assert_array_equal(family[arranged.index], np.tile(family, (len(arranged.index), 1)))
    same = np.sort(arranged.index) == np.arange(len(family))
    assert same.all()
    number = np.prod([factorial(size) for size in sizes], dtype=float)
    assert arranged.exact == (number <= 5040)
    if arranged.exact:
        assert len(np.unique(arranged.index, axis=0)) == len(arranged.index) == number - 1


@settings(max_examples=25, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 99))
def test_whole_families_stay_whole(sizes, seed):
    rng = np.random.default_rng(seed)
    family = shuffled(sizes, rng)
    residual = rng.normal(size=len(family))
    vectors = {tuple(residual[family == code]) for code in range(len(sizes))}
    for row in whole_families(family, 30, seed).apply(residual)[:30]:
        moved = {tuple(row[family == code]) for code in range(len(sizes))}
        kept = {vector if vector in vectors else tuple(-np.array(vector)) for vector in moved}
        assert kept == vectors


@pytest.mark.parametrize(
    ("sizes", "number"),
    [([1] * 6, 720), ([3], 1), ([2, 2, 2], 6 * 4), ([1, 1, 2], 2 * 4), ([1, 1, 1, 1, 2], 24 * 16)],
)
def test_every_arrangement_of_families_comes_once(sizes, number):
    arranged = whole_families(families_of(sizes), 50, SEED)
    rows = np.unique(arranged.apply(np.arange(1.0, sum(sizes) + 1)), axis=0)
    assert arranged.exact
    assert len(rows) == len(arranged.index) == number - 1


@pytest.mark.parametrize(
    ("arrange", "family"), [(within_families, np.zeros), (whole_families, np.arange)]
)
def test_seven_exchangeable_things_are_enumerated_and_eight_are_drawn(arrange, family):
    assert len(arrange(family(7, dtype=int), 50, SEED).index) == 5039
    assert len(arrange(family(8, dtype=int), 50, SEED).index) == 50


def test_single_models_keep_their_sign_and_relatives_share_one():
    assert (whole_families(np.arange(20), 50, SEED).sign == 1).all()
    sign = whole_families(families_of([2] * 20), 50, SEED).sign
    assert set(np.unique(sign)) == {-1, 1}
    np.testing.assert_array_equal(sign[:, ::2], sign[:, 1::2])


def test_what_all_families_have_in_common_is_seen():
    """Score and measure both grow from the smallest model of a family to the largest."""
    rng = np.random.default_rng(SEED)
    place = np.tile(np.arange(4.0), 10)
    score, x = place + 0.1 * rng.normal(size=(2, 40))
    arranged = whole_families(families_of([4] * 10), 999, SEED)
    _, p = freedman_lane(np.ones((40, 1)), score, x[:, None], arranged)
    assert p[0] < 0.02


@pytest.mark.parametrize("arrange", [whole_families, within_families])
def test_exact_p_is_that_of_all_permutations(arrange):
    rng = np.random.default_rng(SEED)
    score, x = rng.normal(size=(2, 6))
    family = np.arange(6) if arrange is whole_families else np.zeros(6, int)
    estimate, p = freedman_lane(np.ones((6, 1)), score, x[:, None], arrange(family, 50, SEED))
    oracle = stats.permutation_test(
        (score,),
        lambda y: abs(stats.pearsonr(y, x)[0]),
        permutation_type="pairings",
        alternative="greater",
    )
    assert estimate[0] == pytest.approx(stats.pearsonr(score, x)[0], abs=1e-12)
    assert p[0] == pytest.approx(oracle.pvalue, abs=1e-12)


def test_a_sample_of_arrangements_comes_close_to_all(monkeypatch):
    rng = np.random.default_rng(SEED)
    score, x, log_n = rng.normal(size=(3, 19))
    design = np.column_stack([np.ones(19), log_n])
    family = families_of([1, 2, 2, 3, 3, 4, 4])
    every = whole_families(family, 20_000, SEED)
    assert every.exact
    assert len(every.index) == 8 * 64 - 1
    _, exact = freedman_lane(design, score, x[:, None], every)
    monkeypatch.setattr(resampling, "EXACT", 0)
    drawn = whole_families(family, 20_000, SEED)
    assert not drawn.exact
    _, sampled = freedman_lane(design, score, x[:, None], drawn)
    assert sampled[0] == pytest.approx(exact[0], abs=0.02)


def test_partial_correlation_is_that_of_pingouin():
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame(rng.normal(size=(20, 4)), columns=["y", "x", "a", "b"])
    design = np.column_stack([np.ones(20), frame[["a", "b"]]])
    arranged = whole_families(np.arange(20), 99, SEED)
    estimate, _ = freedman_lane(
        design, frame["y"].to_numpy(), frame[["x"]].to_numpy() * 1e180, arranged
    )
    oracle = pingouin.partial_corr(frame, "x", "y", ["a", "b"])["r"].iloc[0]
    assert estimate[0] == pytest.approx(oracle, abs=1e-12)


@pytest.mark.filterwarnings("error")
def test_an_arrangement_on_the_line_is_no_correlation():
    log_n = np.array([-2.0, -1, 0, 1, 2])
    design = np.column_stack([np.ones(5), log_n])
    score = np.array([-1.0, 2, 0, -2, 1])
    arranged = whole_families(np.arange(5), 99, SEED)
    lines = (arranged.apply(score) == log_n).all(axis=1)
    assert score @ log_n == 0
    assert lines.any()
    estimate, p = freedman_lane(design, score, np.array([[1.0], [4], [2], [0], [9]]), arranged)
    assert np.isfinite(estimate)
    assert 0 < p < 1


def test_p_counts_the_observed_value_and_forgives_rounding():
    null = np.array([[0.3], [-0.5], [0.5 * (1 - 1e-12)], [0.1]])
    assert p_values(np.array([0.5]), null) == 0.6
    assert p_values(np.array([-0.5]), null) == 0.6
    assert p_values(np.array([0.9]), null) == 0.2
    assert np.isnan(p_values(np.array([0.5]), null[:0]))


def test_rearranged_residuals_vary_as_the_errors_do():
    """Their mean square over errors of variance 1 is 1, in the smallest and the largest family."""
    rng = np.random.default_rng(SEED)
    family = families_of([1, 1, 2, 8])
    design = np.column_stack([np.ones(12), np.arange(12.0)])
    errors = rng.normal(size=(4000, 12))
    flips = resampling.Arrangements(np.arange(12)[None], np.ones((1, 1)), True, family)
    basis = np.linalg.qr(design)[0]
    freed = np.array(
        [resampling._unshrunk(basis, residuals(design, e), flips.family) for e in errors]
    )
    np.testing.assert_allclose((freed**2).mean(axis=0), 1, atol=0.1)
    inside = freed[:, 4:].T @ freed[:, 4:] / 4000
    np.testing.assert_allclose(inside, np.eye(8), atol=0.1)


def test_one_family_has_nothing_to_exchange():
    arranged = whole_families(np.zeros(6, int), 50, SEED)
    assert arranged.note == "nothing to rearrange: no p"
    _, p = freedman_lane(np.ones((6, 1)), np.arange(6.0), np.eye(6)[:, :1], arranged)
    assert np.isnan(p)


def test_draws_of_families():
    draws = family_draws(7, 2000, SEED)
    assert (draws.sum(axis=1) == 7).all()
    np.testing.assert_allclose(draws.mean(axis=0), 1, atol=0.1)
    np.testing.assert_array_equal(draws, family_draws(7, 2000, SEED))
    assert (draws != family_draws(7, 2000, SEED + 1)).any()


def test_rows_of_a_draw():
    family = np.array([0, 1, 0, 2])
    assert drawn_rows(family, np.array([2.0, 0.0, 1.0])).tolist() == [0, 0, 2, 2, 3]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(0, 2))
def test_every_bootstrap_sample_is_regressed_anew(seed, k):
    rng = np.random.default_rng(seed)
    family = shuffled([1, 2, 2, 3, 4, 5], rng)
    n = len(family)
    design = np.column_stack([np.ones(n), 1e3 + rng.normal(size=(n, k))])
    score, x = rng.normal(size=n) - 50, rng.normal(size=(n, 3)) * 1e-7
    draws = family_draws(6, 20, seed)
    sampled = bootstrap_correlations(design, score, x, family, draws)
    for draw, row in zip(draws, sampled, strict=True):
        rows = drawn_rows(family, draw)
        if len(np.unique(rows)) < k + 4:
            continue
        y = residuals(design[rows], score[rows])
        z = residuals(design[rows], x[rows])
        expected = [stats.pearsonr(y, column)[0] for column in z.T]
        np.testing.assert_allclose(row, expected, atol=1e-7)


def test_a_sample_without_variation_gives_no_correlation():
    family = np.array([0, 1, 2, 2])
    draws = np.array([[2.0, 1.0, 0.0], [3.0, 0.0, 0.0]])
    design = np.column_stack([np.ones(4), [1.0, 2.0, 4.0, 8.0]])
    score, x = np.array([1.0, 5.0, 2.0, 3.0]), np.array([[3.0], [1.0], [4.0], [1.0]])
    assert np.isnan(bootstrap_correlations(design, score, x, family, draws)).all()


def test_interval_goes_as_far_out_as_student_t():
    draws = np.random.default_rng(SEED).normal(size=200_000)
    for families, expected in ((6, 2.571 * np.sqrt(6 / 5)), (40, 2.023 * np.sqrt(40 / 39))):
        low, high = interval(draws, families, 0.95)
        assert (low, high) == (
            pytest.approx(-expected, rel=0.02),
            pytest.approx(expected, rel=0.02),
        )


def test_interval_of_columns_with_missing_samples():
    draws = np.array([[1.0, np.nan, 1.0], [2.0, np.inf, 2.0], [3.0, np.nan, np.nan]])
    low, high = interval(draws, 2, 0.95)
    np.testing.assert_allclose(low, [1, np.nan, 1], atol=1e-6)
    np.testing.assert_allclose(high, [3, np.nan, 2], atol=1e-6)
    assert np.isnan(interval(draws, 1, 0.95)).all()


def test_few_families_are_remarked():
    assert few_families(1) == "one family: no interval over families"
    assert "5 families" in few_families(5)
    assert few_families(6) == ""
