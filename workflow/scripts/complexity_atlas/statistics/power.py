"""Which effects could be seen at all with so many models?

Power of the two-sided test of a correlation (`pingouin.power_corr`, after Cohen 1988 and the R
package pwr). The number of models is the most that a study can count as independent, the number of
families the least, so both are given. Each covariate costs one model.
"""

import pandas as pd
import pingouin

from complexity_atlas.statistics.design import Block, Row, blocks, rows_to_frame
from complexity_atlas.statistics.settings import COVARIATES, Settings

QUESTION = "power"
DETECTABLE = "detectable_correlation"
POWER = "power_at_smallest_effect"
OF_FAMILIES = "_of_families"
"""Ending of a statistic that counts each family as one model."""

_LEAST = 5
"""Below this there is no degree of freedom for the approximation."""


def detectable(n: int, settings: Settings) -> float:
    """|rho| that a test with n independent models finds with probability `power`; NaN for n < 5."""
    if n < _LEAST:
        return float("nan")
    alpha = 1 - settings.confidence
    return float(pingouin.power_corr(n=n, power=settings.power, alpha=alpha))


def power_at(rho: float, n: int, settings: Settings) -> float:
    """Probability that a test with n independent models finds a correlation rho; NaN for n < 5."""
    if n < _LEAST:
        return float("nan")
    return float(pingouin.power_corr(n=n, r=rho, alpha=1 - settings.confidence))


def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Smallest detectable |rho|, and power at the smallest effect of interest, per benchmark.

    analysis has the columns design.ANALYSIS. Returns rows of contracts.STATISTICS, four for each
    benchmark and set of covariates, of the largest set of models on which a predictor is complete;
    or one with the reason why there are none.
    """
    rows = []
    for covariates in COVARIATES:
        found, failed = blocks(analysis, covariates, settings, QUESTION, DETECTABLE)
        largest: dict[str, Block] = {}
        for block in sorted(found, key=lambda block: len(block.score)):
            largest[block.benchmark] = block
        for block in largest.values():
            rows += _of_block(block, settings)
        reasons = {row.benchmark: row for row in failed if row.benchmark not in largest}
        rows += [
            Row(QUESTION, benchmark, covariates=covariates, statistic=DETECTABLE, note=row.note)
            for benchmark, row in reasons.items()
        ]
    return rows_to_frame(rows)


def _of_block(block: Block, settings: Settings) -> list[Row]:
    rows = []
    for ending, count in (("", len(block.score)), (OF_FAMILIES, block.n_families)):
        n = count - block.design.shape[1] + 1
        note = "" if n >= _LEAST else f"{n} independent models, at least {_LEAST} are needed"
        for statistic, estimate in (
            (DETECTABLE, detectable(n, settings)),
            (POWER, power_at(settings.smallest_effect, n, settings)),
        ):
            rows.append(
                Row(
                    QUESTION,
                    block.benchmark,
                    covariates=block.covariates,
                    statistic=statistic + ending,
                    n_models=len(block.score),
                    n_families=block.n_families,
                    estimate=estimate,
                    note=note,
                )
            )
    return rows
