"""The counting bound: fewer bits than there are functions to tell apart cannot compute them all.

A network of P parameters with b bits each is one of at most 2^(P·b) functions. So P·b is at least
the logarithm of the number of functions of a kind: the permutations of m' features, or the choices
of m' pairwise ANDs of m' inputs.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import gammaln

from complexity_atlas.experiments.superposition.tables import BOUND, COST

LARGEST = 2.0**60
"""No network has the bits for so many features."""


def permutation_bits(features: np.ndarray) -> np.ndarray:
    """log2(m'!), the bits that tell the permutations of m' features apart; float64, m' >= 1."""
    return gammaln(np.asarray(features, float) + 1) / np.log(2)


def and_bits(features: np.ndarray, inputs: np.ndarray | None = None) -> np.ndarray:
    """m' log2(m(m-1)/2), the bits that tell choices of m' ANDs of two of m inputs apart; m >= 2.

    As many inputs as features where `inputs` is None.
    """
    features = np.asarray(features, float)
    inputs = features if inputs is None else np.asarray(inputs, float)
    return features * np.log2(inputs * (inputs - 1) / 2)


TASKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "permutation": permutation_bits,
    "and": and_bits,
}


def largest_features(bits: np.ndarray, task: str) -> np.ndarray:
    """The largest whole m' that needs no more than `bits`; 2 where even that is too many.

    float64, exact up to 2^53. A bound from counting alone: it says
    that more is impossible, not that so many can be learned, or are.
    """
    bits = np.asarray(bits, float)
    low, high = np.full(bits.shape, 2.0), np.full(bits.shape, LARGEST)
    for _ in range(64):
        middle = np.floor((low + high) / 2)
        enough = TASKS[task](middle) <= bits
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return low


def bound_table(models: pd.DataFrame, bits: tuple[int, ...]) -> pd.DataFrame:
    """The largest m' of every measured network, for each task and number of bits per weight.

    models  contract MEASURED_MODELS

    Returns contract BOUND. It follows from the number of weights alone, so beside that number it
    explains nothing: never use it as a covariate.
    """
    networks = models.loc[models.n_weights > 0, ["model", "name", "run", "n_weights"]]
    parts = [
        networks.assign(
            task=task,
            bits=width,
            features=largest_features(networks.n_weights * float(width), task),
        )
        for task in TASKS
        for width in bits
    ]
    return BOUND.check(pd.concat(parts, ignore_index=True))


def cost_table(features: tuple[int, ...], bits: tuple[int, ...]) -> pd.DataFrame:
    """What computing m' features takes at the least; contract COST.

    `neurons` is the width of a square layer with so many weights, √parameters: derived here, for a
    network of one such layer.
    """
    grid = pd.MultiIndex.from_product([TASKS, bits, features], names=["task", "bits", "features"])
    table = grid.to_frame(index=False)
    table["bits_needed"] = 0.0
    for task, needed in TASKS.items():
        here = table.task == task
        table.loc[here, "bits_needed"] = needed(table.features[here])
    table["parameters"] = np.ceil(table.bits_needed / table.bits)
    table["neurons"] = np.ceil(np.sqrt(table.parameters))
    return COST.check(table)
