"""A baseline from the literature: predict a score from simple statistics of the weights.

Unterthiner et al. 2020 (arXiv 2002.11448) predict the accuracy of networks of one architecture from
mean, variance and quantiles of every layer with gradient-boosted trees. Depths differ here, so each
statistic is summarised by its quantiles over layers. Everything comes from the saved value counts;
no weight is read again.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from complexity_atlas.contracts import Contract, count, number, text
from complexity_atlas.counts.saved import CountedTensor

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the weights of a layer, and again of each statistic over layers."""

STATISTICS = ("mean", "variance", "q0", "q25", "q50", "q75", "q100")
LEAST_RUNS = 4

COMPARISON = Contract(
    "weight features",
    {
        "predictors": text(),
        "n_features": count(),
        "n_models": count(),
        "n_runs": count(),
        "r2": number(),
        "mae": number(),
        "added": text(),
        "r2_gain": number(),
        "ci_low": number(),
        "ci_high": number(),
        "note": text(),
    },
    ("predictors",),
)
"""`r2`, `mae`: of predictions for runs held out. `r2_gain`: by the block `added` last."""


def weight_features(tensors: Sequence[CountedTensor]) -> dict[str, float]:
    """35 features of a network: quantiles over its tensors of 7 statistics of each.

    `tensors` are those of one view. Names are <statistic>_<quantile over tensors in %>; all are
    NaN where no tensor holds a finite value. Biases and gains are not counted, hence not seen. The
    features tell nothing of how weights are arranged: a shuffled network has the same.
    """
    layers = np.array([_statistics(tensor) for tensor in tensors if tensor.counts.n])
    over_layers = (
        np.quantile(layers, QUANTILES, axis=0)
        if len(layers)
        else np.full((len(QUANTILES), len(STATISTICS)), np.nan)
    )
    return {
        f"{name}_{100 * quantile:.0f}": float(value)
        for quantile, row in zip(QUANTILES, over_layers, strict=True)
        for name, value in zip(STATISTICS, row, strict=True)
    }


def compare(
    blocks: dict[str, pd.DataFrame],
    score: pd.Series,
    runs: pd.Series,
    seed: int = 0,
    folds: int = 10,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How well blocks of columns predict a score of networks from other training runs.

    blocks      name -> float64 columns by network, all on the index of `score`; each block is
                tried alone and, in the order given, on top of those before it
    score, runs one value per network: what to predict, and the training run it comes from

    Gradient-boosted trees (scikit-learn's HistGradientBoostingRegressor, its settings fixed, never
    tuned), cross-validated with whole runs held out: checkpoints of one run resemble each other,
    so that a split by network would predict a network from itself. R² is relative to the mean of
    all scores. The interval of the gain resamples runs (held-out errors only; the trees are not
    grown again). A missing value is a value to a tree; a column of nothing else is left out.
    Returns rows of COMPARISON; what cannot be had is NaN with the reason in `note`.
    """
    values, groups = score.to_numpy(float), pd.factorize(runs)[0]
    n_runs = len(set(groups))
    reason = _reason(values, n_runs)
    rows = []
    errors: dict[tuple[str, ...], np.ndarray] = {}
    for names in _block_sets(list(blocks)):
        columns = pd.concat([blocks[name].loc[score.index] for name in names], axis=1)
        columns = columns.dropna(axis=1, how="all")
        row = {
            "predictors": "+".join(names),
            "n_features": columns.shape[1],
            "n_models": len(values),
            "n_runs": n_runs,
            "added": names[-1] if len(names) > 1 else "",
            "note": reason or ("" if columns.shape[1] else "no predictor has a value"),
        }
        if not row["note"]:
            table = columns.to_numpy(float)
            errors[names] = _held_out(table, values, groups, min(folds, n_runs), seed) - values
            row |= {"r2": _r2(errors[names], values), "mae": np.abs(errors[names]).mean()}
            if names[:-1] in errors:
                row["r2_gain"] = row["r2"] - _r2(errors[names[:-1]], values)
                pair = errors[names[:-1]], errors[names]
                gains = _resampled_gains(*pair, values, groups, resamples, seed)
                row["ci_low"], row["ci_high"] = _interval(gains, confidence)
        rows.append(row)
    return COMPARISON.check(pd.DataFrame(rows, columns=list(COMPARISON.columns)))


def _reason(values: np.ndarray, n_runs: int) -> str:
    """Why nothing can be compared, or ""."""
    if n_runs < LEAST_RUNS:
        return f"{n_runs} runs; {LEAST_RUNS} are needed to hold whole runs out"
    return "" if np.ptp(values) else "the score is the same for every network"


def _statistics(tensor: CountedTensor) -> list[float]:
    summary = tensor.counts.summary()
    return [summary.mean, summary.std**2, *tensor.counts.quantile(np.array(QUANTILES))]


def _block_sets(names: list[str]) -> list[tuple[str, ...]]:
    alone = [(name,) for name in names]
    return alone + [tuple(names[:i]) for i in range(2, len(names) + 1)]


def _held_out(
    columns: np.ndarray, score: np.ndarray, groups: np.ndarray, folds: int, seed: int
) -> np.ndarray:
    """Prediction of every score by trees that saw no network of its run."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    trees = HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=5,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(1):  # the table is small: threads would only wait for each other
        return cross_val_predict(trees, columns, score, groups=groups, cv=GroupKFold(folds))


def _r2(errors: np.ndarray, score: np.ndarray) -> float:
    return float(1 - (errors**2).sum() / ((score - score.mean()) ** 2).sum())


def _interval(draws: np.ndarray, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return low, high


def _resampled_gains(
    before: np.ndarray,
    after: np.ndarray,
    score: np.ndarray,
    groups: np.ndarray,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Gain in R² in bootstrap samples of runs, float64[resamples]."""
    centred = score - score.mean()
    parts = [np.ones_like(score), centred, centred**2, before**2 - after**2]
    sums = np.stack([np.bincount(groups, part) for part in parts])
    n_runs = sums.shape[1]
    drawn = np.random.default_rng(seed).multinomial(n_runs, np.full(n_runs, 1 / n_runs), resamples)
    n, total, squares, difference = sums @ drawn.T
    return difference / (squares - total**2 / n)
