import warnings

import numpy as np
import pytest
import statsmodels.formula.api as smf
from frames import analysis
from planted import study
from scipy.stats import zscore

from complexity_atlas.statistics.mixed_model import question
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=99)


def one(rows, statistic="beta", covariates="log_n"):
    chosen = rows[(rows["statistic"] == statistic) & (rows["covariates"] == covariates)]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize("seed", range(3))
def test_estimate_and_error_are_those_of_statsmodels_away_from_the_boundary(seed):
    frame = study(seed, effect=0.4, families=15, models=75, head_start=1.0)
    row = one(question(frame, SETTINGS), covariates="log_n+log_d")
    columns = frame.assign(x=np.log(frame["value"]))[["score", "log_n", "log_d", "x"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = smf.mixedlm(
            "score ~ log_n + log_d + x", columns.apply(zscore, ddof=0), groups=frame["family"]
        ).fit(method="nm")
    assert row["estimate"] == pytest.approx(fit.params["x"], abs=1e-4)
    half = (row["ci_high"] - row["ci_low"]) / 2
    # 15 families less 4 coefficients leave 11 degrees of freedom.
    assert half == pytest.approx(2.200985 * fit.bse["x"], rel=0.03)
    variance = fit.cov_re.iloc[0, 0]
    share = one(question(frame, SETTINGS), "family_share", "log_n+log_d")
    assert share["estimate"] == pytest.approx(variance / (variance + fit.scale), abs=1e-3)


def test_without_head_starts_it_is_least_squares():
    """Scores that alternate inside families leave less than nothing between them."""
    rng = np.random.default_rng(1)
    family = np.repeat(np.arange(10), 4)
    x, log_n = rng.normal(size=(2, 40))
    score = log_n + 0.5 * x + np.tile([1.0, -1.0], 20) + 0.1 * rng.normal(size=40)
    frame = analysis(
        family=[f"f{code}" for code in family], log_n=log_n, score=score, value=np.exp(x)
    )
    rows = question(frame, SETTINGS)
    row = one(rows)
    assert "estimated as 0" in row["note"]
    assert one(rows, "family_share")["estimate"] == pytest.approx(0, abs=1e-4)
    design = np.column_stack([np.ones(40), zscore(log_n), zscore(x)])
    oracle = np.linalg.lstsq(design, zscore(score))[0][-1]
    assert row["estimate"] == pytest.approx(oracle, abs=1e-4)


def test_families_that_cannot_have_a_head_start_of_their_own():
    frame = study(2, families=12, models=24)
    assert "at least 4" in one(question(frame.assign(family="one"), SETTINGS))["note"]
    alone = one(question(frame.assign(family=frame["model"]), SETTINGS))
    assert alone["note"] == "no family has two models"


def test_no_warning_leaks():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(5):
            question(study(seed, families=8, models=24, head_start=0.0), SETTINGS)


@pytest.mark.slow
@pytest.mark.parametrize("between", [0.3, 0.95])
def test_the_test_keeps_its_level_and_finds_what_is_there(between):
    null = [one(question(study(seed, between=between), SETTINGS)) for seed in range(120)]
    # 120 studies of 12 families: .05 and two standard errors.
    assert np.mean([row["p"] < 0.05 for row in null]) <= 0.09
    found = [
        one(question(study(seed, effect=0.7, between=between), SETTINGS)) for seed in range(60)
    ]
    estimate, low, high, p = (
        np.array([row[name] for row in found]) for name in ("estimate", "ci_low", "ci_high", "p")
    )
    assert (estimate > 0).mean() >= 0.95
    assert (p < 0.05).mean() >= 0.8
    assert np.mean((low <= estimate.mean()) & (estimate.mean() <= high)) >= 0.88
