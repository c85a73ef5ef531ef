"""Of two models of the same size from different families, does the more complex one score higher?

Pairs of models whose parameter counts differ by at most `size_ratio` (1.1) need no model of how
scores grow with size. Pairs with the same score or the same complexity are left out. Statistics:

    pairs                       how many pairs there are
    concordance                 share in which the higher measure has the higher score
    concordance_flops, _log_n   the same for training FLOPs, and for the size difference that is
                                left, on those of the pairs in which they are known and differ
    over_flops, over_log_n      concordance minus that of FLOPs or size on the same pairs

Half is what a coin gives; a concordance below it means that more complexity goes with lower scores.
FLOPs at the same size is training data. Intervals allow for pairs that share a family (`pairs`);
there is no p, since the size-adjusted association is the test.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import Block, Row, blocks, rows_to_frame
from complexity_atlas.statistics.pairs import Pairs, matched_pairs, row, share
from complexity_atlas.statistics.settings import Settings

QUESTION = "matched_pairs"


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS` for every predictor and benchmark, without covariates."""
    found, rows = blocks(analysis, "", settings, QUESTION, "concordance")
    for block in found:
        pairs = matched_pairs(block, settings.size_ratio)
        for index in range(len(block.predictors)):
            rows += _rows(block, index, pairs, settings)
    return rows_to_frame(rows)


def _rows(block: Block, index: int, pairs: Pairs, settings: Settings) -> Iterator[Row]:
    lead = pairs.lead(block.value[:, index])
    pairs, lead = pairs.only(lead != 0), lead[lead != 0]
    if not len(pairs):
        reason = (
            f"no two models from different families within a factor {settings.size_ratio:g} in "
            "size differ in score and measure"
        )
        yield block.row(index, QUESTION, "concordance", reason)
        return

    def found(statistic: str, part: np.ndarray, used: Pairs, least: float = 0) -> Row:
        whole = used.by_family(np.ones(len(used)))
        ratio = share(used.by_family(part.astype("float64")), whole)
        return row(block, index, QUESTION, statistic, ratio, used, settings, (least, 1))

    counted = block.row(index, QUESTION, "pairs", estimate=float(len(pairs)))
    yield replace(counted, **pairs.counts)
    yield found("concordance", lead > 0, pairs)
    for rival in ("flops", "log_n"):
        rival_lead = pairs.lead(block.models[rival].to_numpy())
        known = np.isfinite(rival_lead) & (rival_lead != 0)
        used = pairs.only(known)
        if not len(used):
            reason = f"{rival} is known and differs in no pair"
            yield block.row(index, QUESTION, f"concordance_{rival}", reason)
            continue
        theirs = rival_lead[known] > 0
        yield found(f"concordance_{rival}", theirs, used)
        yield found(f"over_{rival}", 1.0 * (lead[known] > 0) - theirs, used, least=-1)
