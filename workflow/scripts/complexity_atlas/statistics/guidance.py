"""Given only weights: how often does complexity pick the better of two models of the same size?

The pairs are those of `matched_pairs`, all of them: a tie is decided by a coin. Whether more or
less complexity is better is not known beforehand, and is learnt for each pair from the pairs in
which neither of its families takes part. Statistics:

    accuracy                    share of pairs in which the better model is picked; a coin gives .5.
                                None where no pair has others to learn from, as with three families
    accuracy_flops, _log_n      of picking the model with more training FLOPs, or more weights, on
                                those of the pairs in which that is known
    over_flops, over_log_n      accuracy minus that of FLOPs or size on the same pairs
    odds_slope                  beta of: log odds that the first is better = beta · (x1 - x2), a
                                Bradley–Terry model; x is the measure, as its natural logarithm
                                where it is positive throughout (no remark in the note)
    smallest_difference         |x1 - x2| at which by that model a pick is right with probability
                                `pick_accuracy` (75 %): logit(.75) / |beta|; no number where the
                                interval of beta holds 0 or where no pair differs by so much

A difference d in the logarithm is a ratio exp(d) of the measure. Intervals allow for pairs that
share a family (`pairs`). Those of accuracy are a jackknife in which each family is left out and
the directions are learnt anew: wide where the direction hangs on one family, since half of such
picks would be wrong in the next study (with the directions taken as given they cover in 81 % of
studies of a measure that knows nothing, and with this in 96 to 99 %).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import Block, Row, blocks, rows_to_frame
from complexity_atlas.statistics.pairs import Pairs, Share, matched_pairs, row, share
from complexity_atlas.statistics.settings import Settings

QUESTION = "guidance"


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS` for every predictor and benchmark, without covariates."""
    found, rows = blocks(analysis, "", settings, QUESTION, "accuracy")
    for block in found:
        pairs = matched_pairs(block, settings.size_ratio)
        if not len(pairs):
            reason = (
                f"no two models from different families within a factor {settings.size_ratio:g} "
                "in size differ in score"
            )
            rows += block.rows(QUESTION, "accuracy", reason)
            continue
        for index in range(len(block.predictors)):
            rows += _accuracies(block, index, pairs, settings)
            rows += _difference(block, index, pairs, settings)
    return rows_to_frame(rows)


def _accuracies(block: Block, index: int, pairs: Pairs, settings: Settings) -> Iterator[Row]:
    lead = pairs.lead(block.value[:, index])

    def found(statistic: str, accuracy: Share, used: Pairs, least: float = 0) -> Row:
        return row(block, index, QUESTION, statistic, accuracy, used, settings, (least, 1))

    is_learnt = _elsewhere(pairs, pairs.by_family(pairs.each)).any()
    if is_learnt:
        yield found("accuracy", _jackknife(pairs, lead, np.zeros(len(pairs))), pairs)
    else:
        reason = "no pair has others, of neither of its families, to learn the direction from"
        yield block.row(index, QUESTION, "accuracy", reason)
    for rival in ("flops", "log_n"):
        rival_lead = pairs.lead(block.models[rival].to_numpy())
        known = np.isfinite(rival_lead)
        used = pairs.only(known)
        if not len(used):
            yield block.row(index, QUESTION, f"accuracy_{rival}", f"{rival} is known for no pair")
            continue
        theirs = (1 + np.sign(rival_lead[known])) / 2
        alone = share(used.by_family(theirs), used.by_family(np.ones(len(used))))
        yield found(f"accuracy_{rival}", alone, used)
        if is_learnt:
            yield found(f"over_{rival}", _jackknife(used, lead[known], theirs), used, least=-1)


def _jackknife(pairs: Pairs, lead: np.ndarray, rival: np.ndarray) -> Share:
    """Mean of learnt picks less those of the rival, with its standard error over families."""
    estimate = float((_learnt_picks(pairs, lead) - rival).mean())
    left = []
    for family in np.unique(pairs.ends):
        kept = (pairs.ends != family).all(axis=1)
        if kept.any():
            left.append((_learnt_picks(pairs.only(kept), lead[kept]) - rival[kept]).mean())
    spread = np.sum((np.array(left) - estimate) ** 2)
    return Share(estimate, float(np.sqrt(spread * (1 - 1 / len(left)))) if left else np.nan)


def _learnt_picks(pairs: Pairs, lead: np.ndarray) -> np.ndarray:
    """How right each pick is, float64[p] of 0, .5 and 1, the direction learnt from other families.

    The direction for a pair of families is the majority among the pairs that touch neither.
    """
    elsewhere = _elsewhere(pairs, pairs.by_family(np.sign(lead)))
    return (1 + np.sign(elsewhere) * np.sign(lead)) / 2


def _elsewhere(pairs: Pairs, sums: np.ndarray) -> np.ndarray:
    """For each pair, the total of `sums` [f, f] over the pairs that touch neither family."""
    touched = sums.sum(axis=1)
    first, second = pairs.ends.T
    return touched.sum() / 2 - touched[first] - touched[second] + sums[first, second]


def _difference(block: Block, index: int, pairs: Pairs, settings: Settings) -> list[Row]:
    lead = pairs.lead(block.x[:, index])
    scale = np.abs(lead).max()
    if lead.min() >= 0 or lead.max() <= 0:
        reason = "every pick is right or tied" if scale > 0 else "the measure differs in no pair"
        return [block.row(index, QUESTION, "smallest_difference", reason)]
    lead = lead / scale
    beta = sm.GLM(np.ones(len(lead)), lead, family=sm.families.Binomial()).fit().params[0]
    wrong = expit(-beta * lead)
    # At the optimum the gradients sum to 0, and are influences once divided by the information.
    step = share(pairs.by_family(lead * wrong), pairs.by_family(lead**2 * wrong * (1 - wrong)))
    fitted = Share(float(beta + step.estimate) / scale, step.error / scale)
    slope = row(block, index, QUESTION, "odds_slope", fitted, pairs, settings)

    def none(reason: str) -> list[Row]:
        return [slope, block.row(index, QUESTION, "smallest_difference", f"none: {reason}")]

    if not slope.ci_low * slope.ci_high > 0:
        return none("whether more is better is not certain")
    asked = logit(settings.pick_accuracy)
    estimate, *ends = asked / np.abs([slope.estimate, slope.ci_low, slope.ci_high])
    if estimate > scale:
        return none(f"it would be {estimate:.3g}, and no pair differs by more than {scale:.3g}")
    found = replace(
        slope,
        statistic="smallest_difference",
        estimate=float(estimate),
        ci_low=float(min(ends)),
        ci_high=float(max(ends)),
    )
    return [slope, found]
