from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_bins import NUMPY_BINS, RULES
from scipy.stats import norm

from complexity_atlas.complexity.binning import DEFAULT_RULES, BinRule, Undefined
from complexity_atlas.complexity.measures import MEASURES, measure
from complexity_atlas.complexity.nulls import SAMPLED_WEIGHTS, gaussian_null


def histogram_of(weights: np.ndarray, name: str) -> np.ndarray:
    if name != "window":
        return np.histogram(weights, NUMPY_BINS[name])[0]
    q25, median, q75 = np.percentile(weights, [25, 50, 75])
    z = np.clip((weights - median) / ((q75 - q25) / 1.3489795), -6, 6)
    return np.histogram(z, np.linspace(-6, 6, 129))[0]


@cache
def sampled(n: tuple[int, ...], sigma: tuple[float, ...], draws: int) -> dict[str, np.ndarray]:
    """Measures (draws, 8) by rule, of weights that are really drawn and really binned."""
    rng = np.random.default_rng(sum(n))
    found = {name: [] for name in (*NUMPY_BINS, "window")}
    for _ in range(draws):
        weights = rng.standard_normal(sum(n)) * np.repeat(sigma, n)
        for name, rows in found.items():
            counts = histogram_of(weights, name)
            rows.append([float(v) for v in measure(counts / counts.sum()).values()])
    return {name: np.array(rows) for name, rows in found.items()}


def assert_same_law(null, truth: np.ndarray, draws: int, sd_factor: float = 1.7) -> None:
    """Means within 4 standard errors of their difference; standard deviations within a factor."""
    for name, column in zip(MEASURES, truth.T, strict=True):
        sd = column.std(ddof=1)
        error = np.hypot(sd / np.sqrt(column.size), null.sd[name] / np.sqrt(draws))
        assert abs(null.mean[name] - column.mean()) < 4 * error, name
        assert sd / sd_factor < null.sd[name] < sd * sd_factor, name


@pytest.mark.parametrize("name", [*NUMPY_BINS, "window"])
@pytest.mark.parametrize(("n", "samples"), [(2_000, 200), (20_000, 100), (200_000, 30)])
def test_agrees_with_sampling(name, n, samples):
    truth = sampled((n,), (1.0,), samples)[name]
    assert_same_law(gaussian_null([n], [0.02], RULES[name], 300, 1), truth, 300)


@pytest.mark.parametrize("name", [*NUMPY_BINS, "window"])
def test_mixture_agrees_with_sampling(name):
    n, sigma = (9_000, 6_000, 3_000, 200), (0.01, 0.02, 0.04, 0.3)
    truth = sampled(n, sigma, 150)[name]
    assert_same_law(gaussian_null(n, sigma, RULES[name], 300, 1), truth, 300)


@pytest.mark.parametrize("name", ["proposal", "freedman_diaconis", "window"])
def test_dead_tensor_agrees_with_sampling(name):
    n, sigma = (4_000, 16_000), (1e-25, 1.0)
    truth = sampled(n, sigma, 100)[name]
    assert_same_law(gaussian_null(n, sigma, RULES[name], 300, 1), truth, 300, sd_factor=4)


@pytest.mark.parametrize("ratio", [1e-8, 1e-17, 1e-40, 1e-250])
def test_widths_that_differ_beyond_float64(ratio):
    null = gaussian_null([20_000, 80_000], [ratio, 1.0], RULES["window"], 4, 0)
    p = np.zeros(128)
    p[63:65] = 0.1
    upper_quartile = norm.isf(0.25 / 0.8)
    edges = np.linspace(-6, 6, 129) * 2 * upper_quartile / 1.3489795
    edges[0], edges[-1] = -np.inf, np.inf
    exact = measure(p + 0.8 * np.diff(norm.cdf(edges)))["lmc"]
    assert null.mean["lmc"] == pytest.approx(float(exact), rel=0.05)


def test_range_has_the_law_of_extremes():
    # with so many weights and few bins, C is a function of the minimum and maximum alone
    n = 10**8
    null = gaussian_null([n], [1.0], RULES["sturges"], 1000, 3)
    u = np.random.default_rng(0).random((2, 2000))
    tails = -np.expm1(np.log(u) / n)
    low, high = norm.ppf(tails[0]), norm.isf(tails[1])
    edges = np.linspace(low, high, int(null.n_bins) + 1, axis=1)
    p = np.diff(norm.cdf(edges), axis=1)
    truth = measure(p / p.sum(axis=1, keepdims=True))["lmc"]
    assert abs(null.mean["lmc"] - truth.mean()) < 4 * truth.std() / np.sqrt(667)
    assert null.sd["lmc"] == pytest.approx(truth.std(), rel=0.1)


@pytest.mark.parametrize(
    ("n", "c"),
    [(10**3, 0.0082), (10**4, 0.0102), (10**5, 0.0124), (10**6, 0.0139), (10**7, 0.0162)],
)
def test_published_noise_under_the_proposal(n, c):
    # each published value is one sample
    null = gaussian_null([n], [1.0], RULES["proposal"], 200, 0)
    assert abs(null.mean["lmc"] - c) < 1.5 * null.sd["lmc"]


@pytest.mark.parametrize(
    ("name", "slope", "tolerance"),
    [
        ("rice", -0.281, 0.003),
        ("freedman_diaconis", -0.313, 0.003),
        ("scott", -0.313, 0.003),
        ("sturges", -0.014, 0.003),
    ],
)
def test_published_slopes_on_the_number_of_weights(name, slope, tolerance):
    # log C bends a little: these are the slopes between 1e5 and 1e10 weights
    log_n = np.linspace(5, 10, 11)
    log_c = [
        np.log10(gaussian_null([int(10**x)], [1.0], RULES[name], 8, 0).mean["lmc"]) for x in log_n
    ]
    assert np.polyfit(log_n, log_c, 1)[0] == pytest.approx(slope, abs=tolerance)


@pytest.mark.parametrize(
    ("bins", "half_width", "c"),
    [(128, 6.0, 0.01453396), (100, 4.0, 0.01076014), (256, 8.0, 0.01037254)],
)
def test_window_approaches_the_exact_gaussian(bins, half_width, c):
    null = gaussian_null([10**11], [0.3], BinRule("w", "window", bins, half_width), 8, 0)
    assert null.mean["lmc"] == pytest.approx(c, abs=1e-7)
    assert null.sd["lmc"] < 1e-7


def test_window_is_free_of_the_number_of_weights():
    means = [gaussian_null([n], [1.0], RULES["window"], 100, 0).mean["lmc"] for n in (10**5, 10**8)]
    assert means[0] == pytest.approx(means[1], rel=2e-3)


def test_pooling_widths_raises_c_exp():
    fine = BinRule("fine", "window", 2000, 40.0)
    sigma = np.array([0.01, 0.02, 0.04, 0.08])
    pooled = gaussian_null([10**9] * 4, sigma, fine, 4, 0).mean["c_exp"]
    x, step = np.linspace(-1, 1, 400_001, retstep=True)
    density = norm.pdf(x[:, None], scale=sigma).mean(axis=1)
    logs = np.log(density, where=density > 0, out=np.zeros_like(density))
    exact = np.exp(-np.sum(density * logs) * step) * np.sum(density**2) * step
    assert pooled == pytest.approx(exact, rel=3e-4)  # bins of a fifth of the narrowest width
    assert pooled == pytest.approx(1.533, abs=2e-3)
    alone = gaussian_null([10**9], [0.01], fine, 4, 0).mean["c_exp"]
    assert alone == pytest.approx(np.sqrt(np.e / 2), rel=3e-4)


@settings(max_examples=25)
@given(st.floats(1e-12, 1e12), st.sampled_from(DEFAULT_RULES))
def test_free_of_scale(factor, rule):
    sigma = np.array([0.3, 0.5, 1.1])
    n = [700, 5_000, 40_000]
    plain, scaled = (gaussian_null(n, s, rule, 4, 0) for s in (sigma, factor * sigma))
    assert scaled.mean == pytest.approx(plain.mean, rel=1e-6)


@pytest.mark.parametrize("total", [1_000, 100_000])
def test_free_of_order_and_of_splitting_a_tensor(total):
    def null(n, sigma):
        return gaussian_null(np.array(n) * total // 10, sigma, RULES["doane"], 4, 0)

    assert null([4, 3, 3], [1.0, 2.0, 3.0]) == null([3, 1, 3, 3], [3.0, 1.0, 2.0, 1.0])


def test_seeds():
    def null(seed, rule="rice", n=10**6):
        return gaussian_null([n], [1.0], RULES[rule], 4, seed)

    assert null(1) == null(1)
    assert null(1) != null(2)
    renamed = BinRule("another_name", "rice")
    assert gaussian_null([10**6], [1.0], renamed, 4, 1) == null(1)


def test_number_of_doane_bins_follows_the_skewness_of_noise():
    # of n normal values it has standard deviation sqrt(6/n) about 0 (Doane 1976)
    n = 10**6
    z = np.abs(norm.ppf((np.arange(10_000) + 0.5) / 10_000))
    bins = np.ceil(1 + np.log2(n) + np.log2(1 + z))
    null = gaussian_null([n], [1.0], RULES["doane"], 2000, 0)
    assert null.n_bins == pytest.approx(bins.mean(), abs=4 * bins.std() / np.sqrt(2000))


@pytest.mark.parametrize("n", [SAMPLED_WEIGHTS, SAMPLED_WEIGHTS + 1, 10**11])
def test_number_of_bins(n):
    assert gaussian_null([n], [1.0], RULES["rice"], 2, 0).n_bins == np.ceil(2 * n ** (1 / 3))
    width = 2 * 1.349 * n ** (-1 / 3)
    null = gaussian_null([n], [1.0], RULES["freedman_diaconis"], 20, 0)
    assert null.n_bins == pytest.approx(2 * norm.isf(0.5 / n) / width, rel=0.1)


@pytest.mark.parametrize(
    ("name", "n", "sigma", "reason"),
    [
        ("proposal", [1], [1.0], "all values are equal"),
        ("freedman_diaconis", [10**6, 10], [1e-9, 1.0], "more than 4194304"),
        ("window", [10**6, 10**5], [1e-6, 1.0], r"below 2\^-10"),
    ],
)
def test_undefined(name, n, sigma, reason):
    with pytest.raises(Undefined, match=reason):
        gaussian_null(n, sigma, RULES[name], 4, 0)


@pytest.mark.parametrize(
    ("n", "sigma", "draws"),
    [
        ([10], [1.0], 1),
        ([0], [1.0], 4),
        ([10, 10], [1.0], 4),
        ([10.0], [1.0], 4),
        ([10], [0.0], 4),
        ([10], [-1.0], 4),
        ([10], [np.nan], 4),
        ([10], [np.inf], 4),
        ([], [], 4),
    ],
)
def test_refuses(n, sigma, draws):
    with pytest.raises(ValueError):
        gaussian_null(n, sigma, RULES["proposal"], draws, 0)
