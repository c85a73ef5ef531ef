"""Named bin rules: from the summary of a sample of weights to the edges of its histogram.

Complexity depends on the bins as much as on the weights, so every binning is a named variant, and
the edges follow from a Summary alone: no rule needs the weights.

The rules that reach from minimum to maximum are numpy's, digit for digit: `bin_edges` equals
`numpy.histogram_bin_edges(weights, bins)` of the float64 weights, whenever numpy makes at least
two bins. Where numpy falls back on a single bin (constant weights, an interquartile range of 0
for Freedman-Diaconis, a handful of weights) no entropy exists, and the rule is Undefined.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from complexity_atlas.counts.value_counts import Summary
from complexity_atlas.errors import AtlasError

KINDS = ("fixed", "rice", "freedman_diaconis", "scott", "sturges", "doane", "window")

MAX_BINS = 2**22
"""More bins than this are refused: 32 MB for one histogram, from a single far outlier."""

MIN_RELATIVE_IQR = 2.0**-10
"""Least interquartile range, in standard deviations, that the window rule accepts as a scale."""

GAUSSIAN_IQR = 1.3489795
"""Interquartile range of a normal distribution, in standard deviations (METHODS section 2)."""


class Undefined(AtlasError):
    """A rule has no bins for these weights; the message is the reason, for the table."""


@dataclass(frozen=True)
class BinRule:
    """A named way to choose bins.

    `kind` is one of KINDS. `fixed` needs `bins` between minimum and maximum; `window` needs `bins`
    within `half_width` robust standard deviations (IQR/1.3489795) of the median, its end bins
    open. The other kinds find the number of bins themselves. `alive` asks the caller to leave out
    exact zeros and dead weights before it summarises and counts.
    """

    name: str
    kind: str
    bins: int | None = None
    half_width: float | None = None
    alive: bool = False


def parse_rules(config: Mapping[str, Mapping[str, Any]]) -> tuple[BinRule, ...]:
    """Make the rules of a study from `{name: {rule, bins, half_width, alive}}`, in that order.

    `bins` belongs to fixed and window and is required there, `half_width` to window (default 6),
    `alive` to all (default false). Raises AtlasError naming the variant, the key and what is
    allowed.
    """
    if not isinstance(config, Mapping) or not config:
        raise AtlasError("variants: expected at least one `name: {rule: ...}`")
    return tuple(_parse_rule(name, settings) for name, settings in config.items())


def bin_count(rule: BinRule, summary: Summary) -> int | NDArray[np.int64]:
    """Return the number of bins, at least 2; an array where the summary's fields are arrays.

    Raises Undefined (if any of the summaries is) with the reason: no finite values, constant
    weights, a width of zero, a single bin, or more than MAX_BINS.
    """
    if summary.n < 1:
        raise Undefined("no finite values")
    with np.errstate(over="ignore"):
        span = np.subtract(summary.maximum, summary.minimum)
    if not np.all(np.isfinite(span)):
        raise Undefined("the range of the values overflows float64")
    if not np.all(span > 0):
        raise Undefined("all values are equal")
    if rule.kind in ("fixed", "window"):
        return rule.bins if np.ndim(span) == 0 else np.full(np.shape(span), rule.bins)

    width = _WIDTHS[rule.kind](summary, span)
    if not np.all(width > 0):
        zero = "interquartile range" if rule.kind == "freedman_diaconis" else "standard deviation"
        raise Undefined(f"the {zero} is 0, so {rule.kind} has no bin width")
    bins = np.ceil(span / width)
    if not np.all(bins >= 2):
        raise Undefined(f"{rule.kind} makes a single bin of {summary.n} values")
    if not np.all(bins <= MAX_BINS):
        raise Undefined(f"{rule.kind} asks for {np.max(bins):.3g} bins, more than {MAX_BINS}")
    return int(bins) if np.ndim(bins) == 0 else bins.astype(np.int64)


def bin_edges(rule: BinRule, summary: Summary) -> NDArray[np.float64]:
    """Return the ascending edges (b + 1,) of the b bins for weights of this summary.

    From minimum to maximum; for the window rule the first edge is -inf and the last +inf. Where
    the summary's fields are arrays (...) the edges are (..., b + 1), and all must have the same
    number of bins (ValueError). Raises Undefined with the reason, see `bin_count`; for the window
    rule also where the interquartile range is 0 or below MIN_RELATIVE_IQR standard deviations.
    """
    bins = np.unique(bin_count(rule, summary))
    if bins.size != 1:
        raise ValueError("summaries of different numbers of bins have no common edges")
    bins = int(bins[0])
    if rule.kind == "window":
        edges = _window_edges(rule, summary)
    else:
        edges = np.linspace(summary.minimum, summary.maximum, bins + 1, axis=-1)
    if not np.all(edges[..., :-1] < edges[..., 1:]):
        raise Undefined(f"{bins} bins are finer than float64 within the range of the values")
    return edges


def bin_width(edges: NDArray[np.float64]) -> float:
    """Return the width of the equal bins between `edges` (b + 1,), in the weights' unit.

    The open end bins of the window rule do not count.
    """
    inner = edges[np.isfinite(edges)]
    return float((inner[-1] - inner[0]) / (inner.size - 1))


def _window_edges(rule: BinRule, summary: Summary) -> NDArray[np.float64]:
    if not np.all(summary.iqr > 0):
        raise Undefined("the interquartile range is 0: half of the values or more are equal")
    if not np.all(summary.iqr >= MIN_RELATIVE_IQR * summary.std):
        raise Undefined(
            "the interquartile range is below 2^-10 standard deviations: it measures leftovers "
            "near zero, not the spread of the weights"
        )
    z = np.linspace(-rule.half_width, rule.half_width, rule.bins + 1)
    edges = np.expand_dims(summary.median, -1) + z * np.expand_dims(summary.iqr, -1) / GAUSSIAN_IQR
    edges[..., 0], edges[..., -1] = -np.inf, np.inf
    return edges


# The order of the operations below is numpy's (numpy.lib._histograms_impl): another order rounds
# otherwise, and now and then makes one bin more or fewer.


def _rice(summary: Summary, span: NDArray) -> NDArray:
    return span / (2.0 * summary.n ** (1.0 / 3))


def _sturges(summary: Summary, span: NDArray) -> NDArray:
    return span / (np.log2(summary.n) + 1.0)


def _scott(summary: Summary, span: NDArray) -> NDArray:
    return (24.0 * np.pi**0.5 / summary.n) ** (1.0 / 3.0) * summary.std


def _freedman_diaconis(summary: Summary, span: NDArray) -> NDArray:
    return 2.0 * summary.iqr * summary.n ** (-1.0 / 3.0)


def _doane(summary: Summary, span: NDArray) -> NDArray:
    n = summary.n
    if n <= 2:
        return span
    if not np.all(summary.std > 0):
        return np.zeros_like(span)
    error = np.sqrt(6.0 * (n - 2) / ((n + 1.0) * (n + 3)))
    return span / (1.0 + np.log2(n) + np.log2(1.0 + np.absolute(summary.skewness) / error))


_WIDTHS = {
    "rice": _rice,
    "sturges": _sturges,
    "scott": _scott,
    "freedman_diaconis": _freedman_diaconis,
    "doane": _doane,
}


def _parse_rule(name: str, settings: Mapping[str, Any]) -> BinRule:
    where = f"variant {name!r}"
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise AtlasError(f"{where}: a name is a letter, then letters, digits and underscores")
    if not isinstance(settings, Mapping) or "rule" not in settings:
        raise AtlasError(f"{where}: key 'rule' is missing; allowed: {', '.join(KINDS)}")
    kind = settings["rule"]
    if kind not in KINDS:
        raise AtlasError(f"{where}: rule {kind!r} is unknown; allowed: {', '.join(KINDS)}")

    allowed = {"fixed": ("bins",), "window": ("bins", "half_width")}.get(kind, ())
    for key in settings:
        if key not in ("rule", "alive", *allowed):
            keys = ", ".join(("rule", *allowed, "alive"))
            raise AtlasError(f"{where}: rule {kind!r} has no key {key!r}; allowed: {keys}")
    return BinRule(
        name=name,
        kind=kind,
        bins=_bins(settings, kind, where) if "bins" in allowed else None,
        half_width=_half_width(settings, where) if "half_width" in allowed else None,
        alive=_alive(settings, where),
    )


def _bins(settings: Mapping[str, Any], kind: str, where: str) -> int:
    least = 4 if kind == "window" else 2
    bins = settings.get("bins")
    if not isinstance(bins, Integral) or isinstance(bins, bool) or not least <= bins <= MAX_BINS:
        raise AtlasError(f"{where}: bins is {bins!r}; allowed: {least} to {MAX_BINS}")
    return int(bins)


def _half_width(settings: Mapping[str, Any], where: str) -> float:
    half_width = settings.get("half_width", 6.0)
    if (
        not isinstance(half_width, Real)
        or isinstance(half_width, bool)
        or not 0 < half_width < np.inf
    ):
        raise AtlasError(f"{where}: half_width is {half_width!r}; allowed: a positive number")
    return float(half_width)


def _alive(settings: Mapping[str, Any], where: str) -> bool:
    alive = settings.get("alive", False)
    if not isinstance(alive, bool):
        raise AtlasError(f"{where}: alive is {alive!r}; allowed: true or false")
    return alive


DEFAULT_RULES = parse_rules(
    {
        "proposal": {"rule": "fixed", "bins": 100},
        "rice": {"rule": "rice"},
        "freedman_diaconis": {"rule": "freedman_diaconis"},
        "scott": {"rule": "scott"},
        "sturges": {"rule": "sturges"},
        "doane": {"rule": "doane"},
        "fixed1000": {"rule": "fixed", "bins": 1000},
        "window": {"rule": "window", "bins": 128, "half_width": 6.0},
        "window_alive": {"rule": "window", "bins": 128, "half_width": 6.0, "alive": True},
    }
)
"""The variants of METHODS section 2."""
