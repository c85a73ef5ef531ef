import numpy as np
import pytest
from frames import base_models
from planted import study

from complexity_atlas.statistics import leave_family_out
from complexity_atlas.statistics.leave_family_out import GAIN, question
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=199)


def one(rows, statistic=GAIN, covariates="log_n"):
    chosen = rows[(rows["statistic"] == statistic) & (rows["covariates"] == covariates)]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize(
    ("benchmark", "parameters", "flops"),
    [("MMLU", 0.35, 0.46), ("HellaSwag", 0.62, 0.67), ("GSM8K", 0.27, 0.41)],
)
def test_a_line_in_one_predictor_has_the_known_r2(shared, benchmark, parameters, flops):
    frame = base_models(shared)
    frame = frame[(frame["benchmark"] == benchmark) & frame["log_d"].notna()]
    rows = question(frame, SETTINGS)
    for measure, expected in (("parameters", parameters), ("flops", flops)):
        row = one(rows[rows["measure"] == measure], "r2_linear", covariates="")
        assert row["estimate"] == pytest.approx(expected, abs=0.01)
        assert row["ci_low"] < expected < row["ci_high"]
        assert row["n_models"] == 123


@pytest.mark.parametrize(("resamples", "refits"), [(99, 99), (1001, 1000)])
def test_models_are_fitted_anew_for_so_many_samples_at_most(resamples, refits):
    rows = question(study(1, models=20, families=6), Settings(resamples=resamples))
    assert set(rows["n_resamples"][rows["estimate"].notna()]) == {refits}


def test_the_gain_is_over_the_covariates_alone():
    rows = question(study(1, effect=0.5, families=20, models=80), SETTINGS)
    for link in ("linear", "logistic"):
        with_measure = one(rows, f"r2_{link}", "log_n")["estimate"]
        gain = one(rows, f"gain_r2_{link}", "log_n")["estimate"]
        # The covariates alone are a line in log N, which as a measure of its own is r2 without any.
        size = study(1, effect=0.5, families=20, models=80)
        size = size.assign(measure="log_size", value=size["log_n"])
        alone = one(question(size, SETTINGS), f"r2_{link}", "")["estimate"]
        assert with_measure - gain == pytest.approx(alone, abs=1e-9)


def test_scores_outside_0_and_1_have_no_logistic_gain():
    frame = study(2)
    rows = question(frame.assign(score=100 * frame["score"]), SETTINGS)
    assert "no scores from" in one(rows, "gain_r2_logistic")["note"]
    assert np.isfinite(one(rows)["estimate"])


def test_a_measure_that_repeats_the_covariates_has_a_reason():
    frame = study(3)
    rows = question(frame.assign(value=np.exp(frame["log_n"])), SETTINGS)
    assert "does not vary" in one(rows)["note"]


def test_forty_measures_on_eight_benchmarks_share_what_they_can(monkeypatch):
    frame = study(4, families=5, models=20, measures=("a", "b", "c"))
    calls = []
    real = leave_family_out.assess
    monkeypatch.setattr(
        leave_family_out, "assess", lambda *given: calls.append(given[0].shape[1]) or real(*given)
    )
    question(frame, SETTINGS)
    # Per covariates and link: the covariates once, then each measure.
    assert calls == 2 * [1, 2, 2, 2] + 2 * [2, 3, 3, 3] + 2 * [3, 4, 4, 4]


@pytest.mark.slow
def test_a_planted_effect_is_found_and_covered():
    rows = [
        one(question(study(seed, effect=0.5, families=47, models=148), SETTINGS))
        for seed in range(60)
    ]
    gain = np.array([row["estimate"] for row in rows])
    low = np.array([row["ci_low"] for row in rows])
    high = np.array([row["ci_high"] for row in rows])
    assert np.mean(low > 0) >= 0.8
    assert np.mean((low <= gain.mean()) & (gain.mean() <= high)) >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize(("families", "models"), [(12, 48), (47, 148)])
def test_a_useless_measure_is_seldom_reliably_better_or_worse(families, models):
    rows = [
        one(question(study(seed, families=families, models=models), SETTINGS)) for seed in range(60)
    ]
    assert np.mean([row["ci_low"] > 0 for row in rows]) <= 0.05
    assert np.mean([row["ci_high"] < 0 for row in rows]) <= 0.05
    assert np.mean([row["estimate"] for row in rows]) < 0


def test_of_a_few_families_the_gain_has_no_interval():
    few = leave_family_out.question(study(1, families=5, models=24), Settings(resamples=99))
    gain = few[(few.statistic == "gain_r2_linear") & (few.covariates == "log_n")].iloc[0]
    assert np.isfinite(gain.estimate)
    assert np.isnan([gain.ci_low, gain.ci_high]).all()
    assert gain.note == "5 families, at least 6 are needed for an interval"
