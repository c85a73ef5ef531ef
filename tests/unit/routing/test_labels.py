"""Task complexity: every label, over all that can be observed."""

from itertools import product

import numpy as np
import pytest

from complexity_atlas.experiments.routing.labels import (
    first_right,
    five_trial_class,
    five_trial_labels,
    majority_labels,
    not_nested,
)

# The class for each number of successes: a block per number of the strong model (0 to 5), in it a
# row per number of the weak one and a column per number of the middle one.
TRUTH = """
554552
554552
554551
554511
554111
111111

554552
554552
554551
554511
554111
111111

444442
444442
444441
444411
444111
111111

444442
444442
444441
444411
444111
111111

444442
444442
444441
444411
444111
111111

333332
333332
333331
333311
333111
111111
"""


def test_the_five_trial_class_of_all_216_outcomes():
    blocks = [block.split() for block in TRUTH.strip().split("\n\n")]
    triples = list(product(range(6), repeat=3))
    found = five_trial_class(np.array(triples))
    for (weak, middle, strong), value in zip(triples, found, strict=True):
        assert value == int(blocks[strong][weak][middle]), (weak, middle, strong)
    assert len(found) == 216


def test_classes_go_to_the_models_of_the_paper():
    correct = np.zeros((5, 3, 5), bool)
    for item, (weak, middle, strong) in enumerate(
        [(5, 0, 0), (1, 5, 0), (0, 0, 5), (0, 2, 0), (0, 0, 1)]
    ):
        for model, count in enumerate((weak, middle, strong)):
            correct[item, model, :count] = True
    labels = five_trial_labels(correct)
    assert labels.value.tolist() == [0, 1, 2, 3, 4]
    assert labels.rung[labels.value].tolist() == [0, 0, 1, 1, 2]


def test_the_one_trial_label_is_the_first_that_is_right():
    outcomes = np.array(list(product([False, True], repeat=3)))
    assert first_right(outcomes).tolist() == [3, 2, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(("unsolved", "rung"), [("strongest", 2), ("weakest", 0)])
def test_where_unsolved_items_go(unsolved, rung):
    labels = majority_labels(np.zeros((1, 3, 1), bool), ("a", "b", "c"), unsolved)
    assert labels.classes == ("a", "b", "c", "none")
    assert labels.rung[labels.value].tolist() == [rung]
    assert not labels.gains[labels.value].any()


def test_a_majority_is_more_than_half():
    correct = np.zeros((2, 2, 4), bool)
    correct[0, 0, :2] = True
    correct[1, 0, :3] = True
    correct[:, 1] = True
    assert majority_labels(correct, ("a", "b"), "strongest").value.tolist() == [1, 0]


def test_not_nested():
    nested = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0]], bool)
    assert not_nested(nested) == 0
    assert not_nested(np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 1, 1]], bool)) == 0.75
