import numpy as np
import pandas as pd
import pingouin
import pytest
from frames import analysis
from scipy.stats import binomtest, spearmanr

from complexity_atlas.statistics.settings import Settings
from complexity_atlas.statistics.trajectories import CORRELATION, question

SETTINGS = Settings(resamples=99)


def runs(seed, effect=0.0, count=10, steps=8):
    """Training runs whose score and measure both rise with the logarithm of data, plus noise."""
    rng = np.random.default_rng(seed)
    shared, of_score, of_value = rng.normal(size=(3, count * steps))
    run = np.repeat(np.arange(count), steps)
    step = np.tile(2.0 ** np.arange(1, steps + 1), count)
    return analysis(
        model=[f"{code}-{number:.0f}" for code, number in zip(run, step, strict=True)],
        family=[f"family-{code % 3}" for code in run],
        run=[f"run-{code}" for code in run],
        step=step,
        log_d=np.log(step) + 10,
        score=0.3 + 0.02 * np.log(step) + 0.01 * (shared + of_score),
        value=0.01 + 0.001 * np.log(step) + 0.001 * (effect * shared + of_value),
    )


def one(rows, statistic, covariates):
    chosen = rows[(rows["statistic"] == statistic) & (rows["covariates"] == covariates)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_correlations_are_those_of_scipy_and_pingouin():
    frame = runs(1, effect=1.0)
    rows = question(frame, SETTINGS)
    rho = [spearmanr(run["score"], run["value"]).statistic for _, run in frame.groupby("run")]
    partial = [
        pingouin.partial_corr(run, x="value", y="score", covar="log_d")["r"].iloc[0]
        for _, run in frame.groupby("run")
    ]
    for covariates, values in (("", rho), ("log_d", partial)):
        row = one(rows, CORRELATION, covariates)
        assert row["estimate"] == pytest.approx(np.mean(values), abs=1e-9)
        spread = one(rows, "sd_over_runs", covariates)["estimate"]
        assert spread == pytest.approx(np.std(values, ddof=1), abs=1e-9)
        share = one(rows, "positive_runs", covariates)["estimate"]
        assert share == pytest.approx(np.mean(np.array(values) > 0))
        assert (row["n_models"], row["n_families"]) == (10, 3)


def test_the_sign_test_is_of_runs_with_a_sign():
    rises, neither = [1, 2, 3, 4, 5], [4, 1, 3, 5, 2]
    frame = runs(1, count=10, steps=5)
    frame = frame.assign(score=rises * 10, value=rises * 6 + rises[::-1] * 3 + neither)
    row = one(question(frame, SETTINGS), "positive_runs", "")
    assert row["estimate"] == 6 / 9
    assert row["p"] == pytest.approx(binomtest(6, 9).pvalue)


def test_training_alone_makes_a_correlation_that_the_covariate_takes_out():
    means = {"": [], "log_d": []}
    for seed in range(12):
        rows = question(runs(seed, count=40), SETTINGS)
        for covariates, values in means.items():
            values.append(one(rows, CORRELATION, covariates)["estimate"])
    assert np.mean(means[""]) > 0.4
    assert np.mean(means["log_d"]) == pytest.approx(0, abs=0.08)


def test_the_step_stands_in_for_unknown_data():
    frame = runs(2, effect=0.5)
    known = question(frame, SETTINGS)
    unknown = question(frame.assign(log_d=np.nan), SETTINGS)
    for statistic in (CORRELATION, "positive_runs"):
        assert one(unknown, statistic, "log_d")["estimate"] == pytest.approx(
            one(known, statistic, "log_d")["estimate"]
        )


def test_controls_and_finished_models_are_no_steps():
    frame = runs(3)
    finished = frame.iloc[:30].assign(run="", model="finished")
    shuffled = frame.iloc[:30].assign(control="shuffled", score=0.0)
    rows = question(pd.concat([frame, finished, shuffled]), SETTINGS)
    assert rows.equals(question(frame, SETTINGS))


def test_runs_that_cannot_be_used_are_counted():
    frame = runs(4)
    frame.loc[frame["run"] == "run-0", "value"] = 0.02
    frame = frame[(frame["run"] != "run-1") | (frame["step"] < 10)]
    row = one(question(frame, SETTINGS), CORRELATION, "")
    assert row["n_models"] == 8
    assert row["note"].startswith("2 runs left out")
    few = one(question(frame[frame["run"] < "run-3"], SETTINGS), CORRELATION, "")
    assert "at least 2 are needed" in few["note"]
    nothing = question(frame.assign(run=""), SETTINGS)
    assert nothing["note"].tolist() == ["no training run was scored at several steps"]


@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_a_planted_effect_is_found_and_covered(effect):
    studies = [question(runs(seed, effect=effect, count=20), SETTINGS) for seed in range(25)]
    rows = [one(found, CORRELATION, "log_d") for found in studies]
    p = np.array([one(found, "positive_runs", "log_d")["p"] for found in studies])
    estimate, low, high = (
        np.array([row[name] for row in rows]) for name in ("estimate", "ci_low", "ci_high")
    )
    assert np.mean((low <= estimate.mean()) & (estimate.mean() <= high)) >= 0.85
    if effect:
        assert np.mean(p < 0.05) >= 0.8
        assert np.mean(low > 0) >= 0.8
    else:
        assert np.mean(p < 0.05) <= 0.125
