"""Does the score go with the measure beyond what size, and training data, predict of both?

Score and log-measure are regressed on the covariates, and their residuals correlated, in three
statistics that answer different questions:

`partial_correlation`  Do families that score higher than their size predicts have more complexity
    than it predicts? Over all models; p from the permutation of whole families, interval from the
    bootstrap over families, every regression fitted again. The verdict rests on this one.
`partial_correlation_within_families`  The same inside families, whose means are taken out of score,
    measure and covariates: does the more complex of two relatives score higher? p from the
    permutation of models inside families. Families of one model say nothing here.
`partial_rank_correlation`  Spearman's, given the covariates: description only. With the score
    linear in log N plus noise it rejects a true null in 8–23 % of studies at 5 %: it gets no p.

A partial correlation adjusts for a straight line in the covariates. Where the score bends in log N,
as it does near chance and near its ceiling, what is left of N can pass for complexity.
"""

import warnings

import numpy as np
import pandas as pd
import pingouin
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import (
    NEGLIGIBLE,
    Block,
    Row,
    basis,
    blocks,
    is_flat,
    join_notes,
    rows_to_frame,
    to_unit,
)
from complexity_atlas.statistics.resampling import (
    Arrangements,
    bootstrap_correlations,
    family_draws,
    few_families,
    freedman_lane,
    interval,
    whole_families,
    within_families,
)
from complexity_atlas.statistics.settings import Settings

QUESTION = "size_adjusted"
PARTIAL = "partial_correlation"
WITHIN = "partial_correlation_within_families"
RANK = "partial_rank_correlation"
ADJUSTMENTS = ("log_n", "log_n+log_d")

_LEAST_FREEDOM = 3
"""Degrees of freedom inside families below which a correlation is close to ±1 by itself."""


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Correlation of what size leaves unexplained of score and of log-measure.

    analysis has the columns design.ANALYSIS. Returns rows of contracts.STATISTICS, three for each
    benchmark, predictor and adjustment, or one with the reason why there are none. Estimates lie in
    [-1, 1]. A measure that is not positive throughout enters without logarithm, and `note` says so.
    """
    rows = []
    for covariates in ADJUSTMENTS:
        found, failed = blocks(analysis, covariates, settings, QUESTION, PARTIAL)
        rows += failed
        for block in found:
            rows += _over_families(block, settings)
            rows += _inside_families(block, settings)
            rows += _ranked(block)
    return rows_to_frame(rows)


def _over_families(block: Block, settings: Settings) -> list[Row]:
    arrangements = whole_families(block.family, settings.resamples, settings.seed)
    results = _test(block, block.design, block.score, block.x, arrangements, settings)
    note = join_notes(few_families(block.n_families), arrangements.note)
    return block.rows(QUESTION, PARTIAL, note, **results)


def _inside_families(block: Block, settings: Settings) -> list[Row]:
    design = _centred(block.family, block.design[:, 1:])
    score = _centred(block.family, block.score[:, None])
    x = _centred(block.family, block.x)
    freedom = len(x) - block.n_families - basis(design).shape[1]
    if freedom < _LEAST_FREEDOM:
        reason = f"{freedom} degrees of freedom inside families, {_LEAST_FREEDOM} are needed"
        return block.rows(QUESTION, WITHIN, reason)
    if is_flat(design, score)[0]:
        reason = f"score does not vary inside families given {block.covariates}"
        return block.rows(QUESTION, WITHIN, reason)
    flat = is_flat(design, x)
    reason = f"measure does not vary inside families given {block.covariates}"
    rows = block.choose(flat).rows(QUESTION, WITHIN, reason)
    if flat.all():
        return rows
    arrangements = within_families(block.family, settings.resamples, settings.seed)
    results = _test(block, design, score[:, 0], x[:, ~flat], arrangements, settings)
    note = join_notes(few_families(block.n_families), arrangements.note)
    return rows + block.choose(~flat).rows(QUESTION, WITHIN, note, **results)


def _test(
    block: Block,
    design: np.ndarray,
    score: np.ndarray,
    x: np.ndarray,
    arrangements: Arrangements,
    settings: Settings,
) -> dict[str, int | np.ndarray]:
    """The columns of results of Row, of length m."""
    estimate, p = freedman_lane(design, score, x, arrangements)
    draws = family_draws(block.n_families, settings.resamples, settings.seed)
    sampled = bootstrap_correlations(design, score, x, block.family, draws)
    low, high = interval(sampled, block.n_families, settings.confidence)
    return {
        "n_resamples": settings.resamples,
        "estimate": estimate,
        "ci_low": low,
        "ci_high": high,
        "p": p,
    }


def _centred(family: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Columns [n, m] without the means of families, exactly 0 where only rounding is left."""
    columns = to_unit(columns)
    sums = np.zeros((family.max() + 1, columns.shape[1]))
    np.add.at(sums, family, columns)
    centred = columns - (sums / np.bincount(family)[:, None])[family]
    centred[:, (centred**2).sum(axis=0) <= NEGLIGIBLE**2 * (columns**2).sum(axis=0)] = 0
    return centred


def _ranked(block: Block) -> list[Row]:
    names = block.covariates.split("+")
    covariates = np.column_stack([np.ones(len(block.score)), rankdata(block.models[names], axis=0)])
    if is_flat(covariates, rankdata(block.score)[:, None])[0]:
        return block.rows(QUESTION, RANK, f"score has the order of {block.covariates}")
    flat = is_flat(covariates, rankdata(block.x, axis=0))
    ordered = block.choose(flat).rows(
        QUESTION, RANK, f"measure has the order of {block.covariates}"
    )
    rest = block.choose(~flat)
    frame = block.models[names].assign(score=block.score)
    # A measure in the order of the score correlates by 1: no regular covariance, no interval.
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore", UserWarning)
        estimate = [
            pingouin.partial_corr(
                frame.assign(x=x), x="x", y="score", covar=names, method="spearman"
            ).loc["spearman", "r"]
            for x in rest.x.T
        ]
    return ordered + rest.rows(QUESTION, RANK, "description only, no test", estimate=estimate)
