"""One set of value counts; every measure of it under every binning, or the reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from complexity_atlas.complexity.binning import BinRule, Undefined, bin_edges, bin_width
from complexity_atlas.complexity.measures import MEASURES, measure, probabilities
from complexity_atlas.counts.value_counts import Summary, ValueCounts

WEIGHTS_PER_BIN = 50
"""With fewer weights per bin the plug-in entropy is too biased to report (METHODS: N < 50 n)."""

CODES = BinRule("codes", "codes")
"""The variant of quantised weights: their codes are a finite alphabet, so there is nothing to bin
(METHODS section 5). It applies to codes alone, and no other variant does."""

ONLY_CODES = "codes of a quantised type: defined for the variant codes alone"


@dataclass(frozen=True)
class Outcome:
    """One variant on one set of counts: measures by name, or none with the reason in `flag`."""

    n: int
    values: dict[str, float] = field(default_factory=dict)
    flag: str = ""

    def noted(self, note: str) -> "Outcome":
        """The same outcome with a note behind its flag, if there is one."""
        return replace(self, flag=_join(self.flag, note))


def evaluate(counts: ValueCounts, rules: Sequence[BinRule]) -> dict[str, Outcome]:
    """Every measure of `counts` under every rule, by the rule's name.

    Undefined, with the reason as flag, where a rule is undefined or there are fewer than
    WEIGHTS_PER_BIN weights per bin. Defined but flagged where bins are finer than the spacing of
    the number type, which raises C without any structure in the weights. Of codes no rule is
    defined; they have the variant CODES instead.
    """
    if counts.codes:
        undefined = {rule.name: Outcome(counts.n, flag=ONLY_CODES) for rule in rules}
        return undefined | {CODES.name: of_histogram(counts.n, counts.code_histogram())}
    found = {}
    for alive in sorted({rule.alive for rule in rules}):
        kept = counts.alive() if alive else counts
        summary, spacing = kept.summary(), kept.spacing()
        for rule in rules:
            if rule.alive == alive:
                found[rule.name] = _evaluate(kept, summary, spacing, rule)
    return found


def _evaluate(counts: ValueCounts, summary: Summary, spacing: float, rule: BinRule) -> Outcome:
    try:
        edges = bin_edges(rule, summary)
    except Undefined as reason:
        return Outcome(counts.n, flag=str(reason))
    finer = bin_width(edges) < spacing
    flag = "bins finer than the spacing of the type" if finer else ""
    return of_histogram(counts.n, counts.histogram(edges), flag)


def of_histogram(n: int, histogram: np.ndarray, flag: str = "") -> Outcome:
    """Every measure of a histogram of n weights, float64[bins]; none where bins are too many."""
    bins = len(histogram)
    if n < WEIGHTS_PER_BIN * bins:
        return Outcome(n, flag=f"fewer than {WEIGHTS_PER_BIN} weights per bin ({bins} bins)")
    measured = measure(probabilities(histogram))
    return Outcome(n, {name: float(value) for name, value in measured.items()}, flag)


def average(every: Sequence[Outcome]) -> tuple[Outcome, np.ndarray]:
    """The mean of the defined outcomes by their numbers of weights.

    And the share of each of them in it: float64[defined], sum 1, in their order.
    """
    defined = [outcome for outcome in every if outcome.values]
    if not defined:
        return Outcome(0, flag="no tensor has a defined value"), np.empty(0)
    n = np.array([outcome.n for outcome in defined], np.float64)
    weight = n / n.sum()
    values = {
        name: float(weight @ np.array([outcome.values[name] for outcome in defined]))
        for name in MEASURES
    }
    left = len(every) - len(defined)
    flag = f"{left} of {len(every)} tensors undefined and left out" if left else ""
    flags = {outcome.flag for outcome in defined if outcome.flag}
    return Outcome(int(n.sum()), values, _join(*sorted(flags), flag)), weight


def _join(*flags: str) -> str:
    return "; ".join(flag for flag in flags if flag)
