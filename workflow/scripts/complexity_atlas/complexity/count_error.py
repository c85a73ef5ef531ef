"""What counting by keys instead of whole patterns does to the complexity of a tensor."""

import numpy as np

from complexity_atlas.complexity.binning import BinRule, Undefined, bin_edges
from complexity_atlas.complexity.measures import lmc, probabilities
from complexity_atlas.counts.counting import SAMPLE, count_sample
from complexity_atlas.counts.value_counts import ValueCounts
from complexity_atlas.weights.tensors import Tensor

RULES = (
    BinRule("fixed", "fixed", bins=100),
    BinRule("window", "window", bins=128, half_width=6.0),
)
"""Bins between minimum and maximum, and bins that follow the bulk: both ways to go wrong."""


def count_error(tensor: Tensor, sample: int = SAMPLE) -> float:
    """Largest relative error |C' - C| / C of the LMC complexity over RULES, on a sample.

    C' has quantiles and histogram from the counts by keys, C from the float64 values themselves
    (`numpy.histogram`). Infinite where a rule is defined for one only, or C alone is 0; NaN where
    none is defined. The sample is that of `counting.count_sample`. The error of the whole tensor
    is smaller as a rule: how unevenly weights lie within a cell averages out as they grow more.
    """
    values, counts = count_sample(tensor, sample)
    distinct, count = np.unique(values, return_counts=True)
    exact, keyed = ValueCounts(distinct, distinct, count).summary(), counts.values()
    errors = []
    for rule in RULES:
        try:
            edges = bin_edges(rule, exact)
        except Undefined:
            continue
        true = float(lmc(probabilities(np.histogram(values, edges)[0])))
        errors.append(abs(_complexity(keyed, rule) - true) / true if true else np.inf)
    return max(errors, default=np.nan)


def _complexity(counts: ValueCounts, rule: BinRule) -> float:
    """LMC complexity, infinite where the rule is undefined."""
    try:
        edges = bin_edges(rule, counts.summary())
    except Undefined:
        return np.inf
    return float(lmc(probabilities(counts.histogram(edges))))
