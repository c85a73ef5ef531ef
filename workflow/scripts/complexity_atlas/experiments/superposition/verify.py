"""Whether a network computes its ANDs: on every input, or on those that matter and a sample.

Inputs have at most two active features, as the construction promises. An input counts as wrong when
any of its outputs is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from complexity_atlas.experiments.superposition.construction import THRESHOLD, AndNetwork

_BATCH = 2048  # inputs at once: 70 MB of outputs for 4,096 features


@dataclass(frozen=True)
class Finding:
    """How many of `n_inputs` were wrong, and the margin on both sides of the threshold.

    `least_true` is the smallest output that should be on, `greatest_false` the greatest that should
    be off; NaN where there was none.
    """

    n_inputs: int
    n_errors: int
    least_true: float
    greatest_false: float


def true_pairs(network: AndNetwork) -> NDArray[np.int64]:
    """The inputs that turn an output on; int64[m', 2]."""
    return network.pairs


def singles(network: AndNetwork) -> NDArray[np.int64]:
    """Every feature alone, and none; int64[m + 1, 2]."""
    first = np.arange(-1, len(network.response))
    return np.stack([first, np.full_like(first, -1)], axis=1)


def sampled_pairs(network: AndNetwork, n: int, seed: int) -> NDArray[np.int64]:
    """n pairs of different features, drawn with replacement; int64[n, 2]."""
    rng = np.random.default_rng([seed, network.features, n])
    first = rng.integers(len(network.response), size=n)
    other = (first + rng.integers(1, len(network.response), size=n)) % len(network.response)
    return np.stack([first, other], axis=1)


def all_pairs(network: AndNetwork) -> NDArray[np.int64]:
    """Every pair of features; int64[m(m-1)/2, 2]."""
    return np.stack(np.triu_indices(len(network.response), k=1), axis=1)


def check(network: AndNetwork, active: NDArray[np.int64], stop: bool = False) -> Finding:
    """Compare the outputs for `active`, inputs as AndNetwork.outputs takes them, with the truth.

    With `stop`, only up to the batch in which the first error is found.
    """
    done = errors = 0
    least_true, greatest_false = np.inf, -np.inf
    for part, outputs in _batches(network, active):
        row, output = _truth(network, part)
        true = outputs[row, output]
        least_true = min(least_true, true.min(initial=np.inf))
        outputs[row, output] = -np.inf
        greatest_false = max(greatest_false, outputs.max())
        wrong = (outputs > THRESHOLD).any(axis=1)
        wrong[row] |= true <= THRESHOLD
        done, errors = done + len(part), errors + int(wrong.sum())
        if stop and errors:
            break
    return Finding(done, errors, _known(least_true), _known(greatest_false))


def _batches(network: AndNetwork, active: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    for start in range(0, len(active), _BATCH):
        part = active[start : start + _BATCH]
        yield part, network.outputs(part)


def _truth(network: AndNetwork, active: NDArray) -> tuple[NDArray, NDArray]:
    """Row of every input that turns an output on, and which output."""
    m = len(network.response)
    low, high = active.min(axis=1), active.max(axis=1)
    names = network.pairs[:, 0] * m + network.pairs[:, 1]
    order = np.argsort(names)
    asked = np.where(low >= 0, low * m + high, -1)
    place = np.searchsorted(names, asked, sorter=order)
    output = order[np.minimum(place, len(order) - 1)]
    row = np.flatnonzero(names[output] == asked)
    return row, output[row]


def _known(extreme: float) -> float:
    # Rounded, so that the order in which threads add up does not show.
    return round(float(extreme), 6) if np.isfinite(extreme) else float("nan")
