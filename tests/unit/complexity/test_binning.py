import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy_bins import NUMPY_BINS, RULES
from scipy.special import ndtr, ndtri

from complexity_atlas.complexity.binning import (
    DEFAULT_RULES,
    MAX_BINS,
    BinRule,
    Undefined,
    bin_count,
    bin_edges,
    bin_width,
    parse_rules,
)
from complexity_atlas.complexity.measures import measure, probabilities
from complexity_atlas.counts.value_counts import Summary
from complexity_atlas.errors import AtlasError


def summary_of(weights: np.ndarray) -> Summary:
    q25, median, q75 = np.percentile(weights, [25, 50, 75])
    mean, std = np.mean(weights), np.std(weights)
    return Summary(
        n=weights.size,
        minimum=np.min(weights),
        maximum=np.max(weights),
        median=median,
        q25=q25,
        q75=q75,
        mean=mean,
        std=std,
        skewness=np.mean(((weights - mean) / std) ** 3) if std > 0 else np.nan,
    )


def gaussian_summary(n: int = 10**6, std: float = 1.0, mean: float = 0.0) -> Summary:
    quarter = std * ndtri(0.75)
    reach = std * ndtri(1 - 0.5 / n)
    return Summary(
        n=n,
        minimum=mean - reach,
        maximum=mean + reach,
        median=mean,
        q25=mean - quarter,
        q75=mean + quarter,
        mean=mean,
        std=std,
        skewness=0.0,
    )


@st.composite
def samples(draw) -> np.ndarray:
    """Normal, heavy-tailed, discrete, far from zero, tiny, and whatever hypothesis thinks of."""
    n = draw(st.integers(1, 2000) | st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["normal", "heavy", "discrete", "offset", "any"]))
    if kind == "any":
        values = st.floats(-1e4, 1e4, width=32)
        return draw(hnp.arrays(np.float64, st.integers(1, 60), elements=values))
    scale = 10.0 ** draw(st.integers(-30, 6))
    return (
        scale
        * {
            "normal": lambda: rng.standard_normal(n),
            "heavy": lambda: rng.standard_t(1.5, n),
            "discrete": lambda: rng.integers(0, draw(st.integers(1, 6)), n).astype(float),
            "offset": lambda: 1e6 + rng.standard_normal(n),
        }[kind]()
    )


@pytest.mark.parametrize("name", NUMPY_BINS)
@given(weights=samples())
def test_edges_are_numpys(name, weights):
    summary = summary_of(weights)
    if name in ("freedman_diaconis", "scott"):  # numpy would allocate what we refuse
        least = min((w for w in (summary.std, summary.iqr) if w > 0), default=np.inf)
        assume(np.ptp(weights) / least < 1e4)
    try:
        expected = np.histogram_bin_edges(weights, NUMPY_BINS[name])
    except ValueError as error:
        assert "Too many bins" in str(error)  # noqa: PT017
        expected = None
    if expected is None or expected.size == 2 or np.ptp(weights) == 0:
        with pytest.raises(Undefined):
            bin_edges(RULES[name], summary)
    else:
        np.testing.assert_array_equal(bin_edges(RULES[name], summary), expected)


@given(weights=samples())
def test_window_is_a_robust_z_score(weights):
    summary = summary_of(weights)
    assume(summary.iqr > 1e-2 * summary.std > 0)
    q25, median, q75 = np.percentile(weights, [25, 50, 75])
    z = (weights - median) / ((q75 - q25) / 1.3489795)
    inner = np.linspace(-6, 6, 129)
    # a weight within rounding of an edge may fall on either side of it
    assume(np.min(np.abs(z[:, None] - inner)[z != 0], initial=1) > 1e-6)
    expected = np.histogram(np.clip(z, -6, 6), inner)[0]
    edges = bin_edges(RULES["window"], summary)
    np.testing.assert_array_equal(np.histogram(weights, edges)[0], expected)


@pytest.mark.parametrize(
    ("bins", "half_width", "c"),
    [(128, 6, 0.01453396), (100, 4, 0.01076014), (256, 8, 0.01037254)],
)
def test_window_of_an_exact_gaussian(bins, half_width, c):
    rule = BinRule("w", "window", bins, float(half_width))
    for n, std, mean in ((10**3, 1.0, 0.0), (10**9, 1e-3, 7.0)):
        edges = bin_edges(rule, gaussian_summary(n, std, mean))
        found = measure(np.diff(ndtr((edges - mean) / std)))
        assert float(found["lmc"]) == pytest.approx(c, abs=5e-9)
        if bins == 128:
            assert float(found["c_exp"]) == pytest.approx(1.165822, abs=5e-7)


def test_one_outlier_moves_the_proposal_and_not_the_window():
    weights = np.random.default_rng(0).standard_normal(10**6)
    found = []
    for sample in (weights, np.append(weights, 50.0)):
        summary = summary_of(sample)
        found += [
            float(measure(probabilities(np.histogram(sample, bin_edges(rule, summary))[0]))["lmc"])
            for rule in (RULES["proposal"], RULES["window"])
        ]
    plain, plain_window, outlier, outlier_window = found
    assert plain == pytest.approx(0.0136, abs=0.0015)  # the range of one sample moves it this much
    assert outlier == pytest.approx(0.0629, abs=0.0015)
    assert outlier_window == pytest.approx(plain_window, rel=1e-4)


def test_bin_width():
    assert bin_width(np.linspace(-1, 3, 101)) == pytest.approx(0.04)
    edges = bin_edges(RULES["window"], gaussian_summary(std=0.5))
    assert edges[0] == -np.inf
    assert edges[-1] == np.inf
    assert bin_width(edges) == pytest.approx(0.5 * 12 / 128)
    assert edges[64] == 0


def together_of(single: list[Summary]) -> Summary:
    """Summaries of equally many weights as one, whose fields are arrays."""
    return Summary(
        **{
            name: single[0].n if name == "n" else np.array([getattr(s, name) for s in single])
            for name in Summary.__dataclass_fields__
        }
    )


def test_many_summaries_at_once():
    rng = np.random.default_rng(0)
    single = [summary_of(rng.standard_normal(5000)) for _ in range(5)]
    together = together_of(single)
    for rule in DEFAULT_RULES:
        counts = np.broadcast_to(bin_count(rule, together), 5)
        assert counts.tolist() == [bin_count(rule, summary) for summary in single]
    for name in ("proposal", "rice", "window"):
        edges = bin_edges(RULES[name], together)
        np.testing.assert_array_equal(edges, [bin_edges(RULES[name], s) for s in single])
    with pytest.raises(ValueError, match="different numbers"):
        bin_edges(RULES["freedman_diaconis"], together)


NORMAL = np.random.default_rng(1).standard_normal(1000)


UNDEFINED = pytest.mark.parametrize(
    ("name", "weights", "reason"),
    [
        ("proposal", np.full(10, 0.25), "all values are equal"),
        ("window", np.zeros(10), "all values are equal"),
        ("proposal", np.array([1.0, 1 + 1e-15]), "finer than float64"),
        ("freedman_diaconis", np.append(np.zeros(90), NORMAL[:10]), "interquartile range is 0"),
        ("freedman_diaconis", np.append(1e-9 * NORMAL, 1.0), "more than 4194304"),
        ("freedman_diaconis", np.array([0.0] * 4 + [1.0] * 4), "single bin"),
        ("doane", np.array([0.0, 1.0]), "single bin"),
        ("scott", np.array([0.0, 1e-200]), "standard deviation is 0"),
        ("window", np.append(np.zeros(90), NORMAL[:10]), "half of the values"),
        ("window", np.append(1e-6 * NORMAL, NORMAL[:200]), r"below 2\^-10"),
    ],
)


@UNDEFINED
def test_undefined(name, weights, reason):
    with pytest.raises(Undefined, match=reason):
        bin_edges(RULES[name], summary_of(weights))


@UNDEFINED
def test_one_of_many_is_undefined(name, weights, reason):
    bad = summary_of(weights)
    good = Summary(bad.n, -1.0, 1.0, 0.0, -0.02, 0.02, 0.0, 0.1, 0.0)
    with pytest.raises(Undefined, match=reason):
        bin_edges(RULES[name], together_of([good, bad]))


def test_undefined_where_the_range_overflows():
    huge = Summary(4, -1e308, 1e308, 0.0, -1e307, 1e307, 0.0, 1e307, 0.0)
    with pytest.raises(Undefined, match="overflows"):
        bin_edges(RULES["proposal"], huge)


def test_undefined_without_values():
    nothing = Summary(0, *[np.nan] * 8)
    for rule in DEFAULT_RULES:
        with pytest.raises(Undefined, match="no finite values"):
            bin_edges(rule, nothing)


def test_default_rules():
    assert [rule.name for rule in DEFAULT_RULES] == [
        "proposal",
        "rice",
        "freedman_diaconis",
        "scott",
        "sturges",
        "doane",
        "fixed1000",
        "window",
        "window_alive",
    ]
    assert RULES["proposal"] == BinRule("proposal", "fixed", 100)
    assert RULES["window"] == BinRule("window", "window", 128, 6.0)
    assert RULES["window_alive"] == BinRule("window_alive", "window", 128, 6.0, alive=True)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "at least one"),
        (["window"], "at least one"),
        ({"x": {"bins": 5}}, "'x': key 'rule' is missing; allowed: fixed, rice"),
        ({"x": None}, "'x': key 'rule' is missing"),
        ({"x": {"rule": "fd"}}, "'x': rule 'fd' is unknown; allowed: fixed, rice"),
        ({"x": {"rule": ["fixed"]}}, "is unknown"),
        ({"x": {"rule": "rice", "bins": 5}}, "'rice' has no key 'bins'; allowed: rule, alive"),
        (
            {"x": {"rule": "fixed", "bins": 5, "width": 1}},
            "'fixed' has no key 'width'; allowed: rule, bins, alive",
        ),
        ({"x": {"rule": "fixed"}}, "'x': bins is None; allowed: 2 to 4194304"),
        ({"x": {"rule": "fixed", "bins": 1}}, "bins is 1"),
        ({"x": {"rule": "fixed", "bins": True}}, "bins is True"),
        ({"x": {"rule": "fixed", "bins": 2.5}}, "bins is 2.5"),
        ({"x": {"rule": "fixed", "bins": MAX_BINS + 1}}, "bins is 4194305"),
        ({"x": {"rule": "window", "bins": 3}}, "allowed: 4 to"),
        ({"x": {"rule": "window", "bins": 8, "half_width": 0}}, "half_width is 0"),
        ({"x": {"rule": "window", "bins": 8, "half_width": "6"}}, "half_width is '6'"),
        ({"x": {"rule": "window", "bins": 8, "half_width": float("nan")}}, "half_width is nan"),
        ({"x": {"rule": "rice", "alive": "yes"}}, "alive is 'yes'; allowed: true or false"),
        ({"a b": {"rule": "rice"}}, "'a b': a name is a letter"),
        ({3: {"rule": "rice"}}, "a name is a letter"),
    ],
)
def test_parse_errors_name_variant_key_and_remedy(config, message):
    with pytest.raises(AtlasError, match=message):
        parse_rules(config)


def test_parse_rules_keeps_order_and_fills_defaults():
    rules = parse_rules(
        {"w": {"rule": "window", "bins": 64}, "f": {"rule": "fixed", "bins": 10, "alive": True}}
    )
    assert rules == (BinRule("w", "window", 64, 6.0), BinRule("f", "fixed", 10, alive=True))
