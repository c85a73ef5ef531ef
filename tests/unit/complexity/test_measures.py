import hashlib
import importlib
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy as scipy_entropy

from complexity_atlas.complexity import measures
from complexity_atlas.complexity.measures import (
    MEASURES,
    envelope,
    lmc_maximum,
    measure,
    probabilities,
)

VECTORS = [  # p, H, D, C, C_JS, C_exp
    ([0.75, 0.25], 0.8112781245, 0.125, 0.1014097656, 0.1271733053, 1.0967283441),
    ([0.5, 0.25, 0.25], 0.9463946304, 0.0416666667, 0.0394331096, 0.0427097470, 1.0606601718),
    ([0.7, 0.1, 0.1, 0.1], 0.6783898247, 0.27, 0.1831652527, 0.1877843947, 1.3317868293),
    ([0.4, 0.3, 0.2, 0.1], 0.9232196723, 0.05, 0.0461609836, 0.0676297993, 1.0788346400),
]
Q0 = {2: 4.63474599570961, 3: 3.1421138752620, 10: 1.9025971948408, 100: 1.5035414131423}
LARGEST_C = {
    2: 0.15291053,
    4: 0.20964652,
    8: 0.22568666,
    10: 0.22671515,
    16: 0.22553077,
    64: 0.21247925,
    100: 0.20794214,
    128: 0.20555636,
    256: 0.19944637,
    1000: 0.18996244,
    4096: 0.18295378,
}

seeds = st.integers(0, 2**32 - 1)


def random_histograms(seed: int, n: int, rows: int = 50) -> np.ndarray:
    """Histograms from nearly one-hot to nearly uniform, some bins exactly empty."""
    rng = np.random.default_rng(seed)
    p = rng.standard_gamma(10 ** rng.uniform(-2, 2, (rows, 1)), (rows, n)) + 1e-300
    p *= rng.random((rows, n)) > rng.uniform(0, 0.9, (rows, 1))
    p[:, 0] += p.sum(axis=1) == 0
    return probabilities(p)


@pytest.mark.parametrize(("p", "h", "d", "c", "c_js", "c_exp"), VECTORS)
def test_published_vectors(p, h, d, c, c_js, c_exp):
    found = measure(p)
    expected = {"entropy": h, "disequilibrium": d, "lmc": c, "c_js": c_js, "c_exp": c_exp}
    assert {name: float(found[name]) for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 10, 128, 1_000_003])
def test_equal_chances(n):
    expected = dict.fromkeys(MEASURES, 0.0) | {"entropy": 1.0, "c_exp": 1.0}
    assert measure(np.full(n, 1 / n)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 10, 128])
def test_one_occupied_bin(n):
    expected = {"disequilibrium": 1 - 1 / n, "c_exp": 1.0, "q_e": 1.0, "q_w": 1.0}
    expected = dict.fromkeys(MEASURES, 0.0) | expected
    assert measure(np.eye(n)[n // 2]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", Q0)
def test_jensen_shannon_normalisation(n):
    # near a single occupied bin the divergence is its largest, so C_JS / H approaches 1
    p = np.full(n, 1e-3 / (n - 1))
    p[0] = 1 - 1e-3
    found = measure(p)
    divergence = jensenshannon(p, np.full(n, 1 / n)) ** 2
    assert found["c_js"] / found["entropy"] / divergence == pytest.approx(Q0[n], rel=1e-12)


@given(seeds, st.sampled_from([2, 3, 7, 64, 500]))
def test_agrees_with_scipy(seed, n):
    p = random_histograms(seed, n)
    u = np.full_like(p, 1 / n)
    found = measure(p)
    h = scipy_entropy(p, axis=-1) / np.log(n)
    largest = jensenshannon(np.eye(n)[0], u[0]) ** 2
    np.testing.assert_allclose(found["entropy"], h, atol=1e-12)
    np.testing.assert_allclose(found["lmc"], h * np.var(p, axis=-1) * n, atol=1e-12)
    np.testing.assert_allclose(
        found["c_js"], h * jensenshannon(p, u, axis=-1) ** 2 / largest, atol=1e-12
    )
    np.testing.assert_allclose(found["sdl"], h - h**2, atol=1e-12)
    wootters = np.arccos(np.minimum(np.sqrt(p * u).sum(axis=-1), 1)) / np.arccos(n**-0.5)
    np.testing.assert_allclose(found["q_w"], wootters, atol=1e-7)  # arccos near 1 is the limit


@given(seeds, st.sampled_from([3, 4, 5]))
def test_c_js_agrees_with_ordpy(seed, dx):
    ordpy = pytest.importorskip("ordpy")
    n = {3: 6, 4: 24, 5: 120}[dx]  # ordpy normalises by dx!, and is right at these n only
    for p in random_histograms(seed, n, rows=5):
        h, c = ordpy.complexity_entropy(p, dx=dx, probs=True)
        found = measure(p)
        assert float(found["entropy"]) == pytest.approx(h, abs=1e-12)
        assert float(found["c_js"]) == pytest.approx(c, abs=1e-12)


@pytest.fixture
def neuro(tmp_path, monkeypatch):
    """neurocomplexity, unpacked and not installed: it asks for another pandas than the lock."""
    wanted = "neurocomplexity==1.2.2"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(tmp_path), wanted]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"{wanted} cannot be fetched from the package index")
    (wheel,) = tmp_path.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert digest == "5896ea120b3d1f827985fde9f3dc567fbecef5d6b895cbefb43d310e67ee84dc"
    zipfile.ZipFile(wheel).extractall(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("neurocomplexity")


@pytest.mark.index
@pytest.mark.filterwarnings("ignore")  # it warns about recordings that were not curated
def test_lmc_agrees_with_neurocomplexity(neuro):
    import pandas as pd

    rng = np.random.default_rng(0)
    for n in (2, 5, 40):
        spikes_per_second = np.append(rng.binomial(n - 1, 0.3, 400), n - 1)
        seconds = np.repeat(np.arange(spikes_per_second.size), spikes_per_second) + 0.5
        recording = neuro.SpikeRecording(
            spike_times=seconds,
            unit_ids=np.zeros(seconds.size, int),
            units=pd.DataFrame({"id": [0]}),
            populations={"all": np.array([True])},
            duration=float(spikes_per_second.size),
            sampling_rate=None,
            source=neuro.ProvenanceRecord.for_memory("test"),
        )
        oracle = neuro.analysis.lmc_complexity(
            recording, bin_size=1000.0, kind="population", n_states=n
        )
        found = measure(probabilities(np.bincount(spikes_per_second, minlength=n)))
        assert float(found["lmc"]) == pytest.approx(oracle.C_per_pop[0], abs=1e-12)
        assert float(found["disequilibrium"]) == pytest.approx(oracle.D_per_pop[0], abs=1e-12)


@given(seeds, st.sampled_from([2, 3, 10, 11, 128]))
def test_ranges_and_invariance(seed, n):
    p = random_histograms(seed, n)
    found = measure(p)
    permuted = measure(np.random.default_rng(seed).permuted(p, axis=-1))
    for name in MEASURES:
        np.testing.assert_allclose(permuted[name], found[name], atol=1e-12)
        assert np.all(found[name] >= 0)
        upper = {"c_exp": n, "lmc": lmc_maximum(n) + 1e-12, "sdl": 0.25}.get(name, 1)
        assert np.all(found[name] <= upper)
    assert np.all(found["c_exp"] >= 1)


def test_vectorises_over_leading_axes():
    p = random_histograms(1, 16, rows=12)
    together = measure(p.reshape(3, 4, 16))
    for name in MEASURES:
        apart = [float(getattr(measures, name)(row)) for row in p]
        assert together[name].shape == (3, 4)
        np.testing.assert_array_equal(together[name].ravel(), apart)


STUDENT_T = {2: 1.4789197322, 3: 1.3533528324, 4: 1.2986124845, 5: 1.2682901037, 10: 1.2132927255}
CONTINUOUS = [  # distribution, exp(entropy) times the integral of the squared density
    (stats.norm, np.sqrt(np.e / 2)),
    (stats.laplace, np.e / 2),
    (stats.logistic, np.e**2 / 6),
    *((stats.t(freedom), c_exp) for freedom, c_exp in STUDENT_T.items()),
]


@pytest.mark.parametrize(("distribution", "c_exp"), CONTINUOUS)
def test_c_exp_of_fine_bins_is_that_of_the_continuous_distribution(distribution, c_exp):
    reach = min(distribution.isf(1e-9), 3000)
    p = np.diff(distribution.cdf(np.linspace(-reach, reach, 400_001)))
    assert measure(p / p.sum())["c_exp"] == pytest.approx(c_exp, rel=1e-5)


@pytest.mark.parametrize("n", LARGEST_C)
def test_largest_lmc(n):
    assert lmc_maximum(n) == pytest.approx(LARGEST_C[n], abs=1e-6)


def test_largest_lmc_of_all_is_at_eleven_bins():
    largest = {n: lmc_maximum(n) for n in range(2, 200)}
    assert max(largest, key=largest.get) == 11
    assert largest[11] == pytest.approx(0.2267843328, abs=1e-10)
    # a histogram that reaches it, so that no smaller bound is true
    reached = measure([0.75249, *[0.024751] * 10])["lmc"]
    assert LARGEST_C[10] + 6e-5 < reached <= largest[11]


def test_lmc_envelope_at_four_bins():
    h = np.array([0.3, 0.6, 0.8, 0.95])
    found = envelope("lmc", 4, h)
    np.testing.assert_allclose(found.upper / h, [0.573301, 0.336494, 0.165456, 0.038830], atol=1e-6)
    np.testing.assert_allclose(found.lower / h, [0.500487, 0.212961, 0.082235, 0.028849], atol=1e-6)


def test_envelopes_have_swapped_roles():
    # one bin above equal others, and m equal bins with a smaller one
    one_above, one_below = [0.7, 0.1, 0.1, 0.1], [0.45, 0.45, 0.1, 0.0]
    for name, upper, lower in (("lmc", one_above, one_below), ("c_js", one_below, one_above)):
        for p, bound in ((upper, "upper"), (lower, "lower")):
            found = measure(p)
            limit = getattr(envelope(name, 4, [float(found["entropy"])]), bound)
            assert float(found[name]) == pytest.approx(limit[0], abs=1e-12)


@given(seeds, st.sampled_from([2, 3, 4, 11, 100, 1000]), st.sampled_from(["lmc", "c_js"]))
def test_histograms_lie_between_the_envelopes(seed, n, name):
    found = measure(random_histograms(seed, n))
    bounds = envelope(name, n, found["entropy"])
    assert np.all(bounds.lower - 1e-6 <= found[name])
    assert np.all(found[name] <= bounds.upper + 1e-6)


def test_c_js_envelope_agrees_with_ordpy():
    ordpy = pytest.importorskip("ordpy")
    h, upper = ordpy.maximum_complexity_entropy(dx=3, m=20).T
    np.testing.assert_allclose(envelope("c_js", 6, np.clip(h, 0, 1)).upper, upper, atol=1e-9)
    h, lower = ordpy.minimum_complexity_entropy(dx=3, size=50).T
    np.testing.assert_allclose(envelope("c_js", 6, np.clip(h, 0, 1)).lower, lower, atol=1e-9)


def test_envelope_grid_meets_at_both_ends():
    for name in ("lmc", "c_js"):
        found = envelope(name, 128, 50)
        assert found.entropy[0] == 0
        assert found.entropy[-1] == 1
        np.testing.assert_allclose(found.lower[[0, -1]], 0, atol=1e-12)
        np.testing.assert_allclose(found.upper[[0, -1]], 0, atol=1e-12)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([1.0], "at least two bins"),
        (1.0, "at least two bins"),
        ([0.5, 0.6], "sum to 1"),
        ([3, 1], "sum to 1"),
        ([[0.5, 0.5], [0.5, 0.4]], "sum to 1"),
        ([1.5, -0.5], "not negative"),
        ([np.nan, 1.0], "finite"),
        ([np.inf, 0.0], "finite"),
    ],
)
def test_refuses_what_is_no_distribution(p, message):
    with pytest.raises(ValueError, match=message):
        measure(p)


def test_probabilities_of_counts():
    np.testing.assert_array_equal(probabilities([[1, 3], [0, 2]]), [[0.25, 0.75], [0, 1]])
    with pytest.raises(ValueError, match="without a single count"):
        probabilities([[1, 1], [0, 0]])
    with pytest.raises(ValueError, match="not negative"):
        probabilities([1, -1])


@pytest.mark.parametrize("arguments", [("entropy", 4), ("lmc", 1), ("lmc", 4, [1.5])])
def test_envelope_refuses(arguments):
    with pytest.raises(ValueError):
        envelope(*arguments)
