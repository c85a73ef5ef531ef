import numpy as np
import pandas as pd
import pytest
from frames import analysis
from planted import study
from scipy import stats

from complexity_atlas import contracts
from complexity_atlas.statistics import power
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings()


@pytest.mark.parametrize(("n", "rho"), [(20, 0.59), (40, 0.43), (92, 0.29)])
def test_detectable_correlation(n, rho):
    assert power.detectable(n, SETTINGS) == pytest.approx(rho, abs=0.01)


def test_six_models_show_next_to_nothing():
    assert power.detectable(6, SETTINGS) > 0.9
    assert power.power_at(0.2, 6, SETTINGS) < 0.1
    assert np.isnan(power.detectable(4, SETTINGS))
    assert np.isnan(power.power_at(0.2, 4, SETTINGS))


def test_power_is_the_share_of_studies_that_find_the_effect():
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, 4000, 20))
    y = 0.5 * x + np.sqrt(0.75) * e
    found = np.mean(stats.pearsonr(x, y, axis=1).pvalue < 0.05)
    assert power.power_at(0.5, 20, SETTINGS) == pytest.approx(found, abs=0.03)


def test_detectable_and_power_are_inverse():
    strict = Settings(power=0.9, confidence=0.99)
    rho = power.detectable(30, strict)
    assert power.power_at(rho, 30, strict) == pytest.approx(0.9, abs=1e-6)


def test_rows_count_models_families_and_covariates():
    frame = study(1, models=48, families=12, measures=("lmc", "sdl"))
    frame.loc[(frame.measure == "sdl").idxmax(), "value"] = np.nan
    results = power.question(frame, SETTINGS)
    contracts.STATISTICS.check(results)
    assert (results["n_models"] == 48).all()
    found = results.set_index(["covariates", "statistic"])["estimate"]
    for covariates, k in (("", 0), ("log_n", 1), ("log_n+log_d", 2)):
        for ending, n in (("", 48 - k), ("_of_families", 12 - k)):
            row = (covariates, "detectable_correlation" + ending)
            assert found[row] == power.detectable(n, SETTINGS)
            row = (covariates, "power_at_smallest_effect" + ending)
            assert found[row] == power.power_at(0.2, n, SETTINGS)


def test_too_few_families_have_a_reason():
    results = power.question(study(1, families=3), SETTINGS)
    few = results[results.statistic.str.endswith("_of_families") & (results.covariates == "")]
    assert few["estimate"].isna().all()
    assert (few["note"] == "3 independent models, at least 5 are needed").all()


def test_a_benchmark_that_cannot_be_tested_has_a_reason():
    tested = study(1)
    constant = study(1, benchmarks=("b",), measures=("lmc", "sdl")).assign(score=0.5)
    results = power.question(pd.concat([tested, constant]), SETTINGS)
    rows = results[results.benchmark == "b"]
    assert rows["covariates"].tolist() == ["", "log_n", "log_n+log_d"]
    assert (rows["note"] == "every model has the same score").all()
    assert power.question(analysis(score=[]), SETTINGS).empty
