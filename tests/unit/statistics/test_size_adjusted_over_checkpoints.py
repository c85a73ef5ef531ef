"""Steps of training runs tell size and data apart, and runs are the clusters."""

import numpy as np
import pandas as pd
import pytest
from pingouin import partial_corr

from complexity_atlas.statistics.design import ANALYSIS
from complexity_atlas.statistics.settings import Settings
from complexity_atlas.statistics.size_adjusted import PARTIAL
from complexity_atlas.statistics.size_adjusted_over_checkpoints import QUESTION, question

SETTINGS = Settings(resamples=199, seed=1)


def checkpoints(seed=0, n_runs=12):
    rng = np.random.default_rng(seed)
    rows = [
        {"run": f"run{run}", "step": step, "log_n": 9 + run % 4, "family": f"f{run % 3}"}
        for run in range(n_runs)
        for step in (0, 10, 100, 1000)
    ]
    frame = pd.DataFrame(rows)
    frame["log_d"] = np.log(frame.step.where(frame.step > 0, np.nan))
    value = np.exp(rng.normal(size=len(frame)))
    frame["value"] = value
    noise = rng.normal(size=len(frame))
    frame["score"] = 0.5 * frame.log_n + frame.log_d.fillna(0) + np.log(value) + noise
    names = {"benchmark": "b", "measure": "lmc", "variant": "window", "view": "folded"}
    frame = frame.assign(**names, aggregate="pooled", control="", flops=np.nan, score_se=np.nan)
    frame = frame.assign(chance_level=np.nan, n_items=np.nan)
    frame["model"] = frame.run + "-" + frame.step.astype(str)
    return frame[list(ANALYSIS)]


def row(rows, covariates="log_n+log_d"):
    found = rows[(rows.statistic == PARTIAL) & (rows.covariates == covariates)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_estimate_is_pingouins_over_all_steps_that_saw_data():
    frame = checkpoints()
    found = row(question(frame, SETTINGS))
    seen = frame[frame.step > 0].assign(x=lambda f: np.log(f.value))
    known = partial_corr(seen, x="x", y="score", covar=["log_n", "log_d"])["r"].iloc[0]
    assert found.estimate == pytest.approx(known, abs=1e-9)
    assert (found.question, found.n_models, found.n_families) == (QUESTION, 36, 12)
    assert found.p < 0.05


def test_controls_and_models_without_a_run_are_left_out():
    frame = checkpoints()
    extra = [frame.assign(control="shuffled", value=1e6, model=frame.model + "-s")]
    extra.append(frame.assign(run="", value=1e6, model=frame.model + "-p"))
    with_others = question(pd.concat([frame, *extra]), SETTINGS)
    pd.testing.assert_frame_equal(with_others, question(frame, SETTINGS))


def test_without_runs_there_is_a_reason():
    (only,) = question(checkpoints().assign(run=""), SETTINGS).itertuples()
    assert "no training run" in only.note
    assert np.isnan(only.estimate)
