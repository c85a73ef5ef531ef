"""Does complexity help to predict a family that was never seen, beyond size and training data?

The score of each model is predicted from models of other families, once by the covariates alone and
once by the covariates and the measure. For every set of covariates (none, log N, log N + log D) and
two shapes of the mean, rows of these statistics:

    r2_linear, r2_logistic              of the prediction by covariates and measure
    gain_r2_linear, gain_r2_logistic    over the covariates alone, in R²
    gain_mae_linear, gain_mae_logistic  over the covariates alone, in mean absolute error; positive
                                        is better, in units of the score

With no covariates, r2 is that of a line in the measure alone. The logistic shape is a fractional
logistic regression of the score itself: a score corrected for chance, (s - c) / (1 - c), is
scattered around 0 for a model at chance and has no logit there, while benchmarks at chance are
excluded anyway. It needs scores in [0, 1]. Both shapes are judged on the scale of the score.

The interval is the percentile bootstrap over families with every model fitted anew, where there are
enough of them (`out_of_family.gain_row`); the expected
gain of a measure that knows nothing is slightly below 0, the price of one more coefficient.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import Block, Row, blocks, rows_to_frame
from complexity_atlas.statistics.out_of_family import (
    IDENTITY,
    LOGISTIC,
    REFITS,
    Link,
    NotIdentified,
    assess,
    gain_row,
)
from complexity_atlas.statistics.resampling import family_draws
from complexity_atlas.statistics.settings import COVARIATES, Settings

QUESTION = "leave_family_out"
GAIN = "gain_r2_linear"
"""The statistic on which the verdict rests."""


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS` for every predictor, benchmark, covariates and link."""
    rows = []
    for covariates in COVARIATES:
        found, failed = blocks(analysis, covariates, settings, QUESTION, GAIN)
        rows += failed
        for block in found:
            rows += _rows(block, IDENTITY, settings) + _rows(block, LOGISTIC, settings)
    return rows_to_frame(rows)


def _rows(block: Block, link: Link, settings: Settings) -> list[Row]:
    draws = family_draws(block.n_families, min(settings.resamples, REFITS), settings.seed)

    def accuracy(design: np.ndarray):
        return assess(design, block.score, block.family, link, draws)

    def without(indices: Iterable[int], reason: NotIdentified) -> list[Row]:
        return [block.row(i, QUESTION, f"gain_r2_{link.name}", str(reason)) for i in indices]

    try:
        baseline = accuracy(block.design)
    except NotIdentified as reason:
        return without(range(len(block.predictors)), reason)
    rows = []
    for index, x in enumerate(block.x.T):
        try:
            model = accuracy(np.column_stack([block.design, x]))
        except NotIdentified as reason:
            rows += without([index], reason)
            continue
        statistics = {
            f"r2_{link.name}": model.r2,
            f"gain_r2_{link.name}": model.r2 - baseline.r2,
            f"gain_mae_{link.name}": baseline.mae - model.mae,
        }
        for name, values in statistics.items():
            rows.append(gain_row(block, index, QUESTION, name, values, settings.confidence))
    return rows
