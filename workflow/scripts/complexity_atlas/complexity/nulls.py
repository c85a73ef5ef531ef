"""What a measure says of weights that know nothing: its value for Gaussian noise of the same size.

With bins from minimum to maximum, complexity is a function of the number of weights and of the
largest one. So every value is shown beside its null: the same statistic, with the same bin rule,
of independent normal weights of the same numbers and standard deviations.

Up to 1e11 weights cannot be sampled, and need not be. A histogram follows from few numbers:

1. Pooled, the weights are N draws from a mixture of normal distributions, F. Their order statistics
   are F^-1 of uniform order statistics, whose spacings are Dirichlet distributed: that gives
   minimum, quartiles and maximum exactly, from nine gamma variates (David, Nagaraja 2003, *Order
   Statistics*, chapter 2).
2. Given those, the weights between two of them are independent draws from F between the two: bin
   counts are multinomial, segment by segment.
3. The second moment is a sum of chi-square variates, exactly; the skewness has its normal limit.

For one width this is the exact law up to the tabulation (1e-9 in probability), but for the moments
being drawn apart from the rest. For several, the pooled draw lets the number of weights of each
tensor vary with N fixed. Means of measures hardly notice. Standard deviations agree with sampling
within some per cent for the widths that networks have, within a factor of 1.3 under Scott's rule,
and come out up to three times too large where whole tensors are thousands of times narrower than
others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from complexity_atlas.complexity.binning import BinRule, bin_count, bin_edges
from complexity_atlas.complexity.measures import MEASURES, measure, probabilities
from complexity_atlas.counts.value_counts import Summary

if TYPE_CHECKING:
    from scipy.interpolate import CubicHermiteSpline

SAMPLED_WEIGHTS = 4096
"""Up to this many weights are simply sampled: as quick, and exact for small numbers too."""

_CELLS = 2**20
"""Bins × draws handled at a time: some tens of megabytes."""


@dataclass(frozen=True)
class Null:
    """Mean and standard deviation (ddof 1) over the draws, by measure; mean number of bins."""

    mean: dict[str, float]
    sd: dict[str, float]
    n_bins: float


def gaussian_null(n: ArrayLike, sigma: ArrayLike, rule: BinRule, draws: int, seed: int) -> Null:
    """Return the null of `n` (int, (m,)) independent weights of `sigma` (float64, (m,)) by tensor.

    The result does not depend on a common factor of sigma nor on the order of the tensors. The
    draws are seeded by `seed`, the definition of the rule and the total number of weights, so that
    the same null comes out in whichever job and order it is asked for, and nulls of one size and
    other widths share their random numbers. It does not tell what weights with the tails, the mean
    or the correlations of these would give: the null is Gaussian noise about zero.

    Raises Undefined where the rule has no bins for one of the draws; ValueError for n < 1, sigma
    not positive and finite (leave constant tensors out), unequal lengths or fewer than two draws.
    """
    if draws < 2:
        raise ValueError(f"a standard deviation needs at least two draws, not {draws}")
    n, sigma = _distinct_widths(n, sigma)
    total = int(n.sum())
    key = f"{rule.kind} {rule.bins} {rule.half_width} {total}"
    rng = np.random.default_rng([seed, *key.encode()])
    noise: _Noise = (_Sampled if total <= SAMPLED_WEIGHTS else _Conditional)(n, sigma, draws, rng)

    bins = bin_count(rule, noise.summary)
    values = np.empty((len(MEASURES), draws))
    for rows in _equal_bins(bins):
        edges = bin_edges(rule, _take(noise.summary, rows))
        by_name = measure(probabilities(noise.histogram(edges, rows)))
        values[:, rows] = [by_name[name] for name in MEASURES]
    mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1)
    return Null(
        mean=dict(zip(MEASURES, mean.tolist(), strict=True)),
        sd=dict(zip(MEASURES, sd.tolist(), strict=True)),
        n_bins=float(np.mean(bins)),
    )


class _Noise(Protocol):
    """Draws of Gaussian weights: the fields of `summary` have shape (draws,)."""

    summary: Summary

    def histogram(self, edges: NDArray, rows: NDArray) -> NDArray:
        """Counts (len(rows), b) of those draws between their `edges` (len(rows), b + 1)."""


class _Sampled:
    def __init__(self, n: NDArray, sigma: NDArray, draws: int, rng: np.random.Generator):
        self._weights = rng.standard_normal((draws, n.sum())) * np.repeat(sigma, n)
        w = self._weights
        q25, median, q75 = np.quantile(w, [0.25, 0.5, 0.75], axis=1)
        std = w.std(axis=1)
        centred = w - w.mean(axis=1, keepdims=True)
        cubes = np.mean(centred**3, axis=1)
        self.summary = Summary(
            n=w.shape[1],
            minimum=w.min(axis=1),
            maximum=w.max(axis=1),
            median=median,
            q25=q25,
            q75=q75,
            mean=w.mean(axis=1),
            std=std,
            skewness=np.divide(cubes, std**3, out=np.zeros_like(std), where=std > 0),
        )

    def histogram(self, edges: NDArray, rows: NDArray) -> NDArray:
        pairs = zip(self._weights[rows], edges, strict=True)
        return np.stack([np.histogram(w, e)[0] for w, e in pairs])


class _Conditional:
    def __init__(self, n: NDArray, sigma: NDArray, draws: int, rng: np.random.Generator):
        self._rng = rng
        self._tail = _tail(tuple(n.tolist()), tuple(sigma.tolist()))
        total = int(n.sum())

        below, fraction = np.divmod((total - 1) * np.arange(1, 4), 4)
        self._ranks = np.array([1, *np.stack([below + 1, below + 2], axis=1).ravel(), total])
        gaps = np.diff(self._ranks, prepend=0, append=total + 1)
        spacings = rng.standard_gamma(gaps, size=(draws, gaps.size))
        spacings /= spacings.sum(axis=1, keepdims=True)
        self._u = np.cumsum(spacings[:, :-1], axis=1)
        from_above = np.cumsum(spacings[:, :0:-1], axis=1)[:, ::-1]  # 1 - u keeps digits near 1
        self._x = self._tail.quantile(self._u, from_above)

        lower, upper = self._x[:, 1:7:2], self._x[:, 2:7:2]
        q25, median, q75 = (lower + (upper - lower) * fraction / 4).T
        mean, std, skewness = _moments(n, sigma, draws, rng)
        self.summary = Summary(
            n=total,
            minimum=self._x[:, 0],
            maximum=self._x[:, -1],
            median=median,
            q25=q25,
            q75=q75,
            mean=mean,
            std=std,
            skewness=skewness,
        )

    def histogram(self, edges: NDArray, rows: NDArray) -> NDArray:
        known = self._x[rows, :, None] >= edges[:, None, :-1]
        bins = np.maximum(known.sum(axis=2) - 1, 0)
        counts = np.zeros((len(rows), edges.shape[1] - 1), np.int64)
        np.add.at(counts, (np.arange(len(rows))[:, None], bins), 1)

        u, cuts = self._u[rows], self._tail.cdf(edges)
        for j in np.flatnonzero(np.diff(self._ranks) > 1):
            p = np.diff(np.clip(cuts, u[:, j, None], u[:, j + 1, None]), axis=1)
            counts += _multinomial(self._rng, self._ranks[j + 1] - self._ranks[j] - 1, p)
        return counts


def _moments(n: NDArray, sigma: NDArray, draws: int, rng: np.random.Generator) -> NDArray:
    """Mean, standard deviation and skewness (3, draws) of each draw's weights."""
    total = n.sum()
    variance = np.sum(n * sigma**2) / total
    mean = rng.standard_normal(draws) * np.sqrt(variance / total)
    second = np.sum(rng.chisquare(n, size=(draws, n.size)) * sigma**2, axis=1) / total
    # the delta method on sum w^3 - 3 mean sum w^2, with E w^4 = 3 sigma^4 and E w^6 = 15 sigma^6
    sixth = 15 * sigma**6 - 18 * variance * sigma**4 + 9 * variance**2 * sigma**2
    skewness = rng.standard_normal(draws) * np.sqrt(np.sum(n * sixth)) / (total * variance**1.5)
    return np.stack([mean, np.sqrt(second - mean**2), skewness])


def _multinomial(rng: np.random.Generator, n: int, p: NDArray) -> NDArray:
    """Multinomial counts for rows of weights `p` that need not sum to 1.

    The sampler divides by what is left of the probability, which must not vanish before the last
    bin: so the likeliest bin is put last.
    """
    p = p / p.sum(axis=1, keepdims=True)
    likeliest = np.argmax(p, axis=1)
    _swap_with_last(p, likeliest)
    counts = rng.multinomial(n, p)
    _swap_with_last(counts, likeliest)
    return counts


def _swap_with_last(values: NDArray, column: NDArray) -> None:
    rows = np.arange(len(values))
    values[rows, column], values[:, -1] = values[:, -1].copy(), values[rows, column]


@dataclass(frozen=True)
class _Tail:
    """A mixture of normal distributions about zero, tabulated.

    `survival` gives P(W > x) for x > 0, `inverse` the x of ln P(W > x), both as cubics through
    exact values and slopes: off by less than 1e-9 in probability and by less than 1e-5 of x.
    """

    survival: "CubicHermiteSpline"
    inverse: "CubicHermiteSpline"

    def cdf(self, x: NDArray) -> NDArray:
        tail = self.survival(np.minimum(np.abs(x), self.survival.x[-1]))
        return np.where(x > 0, 1 - tail, tail)

    def quantile(self, u: NDArray, from_above: NDArray) -> NDArray:
        """Return the x of P(W < x) = u = 1 - from_above; the smaller of the two is used."""
        tail = np.log(np.minimum(u, from_above))
        x = self.inverse(np.clip(tail, self.inverse.x[0], self.inverse.x[-1]))
        return np.where(u < from_above, -x, x)


@lru_cache(maxsize=16)
def _tail(n: tuple[int, ...], sigma: tuple[float, ...]) -> _Tail:
    """Tabulate the mixture of n[i] weights of sigma[i], ascending, the last sigma being 1.

    The grid is fine against the narrowest component near zero and geometric further out, where 12
    standard deviations leave a tail of 2e-33.
    """
    from scipy.interpolate import CubicHermiteSpline
    from scipy.special import ndtr

    x = sigma[0] * np.sinh(np.arange(0, np.arcsinh(12 / sigma[0]), 0.01))
    survival, density = np.zeros_like(x), np.zeros_like(x)
    for width, share in zip(sigma, np.array(n) / sum(n), strict=True):
        z = np.minimum(x / width, 40.0)
        survival += share * ndtr(-z)
        density += share / width / np.sqrt(2 * np.pi) * np.exp(-(z**2) / 2)
    # between very narrow and very wide components float64 sees no slope: knots must be distinct
    _, knots = np.unique(np.log(survival), return_index=True)
    return _Tail(
        survival=CubicHermiteSpline(x, survival, -density),
        inverse=CubicHermiteSpline(
            np.log(survival[knots]), x[knots], -survival[knots] / density[knots]
        ),
    )


def _distinct_widths(n: ArrayLike, sigma: ArrayLike) -> tuple[NDArray, NDArray]:
    """Weights by distinct width, ascending; the widest has width 1."""
    n, sigma = np.asarray(n), np.asarray(sigma, np.float64)
    if n.ndim != 1 or n.shape != sigma.shape or n.size == 0:
        raise ValueError("n and sigma must be sequences of one length, with at least one tensor")
    if not np.issubdtype(n.dtype, np.integer) or np.any(n < 1):
        raise ValueError("n must be positive integers")
    if not np.all((sigma > 0) & (sigma < np.inf)):
        raise ValueError("sigma must be positive and finite: leave constant tensors out")
    width, which = np.unique(sigma, return_inverse=True)
    pooled = np.zeros(width.size, np.int64)
    np.add.at(pooled, which, n)
    # narrower than 1e-60 of the widest is as good as zero; less overflows the cubics
    return pooled, np.maximum(width / width[-1], 1e-60)


def _equal_bins(bins: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Draws that have the same number of bins, in batches of bounded memory."""
    for b in np.unique(bins):
        rows = np.flatnonzero(bins == b)
        yield from np.array_split(rows, -(-rows.size * int(b) // _CELLS))


def _take(summary: Summary, rows: NDArray) -> Summary:
    values = {field.name: getattr(summary, field.name) for field in fields(summary)}
    return Summary(**{k: v if k == "n" else v[rows] for k, v in values.items()})
