"""Does complexity go with the score when relatives are allowed a common head start?

    score = b0 + b1 log N [+ b2 log D] + b x + u(family) + e,   u ~ N(0, s_u²),  e ~ N(0, s_e²)

fitted by restricted maximum likelihood (statsmodels MixedLM) with every column standardised, for
log N and for log N + log D. x is the measure, as its logarithm where it is positive throughout.
Statistics:

    beta          b: standard deviations of score per standard deviation of the measure
    family_share  s_u² / (s_u² + s_e²): how much of what is left lies between families

The interval and p of beta are those of a t distribution with as many degrees of freedom as there
are families beyond the coefficients. Measures vary mostly between families, where that is the right
number; where one varies within families the test is too cautious, while a normal distribution is
too bold with a dozen families.
"""

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import Block, Row, blocks, rows_to_frame
from complexity_atlas.statistics.settings import Settings

QUESTION = "mixed_model"

_NOUGHT = 1e-4
"""Ratio of family variance to the rest below which it is called 0."""


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS` for every predictor and benchmark, log N and log N + log D."""
    rows = []
    for covariates in ("log_n", "log_n+log_d"):
        found, failed = blocks(analysis, covariates, settings, QUESTION, "beta")
        rows += failed
        for block in found:
            reason = _unfit(block)
            for index in range(len(block.predictors)):
                if reason:
                    rows.append(block.row(index, QUESTION, "beta", reason))
                else:
                    rows += _rows(block, index, settings)
    return rows_to_frame(rows)


def _unfit(block: Block) -> str:
    """Why these models have no mixed model, or ""."""
    needed = block.design.shape[1] + 2
    if block.n_families < needed:
        return f"families: {block.n_families}, at least {needed} are needed"
    if block.n_families == len(block.score):
        return "no family has two models"
    return ""


def _rows(block: Block, index: int, settings: Settings) -> list[Row]:
    columns = np.column_stack([block.design[:, 1:], block.x[:, index]])
    design = sm.add_constant(stats.zscore(columns), has_constant="add")
    score = stats.zscore(block.score)
    try:
        ratio = _variance_ratio(design, score, block.family)
    except (np.linalg.LinAlgError, ValueError) as error:
        return [block.row(index, QUESTION, "beta", f"no fit: {error}")]
    # Given the ratio this is the same estimate. Its standard error stands firm where the ratio is 0
    # and the curvature from which MixedLM takes its own has no meaning.
    relatives = block.family[:, None] == block.family
    fit = sm.GLS(score, design, sigma=np.eye(len(score)) + ratio * relatives).fit()
    beta, error = fit.params[-1], fit.bse[-1]
    t = stats.t(block.n_families - design.shape[1])
    low, high = beta + error * np.array(t.interval(settings.confidence))
    note = "family variance is estimated as 0" if ratio < _NOUGHT else ""
    return [
        block.row(
            index,
            QUESTION,
            "beta",
            note,
            estimate=float(beta),
            ci_low=float(low),
            ci_high=float(high),
            p=float(2 * t.sf(abs(beta / error))),
        ),
        block.row(index, QUESTION, "family_share", note, estimate=ratio / (1 + ratio)),
    ]


def _variance_ratio(design: np.ndarray, score: np.ndarray, family: np.ndarray) -> float:
    """s_u² / s_e² by restricted maximum likelihood. Raises ValueError where there is no optimum."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # The gradient methods that are the default lose their way near a variance of 0.
        fit = sm.MixedLM(score, design, groups=family).fit(reml=True, method="nm")
        ratio = float(fit.cov_re[0, 0] / fit.scale)
    if not (fit.converged and np.isfinite(ratio)):
        told = ", ".join(dict.fromkeys(str(warning.message) for warning in caught))
        raise ValueError(told or "the optimisation did not converge")
    return ratio
