"""Exact counts of weight values: a sufficient statistic of every moment, quantile and histogram.

All sums run over sorted values in float64, so that neither the order of the weights nor the number
of threads changes a digit.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from complexity_atlas.counts.formats import FORMATS

DEAD = 1e-20
"""A weight below this share of the largest magnitude is dead: a leftover of weight decay."""

STRETCH = 1 << 18
"""Values that sums are taken over at a time: as float64 they fit into a cache."""

_ROWS = 1 << 22  # pairs of cell and bin in memory at once while a histogram is spread


@dataclass(frozen=True)
class Summary:
    """Order statistics and moments of the finite values; every field may be an array of one shape.

    Quantiles are numpy's "linear" ones; `std` divides by n; `skewness` is the third standardised
    moment m3 / m2^1.5. Where nothing is finite n is 0 and all else NaN; where all values are
    equal the skewness is NaN.
    """

    n: int
    minimum: float
    maximum: float
    median: float
    q25: float
    q75: float
    mean: float
    std: float
    skewness: float

    @property
    def iqr(self) -> float:
        """Distance between the quartiles."""
        return self.q75 - self.q25


class Counts(ABC):
    """What counts in either form can tell with no more than a stretch of their values in memory.

    `n` is the number of finite weights, `minimum` and `maximum` their least and greatest value,
    NaN where there is none.
    """

    n: int
    minimum: float
    maximum: float

    @abstractmethod
    def stretches(self) -> Iterator["ValueCounts"]:
        """The counts over real numbers, ascending, a limited number of values at a time."""

    @property
    def n_zero(self) -> int:
        """Number of weights that are zero."""
        return sum(int(np.sum(part.count, where=part._is_zero)) for part in self.stretches())

    @property
    def n_dead(self) -> int:
        """Number of dead weights: 0 < |w| < 1e-20 of the largest magnitude."""
        least = self._least_living
        return sum(
            int(np.sum(part.count, where=~(part._is_zero | part._living(least))))
            for part in self.stretches()
        )

    def summary(self) -> Summary:
        """Order statistics and moments of the finite values.

        The standard deviation takes a second pass over the deviations from the mean, so that a
        mean far from zero costs no digits; values are scaled by a power of two first, so that
        squares neither overflow nor vanish. A cell adds its own spread, width^2 / 12.
        """
        if not self.n:
            return Summary(0, *[np.nan] * 8)
        q25, median, q75 = self.quantile([0.25, 0.5, 0.75]).tolist()
        mean, std, skewness = self._moments()
        return Summary(self.n, self.minimum, self.maximum, median, q25, q75, mean, std, skewness)

    def quantile(self, q: float | Sequence[float] | np.ndarray) -> np.ndarray:
        """Quantiles of the finite values, as `numpy.quantile` with method "linear".

        `q` lies in [0, 1], of any shape; so has the result, float64; NaN where nothing is finite.
        The weights of a cell count as evenly spaced in it. Where cells overlap, as after `merge`,
        they are taken one after the other, which is off by less than the width of a cell.
        """
        q = np.asarray(q, np.float64)
        if not ((q >= 0) & (q <= 1)).all():
            raise ValueError("quantiles must lie between 0 and 1")
        if not self.n:
            return np.full(q.shape, np.nan)
        position = q * (self.n - 1)
        below = np.floor(position)
        weight = position - below
        rank = below.astype(np.int64)
        left, right = self._order_statistic(np.stack([rank, np.minimum(rank + 1, self.n - 1)]))
        step = right - left
        # From the nearer end, as numpy does: exact at both, and monotone.
        return np.where(weight < 0.5, left + step * weight, right - step * (1 - weight))

    @property
    def _least_living(self) -> float:
        return DEAD * max(abs(self.minimum), abs(self.maximum))

    def _order_statistic(self, rank: np.ndarray) -> np.ndarray:
        """The weights of the given ranks, 0 the least."""
        value, passed = np.empty(rank.shape), 0
        for part in self.stretches():
            here = (rank >= passed) & (rank < passed + part.n)
            if here.any():
                value[here] = part._at(rank[here] - passed)
            passed += part.n
        value[rank == self.n - 1] = self.maximum
        value[rank == 0] = self.minimum
        return value

    def _moments(self) -> tuple[float, float, float]:
        """Mean, standard deviation and skewness."""
        _, exponent = np.frexp(max(abs(self.minimum), abs(self.maximum)))

        def deviations(mean: float) -> list[float]:
            sums = [part._deviation_sums(mean, exponent) for part in self.stretches()]
            return [sum(column) / self.n for column in zip(*sums, strict=True)]

        mean = sum(part._sum(exponent) for part in self.stretches()) / self.n
        mean += deviations(mean)[0]
        _, variance, third = deviations(mean)
        std = np.sqrt(variance)
        skewness = float(third / (variance * std)) if variance > 0 else np.nan
        return float(np.ldexp(mean, exponent)), float(np.ldexp(std, exponent)), skewness


@dataclass(frozen=True, eq=False)
class ValueCounts(Counts):
    """How often each value occurs: `count[i]` weights lie in the cell [lower[i], upper[i]].

    All arrays have one length k; `lower` and `upper` are float64, ascending by lower, then upper,
    clipped to the exact least and greatest value; `count` is int64. Exact counts have cells of one
    value (`upper` is `lower`); what is in a wider cell is taken to be spread evenly over it.
    `n_nan` and `n_inf` stand apart. `mantissa_bits` is the number of stored mantissa bits that
    the values use and `step` the least distance between values of their type. Of codes, `codes`
    names their type, and the values are the codes; it is empty for numbers.
    """

    lower: np.ndarray
    upper: np.ndarray
    count: np.ndarray
    n_nan: int = 0
    n_inf: int = 0
    mantissa_bits: int = 52
    step: float = 0.0
    codes: str = ""

    @cached_property
    def n(self) -> int:
        """Number of finite weights."""
        return int(self.count.sum())

    @cached_property
    def exact(self) -> bool:
        """Whether every cell is one value."""
        return self.upper is self.lower or bool((self.upper == self.lower).all())

    @property
    def minimum(self) -> float:
        """The least finite value; NaN where there is none."""
        return float(self.lower[0]) if len(self.lower) else np.nan

    @property
    def maximum(self) -> float:
        """The greatest finite value; NaN where there is none."""
        return float(self.upper.max()) if len(self.upper) else np.nan

    def stretches(self) -> Iterator["ValueCounts"]:
        """The same counts by stretches, which are views."""
        if len(self.count) <= STRETCH:
            yield self  # keeps what it has cached
            return
        for start in range(0, len(self.count), STRETCH):
            yield self._where(slice(start, start + STRETCH))

    def alive(self) -> "ValueCounts":
        """The counts without zeros and dead weights."""
        return self._where(self._living(self._least_living))

    def histogram(self, edges: np.ndarray) -> np.ndarray:
        """Weights in each bin: float64[b] for the b + 1 ascending `edges`.

        The first edge may be -inf and the last +inf. As in `numpy.histogram` a bin has its left
        edge, and the last bin its right one too. Exact counts give numpy's numbers; a cell that
        reaches over several bins is split in proportion. Raises ValueError where edges descend.
        """
        edges = np.asarray(edges, np.float64)
        if edges.ndim != 1 or len(edges) < 2 or not (edges[1:] >= edges[:-1]).all():
            raise ValueError("edges must be two or more ascending numbers")
        if self.exact:
            return _histogram(self.lower, self._cumulative, edges)
        point = self.lower == self.upper
        wide = self._where(~point)
        points = _histogram(self.lower[point], np.cumsum(self.count[point]), edges)
        return points + wide._spread(edges)

    def code_histogram(self) -> np.ndarray:
        """Occurrences of each code of the type's alphabet: float64[alphabet].

        Codes that do not occur have 0; the order is that of the values, the absent ones last.
        Raises ValueError for numbers, which are no codes.
        """
        if not self.codes:
            raise ValueError("numbers have no alphabet, only the codes of a quantised type do")
        histogram = np.zeros(FORMATS[self.codes].alphabet)
        histogram[: len(self.count)] = self.count
        return histogram

    def scaled(self, factor: float) -> "ValueCounts":
        """The counts after every weight is multiplied by `factor`, positive and finite."""
        if not 0 < factor < np.inf:
            raise ValueError(f"a scale must be positive and finite, not {factor}")
        lower = self.lower * factor
        upper = lower if self.upper is self.lower else self.upper * factor
        return replace(self, lower=lower, upper=upper, step=self.step * factor)

    def spacing(self) -> float:
        """Distance between neighbouring representable values at the 95 % quantile of |w|.

        Bins that are not much wider count the grid of the type instead of the weights. After
        `scaled` by other than a power of two it is right within a factor of two.
        """
        if not self.n:
            return np.nan
        magnitude = np.abs(self._middle)
        order = np.argsort(magnitude, kind="stable")  # quick: it falls, then rises
        rank = np.searchsorted(np.cumsum(self.count[order]), 0.95 * self.n)
        _, exponent = np.frexp(magnitude[order[rank]])
        grid = np.ldexp(1.0, int(exponent) - 1 - self.mantissa_bits)
        return max(float(grid), self.step) if magnitude[order[rank]] else self.step

    @cached_property
    def _cumulative(self) -> np.ndarray:
        return np.cumsum(self.count)

    @property
    def _middle(self) -> np.ndarray:
        return self.lower if self.exact else self.lower + (self.upper - self.lower) / 2

    @property
    def _is_zero(self) -> np.ndarray:
        return (self.lower == 0) & (self.upper == 0)

    def _living(self, least: float) -> np.ndarray:
        magnitude = np.abs(self._middle)
        return (magnitude > 0) & (magnitude >= least)

    def _where(self, chosen: np.ndarray | slice) -> "ValueCounts":
        lower = self.lower[chosen]
        upper = lower if self.upper is self.lower else self.upper[chosen]
        return replace(self, lower=lower, upper=upper, count=self.count[chosen])

    def _at(self, rank: np.ndarray) -> np.ndarray:
        """The weights of the given ranks, 0 the least."""
        cell = np.searchsorted(self._cumulative, rank, side="right")
        lower, upper, count = self.lower[cell], self.upper[cell], self.count[cell]
        inside = (rank - (self._cumulative[cell] - count) + 0.5) / count
        return lower + (upper - lower) * inside

    def _sum(self, exponent: int) -> float:
        """Sum of the weights, in units of 2^exponent."""
        return float(np.sum(self.count * np.ldexp(self._middle, -exponent)))

    def _deviation_sums(self, mean: float, exponent: int) -> tuple[float, float, float]:
        """Sums of first, second and third powers of the deviations, in units of 2^exponent."""
        deviation = np.ldexp(self._middle, -exponent) - mean
        square = deviation**2
        third = deviation * square
        if not self.exact:
            width = np.ldexp(self.upper - self.lower, -exponent)
            square += width**2 / 12
            third += deviation * width**2 / 4
        return tuple(float(np.sum(self.count * power)) for power in (deviation, square, third))

    def _spread(self, edges: np.ndarray) -> np.ndarray:
        """The histogram of cells that are wider than a point, each spread over its bins."""
        total = np.zeros(len(edges) + 1)  # also what lies below the first and above the last edge
        first = np.searchsorted(edges, self.lower, side="right")
        pieces = np.searchsorted(edges, self.upper, side="left") - first + 1
        chunks = np.arange(_ROWS, pieces.sum(), _ROWS)
        for part in np.split(np.arange(len(pieces)), np.searchsorted(np.cumsum(pieces), chunks)):
            cell = np.repeat(part, pieces[part])
            ends = np.cumsum(pieces[part])
            bin_ = first[cell] + np.arange(len(cell)) - np.repeat(ends - pieces[part], pieces[part])
            lower, upper = self.lower[cell], self.upper[cell]
            left = np.maximum(lower, np.concatenate([[-np.inf], edges])[bin_])
            right = np.minimum(upper, np.concatenate([edges, [np.inf]])[bin_])
            share = self.count[cell] * ((right - left) / (upper - lower))
            total += np.bincount(bin_, share, minlength=len(total))
        return total[1:-1]


def merge(parts: Sequence[ValueCounts]) -> ValueCounts:
    """The mixture of several counts: all their weights together.

    Sums are of integers, so that the order of the parts does not matter. The mixture's mantissa
    bits and step are those of the coarsest parts that hold a twentieth of the weights: a few
    norms of ones do not make a model coarse. Raises ValueError without parts, and where codes
    would be mixed with numbers or with those of another type.
    """
    if not parts:
        raise ValueError("there is nothing to merge")
    kinds = sorted({part.codes for part in parts})
    if len(kinds) > 1:
        raise ValueError(f"{' and '.join(kind or 'numbers' for kind in kinds)} do not mix")
    lower = np.concatenate([part.lower for part in parts])
    count = np.concatenate([part.count for part in parts])
    if all(part.exact for part in parts):
        order = np.argsort(lower, kind="stable")
        (lower,), count = combined([lower[order]], count[order])
        upper = lower
    else:
        upper = np.concatenate([part.upper for part in parts])
        order = np.lexsort((upper, lower))
        (lower, upper), count = combined([lower[order], upper[order]], count[order])
    coarsest = sorted((part.mantissa_bits, -part.step, part.n) for part in parts)
    held = np.cumsum([n for _, _, n in coarsest])
    mantissa_bits, step, _ = coarsest[np.searchsorted(held, 0.05 * held[-1])]
    return ValueCounts(
        lower,
        upper,
        count,
        sum(part.n_nan for part in parts),
        sum(part.n_inf for part in parts),
        mantissa_bits,
        -step,
        parts[0].codes,
    )


def _histogram(values: np.ndarray, cumulative: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Points in each bin, the last one closed, from the numbers of points up to each value."""
    position = np.searchsorted(values, edges, side="left")
    position[-1] = np.searchsorted(values, edges[-1], side="right")
    below = np.zeros(len(edges), np.int64)
    some = position > 0
    below[some] = cumulative[position[some] - 1]
    return np.diff(below).astype(np.float64)


def combined(columns: list[np.ndarray], counts: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Rows that are equal in all (sorted) columns made one, their counts added."""
    if not len(counts):
        return columns, counts
    new = np.ones(len(counts), bool)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    start = np.flatnonzero(new)
    return [column[start] for column in columns], np.add.reduceat(counts, start)
