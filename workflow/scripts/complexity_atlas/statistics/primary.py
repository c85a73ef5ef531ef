"""The primary effect model by model and pair by pair: what figures draw beside its statistics."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics import leave_family_out, matched_pairs
from complexity_atlas.statistics.design import PREDICTOR, Block, blocks
from complexity_atlas.statistics.out_of_family import IDENTITY, NotIdentified, predict
from complexity_atlas.statistics.settings import Settings

SIZE_RATIOS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0)
"""Factors in size within which two models make a pair; that of the settings is added to them."""

_PREDICTED = ("benchmark", "model", "family", "score", "baseline", "predicted")


@threadpool_limits.wrap(limits=1, user_api="blas")
def predictions(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Every score as predicted from the models of other families, by a straight line.

    analysis has the columns design.ANALYSIS. Returns the contract PREDICTIONS: `baseline` is
    predicted by the primary covariates alone, `predicted` by them and the primary measure. A
    benchmark on which one of the two cannot be fitted has no rows; `leave_family_out` says why.
    """
    question = leave_family_out.QUESTION
    found, _ = blocks(
        _primary(analysis, settings),
        settings.primary.covariates,
        settings,
        question,
        leave_family_out.GAIN,
    )
    parts = []
    for block in found:
        try:
            baseline = predict(block.design, block.score, block.family, IDENTITY)
            full = predict(_with_measure(block), block.score, block.family, IDENTITY)
        except NotIdentified:
            continue
        names = block.models[["benchmark", "model", "family", "score"]]
        parts.append(names.assign(baseline=baseline, predicted=full))
    return pd.concat(parts) if parts else pd.DataFrame(columns=list(_PREDICTED))


def pairs_by_size_gap(
    analysis: pd.DataFrame, settings: Settings, ratios: Sequence[float] = SIZE_RATIOS
) -> pd.DataFrame:
    """The rows of `matched_pairs` for the primary predictor, for ever wider limits on the size gap.

    ratios  limits on n_max / n_min, each at least 1

    Returns the contract SIZE_GAPS: rows of contracts.STATISTICS with the limit as `size_ratio`.
    """
    chosen = _primary(analysis, settings)
    limits = sorted({settings.size_ratio, *ratios})
    parts = [
        matched_pairs.question(chosen, replace(settings, size_ratio=limit)).assign(size_ratio=limit)
        for limit in limits
    ]
    return pd.concat(parts, ignore_index=True)


def _primary(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    wanted = {name: getattr(settings.primary, name) for name in PREDICTOR}
    return analysis[np.logical_and.reduce([analysis[name] == v for name, v in wanted.items()])]


def _with_measure(block: Block) -> np.ndarray:
    return np.column_stack([block.design, block.x[:, 0]])
