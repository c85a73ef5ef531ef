"""Which mathematical relation between complexity C and score, if any, predicts unseen families?

    linear       score = a + b C                 logarithmic  score = a + b ln C
    quadratic    score = a + b C + c C²          power        score = exp(a) · C^b
    exponential  score = exp(a + b C)            logistic     score = 1 / (1 + exp(-(a + b C)))

Covariates (log N, log D) are added where a + b C stands, inside the exponential or logistic
function. C is the measure as it was measured, not its logarithm. Statistics, F being the form:

    F_r2         of predicting families that were left out
    F_gain_r2    over the same form without C, that is, over the covariates or the mean alone
    F_a, F_b, F_c, F_log_n, F_log_d
                 parameters, with intervals that allow for families
    best_gain_r2 of the form that is best for the other families, over the covariates alone in the
                 shape (linear, exponential or logistic) that is best for the other families:
                 whether any relation at all beats the baseline without complexity

Every form is a generalised linear model with canonical link (Gauss, Poisson and binomial
pseudo-likelihood), so that each has one optimum and none fails to converge to it. Intervals of
gains are bootstraps over families; parameters are from statsmodels GLM with cluster-robust
covariance and a t distribution of as many degrees of freedom as families less one.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import Block, Row, blocks, rows_to_frame
from complexity_atlas.statistics.out_of_family import (
    IDENTITY,
    LOG,
    LOGISTIC,
    Accuracy,
    Link,
    NotIdentified,
    assess,
    best_of,
    gain_row,
)
from complexity_atlas.statistics.resampling import family_draws, few_families
from complexity_atlas.statistics.settings import COVARIATES, Settings

QUESTION = "relation"

_RESAMPLES = 200
"""Most bootstrap samples: six forms are fitted anew in each."""


@dataclass(frozen=True)
class Form:
    """A named relation: its link, its columns as functions of C, and whether they need C > 0."""

    name: str
    link: Link
    columns: Callable[[np.ndarray], tuple[np.ndarray, ...]]
    positive: bool = False


FORMS = (
    Form("linear", IDENTITY, lambda c: (c,)),
    Form("logarithmic", IDENTITY, lambda c: (np.log(c),), positive=True),
    Form("quadratic", IDENTITY, lambda c: (c, c**2)),
    Form("power", LOG, lambda c: (np.log(c),), positive=True),
    Form("exponential", LOG, lambda c: (c,)),
    Form("logistic", LOGISTIC, lambda c: (c,)),
)

_FAMILIES = {
    "linear": sm.families.Gaussian,
    "log": sm.families.Poisson,
    "logistic": sm.families.Binomial,
}


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS` for every predictor, benchmark, covariates and form."""
    rows = []
    for covariates in COVARIATES:
        found, failed = blocks(analysis, covariates, settings, QUESTION, "best_gain_r2")
        rows += failed
        for block in found:
            resamples = min(settings.resamples, _RESAMPLES)
            draws = family_draws(block.n_families, resamples, settings.seed)
            baselines = dict(_baselines(block, draws))
            for index in range(len(block.predictors)):
                rows += _rows(block, index, baselines, draws, settings)
    return rows_to_frame(rows)


def _baselines(block: Block, draws: np.ndarray) -> Iterator[tuple[Link, Accuracy]]:
    for link in (IDENTITY, LOG, LOGISTIC):
        try:
            yield link, assess(block.design, block.score, block.family, link, draws)
        except NotIdentified:
            continue


def _rows(
    block: Block,
    index: int,
    baselines: dict[Link, Accuracy],
    draws: np.ndarray,
    settings: Settings,
) -> Iterator[Row]:
    value = block.value[:, index]
    fitted = []
    for form in FORMS:
        if form.positive and value.min() <= 0:
            reason = "needs a measure above 0"
            yield block.row(index, QUESTION, f"{form.name}_gain_r2", reason)
            continue
        with np.errstate(over="ignore"):
            columns = form.columns(value)
        if not all(0 < np.abs(column).max() < np.inf for column in columns):
            reason = "values so large or small have no square"
            yield block.row(index, QUESTION, f"{form.name}_gain_r2", reason)
            continue
        try:
            design = np.column_stack([block.design, *columns])
            accuracy = assess(design, block.score, block.family, form.link, draws)
        except NotIdentified as reason:
            yield block.row(index, QUESTION, f"{form.name}_gain_r2", str(reason))
            continue
        fitted.append(accuracy)
        gain = accuracy.r2 - baselines[form.link].r2
        yield gain_row(block, index, QUESTION, f"{form.name}_r2", accuracy.r2, settings.confidence)
        yield gain_row(block, index, QUESTION, f"{form.name}_gain_r2", gain, settings.confidence)
        yield from _parameters(block, index, form, columns, settings)
    if fitted:
        gain = best_of(fitted).r2 - best_of(list(baselines.values())).r2
        yield gain_row(block, index, QUESTION, "best_gain_r2", gain, settings.confidence)


def _parameters(
    block: Block, index: int, form: Form, columns: tuple[np.ndarray, ...], settings: Settings
) -> Iterator[Row]:
    covariates = block.covariates.split("+") if block.covariates else []
    names = ["a", *"bc"[: len(columns)], *covariates]
    design = np.column_stack([np.ones(len(block.score)), *columns, block.design[:, 1:]])
    # Columns of equal size: a measure near 1e-3 and its square are no smaller than the others.
    scale = np.abs(design).max(axis=0)
    model = sm.GLM(block.score, design / scale, family=_FAMILIES[form.link.name]())
    with warnings.catch_warnings():
        # Scores that lie on the curve are no separated classes.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": block.family})
    reach = stats.t.ppf((1 + settings.confidence) / 2, block.n_families - 1)
    for name, estimate, error in zip(names, fit.params / scale, fit.bse / scale, strict=True):
        yield block.row(
            index,
            QUESTION,
            f"{form.name}_{name}",
            few_families(block.n_families),
            estimate=float(estimate),
            ci_low=float(estimate - reach * error),
            ci_high=float(estimate + reach * error),
        )
