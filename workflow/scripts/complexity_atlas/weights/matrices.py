"""The matrices of a network, one by one, out of the tensors that hold them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from complexity_atlas.weights.entries import Entry


class Matrix(NamedTuple):
    """A linear map of a network: its name, its role, and its values (rows, columns)."""

    name: str
    role: str
    values: np.ndarray


def matrices(entry: Entry, array: np.ndarray) -> list[Matrix]:
    """The matrices in a tensor, given its values in memory; views wherever that is possible.

    A tensor of two axes is one matrix. Of one with three or more, experts are taken apart along
    the first axis, named `<tensor>[0]`, `[1]`, …; any other, a convolution, is flattened to
    (out, rest). Matrices that `entry.fused` describes are then split, named `<tensor>.q`, `.k`, ….
    Vectors (a matrix with a side of length 1) have no spectrum worth the name, and are left out.

    The values together are those of the tensor, each once, but for what is left out. Raises
    ValueError where `array` has not the shape of the entry.
    """
    if array.shape != entry.shape:
        raise ValueError(f"{entry.name}: an array of shape {array.shape} is not {entry.shape}")
    found = [matrix for stacked in _stacked(entry, array) for matrix in _split(entry, stacked)]
    return [matrix for matrix in found if min(matrix.values.shape) > 1]


def _stacked(entry: Entry, array: np.ndarray) -> Iterator[Matrix]:
    if array.ndim < 2:
        return
    if array.ndim == 3 and re.search("expert|_exps", entry.name):
        for number, expert in enumerate(array):
            yield Matrix(f"{entry.name}[{number}]", entry.role, expert)
    else:
        yield Matrix(entry.name, entry.role, array.reshape(len(array), -1))


def _split(entry: Entry, matrix: Matrix) -> Iterator[Matrix]:
    if entry.fused is None:
        yield matrix
        return
    for segment, values in entry.fused.split(matrix.values):
        yield Matrix(f"{matrix.name}.{segment.name}", segment.role, values)
