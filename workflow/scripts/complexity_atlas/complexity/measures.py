"""The LMC family of statistical complexity measures: pure functions of a histogram.

A histogram `p` lies on the last axis of an array of float64, shape (..., n): the probabilities of
n >= 2 bins. Every measure returns float64 of shape (...). With `0 log 0 = 0` and u = 1/n,

    S = -sum p ln p                    Shannon entropy, nats
    H = S / ln n                       normalised entropy, in [0, 1]
    D = sum (p - u)^2                  disequilibrium, in [0, 1 - 1/n]

The literature also prints C = H * D with H in nats or bits: larger by ln n or log2 n.

All of them see the proportions only. None depends on the order of the bins, on which value a bin
stands for or on how many weights were counted, so none can tell a trained network from the same
weights shuffled; and each depends on the bins that were chosen (see `binning`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

MEASURES = ("lmc", "entropy", "disequilibrium", "c_exp", "c_js", "sdl", "q_e", "q_w")
"""The names of the measures, in the order of every table."""

SUM_TOLERANCE = 1e-9
"""How far from 1 probabilities may sum: the rounding of some millions of bins is well below."""


def probabilities(counts: ArrayLike) -> NDArray[np.float64]:
    """Divide the counts of each histogram (last axis, shape (..., n)) by their sum.

    Raises ValueError for a negative or non-finite count, fewer than two bins, or an empty
    histogram.
    """
    counts = _histogram(counts, "counts")
    total = counts.sum(axis=-1, keepdims=True)
    if not np.all(total > 0):
        raise ValueError("a histogram without a single count has no probabilities")
    return counts / total


def measure(p: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Every measure of MEASURES, by name, of the probabilities `p` (..., n): float64 (...).

    The functions of the same names say what each one is. Raises ValueError where a histogram has
    fewer than two bins, a negative or non-finite entry, or does not sum to 1 within SUM_TOLERANCE.
    """
    p = _histogram(p, "probabilities")
    if not np.all(np.abs(p.sum(axis=-1) - 1) <= SUM_TOLERANCE):
        raise ValueError("probabilities must sum to 1: `probabilities` makes them from counts")
    n = p.shape[-1]
    s = _shannon(p)
    h = np.minimum(s / np.log(n), 1.0)
    d = _disequilibrium(p, n)
    # arccos(sum sqrt(p u)) by the chord: near the uniform distribution arccos loses half the digits
    chord = np.sqrt(np.sum(np.square(np.sqrt(p) - np.sqrt(1 / n)), axis=-1))
    return {
        "lmc": h * d,
        "entropy": h,
        "disequilibrium": d,
        "c_exp": np.maximum(np.exp(s) * np.sum(np.square(p), axis=-1), 1.0),
        "c_js": _jensen_shannon(p, s, n) * h,
        "sdl": h * (1 - h),
        "q_e": np.minimum(d * n / (n - 1), 1.0),
        "q_w": np.minimum(2 * np.arcsin(chord / 2) / np.arccos(np.sqrt(1 / n)), 1.0),
    }


def lmc(p: ArrayLike) -> NDArray[np.float64]:
    """LMC complexity C = H * D, in [0, lmc_maximum(n)]; 0 for order and for equal chances.

    López-Ruiz, Mancini, Calbet (1995), Physics Letters A 209, 321. It does not tell which of the
    two a small value comes from (read it beside H), nor compare histograms of different n.
    """
    return measure(p)["lmc"]


def entropy(p: ArrayLike) -> NDArray[np.float64]:
    """Normalised Shannon entropy H = -sum p ln p / ln n, in [0, 1].

    Shannon (1948). The plug-in value: biased by about -(occupied bins - 1)/(2 N ln n) for N
    weights. It does not tell structure from noise, since it is largest for equal chances.
    """
    return measure(p)["entropy"]


def disequilibrium(p: ArrayLike) -> NDArray[np.float64]:
    """Squared Euclidean distance from equal chances, D = sum (p - 1/n)^2, in [0, 1 - 1/n].

    López-Ruiz, Mancini, Calbet (1995). It does not tell how the distance is spread: one high bin
    and several lower ones can give the same D.
    """
    return measure(p)["disequilibrium"]


def c_exp(p: ArrayLike) -> NDArray[np.float64]:
    """Exponential LMC complexity exp(S) * sum p^2, in [1, n); 1 if all occupied bins are equal.

    Catalán, Garay, López-Ruiz (2002), Physical Review E 66, 011102. With fine bins it approaches
    the value of the density, whatever scale and width: Gaussian sqrt(e/2), Laplace e/2. It does
    not tell how many bins are occupied, and tails that fall into one bin are lost to it.
    """
    return measure(p)["c_exp"]


def c_js(p: ArrayLike) -> NDArray[np.float64]:
    """Jensen-Shannon complexity Q0 * JS(p, u) * H, in [0, 1).

    Martín, Plastino, Rosso (2003), Physics Letters A 311, 126; Lamberti et al. (2004). Q0 makes
    the largest Jensen-Shannon divergence 1. It does not tell more than C about the order of
    the bins, and its envelopes depend on n as those of C do.
    """
    return measure(p)["c_js"]


def sdl(p: ArrayLike) -> NDArray[np.float64]:
    """Shiner-Davison-Landsberg complexity H * (1 - H), in [0, 1/4].

    Shiner, Davison, Landsberg (1999), Physical Review E 59, 1459. A function of H alone: it does
    not tell apart two histograms of the same entropy.
    """
    return measure(p)["sdl"]


def q_e(p: ArrayLike) -> NDArray[np.float64]:
    """Normalised Euclidean disequilibrium n/(n - 1) * D, in [0, 1].

    Martín, Plastino, Rosso (2006), Physica A 369, 439. A distance, not a complexity: it is
    largest for a single occupied bin.
    """
    return measure(p)["q_e"]


def q_w(p: ArrayLike) -> NDArray[np.float64]:
    """Normalised Wootters distance arccos(sum sqrt(p/n)) / arccos(sqrt(1/n)), in [0, 1].

    Wootters (1981), Physical Review D 23, 357. A distance, not a complexity: it is largest for a
    single occupied bin.
    """
    return measure(p)["q_w"]


def lmc_maximum(n: int) -> float:
    """Return the largest LMC complexity that n >= 2 bins allow, to about 1e-12.

    It is reached where one bin differs and the others are equal (Anteneodo, Plastino 1996,
    Physics Letters A 223, 348). Over all n the largest is 0.22678433, at n = 11.
    """
    from scipy.optimize import minimize_scalar

    n = _n_bins(n)

    def negative(largest: float) -> float:
        p, times = _one_above(np.array([largest]), n)
        return -float(_envelope_value("lmc", p, times, n)[0])

    found = minimize_scalar(negative, bounds=(1 / n, 1), method="bounded", options={"xatol": 1e-9})
    return -float(found.fun)


@dataclass(frozen=True)
class Envelope:
    """Bounds of a complexity at given entropies: float64 arrays of one shape."""

    entropy: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def envelope(measure: Literal["lmc", "c_js"], n: int, points: int | ArrayLike = 400) -> Envelope:
    """Return the least and largest complexity of n bins at given normalised entropies.

    `points` is their number, evenly spaced from 0 to 1, or the entropies themselves. The extremes
    are one bin above n - 1 equal ones, and m equal bins with one smaller bin and zeros: the first
    is the upper bound of C = H * D and the lower bound of C_JS, the second the other (Martín,
    Plastino, Rosso 2006). Accurate to 1e-12. It does not tell which points can be reached by the
    histograms of a given kind of density.
    """
    n = _n_bins(n)
    if measure not in ("lmc", "c_js"):
        raise ValueError(f"no envelope for {measure!r}: choose lmc or c_js")
    h = np.linspace(0, 1, points) if np.ndim(points) == 0 else np.asarray(points, np.float64)
    if not np.all((h >= 0) & (h <= 1)):
        raise ValueError("normalised entropies lie in [0, 1]")

    one = _solve(lambda largest: _one_above(largest, n), 1.0, 1 / n, h, n)
    m = np.clip(np.floor(np.exp(h * np.log(n))), 1, n - 1)
    many = _solve(lambda smallest: _one_below(smallest, m, n), 0.0, 1 / (m + 1), h, n)
    bounds = [_envelope_value(measure, *groups, n) for groups in (one, many)]
    upper, lower = bounds if measure == "lmc" else bounds[::-1]
    return Envelope(entropy=h, lower=lower, upper=upper)


def _histogram(values: ArrayLike, what: str) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 0 or values.shape[-1] < 2:
        raise ValueError(f"{what}: a histogram needs at least two bins, shape is {values.shape}")
    if not np.all((values >= 0) & (values < np.inf)):
        raise ValueError(f"{what} must be finite and not negative")
    return values


def _n_bins(n: int) -> int:
    if n != int(n) or n < 2:
        raise ValueError(f"a histogram needs at least two bins, not {n}")
    return int(n)


def _shannon(p: NDArray, times: ArrayLike = 1.0) -> NDArray:
    """Entropy in nats of groups of `times` bins that each have the probability `p`."""
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    logs *= p
    return 0.0 - np.sum(times * logs, axis=-1)


def _disequilibrium(p: NDArray, n: int, times: ArrayLike = 1.0) -> NDArray:
    return np.sum(times * np.square(p - 1 / n), axis=-1)


def _jensen_shannon(p: NDArray, s: NDArray, n: int, times: ArrayLike = 1.0) -> NDArray:
    """Jensen-Shannon divergence from equal chances, over its largest value; `s` is S(p)."""
    divergence = _shannon((p + 1 / n) / 2, times) - s / 2 - np.log(n) / 2
    largest = -((n + 1) / n * np.log(n + 1) - 2 * np.log(2 * n) + np.log(n)) / 2
    return np.maximum(divergence, 0.0) / largest


def _one_above(largest: NDArray, n: int) -> tuple[NDArray, NDArray]:
    """One bin `largest` (...), the other n - 1 equal: groups (..., 3) of p and of multiplicity."""
    p = np.stack([largest, (1 - largest) / (n - 1), np.zeros_like(largest)], axis=-1)
    return p, np.array([1.0, n - 1.0, 0.0])


def _one_below(smallest: NDArray, m: NDArray, n: int) -> tuple[NDArray, NDArray]:
    """One bin `smallest` (...) after m equal ones, the rest zero: groups (..., 3)."""
    p = np.stack([(1 - smallest) / m, smallest, np.zeros_like(smallest)], axis=-1)
    return p, np.stack([m, np.ones_like(m), n - m - 1], axis=-1)


def _solve(groups, lowest: ArrayLike, highest: ArrayLike, h: NDArray, n: int):
    """Groups whose parameter, between that of the lowest and highest entropy, gives entropy h."""
    low, high = np.broadcast_to(lowest, h.shape), np.broadcast_to(highest, h.shape)
    target = h * np.log(n)
    for _ in range(64):  # halves the interval down to the spacing of float64
        middle = (low + high) / 2
        below = _shannon(*groups(middle)) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return groups(high)


def _envelope_value(measure: str, p: NDArray, times: NDArray, n: int) -> NDArray:
    s = _shannon(p, times)
    distance = _disequilibrium(p, n, times) if measure == "lmc" else _jensen_shannon(p, s, n, times)
    return s / np.log(n) * distance
