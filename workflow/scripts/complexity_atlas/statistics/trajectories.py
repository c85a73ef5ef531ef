"""While one network trains, its size fixed, does its score rise and fall with its complexity?

Each training run that was scored at several steps gives one correlation between score and measure,
and the runs are the observations. Statistics, the first three without covariates and, with the
covariate log_d, of what a straight line in the logarithm of training data leaves over:

    within_run_correlation  mean over runs; Spearman's without covariates, Pearson's given log_d
    sd_over_runs            its standard deviation over runs
    positive_runs           share of runs in which it is positive, with the exact sign test

Most scores rise, and most measures drift one way, because both follow training: a correlation near
±1 without covariates says only that. Given log_d, a shared bend in both curves still counts as
association, so this cannot show that complexity causes anything. Where training data are unknown
the logarithm of the step stands in, which differs by a constant when batches are of one size; step
0 then has none and is left out. The interval is Student's over runs. n_models counts runs.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from complexity_atlas.statistics.design import (
    NEGLIGIBLE,
    PREDICTOR,
    Row,
    counted,
    join_notes,
    rows_to_frame,
)
from complexity_atlas.statistics.settings import Settings

QUESTION = "trajectories"
CORRELATION = "within_run_correlation"

_CELL = ["benchmark", *PREDICTOR]
_LEAST_STEPS = 5
_LEAST_RUNS = 2


def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS` for every predictor and benchmark, "" and "log_d"."""
    frame = _steps(analysis)
    if frame.empty:
        reason = "no training run was scored at several steps"
        return rows_to_frame([Row(QUESTION, statistic=CORRELATION, note=reason)])
    rows = []
    for covariates in ("", "log_d"):
        correlations = _per_run(frame, covariates)
        for names, runs in correlations.groupby(_CELL, sort=True):
            cell = dict(zip(_CELL, map(str, names), strict=True))
            rows += _rows(runs, {**cell, "covariates": covariates}, settings)
    return rows_to_frame(rows)


def _steps(analysis: pd.DataFrame) -> pd.DataFrame:
    """Complete rows of trained networks at a step of a run, and `time`: log data or log step."""
    chosen = (analysis["control"].fillna("") == "") & (analysis["run"].fillna("") != "")
    frame = analysis.loc[chosen & analysis["step"].notna()].copy()
    for name in ("step", "log_d", "score", "value"):
        frame[name] = frame[name].to_numpy(dtype="float64", na_value=np.nan)
    frame = frame[np.isfinite(frame["score"]) & np.isfinite(frame["value"])]
    known = np.isfinite(frame["log_d"]).groupby(frame["run"]).transform("all")
    log_step = np.log(frame["step"], where=frame["step"] > 0, out=np.full(len(frame), np.nan))
    return frame.assign(time=np.where(known, frame["log_d"], log_step))


def _per_run(frame: pd.DataFrame, covariates: str) -> pd.DataFrame:
    """One row per cell and run: `correlation` (NaN where there is none), `steps` and `family`."""
    by = [*_CELL, "run"]
    if covariates:
        frame = frame[np.isfinite(frame["time"])]
    columns = frame[["score", "value"]]
    if not covariates:
        columns = columns.groupby([frame[name] for name in by]).rank()
    keys = [frame[name] for name in by]
    left = columns - columns.groupby(keys).transform("mean")
    size = (columns**2).groupby(keys).sum()
    if covariates:
        time = frame["time"] - frame["time"].groupby(keys).transform("mean")
        spread = (time**2).groupby(keys).transform("sum")
        slope = left.mul(time, axis=0).groupby(keys).transform("sum").div(spread, axis=0)
        left = left - slope.mul(time, axis=0)
    squares = (left**2).groupby(keys).sum()
    product = (left["score"] * left["value"]).groupby(keys).sum()
    steps = frame["step"].groupby(keys).nunique()
    varies = (squares > NEGLIGIBLE**2 * size).all(axis=1) & (steps >= _LEAST_STEPS)
    scale = np.sqrt(squares["score"] * squares["value"])
    return pd.DataFrame(
        {
            "correlation": (product / scale).where(varies).clip(-1, 1),
            "family": frame["family"].groupby(keys).first(),
        }
    ).reset_index()


def _rows(runs: pd.DataFrame, names: dict[str, str], settings: Settings) -> Iterator[Row]:
    found = runs.dropna(subset="correlation")
    values = found["correlation"].to_numpy()
    lost = len(runs) - len(found)
    note = (
        f"{counted(lost, 'run')} left out: fewer than {_LEAST_STEPS} steps, or score or measure "
        "does not vary"
        if lost
        else ""
    )
    known = {
        **names,
        "n_models": len(values),
        "n_families": found["family"].nunique(),
    }
    if len(values) < _LEAST_RUNS:
        reason = join_notes(
            note, f"{counted(len(values), 'run')}, at least {_LEAST_RUNS} are needed"
        )
        yield Row(QUESTION, statistic=CORRELATION, note=reason, **known)
        return
    mean, sd = values.mean(), values.std(ddof=1)
    reach = stats.t.ppf((1 + settings.confidence) / 2, len(values) - 1) * sd / np.sqrt(len(values))
    yield Row(
        QUESTION,
        statistic=CORRELATION,
        estimate=float(mean),
        ci_low=float(max(mean - reach, -1)),
        ci_high=float(min(mean + reach, 1)),
        note=note,
        **known,
    )
    yield Row(QUESTION, statistic="sd_over_runs", estimate=float(sd), note=note, **known)
    signed = values[values != 0]
    if len(signed):
        test = stats.binomtest(int((signed > 0).sum()), len(signed))
        low, high = test.proportion_ci(settings.confidence)
        yield Row(
            QUESTION,
            statistic="positive_runs",
            estimate=float(test.statistic),
            ci_low=float(low),
            ci_high=float(high),
            p=float(test.pvalue),
            note=note,
            **known,
        )
