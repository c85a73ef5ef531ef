"""Codes of quantised weights: a finite alphabet of its own, so that no choice of bins is left.

Three types: `int8` and `int4`, symmetric integers (-127..127 and -7..7) of equal steps, and `nf4`,
the 16 quantiles of a normal distribution of QLoRA (Dettmers et al. 2023, arXiv 2305.14314). Each is
scaled by the largest magnitude, of the whole tensor or of every block of BLOCK weights in their
order in memory. Codes per tensor follow from saved value counts; codes per block need the weights.

The complexity is that of the codes. De-quantised weights in the bins of another grid give aliasing
instead of complexity.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from complexity_atlas.counts.value_counts import ValueCounts

BLOCK = 64
"""Weights that share a scale."""

NF4 = np.array(
    [
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ]
)
"""Values of the 4-bit NormalFloat codes, as in bitsandbytes."""

LEVELS = {"int8": np.arange(-127, 128) / 127, "int4": np.arange(-7, 8) / 7, "nf4": NF4}
"""Values of the codes of each type, ascending, as shares of the scale."""

_CHUNK = 1 << 15  # weights turned into float64 at a time, a multiple of BLOCK


@dataclass(frozen=True, eq=False)
class Codes:
    """How often each code of a type occurs, int64[levels], and what the rounding loses.

    `squared_error` is the sum of squared differences to the de-quantised weights, `squares` that of
    the weights themselves. Weights that are not finite are left out.
    """

    counts: np.ndarray
    squared_error: float
    squares: float

    @property
    def relative_error(self) -> float:
        """Frobenius norm of the difference over that of the weights; NaN for zeros only."""
        return float(np.sqrt(self.squared_error / self.squares)) if self.squares else np.nan


def codes_by_block(weights: np.ndarray) -> dict[str, Codes]:
    """Codes of `weights` (any shape and float type) by type, scaled by block, in one pass.

    A value half-way between two codes takes the upper one. Blocks run through the weights in C
    order; a block of zeros has the code of zero.
    """
    flat = weights.reshape(-1)
    counts = {name: np.zeros(len(levels), np.int64) for name, levels in LEVELS.items()}
    sums = np.zeros((1 + len(LEVELS), BLOCK))
    buffer = np.empty(min(_CHUNK, len(flat)))
    for start in range(0, len(flat), _CHUNK):
        chunk = buffer[: min(_CHUNK, len(flat) - start)]
        chunk[...] = flat[start : start + _CHUNK]
        _add_blocks(chunk, NF4, _NF4_BORDERS, *counts.values(), sums)
    squares, *errors = sums.sum(axis=1).tolist()
    return {
        name: Codes(count, error, squares)
        for (name, count), error in zip(counts.items(), errors, strict=True)
    }


def codes_by_tensor(counts: ValueCounts) -> dict[str, Codes]:
    """Codes by type of a tensor scaled as a whole, from its value counts.

    Where these are by keys a cell counts as its middle. ValueError where nothing is finite.
    """
    value = (counts.lower + counts.upper) / 2
    scale = max(abs(counts.minimum), abs(counts.maximum))
    if np.isnan(scale):
        raise ValueError("nothing is finite: there are no codes")
    share = value / scale if scale else value
    found = {}
    for name, levels in LEVELS.items():
        borders = (levels[1:] + levels[:-1]) / 2
        code = np.searchsorted(borders, share, side="right")
        total = np.bincount(code, counts.count, len(levels)).astype(np.int64)
        error = np.square(value - levels[code] * scale)
        found[name] = Codes(
            total, float(counts.count @ error), float(counts.count @ np.square(value))
        )
    return found


_NF4_BORDERS = (NF4[1:] + NF4[:-1]) / 2


@njit(cache=True, nogil=True)
def _add_blocks(weights, nf4, borders, int8_counts, int4_counts, nf4_counts, sums):
    """Add the codes of all blocks, and to `sums` [4, BLOCK] the squares and squared errors.

    Sums are kept apart by the place in the block, and loops are short and without branches: so
    they become vector instructions, and the order of additions is fixed all the same.
    """
    codes = np.empty((3, 64), np.int64)
    finite, shares = np.empty(64), np.empty(64)
    for start in range(0, len(weights), 64):
        n, scale = 0, 0.0
        for weight in weights[start : start + 64]:
            size = abs(weight)
            finite[n] = weight
            n += size < np.inf
            scale = max(scale, size if size < np.inf else 0.0)
        _encode(finite[:n], shares, scale if scale > 0 else 1.0, nf4, borders, codes, sums)
        for i in range(n):
            int8_counts[codes[0, i]] += 1
            int4_counts[codes[1, i]] += 1
            nf4_counts[codes[2, i]] += 1


@njit(cache=True, nogil=True)
def _encode(weights, shares, scale, nf4, borders, codes, sums):
    # Divided by the scale, not multiplied by its inverse, which is infinite for a subnormal one:
    # so every share lies within ±1, and every code within its table.
    for i in range(len(weights)):
        weight = weights[i]
        share = shares[i] = weight / scale
        int8 = np.floor(share * 127 + 0.5)
        int4 = np.floor(share * 7 + 0.5)
        codes[0, i] = int(int8) + 127
        codes[1, i] = int(int4) + 7
        codes[2, i] = 0
        sums[0, i] += weight * weight
        sums[1, i] += (weight - int8 * (scale / 127)) ** 2
        sums[2, i] += (weight - int4 * (scale / 7)) ** 2
    for border in borders:
        for i in range(len(weights)):
            codes[2, i] += shares[i] >= border
    for i in range(len(weights)):
        sums[3, i] += (weights[i] - nf4[codes[2, i]] * scale) ** 2
