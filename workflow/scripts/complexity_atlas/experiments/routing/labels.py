"""Task complexity: the least capable model of a ladder that solves the task.

Labels are not nested. A simpler model may solve what a stronger one does not, in one trial by
luck alone; so a label says where a task may go, not how hard it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NONE = "none"
FIVE_TRIALS = 5
FIVE_TRIAL_CLASSES = ("1", "2", "3", "4", "5")
FIVE_TRIAL_RUNGS = (0, 0, 1, 1, 2)
"""Model of the ladder, weak to strong, to which each class goes (arXiv 2312.11511)."""


@dataclass(frozen=True, eq=False)
class Labels:
    """A label for each item, and what each class means to a router.

    name     of the way of labelling
    classes  their names
    value    int64[items], places in `classes`
    rung     int64[classes], the model to which a task of the class is sent
    gains    bool[classes], whether another model than the weakest is known to help
    """

    name: str
    classes: tuple[str, ...]
    value: np.ndarray
    rung: np.ndarray
    gains: np.ndarray


def first_right(correct: np.ndarray) -> np.ndarray:
    """The first model that is right, int64[items], from bool[items, models]: the one-trial label.

    Where none is right it is the number of models, a class of its own.
    """
    return np.where(correct.any(axis=1), correct.argmax(axis=1), correct.shape[1])


def five_trial_class(successes: np.ndarray) -> np.ndarray:
    """Class 1 to 5 of each item, int64[items], from successes of 5, int[items, 3], weak to strong.

    The rule of arXiv 2312.11511 as it stands, the first that holds:

        1 if weak + middle >= 7 or weak == 5
        2 if middle == 5
        3 if strong == 5
        4 if strong >= 2 or middle == 2
        5 otherwise

    Class 2 goes to the weak model, which then was right once of five at most.
    """
    weak, middle, strong = np.asarray(successes).T
    rules = [
        (weak + middle >= 7) | (weak == FIVE_TRIALS),
        middle == FIVE_TRIALS,
        strong == FIVE_TRIALS,
        (strong >= 2) | (middle == 2),
    ]
    return np.select(rules, [1, 2, 3, 4], 5)


def majority_labels(correct: np.ndarray, models: Sequence[str], unsolved: str) -> Labels:
    """Label by the first model that is right in more than half of the trials; one trial: in that.

    correct   bool[items, models, trials]
    unsolved  "strongest" or "weakest": where the class "none" goes
    """
    trials = correct.shape[2]
    value = first_right(correct.sum(axis=2) * 2 > trials)
    rungs = len(models)
    last = rungs - 1 if unsolved == "strongest" else 0
    return Labels(
        "one trial" if trials == 1 else f"majority of {trials} trials",
        (*models, NONE),
        value,
        np.array([*range(rungs), last]),
        np.array([False, *[True] * (rungs - 1), False]),
    )


def five_trial_labels(correct: np.ndarray) -> Labels:
    """Label by the rule of `five_trial_class`, from bool[items, 3, 5]."""
    return Labels(
        "five trials",
        FIVE_TRIAL_CLASSES,
        five_trial_class(correct.sum(axis=2)) - 1,
        np.array(FIVE_TRIAL_RUNGS),
        np.array([False, True, True, True, False]),
    )


def not_nested(correct: np.ndarray) -> float:
    """Share of items that some model solves and a stronger one does not; bool[items, models]."""
    solved_before = np.maximum.accumulate(correct, axis=1)
    return float((solved_before & ~correct).any(axis=1).mean())
