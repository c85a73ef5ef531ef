"""The power law that fits the tail of a sample best (Clauset, Shalizi, Newman 2009).

The same estimate as the package `powerlaw` with its exponent unbounded, three orders of magnitude
faster: a candidate is left as soon as its distance exceeds the least one so far.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class PowerLaw:
    """Density proportional to x^-alpha for x >= xmin; `n_tail` values of the sample are there.

    `distance` is the Kolmogorov-Smirnov distance of fit and tail, in [0, 1].
    """

    alpha: float
    xmin: float
    distance: float
    n_tail: int


def fit_power_law(sample: np.ndarray) -> PowerLaw | None:
    """Fit by maximum likelihood above the xmin with the least Kolmogorov-Smirnov distance.

    `sample` is float64[n], positive. Every value but the largest is tried as xmin: alpha = 1 + n /
    sum ln(x / xmin), equations 3.1 and 3.9 of SIAM Review 51, 661. Equal values are one candidate,
    and count one by one in the distance. None with fewer than two distinct values. It does not tell
    whether the tail is a power law: other laws may fit better, and a short tail fits many.
    """
    ascending = np.sort(np.asarray(sample, np.float64))
    if len(ascending) < 2 or not ascending[0] > 0:
        return None
    start, alpha, distance = _best_start(np.log(ascending))
    if start < 0:
        return None
    return PowerLaw(alpha, float(ascending[start]), distance, len(ascending) - start)


@njit(cache=True, nogil=True)
def _best_start(logs):
    """Index of the best xmin among ascending logarithms, its alpha and its distance."""
    n = len(logs)
    best, best_rate, least = -1, 0.0, np.inf
    tail_sums = np.cumsum(logs[::-1])[::-1]
    for start in range(n - 1):
        if start and logs[start] == logs[start - 1]:
            continue
        size = n - start
        excess = tail_sums[start] - size * logs[start]
        if not excess > 0:
            break
        rate = size / excess
        distance = 0.0
        for i in range(start, n):
            below = (i - start) / size
            distance = max(distance, abs(1.0 - np.exp(rate * (logs[start] - logs[i])) - below))
            if distance >= least:
                break
        if distance < least:
            best, best_rate, least = start, rate, distance
    return best, 1.0 + best_rate, least
