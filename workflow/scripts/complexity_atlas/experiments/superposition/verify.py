"""Whether a network computes its ANDs: on every input, or on those that matter and a sample.

Inputs have at most two active features, as the construction promises. An input counts as wrong when
any of its outputs is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_BATCH = 2048  # inputs at once: 70 MB of outputs for 4,096 features


class Network(Protocol):
    """What can be checked: output o is on where `outputs` exceeds `threshold`.

    pairs    int64[m', 2], the two inputs of every output, ascending
    inputs   m
    outputs  of active inputs, int64[k, 2] with -1 for none: float64[k, m']
    """

    pairs: NDArray[np.int64]
    threshold: float

    @property
    def inputs(self) -> int: ...  # noqa: D102

    def outputs(self, active: NDArray[np.int64]) -> NDArray[np.float64]: ...  # noqa: D102


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


def true_pairs(network: Network) -> NDArray[np.int64]:
    """The inputs that turn an output on; int64[m', 2]."""
    return network.pairs


def singles(network: Network) -> NDArray[np.int64]:
    """Every feature alone, and none; int64[m + 1, 2]."""
    first = np.arange(-1, network.inputs)
    return np.stack([first, np.full_like(first, -1)], axis=1)


def sampled_pairs(network: Network, n: int, seed: int) -> NDArray[np.int64]:
    """n pairs of different features, drawn with replacement; int64[n, 2]."""
    rng = np.random.default_rng([seed, network.inputs, n])
    first = rng.integers(network.inputs, size=n)
    other = (first + rng.integers(1, network.inputs, size=n)) % network.inputs
    return np.stack([first, other], axis=1)


def all_pairs(network: Network) -> NDArray[np.int64]:
    """Every pair of features; int64[m(m-1)/2, 2]."""
    return np.stack(np.triu_indices(network.inputs, k=1), axis=1)


def check(network: Network, active: NDArray[np.int64], stop: bool = False) -> Finding:
    """Compare the outputs for `active`, inputs as Network.outputs takes them, with the truth.

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
        wrong = (outputs > network.threshold).any(axis=1)
        wrong[row] |= true <= network.threshold
        done, errors = done + len(part), errors + int(wrong.sum())
        if stop and errors:
            break
    return Finding(done, errors, _known(least_true), _known(greatest_false))


def _batches(network: Network, active: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    for start in range(0, len(active), _BATCH):
        part = active[start : start + _BATCH]
        yield part, network.outputs(part)


def _truth(network: Network, active: NDArray) -> tuple[NDArray, NDArray]:
    """Row of every input that turns an output on, and which output."""
    m = network.inputs
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
