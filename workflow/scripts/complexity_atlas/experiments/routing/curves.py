"""Cost against quality: what a router buys, and in which numbers that is told.

With acc(c) the accuracy when a share c of the tasks goes to the strong model and the rest to the
weak one, and acc_w, acc_s the accuracies of the two alone:

    PGR(c) = (acc(c) - acc_w) / (acc_s - acc_w)      performance gap recovered
    APGR   = area under PGR over c in [0, 1]         1/2 for a router that draws at random
    CPT(x) = least c at which PGR has reached x      calls to the strong model that it takes

after RouteLLM (arXiv 2406.18665). AIQ, after RouterBench (arXiv 2403.12031), is the mean quality
over the range of costs along the non-decreasing concave hull of (cost, quality): what can be had
by mixing routers at random.
"""

import numpy as np


def recovered_gap(weak: np.ndarray, strong: np.ndarray, need: np.ndarray) -> np.ndarray:
    """PGR at c = 0, 1/n, …, 1, float64[n + 1], of a router between a weak and a strong model.

    weak, strong  float64[n], quality of each model on each task
    need          float64[n]; tasks go to the strong model in descending order of it

    NaN where the two models are equally good: there is no gap to recover.
    """
    order = np.argsort(-need, kind="stable")
    gap = strong.sum() - weak.sum()
    gain = np.concatenate([[0.0], np.cumsum((strong - weak)[order])])
    return gain / gap if abs(gap) > 1e-12 else np.full(len(gain), np.nan)


def area(pgr: np.ndarray) -> float:
    """APGR: area under PGR [n + 1] over equal steps of the share of calls."""
    return float(np.trapezoid(pgr, np.linspace(0, 1, len(pgr))))


def calls_needed(pgr: np.ndarray, share: float) -> float:
    """CPT: least share of calls at which PGR [n + 1], at its best so far, reaches `share`.

    NaN where it never does, or where there is no gap.
    """
    reached = np.flatnonzero(np.maximum.accumulate(pgr) >= share - 1e-12)
    return float(reached[0] / (len(pgr) - 1)) if len(reached) else np.nan


def hull(cost: np.ndarray, quality: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the non-decreasing concave hull of points, from the least cost to the greatest.

    Beyond the best quality the hull stays there: what costs more need not be bought.
    """
    order = np.lexsort((-quality, cost))
    corners: list[tuple[float, float]] = []
    for point in zip(cost[order], quality[order], strict=True):
        if corners and point[1] <= corners[-1][1]:
            continue
        while len(corners) > 1 and _below(corners[-1], corners[-2], point):
            corners.pop()
        corners.append(point)
    if corners[-1][0] < cost.max():
        corners.append((float(cost.max()), corners[-1][1]))
    x, y = zip(*corners, strict=True)
    return np.array(x, float), np.array(y, float)


def average_quality(cost: np.ndarray, quality: np.ndarray) -> float:
    """AIQ: area under the hull of (cost, quality), over the range of costs. NaN for one cost."""
    x, y = hull(np.asarray(cost, float), np.asarray(quality, float))
    return float(np.trapezoid(y, x) / (x[-1] - x[0])) if x[-1] > x[0] else np.nan


def _below(middle: tuple, left: tuple, right: tuple) -> bool:
    """Whether `middle` is on or under the line from `left` to `right`."""
    return (middle[1] - left[1]) * (right[0] - left[0]) <= (right[1] - left[1]) * (
        middle[0] - left[0]
    )
