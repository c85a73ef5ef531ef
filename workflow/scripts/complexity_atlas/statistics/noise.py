"""Models that know nothing, to run through the same code as real ones.

Their weights are independent Gaussian noise and their score is a line in log N plus noise, so that
complexity tells nothing beyond size. With bins from minimum to maximum, complexity follows size
too, and the raw correlation with the score is close to ±1: what an analysis without covariates
would call a finding. A question that answers yes here is broken.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from complexity_atlas.complexity.binning import DEFAULT_RULES, BinRule
from complexity_atlas.complexity.nulls import gaussian_null
from complexity_atlas.statistics.design import ANALYSIS

SMALLEST, LARGEST = 7.8, 10.6
"""log10 of the number of weights, evenly spaced between."""


def noise_analysis(
    seed: int,
    *,
    models: int = 40,
    families: int = 10,
    rules: Sequence[BinRule] = DEFAULT_RULES,
    measures: Sequence[str] = ("lmc",),
    benchmarks: Sequence[str] = ("noise",),
    score_noise: float = 0.2,
) -> pd.DataFrame:
    """Analysis frame (design.ANALYSIS) of fake models whose complexity says nothing.

    models, families  model i belongs to family i % families, so that each spans the range of sizes
    score_noise       sd of the noise on each score, in sd of the log N to which it is added
    measures          names of `complexity.measures.MEASURES`; each value is one draw of the weights

    The same seed gives the same frame. Families have no effect of their own.
    """
    rng = np.random.default_rng(seed)
    n = np.logspace(SMALLEST, LARGEST, models).astype(np.int64)
    log_n = np.log(n)
    size = (log_n - log_n.mean()) / log_n.std()
    known = pd.DataFrame(
        {
            "model": [f"noise-{number:03d}" for number in range(models)],
            "family": [f"family-{number % families:03d}" for number in range(models)],
            "log_n": log_n,
        }
    )
    scores = [
        known.assign(benchmark=benchmark, score=size + score_noise * rng.standard_normal(models))
        for benchmark in benchmarks
    ]
    values = [
        pd.DataFrame(
            {"model": known.model, "measure": measure, "variant": rule.name, "value": draw}
        )
        for rule in rules
        for measure, draw in _draws(n, rule, measures, seed, rng).items()
    ]
    frame = pd.concat(scores).merge(pd.concat(values), on="model")
    frame = frame.assign(view="folded", aggregate="pooled", run="", control="")
    unknown = dict.fromkeys([name for name in ANALYSIS if name not in frame], np.nan)
    return frame.assign(**unknown)[list(ANALYSIS)]


def _draws(
    n: np.ndarray, rule: BinRule, measures: Sequence[str], seed: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Per measure, its value float64[models] for one draw of n[i] standard normal weights."""
    # Two draws are known from their mean and standard deviation: mean ± sd / sqrt(2).
    sign = rng.choice([-1, 1], size=len(n)) / np.sqrt(2)
    nulls = [gaussian_null([size], [1.0], rule, draws=2, seed=seed) for size in n]
    return {
        name: np.array([null.mean[name] for null in nulls])
        + sign * np.array([null.sd[name] for null in nulls])
        for name in measures
    }
