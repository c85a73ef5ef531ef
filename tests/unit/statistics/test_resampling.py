from math import factorial

import numpy as np
import pandas as pd
import pingouin
import pytest
from frames import families_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

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
    np.testing.assert_array_equal(np.sort(arranged.index)[0], np.arange(len(family)))
    number = np.prod([factorial(size) for size in sizes], dtype=float)
    assert arranged.exact == (number <= 5040)
    if arranged.exact:
        assert len(np.unique(arranged.index, axis=0)) == len(arranged.index) == number


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
    [([1] * 6, 720), ([3], 1), ([2, 2, 2], 6), ([1, 1, 2], 2 * 4), ([1, 1, 1, 1, 2], 24 * 16)],
)
def test_every_arrangement_of_families_comes_once(sizes, number):
    arranged = whole_families(families_of(sizes), 50, SEED)
    rows = np.unique(arranged.apply(np.arange(1.0, sum(sizes) + 1)), axis=0)
    assert arranged.exact
    assert len(rows) == len(arranged.index) == number


def test_families_of_one_size_keep_their_sign():
    assert (whole_families(families_of([2] * 20), 50, SEED).sign == 1).all()
    sign = whole_families(families_of([1, *[2] * 20]), 50, SEED).sign
    assert set(np.unique(sign)) == {-1, 1}
    np.testing.assert_array_equal(sign[:, 1::2], sign[:, 2::2])


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


def test_a_sample_of_arrangements_comes_close_to_all():
    rng = np.random.default_rng(SEED)
    design = np.column_stack([np.ones(14), rng.normal(size=14)])
    score, x = rng.normal(size=(2, 14))
    # Sizes 2 to 5: sixteen reversals, where only signs move.
    family = families_of([2, 3, 4, 5])
    every = whole_families(family, 50, SEED)
    assert every.exact
    assert len(every.index) == 8
    _, exact = freedman_lane(design, score, x[:, None], every)
    rows = every.index[np.random.default_rng(0).integers(0, 8, 20_000)]
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(20_000, 4))[:, family]
    drawn = type(every)(rows, signs, exact=False)
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


def test_p_counts_the_observed_value_and_forgives_rounding():
    null = np.array([[0.3], [-0.5], [0.5 * (1 - 1e-12)], [0.1]])
    assert p_values(np.array([0.5]), null, exact=True) == 0.5
    assert p_values(np.array([0.5]), null, exact=False) == 0.6
    assert p_values(np.array([0.9]), null, exact=False) == 0.2
    assert np.isnan(p_values(np.array([0.5]), null[:1], exact=True))


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
