from fractions import Fraction
from itertools import permutations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from complexity_atlas.counts import counting, value_counts
from complexity_atlas.counts.counting import count
from complexity_atlas.counts.formats import FORMATS, decode
from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.counts.value_counts import ValueCounts, merge
from complexity_atlas.weights.packing import PACKINGS
from complexity_atlas.weights.tensors import Tensor

grid = st.sampled_from([-3.0, -1.5, -0.25, 0.0, 1e-30, 0.1, 0.25, 1.0, 7.5])
reals = st.floats(-1e6, 1e6)
samples = st.lists(grid | reals, min_size=1, max_size=50).map(np.array)
fuzz = settings(deadline=None)


def counted(values) -> ValueCounts:
    distinct, count_ = np.unique(np.asarray(values, np.float64) + 0.0, return_counts=True)
    return ValueCounts(distinct, distinct, count_)


def cells(*rows: tuple[float, float, int]) -> ValueCounts:
    lower, upper, count_ = zip(*rows, strict=True)
    return ValueCounts(np.array(lower), np.array(upper), np.array(count_))


def keyed(weights: np.ndarray, monkeypatch) -> ValueCounts:
    """Counts by keys, however few the weights."""
    with monkeypatch.context() as patch:
        patch.setattr(counting, "EXACT_VALUES", 0)
        return count(Tensor.of("t", weights)).values()


def assert_same(a: ValueCounts, b: ValueCounts):
    for field in ("lower", "upper", "count"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    for field in ("n_nan", "n_inf", "mantissa_bits", "step"):
        assert getattr(a, field) == getattr(b, field)


# Histograms and quantiles: numpy is the oracle.


@fuzz
@given(samples, st.lists(grid | reals, min_size=2, max_size=8), st.booleans(), st.booleans())
def test_histogram_equals_numpy(values, edges, from_minus_infinity, to_infinity):
    edges = np.sort(edges)  # with duplicates, and edges on values
    if from_minus_infinity:
        edges[0] = -np.inf
    if to_infinity:
        edges[-1] = np.inf
    found = counted(values).histogram(edges)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.histogram(values, edges)[0])


@pytest.mark.parametrize("bins", [2, 7, 100, 1000])
def test_histogram_between_minimum_and_maximum_equals_numpy(bins):
    values = np.random.default_rng(bins).normal(size=5000).astype(np.float16).astype(np.float64)
    expected, edges = np.histogram(values, bins)
    np.testing.assert_array_equal(counted(values).histogram(edges), expected)


@fuzz
@given(samples, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_quantiles_equal_numpy(values, q):
    q = [*q, 0, 0.25, 0.5, 0.75, 1]
    np.testing.assert_array_equal(counted(values).quantile(q), np.quantile(values, q))
    assert counted(values).quantile(0.3) == np.quantile(values, 0.3)


# Moments.


@fuzz
@given(samples)
def test_moments_equal_rational_arithmetic(values):
    exact = [Fraction(value) for value in values.tolist()]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    summary = counted(values).summary()
    assert summary.n == len(values)
    assert (summary.minimum, summary.maximum) == (values.min(), values.max())
    assert (summary.q25, summary.median, summary.q75) == tuple(
        np.quantile(values, [0.25, 0.5, 0.75])
    )
    assert summary.iqr == summary.q75 - summary.q25
    scale = float(np.abs(values).max())
    assert summary.mean == pytest.approx(float(mean), rel=1e-14, abs=1e-15 * scale)
    # In units of the scale, where the square of a subnormal does not vanish.
    std = float(variance / Fraction(scale or 1) ** 2) ** 0.5 * scale
    # Sums of up to 50 squares of relative error 2^-52; deviations lose 2^-52 of the scale.
    assert summary.std == pytest.approx(std, rel=1e-13, abs=1e-15 * scale)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float8_e4m3fn"])
def test_skewness_equals_scipy(dtype):
    weights = np.random.default_rng(3).gamma(2.0, size=4000).astype(dtype)
    found = count(Tensor.of("t", weights)).values().summary()
    assert found.skewness == pytest.approx(stats.skew(weights.astype(np.float64)), rel=1e-12)
    assert found.std == pytest.approx(weights.astype(np.float64).std(), rel=1e-13)


def test_a_mean_far_from_zero_costs_the_deviation_no_digits():
    values = 1e9 + np.arange(1000.0)
    summary = counted(values).summary()
    assert summary.mean == 1e9 + 499.5
    assert summary.std == pytest.approx(np.sqrt((1000**2 - 1) / 12), rel=1e-15)


@pytest.mark.parametrize("scale", [2.0**-1060, 2.0**-149, 2.0**1020])
def test_moments_neither_overflow_nor_vanish(scale):
    values = np.array([-1.0, 0, 1, 1, 5])
    found, expected = counted(values * scale).summary(), counted(values).summary()
    assert found.std == pytest.approx(expected.std * scale)
    assert found.mean == pytest.approx(expected.mean * scale)
    assert found.skewness == pytest.approx(expected.skewness)


def test_equal_weights_have_no_spread_and_no_skewness():
    summary = counted([0.1] * 7).summary()
    assert (summary.mean, summary.std, summary.iqr) == (0.1, 0, 0)
    assert np.isnan(summary.skewness)


@pytest.mark.parametrize("weights", [[], [np.nan] * 3, [np.inf, -np.inf, np.nan]])
def test_nothing_finite_gives_nan_everywhere(weights):
    values = count(Tensor.of("t", np.array(weights, np.float32))).values()
    summary = values.summary()
    assert (values.n, summary.n, values.n_zero, values.n_dead) == (0, 0, 0, 0)
    assert np.isnan([summary.mean, summary.std, summary.median, summary.minimum]).all()
    assert np.isnan([values.minimum, values.maximum, values.spacing()]).all()
    assert np.isnan(values.quantile([0, 0.5])).all()
    assert values.histogram(np.array([-np.inf, 0, np.inf])).tolist() == [0, 0]
    assert values.alive().n == 0


def test_the_order_of_weights_changes_no_digit():
    weights = np.random.default_rng(5).standard_t(2, size=3000).astype(np.float32)
    first = count(Tensor.of("t", weights)).values().summary()
    shuffled = np.random.default_rng(6).permutation(weights)
    assert count(Tensor.of("t", shuffled), threads=2).values().summary() == first


# Mixtures and scaling.


def test_a_mixture_is_the_count_of_everything_in_any_order():
    rng = np.random.default_rng(7)
    weights = [rng.normal(size=size).astype(np.float16) for size in (500, 20, 0, 300)]
    parts = [count(Tensor.of("t", w)).values() for w in weights]
    together = count(Tensor.of("t", np.concatenate(weights))).values()
    for order in permutations(parts):
        assert_same(merge(order), together)


def test_a_mixture_of_cells_does_not_depend_on_the_order(monkeypatch):
    rng = np.random.default_rng(8)
    parts = [keyed(rng.normal(size=300).astype(np.float32), monkeypatch) for _ in range(3)]
    parts.append(counted(rng.normal(size=50)))
    first = merge(parts)
    assert first.n == 950
    assert not first.exact
    for order in permutations(parts):
        assert_same(merge(order), first)
    edges = np.linspace(-2, 2, 9)
    expected = sum(part.histogram(edges) for part in parts)
    np.testing.assert_allclose(first.histogram(edges), expected, rtol=1e-13)


def test_a_mixture_is_as_coarse_as_a_twentieth_of_its_weights():
    rng = np.random.default_rng(9)
    fine = count(Tensor.of("t", rng.normal(size=1000).astype(np.float32))).values()
    ones = count(Tensor.of("norm", np.ones(10, np.float32))).values()
    coarse = count(Tensor.of("t", rng.normal(size=100).astype(ml_dtypes.bfloat16))).values()
    assert (fine.mantissa_bits, ones.mantissa_bits, coarse.mantissa_bits) == (23, 0, 7)
    assert merge([ones, fine]).mantissa_bits == 23
    assert merge([fine, ones, coarse]).mantissa_bits == 7
    with pytest.raises(ValueError, match="nothing to merge"):
        merge([])


def test_scaling_scales_what_is_measured(monkeypatch):
    weights = np.random.default_rng(10).normal(size=400).astype(np.float32)
    for values in (count(Tensor.of("t", weights)).values(), keyed(weights, monkeypatch)):
        scaled = values.scaled(0.3)
        assert scaled.n == values.n
        assert scaled.summary().std == pytest.approx(0.3 * values.summary().std)
        edges = np.linspace(-1, 1, 11)
        np.testing.assert_allclose(scaled.histogram(0.3 * edges), values.histogram(edges), atol=0.1)
        for factor in (0, -1, np.inf, np.nan):
            with pytest.raises(ValueError, match="positive and finite"):
                values.scaled(factor)


# Zeros, dead weights, spacing.


def test_zeros_and_dead_weights_are_counted_and_left_out():
    weights = np.array([0, -0.0, 1e-30, -1e-40, 1e-19, -2, 0.5], np.float32)
    values = count(Tensor.of("t", weights)).values()
    assert (values.n, values.n_zero, values.n_dead) == (7, 2, 2)
    alive = values.alive()
    np.testing.assert_array_equal(alive.lower, np.sort(weights[4:].astype(np.float64)))
    assert (alive.n, alive.n_zero, alive.n_dead) == (3, 0, 0)


def test_zeros_are_exact_among_cells_too(monkeypatch):
    weights = np.random.default_rng(11).normal(size=1000).astype(np.float32)
    weights[:200], weights[200:300], weights[300:310] = 0, -0.0, 1e-42
    values = keyed(weights, monkeypatch)
    assert not values.exact
    assert (values.n_zero, values.n_dead, values.alive().n) == (300, 10, 690)
    assert values.alive().minimum == weights.min()
    assert values.histogram(np.array([0, 1e-45, np.inf]))[0] == 300


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "float8_e5m2"])
@pytest.mark.parametrize("scale", [0.02, 1.0, 100.0])
def test_spacing_is_that_of_the_type(dtype, scale):
    weights = (scale * np.random.default_rng(12).normal(size=2000)).astype(dtype)
    quantile = np.quantile(np.abs(weights.astype(np.float64)), 0.95)
    following = np.nextafter(quantile.astype(dtype), np.array(np.inf, dtype))
    expected = following.astype(np.float64) - quantile.astype(dtype).astype(np.float64)
    assert count(Tensor.of("t", weights)).values().spacing() == expected


def test_spacing_knows_subnormals_integers_and_what_the_data_show():
    def spacing(weights):
        return count(Tensor.of("t", weights)).values().spacing()

    rng = np.random.default_rng(13)
    assert spacing((1e-6 * rng.normal(size=500)).astype(np.float16)) == 2.0**-24
    assert spacing(rng.integers(-20, 20, 500).astype(np.int8)) == 1
    assert spacing(rng.integers(0, 255, 500).astype(np.uint8)) == 1
    assert spacing(np.zeros(5, np.float16)) == 2.0**-24
    half = rng.normal(size=500).astype(ml_dtypes.bfloat16)
    assert spacing(half.astype(np.float32)) == spacing(half) == 2.0**-7
    assert counted(half).scaled(4).spacing() == 4 * counted(half).spacing()


# Cells: what lies in one is spread evenly.


def test_a_cell_is_split_in_proportion():
    values = cells((-2, -1, 10), (0, 0, 3), (1, 2, 8))
    found = values.histogram(np.array([-1.5, 0, 1.25, 1.5, 5]))
    np.testing.assert_allclose(found, [5, 3 + 2, 2, 4])
    np.testing.assert_allclose(values.histogram(np.array([-np.inf, 1.75, np.inf])), [19, 2])
    np.testing.assert_allclose(values.histogram(np.array([3.0, 4.0])), [0])
    np.testing.assert_allclose(values.histogram(np.array([-5.0, -3.0])), [0])


def test_a_cell_has_the_moments_of_a_uniform_distribution():
    uniform = cells((1, 2, 6)).summary()
    assert (uniform.mean, uniform.skewness) == (1.5, 0)
    assert uniform.std == pytest.approx(np.sqrt(1 / 12), rel=1e-15)
    two = cells((0, 1, 3), (4, 6, 1)).summary()
    fine = np.concatenate(
        [np.tile((np.arange(30_000) + 0.5) / 30_000, 3), 4 + 2 * (np.arange(30_000) + 0.5) / 30_000]
    )
    assert two.mean == pytest.approx(fine.mean(), rel=1e-12)
    assert two.std == pytest.approx(fine.std(), rel=1e-8)
    assert two.skewness == pytest.approx(stats.skew(fine), rel=1e-8)


def test_quantiles_move_linearly_through_a_cell_between_exact_ends():
    values = cells((0, 1, 5), (1, 3, 5))
    np.testing.assert_allclose(values.quantile([0, 2 / 9, 0.5, 7 / 9, 1]), [0, 0.5, 1.05, 2, 3])


widths = st.lists(st.tuples(reals, st.floats(0, 10), st.integers(1, 9)), min_size=1, max_size=20)


@fuzz
@given(widths, st.lists(reals, min_size=1, max_size=6))
def test_no_weight_is_lost_between_bins(rows, edges):
    values = merge([cells((low, low + width, n)) for low, width, n in rows])
    inner = np.unique(edges)
    fine = values.histogram(np.concatenate([[-np.inf], inner, [np.inf]]))
    assert (fine >= 0).all()
    assert fine.sum() == pytest.approx(values.n, rel=1e-12)
    coarse = values.histogram(np.array([-np.inf, inner[0], np.inf]))
    np.testing.assert_allclose(coarse, [fine[0], fine[1:].sum()], rtol=1e-9, atol=1e-9)


def test_spreading_in_portions_changes_nothing(monkeypatch):
    values = keyed(np.random.default_rng(14).normal(size=500).astype(np.float32), monkeypatch)
    edges = np.linspace(-2, 2, 5001)
    whole = values.histogram(edges)
    monkeypatch.setattr(value_counts, "_ROWS", 700)
    np.testing.assert_allclose(values.histogram(edges), whole, rtol=1e-12, atol=1e-12)


def test_counts_by_keys_come_close_to_the_weights(monkeypatch):
    weights = np.random.default_rng(15).normal(scale=0.02, size=200_000).astype(np.float32)
    values, exact = keyed(weights, monkeypatch), weights.astype(np.float64)
    assert (values.minimum, values.maximum, values.n) == (exact.min(), exact.max(), exact.size)
    summary = values.summary()
    assert summary.mean == pytest.approx(exact.mean(), abs=1e-6 * exact.std())
    assert summary.std == pytest.approx(exact.std(), rel=1e-6)
    assert summary.iqr == pytest.approx(stats.iqr(exact), rel=1e-4)
    expected, edges = np.histogram(exact, 100)
    # A cell spans 2^-11 of its value, so an edge splits about 2^-11 * 2 of a bin at random.
    np.testing.assert_allclose(values.histogram(edges), expected, atol=20)


# The stored form.


def test_patterns_decode_to_the_values_of_the_type():
    for dtype in set(FORMATS) - set(PACKINGS):
        kind = FORMATS[dtype]
        patterns = np.arange(1 << min(kind.width, 16), dtype=np.uint64) << np.uint64(
            max(kind.width - 16, 0)
        )
        with np.errstate(invalid="ignore"):
            expected = patterns.astype(f"uint{kind.width}").view(dtype).astype(np.float64)
            found = decode(patterns, dtype)
        np.testing.assert_array_equal(found, expected)
        finite = found[np.isfinite(found)]
        if kind.kind == "float" and kind.width <= 16:
            assert finite.max() == float(ml_dtypes.finfo(dtype).max)
            assert (
                np.unique(finite[finite > 0])[0]
                == kind.step
                == float(ml_dtypes.finfo(dtype).smallest_subnormal)
            )
            assert ml_dtypes.finfo(dtype).nmant == kind.mantissa_bits


def test_counts_of_different_keys_do_not_add():
    half = count(Tensor.of("a", np.ones(3, np.float16)))
    single = count(Tensor.of("b", np.ones(3, np.float32)))
    with pytest.raises(ValueError, match="float16 by 16 bits and of float32 by 32 bits"):
        half + single
    assert (half + half).counts.tolist() == [6]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "int64"}, "not one of int8"),
        ({"key_bits": 17}, "no keys of 17 bits"),
        ({"key_bits": 0}, "no keys of 0 bits"),
        ({"keys": np.array([2, 1], np.uint64)}, "ascend"),
        ({"keys": np.array([1, 1], np.uint64)}, "ascend"),
        ({"keys": np.array([1, 1 << 16], np.uint64)}, r"below 2\*\*16"),
        ({"keys": np.array([1, 2])}, "uint64"),
        ({"keys": np.array([1], np.uint64)}, "one for each"),
        ({"counts": np.array([1, 0])}, "positive"),
    ],
)
def test_damaged_counts_are_refused(change, message):
    sound = {
        "dtype": "float16",
        "key_bits": 16,
        "keys": np.array([1, 2], np.uint64),
        "counts": np.array([1, 1]),
        "n_nan": 0,
        "n_inf": 0,
        "minimum": 0.0,
        "maximum": 1.0,
    }
    KeyCounts(**sound)
    with pytest.raises(ValueError, match=message):
        KeyCounts(**(sound | change))


@pytest.mark.parametrize("edges", [[1.0], [2.0, 1.0], [0.0, np.nan, 1.0], [[0.0, 1.0]]])
def test_edges_must_ascend(edges):
    with pytest.raises(ValueError, match="ascending"):
        counted([1, 2]).histogram(np.array(edges))


@pytest.mark.parametrize("q", [-0.1, 1.1, np.nan])
def test_quantiles_lie_between_0_and_1(q):
    with pytest.raises(ValueError, match="between 0 and 1"):
        counted([1, 2]).quantile(q)
