"""Items, models and trials: the long view, one row per attempt, and the ladder made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.routing.tables import ATTEMPTS


@dataclass(frozen=True, eq=False)
class Ladder:
    """What models of rising cost made of the same items.

    name     of the ladder, for tables and figures
    models   from the cheapest, which is called weak, to the dearest, which is called strong
    cost     float64[models], per item, in any unit
    items    uid of each item, in ascending order
    group    int64[items], the problem of each item, numbered
    text     of each item; "" where it is not known
    correct  bool[items, models, trials]
    left_out number of items without an answer of every model
    """

    name: str
    models: tuple[str, ...]
    cost: np.ndarray
    items: tuple[str, ...]
    group: np.ndarray
    text: tuple[str, ...]
    correct: np.ndarray
    left_out: int = 0

    @property
    def trials(self) -> int:
        """Number of trials of every model on every item."""
        return self.correct.shape[2]

    @property
    def quality(self) -> np.ndarray:
        """Share of trials in which each model is right, float64[items, models]."""
        return self.correct.mean(axis=2)


def long_view(
    items: pd.DataFrame,
    responses: pd.DataFrame,
    cost: Mapping[str, float],
    correct_from: float,
    seed: int,
) -> pd.DataFrame:
    """One row per attempt (contract ATTEMPTS) of the models in `cost`.

    items      contract ITEMS;  responses  contract RESPONSES, of one protocol per model
    cost       model -> cost per item
    correct_from, seed  as in RoutingSettings

    Cells that were not evaluated have no rows: they are no failures. Where attempts were counted,
    each is a trial, in an order drawn with `seed`, since counts have none; else there is one trial,
    right if the score is at least `correct_from`. Raises AtlasError for a model that has no answer.
    """
    rows = responses[responses["evaluated"] & responses["model_id"].isin(list(cost))]
    _refuse_unusable(responses, rows, cost)
    rows = rows.sort_values(["item_uid", "model_id"], ignore_index=True)
    counted = rows["n_attempts"].notna().to_numpy()
    attempts = rows["n_attempts"].fillna(1).to_numpy(int)
    single = (rows["score"].fillna(0) >= np.float32(correct_from)).astype(int)
    right = np.where(counted, rows["n_correct"].fillna(0), single).astype(int)
    place = np.random.default_rng(seed).random((len(rows), attempts.max()))
    place[np.arange(attempts.max()) >= attempts[:, None]] = np.inf
    rank = place.argsort(axis=1).argsort(axis=1)
    cell, trial = np.nonzero(np.isfinite(place))
    known = items.set_index("item_uid")
    uid = rows["item_uid"].to_numpy()[cell]
    model = rows["model_id"].to_numpy()[cell]
    return ATTEMPTS.check(
        pd.DataFrame(
            {
                "item": uid,
                "group": known["group_id"].reindex(uid).to_numpy(),
                "text": known["text"].reindex(uid).to_numpy(),
                "model": model,
                "trial": trial,
                "correct": rank[cell, trial] < right[cell],
                "cost": [float(cost[name]) for name in model],
            }
        )
    )


def make_ladder(name: str, attempts: pd.DataFrame) -> Ladder:
    """Lay the long view (contract ATTEMPTS) out as a Ladder, models in order of cost.

    Items that lack a model are left out. Every model has as many trials on every item as the one
    with the fewest: later trials are not used. Raises AtlasError when fewer than two models, or no
    item, remain.
    """
    cost = attempts.groupby("model")["cost"].first().sort_values(kind="stable")
    per_cell = attempts.groupby(["item", "model"]).size().unstack()[list(cost.index)]
    complete = per_cell.dropna()
    if len(cost) < 2 or complete.empty:
        raise AtlasError(
            f"ladder {name}: {len(cost)} models and {len(complete)} items that all of them "
            "answered; give at least two models that answered the same items"
        )
    trials = int(complete.to_numpy().min())
    used = attempts[attempts["item"].isin(complete.index) & (attempts["trial"] < trials)]
    grid = used.set_index(["item", "model", "trial"])["correct"].unstack(["model", "trial"])
    order = pd.MultiIndex.from_product([cost.index, range(trials)])
    correct = grid[order].to_numpy(bool).reshape(len(grid), len(cost), trials)
    about = used.drop_duplicates("item").set_index("item").loc[grid.index]
    return Ladder(
        name,
        tuple(map(str, cost.index)),
        cost.to_numpy(float),
        tuple(map(str, grid.index)),
        pd.factorize(about["group"])[0],
        tuple(map(str, about["text"])),
        correct,
        left_out=len(per_cell) - len(complete),
    )


def _refuse_unusable(
    responses: pd.DataFrame, rows: pd.DataFrame, cost: Mapping[str, float]
) -> None:
    for model in cost:
        if (rows["model_id"] == model).any():
            continue
        flags = sorted(set(responses.loc[responses["model_id"] == model, "flag"]) - {""})
        why = "; ".join(flags) or "it is not among them"
        known = ", ".join(sorted(set(responses["model_id"])))
        raise AtlasError(f"model {model} has no answers that count: {why}; found are {known}")
    doubled = rows[rows.duplicated(["item_uid", "model_id"])]
    if len(doubled):
        found = ", ".join(sorted(set(rows["protocol_id"])))
        raise AtlasError(
            f"model {doubled['model_id'].iloc[0]} answered an item under several protocols "
            f"({found}); keep one"
        )
