"""Does the score go with the measure, whatever the size of the models?

Two coefficients, each in two rows:

`pearson`, `spearman`          between the score and the measure as it is; p from the permutation of
                               whole families, interval from the bootstrap over families
`pearson_iid`, `spearman_iid`  the same coefficient with the textbook's p and interval, which hold
                               only if models were independent: beside the rows above they show what
                               families do. No test that counts.

A raw association says nothing about complexity where both follow the number of weights.
"""

import numpy as np
import pandas as pd
import pingouin
from scipy import stats
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import (
    Block,
    Row,
    blocks,
    join_notes,
    rows_to_frame,
    to_unit,
)
from complexity_atlas.statistics.resampling import (
    bootstrap_correlations,
    family_draws,
    few_families,
    freedman_lane,
    interval,
    whole_families,
)
from complexity_atlas.statistics.settings import Settings

QUESTION = "raw"
PEARSON = "pearson"
SPEARMAN = "spearman"
IID = "_iid"
"""Ending of a statistic whose p takes models for independent."""


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Correlation of score and measure, per benchmark and predictor.

    analysis has the columns design.ANALYSIS. Returns rows of contracts.STATISTICS, four for each
    benchmark and predictor, or one with the reason why there are none. Estimates lie in [-1, 1].
    """
    found, rows = blocks(analysis, "", settings, QUESTION, SPEARMAN)
    for block in found:
        rows += _associations(block.as_measured, PEARSON, settings)
        rows += _associations(block.as_measured, SPEARMAN, settings)
    return rows_to_frame(rows)


def _associations(block: Block, method: str, settings: Settings) -> list[Row]:
    score, x = to_unit(block.score), to_unit(block.x)
    draws = family_draws(block.n_families, settings.resamples, settings.seed)
    if method == SPEARMAN:
        score, x = stats.rankdata(score), stats.rankdata(x, axis=0)
        sampled = bootstrap_spearman(score, x, block.family, draws)
    else:
        sampled = bootstrap_correlations(block.design, score, x, block.family, draws)
    low, high = interval(sampled, block.n_families, settings.confidence)
    arrangements = whole_families(block.family, settings.resamples, settings.seed)
    _, p = freedman_lane(block.design, score, x, arrangements)
    textbook = pd.concat([pingouin.corr(score, column, method=method) for column in x.T])
    r = textbook["r"].to_numpy()
    tested = block.rows(
        QUESTION,
        method,
        join_notes(few_families(block.n_families), arrangements.note),
        n_resamples=settings.resamples,
        estimate=r,
        ci_low=low,
        ci_high=high,
        p=p,
    )
    low, high = _textbook_interval(r, len(score), settings.confidence)
    naive = block.rows(
        QUESTION,
        method + IID,
        "as if models were independent: no test that counts",
        estimate=r,
        ci_low=low,
        ci_high=high,
        p=textbook["p_val"].to_numpy(),
    )
    return tested + naive


def _textbook_interval(r: np.ndarray, n: int, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    def of(one: float) -> np.ndarray:
        return pingouin.compute_esci(
            stat=one, nx=n, ny=n, eftype="r", confidence=confidence, decimals=12
        )

    # The transformation by which pingouin gets there has no value at ±1.
    bounds = [of(one) if abs(one) < 1 else (one, one) for one in r]
    return tuple(np.transpose(bounds))


def bootstrap_spearman(
    score: np.ndarray, x: np.ndarray, family: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """Spearman's rho [r, m] in each bootstrap sample of families, ranked anew in each.

    score [n], x [n, m], family int64[n], draws as of `family_draws`. NaN where a sample has no
    variation.
    """
    weight = draws[:, family]
    y = _centred_ranks(score, weight)
    yy = (weight * y**2).sum(axis=1)
    rho = np.empty((len(draws), x.shape[1]))
    for index, column in enumerate(x.T):
        ranks = _centred_ranks(column, weight)
        variation = yy * (weight * ranks**2).sum(axis=1)
        with np.errstate(invalid="ignore"):
            rho[:, index] = (weight * y * ranks).sum(axis=1) / np.sqrt(variation)
    return np.clip(rho, -1, 1)


def _centred_ranks(column: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mid-ranks [r, n] about their mean in samples that hold row i of [n] weight[:, i] times."""
    order = np.argsort(column, kind="stable")
    up_to = np.cumsum(weight[:, order], axis=1)
    up_to = np.concatenate([np.zeros((len(weight), 1)), up_to], axis=1)
    below = up_to[:, stats.rankdata(column, "min").astype(np.int64) - 1]
    through = up_to[:, stats.rankdata(column, "max").astype(np.int64)]
    return (below + through - up_to[:, -1:]) / 2
