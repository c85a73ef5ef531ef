"""A made-up zoo whose tables follow the contracts, for tests of figures and report."""

import numpy as np
import pandas as pd

from complexity_atlas import contracts
from complexity_atlas.experiments.zoo import tables
from complexity_atlas.experiments.zoo.settings import ZooSettings
from complexity_atlas.experiments.zoo.weight_features import COMPARISON
from complexity_atlas.report.zoo import ZooResults
from complexity_atlas.statistics.design import Row, rows_to_frame

SETTINGS = ZooSettings(sizes=(10_000, 70_000, 500_000))
VALUE = {"": 0.021, "shuffled": 0.021, "reinitialised": 0.0145}
CHANCE = {"zoo_bits_per_character": 4.4, "zoo_top1": 0.15, "zoo_cloze": 0.25}


def make_zoo(seed: int = 5) -> ZooResults:
    """Every network of SETTINGS learns with data and size; complexity rises a little."""
    rng = np.random.default_rng(seed)
    scores, complexity = [], []
    for run in SETTINGS.runs:
        for step, control in run.networks:
            learned = np.log10(1 + step) / 3 * np.log10(run.size) / 5
            gain = 0 if control else learned
            value = VALUE[control] + (0.004 * learned if control != "reinitialised" else 0)
            bits = 5.4 - 2.6 * gain + (1.5 if control else 0)
            found = {
                "zoo_bits_per_character": bits,
                "zoo_top1": 0.15 + 0.3 * gain,
                "zoo_cloze": 0.25 + 0.2 * gain,
            }
            scores += [_score(run, step, control, name, v) for name, v in found.items()]
            model = run.model(step, control)
            complexity += _complexities(model, value, 0.8 - rng.uniform(0, 0.02))
    return ZooResults(
        complexity=contracts.MODEL_COMPLEXITY.check(pd.DataFrame(complexity)),
        scores=tables.SCORES.check(pd.DataFrame(scores)),
        comparison=COMPARISON.check(_comparison()),
        statistics=contracts.STATISTICS.check(_statistics()),
    )


def _score(run, step, control, benchmark, value) -> dict:
    return {
        "model_id": run.model(step, control),
        "run": run.name,
        "family": run.family,
        "size": run.size,
        "seed": run.seed,
        "precision": run.dtype,
        "step": step,
        "control": control,
        "n_parameters": run.size + 7,
        "characters": run.characters(step),
        "text_sha256": "ab" * 32,
        "benchmark_id": benchmark,
        "value": value,
        "stderr": 0.01,
        "stderr_kind": "reported",
        "n_items": 1000,
        "chance_level": CHANCE[benchmark],
    }


def _complexities(model: str, value: float, entropy: float) -> list[dict]:
    common = {"model": model, "scope": "model", "aggregate": "pooled", "n": 10_000}
    common |= {"variant": "window", "null_kind": "same_n", "null_sd": 0.0001, "flag": ""}
    return [
        common | {"view": view, "measure": measure, "value": v, "null": null, "excess": v - null}
        for view in contracts.VIEWS
        for measure, v, null in (("lmc", value, 0.0145), ("entropy", entropy, 0.79))
    ]


def _comparison() -> pd.DataFrame:
    rows = [("weight_features", 35, 0.91, "", np.nan), ("lmc", 2, 0.32, "", np.nan)]
    rows.append(("weight_features+lmc", 37, 0.93, "lmc", 0.02))
    frame = pd.DataFrame(rows, columns=["predictors", "n_features", "r2", "added", "r2_gain"])
    frame = frame.assign(n_models=150, n_runs=30, mae=0.1, note="")
    return frame.assign(ci_low=frame.r2_gain - 0.03, ci_high=frame.r2_gain + 0.03)


def _statistics() -> pd.DataFrame:
    place = {"variant": "window", "view": "folded", "aggregate": "pooled"}
    asked = [
        ("raw", "spearman", "", 0.41),
        ("size_adjusted", "partial_correlation", "log_n", 0.22),
        ("size_adjusted_over_checkpoints", "partial_correlation", "log_n+log_d", -0.13),
        ("trajectories", "within_run_correlation", "log_d", 0.37),
    ]
    return rows_to_frame(
        Row(
            question,
            "zoo_bits_per_character",
            "lmc",
            **place,
            covariates=covariates,
            statistic=statistic,
            n_models=30,
            n_families=3,
            estimate=estimate,
            ci_low=estimate - 0.2,
            ci_high=estimate + 0.2,
        )
        for question, statistic, covariates, estimate in asked
    )
