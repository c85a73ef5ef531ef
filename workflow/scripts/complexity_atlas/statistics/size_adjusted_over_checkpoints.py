"""Is complexity related to score over all checkpoints, given size and the amount of training data?

The steps of a training run differ in their data, the runs in their size: together they tell the
two apart. Steps of one run are not independent: here the run takes the place of the family, so
that whole runs are permuted and drawn, and "families" in the results are runs. Step 0, which has
seen no data, is left out. The adjustment is a straight line in both logarithms: where the score
bends in them, what is left of either can pass for complexity.
"""

import pandas as pd

from complexity_atlas.statistics import size_adjusted
from complexity_atlas.statistics.design import Row, rows_to_frame
from complexity_atlas.statistics.settings import Settings

QUESTION = "size_adjusted_over_checkpoints"


def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `size_adjusted.question` over every trained step of every run, which it clusters by.

    analysis has the columns design.ANALYSIS; models outside of runs are left out. Without any run
    one row says so.
    """
    steps = analysis[
        (analysis["run"].fillna("") != "")
        & (analysis["control"].fillna("") == "")
        & (analysis["step"] > 0)
    ]
    if steps.empty:
        reason = "no training run was scored at several steps"
        return rows_to_frame([Row(QUESTION, statistic=size_adjusted.PARTIAL, note=reason)])
    clustered = steps.assign(family=steps["run"], run="")
    return size_adjusted.question(clustered, settings).assign(question=QUESTION)
