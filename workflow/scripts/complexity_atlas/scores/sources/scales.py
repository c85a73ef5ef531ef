"""On what scale a source prints a metric: a rule for source and metric, never a value's size."""

import re
from collections.abc import Mapping

Declared = str | Mapping[str, str] | None
"""One scale for a whole source, or by metric; None where nobody has looked."""

_UNSCALED = re.compile(
    r"perplexity|\bppl\b|bits_per|bleu|rouge|chrf|\bter\b|loss|rating|elo|\bmse\b|\bmae\b|\bepe\b"
)


def scale_of(metric: str, declared: Declared) -> tuple[str, tuple[str, ...]]:
    """Return (scale, flags) of a metric.

    Without a declaration the scale is "fraction" with the flag `scale_undeclared`: such a number
    must not enter an analysis, since 1.0 may be one percent or all. Metrics that are no proportions
    are "unscaled".
    """
    if isinstance(declared, Mapping):
        declared = declared.get(metric) or declared.get("*")
    if declared:
        return declared, ()
    if _UNSCALED.search(metric.lower()):
        return "unscaled", ()
    return "fraction", ("scale_undeclared",)


def scale_of_printed(value: str, metric: str, declared: Declared) -> tuple[str, tuple[str, ...]]:
    """Return (scale, flags) like `scale_of`, where a printed percent sign settles the question."""
    if "%" in value or "％" in value:
        return "percent", ()
    return scale_of(metric, declared)
