import numpy as np
import pandas as pd
import pytest
from scipy import stats

from complexity_atlas.complexity.binning import DEFAULT_RULES
from complexity_atlas.statistics.design import ANALYSIS, blocks
from complexity_atlas.statistics.noise import noise_analysis
from complexity_atlas.statistics.settings import Settings

RULES = [rule for rule in DEFAULT_RULES if rule.name in ("proposal", "rice", "window")]


@pytest.fixture(scope="module")
def fake() -> pd.DataFrame:
    return noise_analysis(1, rules=RULES, measures=("lmc", "entropy"), benchmarks=("a", "b"))


def test_forty_models_of_ten_families(fake):
    assert list(fake) == list(ANALYSIS)
    assert len(fake) == 40 * 3 * 2 * 2
    found, failed = blocks(fake, "log_n", Settings(), "q", "s")
    assert not failed
    assert [(len(block.score), block.n_families) for block in found] == [(40, 10)] * 2
    decades = found[0].models["log_n"] / np.log(10)
    assert decades.min() == pytest.approx(7.8, abs=1e-6)
    assert decades.max() == pytest.approx(10.6, abs=1e-6)


def test_the_score_is_size_plus_noise(fake):
    for _, rows in fake[(fake.measure == "lmc") & (fake.variant == "rice")].groupby("benchmark"):
        size = stats.zscore(rows["log_n"])
        assert np.std(rows["score"] - size) == pytest.approx(0.2, rel=0.3)
    a, b = (rows["score"].to_numpy() for _, rows in fake.groupby("benchmark"))
    assert (a != b).all()


def test_values_are_those_of_gaussian_weights(fake):
    """Those of METHODS section 2: free of N in the window variant, slope -.281 by Rice."""
    values = fake[(fake.measure == "lmc") & (fake.benchmark == "a")].set_index("variant")
    np.testing.assert_allclose(values.loc["window", "value"], 0.01453396, rtol=1e-3)
    rice = values.loc["rice"]
    slope = stats.linregress(rice["log_n"], np.log(rice["value"])).slope
    assert slope == pytest.approx(-0.281, abs=0.03)
    proposal = values.loc["proposal", "value"]
    assert proposal.between(0.014, 0.024).all()
    assert proposal.nunique() == 40


def test_the_same_seed_gives_the_same_models(fake):
    again = noise_analysis(1, rules=RULES, measures=("lmc", "entropy"), benchmarks=("a", "b"))
    pd.testing.assert_frame_equal(fake, again, check_exact=True)
    other = noise_analysis(2, rules=RULES, measures=("lmc", "entropy"), benchmarks=("a", "b"))
    assert (fake["value"] != other["value"]).mean() > 0.99


def test_without_covariates_noise_looks_like_a_finding(fake):
    for variant, sign in (("proposal", 1), ("rice", -1)):
        rows = fake[(fake.measure == "lmc") & (fake.variant == variant) & (fake.benchmark == "a")]
        assert sign * stats.spearmanr(rows["value"], rows["score"])[0] > 0.8
