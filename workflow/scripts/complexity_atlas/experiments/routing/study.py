"""The routing experiment as a whole: every ladder of a study, and the tables of what is found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from complexity_atlas.contracts import Contract
from complexity_atlas.experiments.routing.evaluate import evaluate
from complexity_atlas.experiments.routing.ladder import Ladder, long_view, make_ladder
from complexity_atlas.experiments.routing.repeated import compare_trials
from complexity_atlas.experiments.routing.settings import RoutingSettings
from complexity_atlas.experiments.routing.tables import CONTRACTS, MODELS
from complexity_atlas.experiments.routing.zoo import probabilities, zoo_ladders, zoo_per_item
from complexity_atlas.scores.per_item import PerItem


@dataclass(frozen=True, eq=False)
class Problem:
    """A ladder to route on, the models of its data, and the probabilities where they are known.

    models       contract MODELS
    probability  float64[items, models], of being right; None for published results
    """

    ladder: Ladder
    models: pd.DataFrame
    probability: np.ndarray | None = None


def source_problem(
    name: str, data: PerItem, cost: Mapping[str, float], settings: RoutingSettings
) -> Problem:
    """Published results, item by item, of models with a cost per item each."""
    attempts = long_view(data.items, data.responses, cost, settings.correct_from, settings.seed)
    return Problem(make_ladder(name, attempts), _models(name, data.responses, cost))


def zoo_problems(
    items: pd.DataFrame, responses: pd.DataFrame, scores: pd.DataFrame, settings: RoutingSettings
) -> list[Problem]:
    """A ladder of each family of the zoo; tables are the contracts of `zoo.tables`."""
    data = zoo_per_item(items, responses)
    problems = []
    for family, cost in zoo_ladders(scores).items():
        own = data.responses[data.responses["model_id"].isin(list(cost))]
        problem = source_problem(f"zoo {family}", PerItem(data.items, own), cost, settings)
        known = probabilities(problem.ladder, responses)
        problems.append(replace(problem, probability=known))
    return problems


def route(problems: Iterable[Problem], settings: RoutingSettings) -> dict[str, pd.DataFrame]:
    """The tables of `tables.CONTRACTS` by name."""
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in CONTRACTS}
    for problem in problems:
        findings = evaluate(problem.ladder, settings)
        found["evaluation"].append(findings.evaluation)
        found["confusion"].append(findings.confusion)
        found["curves"].append(findings.curves)
        found["models"].append(problem.models)
        if problem.probability is not None:
            found["trials"].append(compare_trials(problem.ladder, problem.probability, settings))
    return {name: _joined(found[name], contract) for name, contract in CONTRACTS.items()}


def _joined(parts: list[pd.DataFrame], contract: Contract) -> pd.DataFrame:
    empty = pd.DataFrame(columns=list(contract.columns))
    return contract.check(pd.concat(parts, ignore_index=True) if parts else empty)


def _models(name: str, responses: pd.DataFrame, cost: Mapping[str, float]) -> pd.DataFrame:
    rows = []
    for model, cells in responses.groupby("model_id"):
        evaluated = cells[cells["evaluated"]]
        flags = sorted(set(cells["flag"]) - {""})
        rows.append(
            {
                "ladder": name,
                "model": model,
                "cost": cost.get(str(model)),
                "n_items": cells["item_uid"].nunique(),
                "n_evaluated": evaluated["item_uid"].nunique(),
                "accuracy": evaluated["score"].astype(float).mean(),
                "flag": "; ".join(flags),
            }
        )
    return MODELS.check(pd.DataFrame(rows, columns=list(MODELS.columns)))
