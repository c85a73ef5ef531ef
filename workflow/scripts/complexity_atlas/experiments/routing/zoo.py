"""The zoo's cloze items as a routing problem: small, middle and large networks of one family."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from complexity_atlas.contracts import ITEMS, RESPONSES
from complexity_atlas.experiments.routing.ladder import Ladder
from complexity_atlas.scores.per_item import PerItem


def zoo_per_item(items: pd.DataFrame, responses: pd.DataFrame) -> PerItem:
    """The zoo's tables (contracts ITEMS and RESPONSES of `zoo.tables`) as those of any source.

    The text of an item is all that a network is asked: the passage and the four words.
    """
    asked = items["text"] + " [" + items["options"] + "]"
    answers = responses.assign(flag="")
    return PerItem(
        ITEMS.check(items.assign(text=asked)[list(ITEMS.columns)]),
        RESPONSES.check(answers[list(RESPONSES.columns)]),
    )


def zoo_ladders(scores: pd.DataFrame) -> Mapping[str, dict[str, float]]:
    """For each family its smallest, middle and largest trained network: model -> cost.

    scores  contract SCORES of `zoo.tables`

    The cost is the number of parameters, to which the arithmetic per character is proportional.
    Networks are those of the first seed at its last step. A family of one size makes no ladder.
    """
    trained = scores[(scores["control"] == "") & (scores["seed"] == scores["seed"].min())]
    last = trained[trained["step"] == trained.groupby("run")["step"].transform("max")]
    networks = last.drop_duplicates("model_id").sort_values(["family", "n_parameters"])
    ladders = {}
    for family, models in networks.groupby("family"):
        if len(models) > 1:
            places = sorted({0, len(models) // 2, len(models) - 1})
            chosen = models.iloc[places]
            ladders[str(family)] = dict(
                zip(chosen["model_id"], chosen["n_parameters"].astype(float), strict=True)
            )
    return ladders


def probabilities(ladder: Ladder, responses: pd.DataFrame) -> np.ndarray:
    """Probability with which each model is right, float64[items, models]; RESPONSES of the zoo."""
    table = responses.pivot(index="item_uid", columns="model_id", values="probability")
    return table.loc[list(ladder.items), list(ladder.models)].to_numpy(float)
