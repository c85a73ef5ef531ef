"""Singular values of Gaussian matrices: what spectral measures say of weights that know nothing.

A Gaussian matrix of m rows and n columns has the singular values of a bidiagonal matrix of n chi
variates on the diagonal and n - 1 beside it (Dumitriu, Edelman 2002, Journal of Mathematical
Physics 43, 5830). So a draw costs the eigenvalues of one tridiagonal matrix, in exactly the right
law, however long the other side is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from complexity_atlas.spectra.measures import (
    SPECTRAL_MEASURES,
    SpectralOutcome,
    pooled_measures,
    rescaled,
    spectral_measures,
)

MOST_DRAWS = 64
"""Gaussian matrices of one shape that are drawn for a network; beyond it they serve twice."""


def gaussian_singular_values(rows: int, columns: int, draws: int, seed: int) -> np.ndarray:
    """Singular values of `draws` matrices of independent standard normal weights.

    Returns float64[draws, min(rows, columns)], descending. Seeded by `seed` and the shape, so that
    one shape has the same draws in every job, and more draws begin with the fewer. Relative error
    of the least value about 1e-16 times the square of the condition number: 1e-6 for a square
    matrix of 10,000 rows.
    """
    short, long = sorted((rows, columns))
    rng = np.random.default_rng([seed, short, long])
    index = np.arange(short)
    found = np.empty((draws, short))
    for row in found:
        diagonal = rng.chisquare(long - index)
        beside = rng.chisquare(short - 1 - index[:-1])
        squares = diagonal + np.concatenate([[0.0], beside])
        products = np.sqrt(diagonal[:-1] * beside)
        eigenvalues = eigvalsh_tridiagonal(squares, products, lapack_driver="sterf")
        row[:] = np.sqrt(np.maximum(eigenvalues[::-1], 0.0))
    return found


Shape = tuple[int, int]

Drawn = Mapping[str, np.ndarray]
"""Measures of the draws of a null: name -> float64[draws]."""


class SpectralNulls:
    """Measures of Gaussian matrices; each shape is drawn once however often it is asked for."""

    def __init__(self, draws: int, seed: int):
        self._draws, self._seed = draws, seed
        self._values: dict[Shape, np.ndarray] = {}
        self._measures: dict[Shape, Drawn] = {}

    def of_matrix(self, shape: Shape, width: float) -> Drawn:
        """Measures of Gaussian matrices of one shape and weights of standard deviation `width`."""
        if shape not in self._measures:
            drawn = self._drawn(shape, self._draws)
            self._measures[shape] = _stacked([spectral_measures(s, *shape) for s in drawn])
        return rescaled(self._measures[shape], width)

    def of_pool(self, shapes: Sequence[Shape], widths: Sequence[float]) -> Drawn:
        """Measures of independent Gaussian matrices, pooled; `widths` as the width of one."""
        counts = Counter(shapes)
        drawn = {
            shape: self._drawn(shape, min(self._draws * count, max(MOST_DRAWS, self._draws)))
            for shape, count in counts.items()
        }
        seen: Counter = Counter()
        pooled = []
        for shape, width in zip(shapes, widths, strict=True):
            rows = (seen[shape] * self._draws + np.arange(self._draws)) % len(drawn[shape])
            pooled.append(drawn[shape][rows] * width)
            seen[shape] += 1
        long_side = max(max(shape) for shape in counts)
        descending = -np.sort(-np.concatenate(pooled, axis=1), axis=1)
        return _stacked([pooled_measures(s, long_side) for s in descending])

    def _drawn(self, shape: Shape, draws: int) -> np.ndarray:
        if shape not in self._values or len(self._values[shape]) < draws:
            self._values[shape] = gaussian_singular_values(*shape, draws, self._seed)
        return self._values[shape][:draws]


def _stacked(outcomes: Sequence[SpectralOutcome]) -> Drawn:
    return {n: np.array([outcome.values[n] for outcome in outcomes]) for n in SPECTRAL_MEASURES}
