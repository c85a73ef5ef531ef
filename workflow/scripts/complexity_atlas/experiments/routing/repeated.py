"""What does labelling by several trials buy? Asked where the truth is known.

A network of the zoo answers by drawing from its probabilities, which are known exactly. So the true
label of an item is known too: the first model that is right with probability above 1/2. Labels by
the majority of k trials are held against it, and routers that learned from them are judged by the
probabilities, without the luck of any draw. Nothing of this is in arXiv 2312.11511.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd

from complexity_atlas.experiments.routing.classifier import TextClassifier, text_classifier
from complexity_atlas.experiments.routing.evaluate import send
from complexity_atlas.experiments.routing.labels import first_right, majority_labels
from complexity_atlas.experiments.routing.ladder import Ladder
from complexity_atlas.experiments.routing.settings import RoutingSettings
from complexity_atlas.experiments.routing.tables import TRIALS

_MOST_SETS = 3
"""Sets of trials from which labels are made: each is a classifier to be trained."""


@dataclass(frozen=True)
class Repeated:
    """What labels by so many trials buy; columns of the table TRIALS.

    n_labellings    disjoint sets of so many trials, three at most, over which the others are means
    agreement       share of items whose label is the true one
    unsolved        share of items labelled "none"
    label_accuracy  share of true labels that a classifier finds, trained on these labels
    accuracy, cost  of the router that follows it, from the probabilities
    best_accuracy   of the best single model
    attainable      of always the model with the highest probability: no router can do more
    """

    ladder: str
    trials: int
    n_labellings: int
    agreement: float
    unsolved: float
    label_accuracy: float
    accuracy: float
    cost: float
    best_accuracy: float
    attainable: float


def compare_trials(
    ladder: Ladder, probability: np.ndarray, settings: RoutingSettings
) -> pd.DataFrame:
    """Rows of contract TRIALS, for every number of trials in the settings that the ladder has.

    probability  float64[items, models], of being right
    """
    truth = first_right(probability > 0.5)
    best = probability.mean(axis=0).max()
    attainable = probability.max(axis=1).mean()
    classifier = text_classifier(ladder.text, ladder.group, settings)
    rows = []
    for trials in sorted(t for t in settings.trials if t <= ladder.trials):
        sets = np.arange(ladder.trials // trials * trials).reshape(-1, trials)[:_MOST_SETS]
        each = [_one(ladder, chosen, probability, truth, classifier, settings) for chosen in sets]
        means = np.mean(each, axis=0).tolist()
        rows.append(Repeated(ladder.name, trials, len(sets), *means, best, attainable))
    return TRIALS.check(pd.DataFrame(list(map(astuple, rows)), columns=list(TRIALS.columns)))


def _one(
    ladder: Ladder,
    trials: Sequence[int],
    probability: np.ndarray,
    truth: np.ndarray,
    classifier: TextClassifier,
    settings: RoutingSettings,
) -> tuple[float, ...]:
    """Agreement, share unsolved, label accuracy, router's accuracy and cost for a set of trials."""
    labels = majority_labels(ladder.correct[:, :, trials], ladder.models, settings.unsolved)
    predicted = classifier.predict(labels.value, len(labels.classes))
    sent = send(predicted, labels)
    return (
        (labels.value == truth).mean(),
        (labels.value == len(ladder.models)).mean(),
        (predicted.argmax(axis=1) == truth).mean(),
        probability[np.arange(len(sent)), sent].mean(),
        ladder.cost[sent].mean(),
    )
