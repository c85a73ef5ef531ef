"""How often the tests of association are wrong, and how often right, where the truth is known.

Each benchmark of a frame is a study of its own, so that whole simulations go through the public
functions. With 500 studies a rate of .05 is measured to ± .02 (two standard errors), a coverage of
.95 likewise. Measured with 1000 studies (rejection at 5 %, coverage of 95 % intervals; `icc` is the
share of variance between families, `rho` the true partial correlation; 18 models of 6 families, 41
of 12 and 148 of 47 in unequal sizes, as in the shared table of base models):

    families  icc  rho  partial_correlation  within families  pearson    spearman   pearson_iid
    6         0    0    .056 .961            .045 .949        .045 .940  .047 .964  .046 .953
    6         .7   0    .048 .985            .045 .949        .036 .975  .040 .989  .176 .824
    12        0    0    .049 .950            .050 .940        .042 .938  .047 .952  .038 .962
    12        .7   0    .063 .945            .050 .940        .041 .955  .047 .972  .215 .784
    12        .5   .4   .460 .959            .593 .948        .471 .958  .448 .976  .691 .874
    12        .5   .7   .975 .956            .991 .938        .977 .961  .963 .976  .998 .873
    47        0    0    .044 .946            .049 .949        .039 .959  .033 .971  .038 .962
    47        .7   0    .057 .936            .049 .949        .047 .937  .052 .948  .220 .778
    47        .5   .4   .965 .937            .992 .952        .966 .947  .964 .954  .991 .875
"""

import numpy as np
import pandas as pd
import pytest
from frames import analysis, families_of
from scipy import stats

from complexity_atlas.complexity.binning import DEFAULT_RULES
from complexity_atlas.statistics import raw, size_adjusted
from complexity_atlas.statistics.noise import noise_analysis
from complexity_atlas.statistics.settings import Settings
from complexity_atlas.statistics.size_adjusted import PARTIAL, WITHIN

pytestmark = pytest.mark.slow

SETTINGS = Settings(resamples=999)
STUDIES = 500
FAMILIES = {
    12: [8, 7, 5, 4, 4, 3, 3, 2, 2, 1, 1, 1],
    47: [8] * 3 + [7, 6] + [5] * 3 + [4] * 8 + [3] * 10 + [2] * 13 + [1] * 8,
}


def studies(families: int, icc: float, rho: float, seed: int, by_size: bool = True) -> pd.DataFrame:
    """STUDIES benchmarks, each with models of its own.

    Given size, score and log-measure have correlation rho in the population, over all models and
    inside families alike. by_size: both follow log N, which has families too.
    """
    rng = np.random.default_rng(seed)
    family = families_of(FAMILIES[families])
    shape = (STUDIES, len(family))

    def normal(between: float) -> np.ndarray:
        common = rng.normal(size=(STUDIES, families))[:, family]
        return np.sqrt(between) * common + np.sqrt(1 - between) * rng.normal(size=shape)

    log_n, x, y = normal(0.5), normal(icc), normal(icc)
    y = rho * x + np.sqrt(1 - rho**2) * y
    number = np.broadcast_to(np.arange(len(family)), shape)
    return analysis(
        model=pd.Series(number.ravel()).map("model-{:03d}".format),
        family=np.tile(family, STUDIES),
        benchmark=np.repeat([f"study-{i:03d}" for i in range(STUDIES)], len(family)),
        log_n=log_n.ravel(),
        score=(y + 1.5 * by_size * log_n).ravel(),
        value=np.exp(x + 0.8 * by_size * log_n).ravel() if by_size else x.ravel(),
    )


def chosen(results: pd.DataFrame, statistic: str) -> pd.DataFrame:
    rows = results[(results.statistic == statistic) & results["estimate"].notna()]
    assert len(rows) == STUDIES
    return rows


def coverage(rows: pd.DataFrame, truth: float) -> float:
    return ((rows["ci_low"] <= truth) & (truth <= rows["ci_high"])).mean()


@pytest.mark.parametrize("families", [12, 47])
@pytest.mark.parametrize("icc", [0.0, 0.7])
def test_given_size_p_is_uniform_and_the_interval_covers(families, icc):
    results = size_adjusted.question(studies(families, icc, 0.0, seed=1), SETTINGS)
    for statistic in (PARTIAL, WITHIN):
        rows = chosen(results, statistic)
        assert stats.kstest(rows["p"], "uniform").pvalue > 0.01
        assert (rows["p"] <= 0.05).mean() == pytest.approx(0.05, abs=0.03)
        assert 0.90 <= coverage(rows, 0.0) <= 0.98


@pytest.mark.parametrize("families", [12, 47])
@pytest.mark.parametrize("icc", [0.0, 0.7])
def test_raw_p_is_uniform_where_that_of_independent_models_is_not(families, icc):
    results = raw.question(studies(families, icc, 0.0, seed=2, by_size=False), SETTINGS)
    for statistic in ("pearson", "spearman"):
        rows = chosen(results, statistic)
        assert stats.kstest(rows["p"], "uniform").pvalue > 0.01
        assert (rows["p"] <= 0.05).mean() == pytest.approx(0.05, abs=0.03)
        assert 0.90 <= coverage(rows, 0.0) <= 0.98
        naive = chosen(results, f"{statistic}_iid")
        assert ((naive["p"] <= 0.05).mean() > 0.15) == (icc > 0)
        assert (coverage(naive, 0.0) < 0.85) == (icc > 0)


@pytest.mark.parametrize(("families", "rho"), [(12, 0.7), (47, 0.4)])
def test_a_planted_effect_is_found_and_covered(families, rho):
    results = size_adjusted.question(studies(families, 0.5, rho, seed=3), SETTINGS)
    for statistic in (PARTIAL, WITHIN):
        rows = chosen(results, statistic)
        assert (rows["p"] <= 0.05).mean() >= 0.8
        assert (rows["estimate"] > 0).mean() > 0.99
        assert 0.90 <= coverage(rows, rho) <= 0.98
    results = raw.question(studies(families, 0.5, rho, seed=4, by_size=False), SETTINGS)
    for statistic, truth in (("pearson", rho), ("spearman", 6 / np.pi * np.arcsin(rho / 2))):
        rows = chosen(results, statistic)
        assert (rows["p"] <= 0.05).mean() >= 0.8
        assert 0.90 <= coverage(rows, truth) <= 0.98


def test_models_that_know_nothing_look_like_a_finding_until_size_is_taken_out():
    rules = [
        rule for rule in DEFAULT_RULES if rule.name in ("proposal", "rice", "freedman_diaconis")
    ]
    fake = pd.concat(
        noise_analysis(seed, rules=rules).assign(benchmark=f"seed-{seed:03d}")
        for seed in range(200)
    )
    found = raw.question(fake, SETTINGS)
    adjusted = size_adjusted.question(fake, SETTINGS)
    for rule in rules:
        of_rule = found[(found.variant == rule.name) & (found.statistic == "spearman")]
        assert of_rule["estimate"].abs().median() > 0.8
        assert (of_rule["p"] < 0.02).all()
        for statistic in (PARTIAL, WITHIN):
            rows = adjusted[(adjusted.variant == rule.name) & (adjusted.statistic == statistic)]
            rows = rows[rows.covariates == "log_n"]
            assert len(rows) == 200
            assert (rows["p"] <= 0.05).mean() == pytest.approx(0.05, abs=0.03)
