"""Which findings remain after everything that was tested?

The pre-registered effect is tested on every benchmark: these p are held together by Holm (1979),
which keeps the chance of a single false finding below 1 - confidence. All other p are exploratory;
among them Benjamini and Hochberg (1995) bounds the share of false findings. The order in which
predictors were added, or how many benchmarks turned out well, then cannot be chosen afterwards.
"""

import numpy as np
import pandas as pd
import pingouin

from complexity_atlas.statistics import raw, size_adjusted
from complexity_atlas.statistics.settings import Settings


def is_primary(results: pd.DataFrame, settings: Settings) -> np.ndarray:
    """Rows [n] of bool that hold the primary effect, one for each benchmark.

    That is the correlation over families of the primary predictor: `size_adjusted` with its
    covariates, or `raw` where the primary effect has none.
    """
    primary = settings.primary
    question, statistic = raw.QUESTION, raw.SPEARMAN
    if primary.covariates:
        question, statistic = size_adjusted.QUESTION, size_adjusted.PARTIAL
    wanted = {**vars(primary), "question": question, "statistic": statistic}
    return np.logical_and.reduce([results[name] == value for name, value in wanted.items()])


def adjust(results: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Fill `p_holm` of the primary effect's rows and `q_bh` of all others that have a p.

    results: rows of contracts.STATISTICS from all questions together. Statistics that take models
    for independent are not adjusted, nor counted: they are printed as a contrast, and no claim
    rests on them. Returns a new frame.
    """
    results = results.copy()
    counted = results["p"].notna() & ~results["statistic"].str.endswith(raw.IID)
    primary = is_primary(results, settings)
    for column, method, rows in (
        ("p_holm", "holm", counted & primary),
        ("q_bh", "fdr_bh", counted & ~primary),
    ):
        results[column] = np.nan
        if rows.any():
            p = results.loc[rows, "p"].to_numpy()
            results.loc[rows, column] = pingouin.multicomp(p, method=method)[1]
    return results
