"""Counts in; every binning × measure × aggregate out, with its null and its excess.

The only inputs are saved value counts: no weights, no network, no GPU. Every value stands beside
the same statistic of weights that know nothing (`nulls`), because with most binnings the plain
value is a function of the number of weights and of the largest one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from complexity_atlas.binning import BinRule, Undefined, bin_edges, bin_width
from complexity_atlas.contracts import MODEL_COMPLEXITY, NULL_KINDS, TENSOR_COMPLEXITY, VIEWS
from complexity_atlas.measures import MEASURES, measure, probabilities
from complexity_atlas.nulls import Null, gaussian_null
from complexity_atlas.saved_counts import CountedTensor
from complexity_atlas.value_counts import ValueCounts, merge

WEIGHTS_PER_BIN = 50
"""With fewer weights per bin the plug-in entropy is too biased to report (METHODS: N < 50 n)."""


@dataclass(frozen=True)
class Method:
    """How complexities are computed: the variants, and the Monte-Carlo draws of each null."""

    rules: tuple[BinRule, ...]
    null_draws: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """One variant on one set of counts: measures by name, or none with the reason in `flag`."""

    n: int
    values: dict[str, float] = field(default_factory=dict)
    flag: str = ""


def evaluate(counts: ValueCounts, rule: BinRule) -> Outcome:
    """Every measure of `counts` under `rule`.

    Undefined, with the reason as flag, where the rule is undefined or there are fewer than
    WEIGHTS_PER_BIN weights per bin. Defined but flagged where bins are finer than the spacing of
    the number type, which raises C without any structure in the weights.
    """
    counts = counts.alive() if rule.alive else counts
    try:
        edges = bin_edges(rule, counts.summary())
    except Undefined as reason:
        return Outcome(counts.n, flag=str(reason))
    bins = len(edges) - 1
    if counts.n < WEIGHTS_PER_BIN * bins:
        return Outcome(counts.n, flag=f"fewer than {WEIGHTS_PER_BIN} weights per bin ({bins} bins)")
    values = {
        name: float(value)
        for name, value in measure(probabilities(counts.histogram(edges))).items()
    }
    finer = bin_width(edges) < counts.spacing()
    return Outcome(counts.n, values, "bins finer than the spacing of the type" if finer else "")


def complexities(
    model: str, tensors: Sequence[CountedTensor], method: Method
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Complexity of every tensor (contract TENSOR_COMPLEXITY) and of the whole (MODEL_COMPLEXITY).

    A single tensor has one null, Gaussian weights of its number (`same_n`), since every variant is
    free of scale. The model, each role and each layer have three aggregates: `pooled` (all weights
    as one sample), `pooled_standardised` (each tensor divided by its own standard deviation first)
    and `mean` (of the tensors' values, weighted by their number of weights); and two nulls:
    Gaussian weights of the same number, and Gaussian weights of the same number and standard
    deviation tensor by tensor. Both tables are empty for a model that could not be measured.
    """
    nulls = Nulls(method)
    outcomes = {
        (tensor.view, tensor.name, rule.name): evaluate(tensor.counts, rule)
        for tensor in tensors
        for rule in method.rules
    }
    return (
        _tensor_table(model, tensors, method, nulls, outcomes),
        _model_table(model, tensors, method, nulls, outcomes),
    )


class Nulls:
    """Nulls by weights and rule, each drawn once however often it is asked for."""

    def __init__(self, method: Method):
        self._method = method
        self._known: dict[tuple, Null] = {}

    def __call__(self, rule: BinRule, n: Sequence[int], sigma: Sequence[float]) -> Null:
        """The null for independent Gaussian weights, n[i] of standard deviation sigma[i].

        Only the ratios of sigmas matter, so one tensor's null depends on its size alone.
        """
        n, sigma = np.asarray(n, np.int64), np.asarray(sigma, np.float64)
        used = (n > 0) & (sigma > 0)
        n, sigma = n[used], sigma[used]
        if np.all(sigma == sigma[:1]):
            n, sigma = np.array([n.sum()]), np.ones(1)
        key = (rule, n.tobytes(), sigma.tobytes())
        if key not in self._known:
            self._known[key] = gaussian_null(
                n, sigma, rule, self._method.null_draws, self._method.seed
            )
        return self._known[key]


def _tensor_table(
    model: str,
    tensors: Sequence[CountedTensor],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Outcome],
) -> pd.DataFrame:
    columns: dict[str, list] = {name: [] for name in TENSOR_COMPLEXITY.columns}
    for tensor in tensors:
        for rule in method.rules:
            outcome = outcomes[tensor.view, tensor.name, rule.name]
            null = nulls(rule, [outcome.n], [1.0]) if outcome.values else None
            for view in _views(tensor):
                place = (model, view, tensor.name, tensor.layer, tensor.depth, tensor.role)
                _append(columns, place, rule, outcome, {"same_n": null})
    return TENSOR_COMPLEXITY.check(pd.DataFrame(columns))


def _model_table(
    model: str,
    tensors: Sequence[CountedTensor],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Outcome],
) -> pd.DataFrame:
    columns: dict[str, list] = {name: [] for name in MODEL_COMPLEXITY.columns}
    for view in VIEWS:
        for scope, members in _scopes([t for t in tensors if view in _views(t)]):
            for aggregate, evaluated in (
                ("pooled", _pooled(members, method, nulls, standardised=False)),
                ("pooled_standardised", _pooled(members, method, nulls, standardised=True)),
                ("mean", _mean(members, method, nulls, outcomes)),
            ):
                for rule, outcome, null in evaluated:
                    _append(columns, (model, view, scope, aggregate), rule, outcome, null)
    return MODEL_COMPLEXITY.check(pd.DataFrame(columns))


def _views(tensor: CountedTensor) -> tuple[str, ...]:
    return VIEWS if tensor.view == "both" else (tensor.view,)


def _scopes(tensors: list[CountedTensor]) -> Iterable[tuple[str, list[CountedTensor]]]:
    if tensors:
        yield "model", tensors
    for role in sorted({tensor.role for tensor in tensors}):
        yield f"role:{role}", [tensor for tensor in tensors if tensor.role == role]
    for layer in sorted({tensor.layer for tensor in tensors if tensor.layer is not None}):
        yield f"layer:{layer}", [tensor for tensor in tensors if tensor.layer == layer]


Evaluated = Iterable[tuple[BinRule, Outcome, dict[str, Null | None]]]


def _pooled(
    members: list[CountedTensor], method: Method, nulls: Nulls, standardised: bool
) -> Evaluated:
    sigma = np.array([tensor.counts.summary().std for tensor in members])
    usable = [tensor for tensor, s in zip(members, sigma, strict=True) if s > 0 or not standardised]
    dropped = len(members) - len(usable)
    note = f"{dropped} constant tensors left out" if dropped else ""
    scaled = [
        tensor.counts.scaled(1 / tensor.counts.summary().std) if standardised else tensor.counts
        for tensor in usable
    ]
    whole = merge(scaled) if scaled else None
    for rule in method.rules:
        if whole is None:
            yield rule, Outcome(0, flag=note), {}
            continue
        outcome = evaluate(whole, rule)
        parts = [part.alive() if rule.alive else part for part in scaled]
        n = [part.n for part in parts]
        null = {}
        if outcome.values:
            null["same_n"] = nulls(rule, [sum(n)], [1.0])
            null["per_tensor"] = nulls(rule, n, [part.summary().std for part in parts])
        yield rule, Outcome(outcome.n, outcome.values, _join(outcome.flag, note)), null


def _mean(
    members: list[CountedTensor],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Outcome],
) -> Evaluated:
    for rule in method.rules:
        every = [outcomes[tensor.view, tensor.name, rule.name] for tensor in members]
        defined = [outcome for outcome in every if outcome.values]
        if not defined:
            yield rule, Outcome(0, flag="no tensor has a defined value"), {}
            continue
        n = np.array([outcome.n for outcome in defined], np.float64)
        weight = n / n.sum()
        values = {
            name: float(weight @ np.array([outcome.values[name] for outcome in defined]))
            for name in MEASURES
        }
        null = _mean_null([nulls(rule, [outcome.n], [1.0]) for outcome in defined], weight)
        left = len(members) - len(defined)
        flag = f"{left} of {len(members)} tensors undefined and left out" if left else ""
        flags = {outcome.flag for outcome in defined if outcome.flag}
        outcome = Outcome(int(n.sum()), values, _join(*sorted(flags), flag))
        yield rule, outcome, dict.fromkeys(NULL_KINDS, null)


def _mean_null(nulls: list[Null], weight: np.ndarray) -> Null:
    """The null of a weighted mean of independent tensors."""
    mean = {m: float(weight @ np.array([null.mean[m] for null in nulls])) for m in MEASURES}
    sd = {
        m: float(np.sqrt(weight**2 @ np.array([null.sd[m] for null in nulls]) ** 2))
        for m in MEASURES
    }
    return Null(mean=mean, sd=sd, n_bins=max(null.n_bins for null in nulls))


def _append(
    columns: dict[str, list],
    place: tuple,
    rule: BinRule,
    outcome: Outcome,
    nulls: dict[str, Null | None],
) -> None:
    kinds = list(nulls) or list(NULL_KINDS)
    for name in MEASURES:
        value = outcome.values.get(name, np.nan)
        for kind in kinds:
            null = nulls.get(kind)
            expected, sd = (null.mean[name], null.sd[name]) if null else (np.nan, np.nan)
            row = (*place, outcome.n, rule.name, name, value, kind, expected, sd)
            for column, cell in zip(
                columns.values(), (*row, value - expected, outcome.flag), strict=True
            ):
                column.append(cell)


def _join(*flags: str) -> str:
    return "; ".join(flag for flag in flags if flag)
