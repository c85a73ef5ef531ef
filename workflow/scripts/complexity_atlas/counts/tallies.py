"""From what a counting kernel finds in a piece of a tensor to the counts of the tensor."""

import mmap
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numba import njit

from complexity_atlas.counts.formats import FORMATS, decode
from complexity_atlas.counts.key_counts import KeyCounts

_LARGE = 1 << 16  # values


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of a piece of a tensor. Pieces add up to the whole in any order.

    `cut` tells whether a pattern has bits set beyond its key; where none has, the keys are the
    patterns and the counts are exact after all.
    """

    counts: KeyCounts
    cut: bool = False

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.counts + other.counts, self.cut or other.cut)

    def total(self) -> KeyCounts:
        """The counts, exact if nothing was cut off."""
        counts = self.counts
        if self.cut or counts.exact:
            return counts
        width = FORMATS[counts.dtype].width
        keys = counts.keys << np.uint64(width - counts.key_bits)
        return replace(counts, key_bits=width, keys=keys)


@dataclass(frozen=True)
class Scan:
    """What the keys of a piece do not tell about its patterns.

    Zeros of either sign, infinities of both, the patterns of the least and the greatest finite
    value in unsigned order (none where nothing is finite), and whether bits beyond the key are set.
    """

    plus_zeros: int
    minus_zeros: int
    infinities: int
    extremes: tuple[int, ...]
    cut: bool


def tally_of_sorted(dtype: str, patterns: np.ndarray) -> Tally:
    """From all patterns of a tensor, unsigned integers of the width of `dtype`, ascending."""
    kind = FORMATS[dtype]
    n, n_inf = len(patterns), 0
    if kind.kind == "float":
        top, sign = kind.largest + 1, kind.sign
        marks = np.array([top, sign, sign | top], patterns.dtype)
        inf, minus_zero, minus_inf = np.searchsorted(patterns, marks, side="left")
        nan, negative, minus_nan = np.searchsorted(patterns, marks, side="right")
        n_inf = int(nan - inf + minus_nan - minus_inf) if kind.infinite else 0
        zeros = np.zeros(negative - minus_zero, patterns.dtype)
        if len(zeros) or inf < minus_zero or minus_inf < n:
            patterns = np.concatenate([zeros, patterns[:inf], patterns[negative:minus_inf]])
    keys, counts = _runs(patterns)
    n_nan = n - len(patterns) - n_inf
    extremes = _extremes(dtype, keys)
    return Tally(KeyCounts(dtype, kind.width, keys, counts, n_nan, n_inf, *extremes))


def tally_of_table(dtype: str, table: np.ndarray, scan: Scan | None = None) -> Tally:
    """From the occurrences of every key, integers[2**key_bits], which are overwritten.

    Of types whose keys are whole patterns the table tells everything, and there is no scan.
    """
    kind = FORMATS[dtype]
    n_nan = n_inf = 0
    if kind.kind == "float":
        half = 1 << (kind.key_bits - 1)
        top = (kind.largest + 1) >> (kind.width - kind.key_bits)
        if scan:
            n_inf, zeros = scan.infinities, (scan.plus_zeros, scan.minus_zeros)
        else:
            n_inf = int(table[top] + table[half + top]) if kind.infinite else 0
            zeros = int(table[0]), int(table[half])
        for first, n_zero in zip((0, half), zeros, strict=True):
            beyond = table[first + top : first + half]
            n_nan += int(beyond.sum())
            beyond[:] = 0
            table[first + 1] += table[first] - n_zero  # the subnormals that shared its key
            table[first] = 0
        table[0] = sum(zeros)
        n_nan -= n_inf
    found = np.flatnonzero(table)
    keys, counts = found.astype(np.uint64), table[found].astype(np.int64)
    extremes = _extremes(dtype, keys if scan is None else np.array(scan.extremes, np.uint64))
    counts = KeyCounts(dtype, kind.key_bits, keys, counts, n_nan, n_inf, *extremes)
    return Tally(counts, scan is not None and scan.cut)


def _extremes(dtype: str, patterns: np.ndarray) -> tuple[float, float]:
    """Least and greatest value among finite patterns that ascend; NaN where there are none."""
    if not len(patterns):
        return np.nan, np.nan
    # In unsigned order the non-negative patterns come first; each half ends in its extremes.
    half = int(np.searchsorted(patterns, np.uint64(FORMATS[dtype].sign)))
    ends = decode(patterns[[0, half - 1, min(half, len(patterns) - 1), -1]], dtype)
    return float(ends.min()) + 0.0, float(ends.max()) + 0.0  # -0.0 is 0


def mapped(size: int, dtype: npt.DTypeLike) -> np.ndarray:
    """An array of undefined values, in pages of its own where it is large.

    They go back to the system with the array; the allocator would keep them in the heap of the
    thread that asked for them, once for every thread.
    """
    if size < _LARGE:
        return np.empty(size, dtype)
    pages = mmap.mmap(-1, size * np.dtype(dtype).itemsize, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype)


def _runs(patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of a sorted array, uint64, and how often each occurs, int64."""
    distinct = min(len(patterns), 1) + np.count_nonzero(patterns[1:] != patterns[:-1])
    keys, counts = mapped(distinct, np.uint64), mapped(distinct, np.int64)
    _fill_runs(patterns, keys, counts)
    return keys, counts


@njit(cache=True, nogil=True)
def _fill_runs(patterns, keys, counts):
    run, start = 0, 0
    for i in range(1, len(patterns) + 1):
        if i == len(patterns) or patterns[i] != patterns[start]:
            keys[run] = patterns[start]
            counts[run] = i - start
            run += 1
            start = i
