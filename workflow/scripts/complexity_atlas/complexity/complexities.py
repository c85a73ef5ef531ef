"""Counts in; every binning × measure × aggregate out, with its null and its excess.

The only inputs are saved value counts: no weights, no network, no GPU. Every value stands beside
the same statistic of weights that know nothing (`nulls`), because with most binnings the plain
value is a function of the number of weights and of the largest one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from complexity_atlas.complexity.binning import BinRule, Undefined
from complexity_atlas.complexity.measures import MEASURES
from complexity_atlas.complexity.nulls import Null, gaussian_null
from complexity_atlas.complexity.outcomes import (
    CODES,
    ONLY_CODES,
    Outcome,
    average,
    evaluate,
    of_histogram,
)
from complexity_atlas.complexity.scopes import scopes, views_of
from complexity_atlas.contracts import (
    AGGREGATES,
    MODEL_COMPLEXITY,
    NULL_KINDS,
    TENSOR_COMPLEXITY,
)
from complexity_atlas.counts.saved import CountedTensor
from complexity_atlas.counts.value_counts import ValueCounts, merge


@dataclass(frozen=True)
class Method:
    """How complexities are computed: the variants, and the Monte-Carlo draws of each null.

    `parts` adds the roles and layers of a network to its tensors and the whole.
    """

    rules: tuple[BinRule, ...]
    null_draws: int
    seed: int
    parts: bool = True


def complexities(
    models: Iterable[tuple[str, Sequence[CountedTensor]]], method: Method
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Complexity of every tensor (contract TENSOR_COMPLEXITY) and of the whole (MODEL_COMPLEXITY).

    `models` gives name and counted tensors of one model after another; a model that could not be
    measured has none, and no rows.

    A single tensor has one null, Gaussian weights of its number (`same_n`), since every variant is
    free of scale. The model, each role and each layer have three aggregates: `pooled` (all weights
    as one sample), `pooled_standardised` (each tensor divided by its own standard deviation first)
    and `mean` (of the tensors' values, weighted by their number of weights); and two nulls:
    Gaussian weights of the same number, and Gaussian weights of the same number and standard
    deviation tensor by tensor.

    Codes of quantised weights are never pooled with numbers, nor with codes of another type: they
    have rows of their own, of the variant CODES, without a null.
    """
    nulls = Nulls(method)
    of_tensors: dict[str, list] = {name: [] for name in TENSOR_COMPLEXITY.columns}
    of_models: dict[str, list] = {name: [] for name in MODEL_COMPLEXITY.columns}
    for model, tensors in models:
        outcomes = {(t.view, t.name): evaluate(t.counts, method.rules) for t in tensors}
        _add_tensors(of_tensors, model, tensors, method, nulls, outcomes)
        _add_scopes(of_models, model, tensors, method, nulls, outcomes)
    return (
        TENSOR_COMPLEXITY.check(pd.DataFrame(of_tensors)),
        MODEL_COMPLEXITY.check(pd.DataFrame(of_models)),
    )


class Nulls:
    """Nulls by weights and rule, each drawn once however often it is asked for."""

    def __init__(self, method: Method):
        self._method = method
        self._known: dict[tuple, Null | None] = {}

    def __call__(self, rule: BinRule, n: Sequence[int], sigma: Sequence[float]) -> Null | None:
        """The null for independent Gaussian weights, n[i] of standard deviation sigma[i].

        Only the ratios of sigmas matter, so one tensor's null depends on its size alone. None
        where the rule is undefined for such weights.
        """
        n, sigma = np.asarray(n, np.int64), np.asarray(sigma, np.float64)
        used = (n > 0) & (sigma > 0)
        n, sigma = n[used], sigma[used]
        if np.all(sigma == sigma[:1]):
            n, sigma = np.array([n.sum()]), np.ones(1)
        key = (rule, n.tobytes(), sigma.tobytes())
        if key not in self._known:
            self._known[key] = self._draw(rule, n, sigma)
        return self._known[key]

    def _draw(self, rule: BinRule, n: np.ndarray, sigma: np.ndarray) -> Null | None:
        try:
            return gaussian_null(n, sigma, rule, self._method.null_draws, self._method.seed)
        except Undefined:
            return None


def _add_tensors(
    columns: dict[str, list],
    model: str,
    tensors: Sequence[CountedTensor],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Mapping[str, Outcome]],
) -> None:
    for tensor in tensors:
        for rule in (*method.rules, *([CODES] if tensor.counts.codes else [])):
            outcome = outcomes[tensor.view, tensor.name][rule.name]
            has_null = outcome.values and rule is not CODES
            null = nulls(rule, [outcome.n], [1.0]) if has_null else None
            for view in views_of(tensor):
                place = (model, view, tensor.name, tensor.layer, tensor.depth, tensor.role)
                _append(columns, place, rule, outcome, {"same_n": null})


def _add_scopes(
    columns: dict[str, list],
    model: str,
    tensors: Sequence[CountedTensor],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Mapping[str, Outcome]],
) -> None:
    parts = {(tensor.view, tensor.name): _Part(tensor.counts) for tensor in tensors}
    for views, scope, members in scopes(tensors, method.parts):
        numbers = [tensor for tensor in members if not tensor.counts.codes]
        codes = [tensor for tensor in members if tensor.counts.codes]
        note = f"{len(codes)} tensors of codes left out" if numbers and codes else ""
        rows = [
            (aggregate, rule, outcome.noted(note), null)
            for aggregate, evaluated in _numbers(numbers, parts, method, nulls, outcomes)
            for rule, outcome, null in evaluated
        ]
        rows += [(aggregate, CODES, outcome, {}) for aggregate, outcome in _codes(codes, outcomes)]
        for aggregate, rule, outcome, null in rows:
            for view in views:
                _append(columns, (model, view, scope, aggregate), rule, outcome, null)


def _numbers(
    numbers: list[CountedTensor],
    parts: Mapping[tuple, "_Part"],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Mapping[str, Outcome]],
) -> Iterable[tuple[str, "Evaluated"]]:
    """The aggregates of tensors of numbers; undefined where all others hold codes."""
    if not numbers:
        undefined = [(rule, Outcome(0, flag=ONLY_CODES), {}) for rule in method.rules]
        yield from ((aggregate, undefined) for aggregate in AGGREGATES)
        return
    chosen = [parts[tensor.view, tensor.name] for tensor in numbers]
    yield "pooled", _pooled(numbers, chosen, method, nulls, outcomes)
    yield "pooled_standardised", _pooled_standardised(chosen, method, nulls)
    yield "mean", _mean(numbers, method, nulls, outcomes)


def _codes(
    codes: list[CountedTensor], outcomes: Mapping[tuple, Mapping[str, Outcome]]
) -> Iterable[tuple[str, Outcome]]:
    """The aggregates of tensors of codes; nothing where there are none."""
    kinds = sorted({tensor.counts.codes for tensor in codes})
    if len(kinds) > 1:
        flag = f"codes of several types ({', '.join(kinds)}) have no common alphabet"
        yield from ((aggregate, Outcome(0, flag=flag)) for aggregate in AGGREGATES)
    elif codes:
        merged = merge([tensor.counts for tensor in codes])
        yield "pooled", of_histogram(merged.n, merged.code_histogram())
        yield "pooled_standardised", Outcome(0, flag="codes have no scale to be divided by")
        yield "mean", average([outcomes[t.view, t.name][CODES.name] for t in codes])[0]


Evaluated = Iterable[tuple[BinRule, Outcome, dict[str, Null | None]]]


class _Part:
    """The counts of a tensor, and for a null the number and width of its weights, alive or all."""

    def __init__(self, counts: ValueCounts):
        self.counts = counts

    @cached_property
    def width(self) -> float:
        return self.counts.summary().std

    @cached_property
    def _all(self) -> tuple[int, float]:
        return self.counts.n, self.width

    @cached_property
    def _alive(self) -> tuple[int, float]:
        kept = self.counts.alive()
        return self._all if kept.n == self.counts.n else (kept.n, kept.summary().std)

    def size(self, alive: bool) -> tuple[int, float]:
        return self._alive if alive else self._all

    def standardised_size(self, alive: bool) -> tuple[int, float]:
        n, width = self.size(alive)
        return n, width / self.width


def _pooled(
    members: list[CountedTensor],
    parts: list[_Part],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Mapping[str, Outcome]],
) -> Evaluated:
    if len(members) == 1:
        known = outcomes[members[0].view, members[0].name]
    else:
        known = evaluate(merge([part.counts for part in parts]), method.rules)
    return _with_nulls(known, [part.size for part in parts], method, nulls)


def _pooled_standardised(parts: list[_Part], method: Method, nulls: Nulls) -> Evaluated:
    varying = [part for part in parts if part.width > 0]
    dropped = len(parts) - len(varying)
    note = f"{dropped} constant tensors left out" if dropped else ""
    if not varying:
        return ((rule, Outcome(0, flag=note), {}) for rule in method.rules)
    scaled = merge([part.counts.scaled(1 / part.width) for part in varying])
    known = evaluate(scaled, method.rules)
    return _with_nulls(known, [part.standardised_size for part in varying], method, nulls, note)


def _with_nulls(
    outcomes: Mapping[str, Outcome],
    sizes: Sequence[Callable[[bool], tuple[int, float]]],
    method: Method,
    nulls: Nulls,
    note: str = "",
) -> Evaluated:
    for rule in method.rules:
        outcome = outcomes[rule.name]
        null = {}
        if outcome.values:
            n, sigma = zip(*(size(rule.alive) for size in sizes), strict=True)
            null["same_n"] = nulls(rule, [sum(n)], [1.0])
            null["per_tensor"] = nulls(rule, n, sigma)
        yield rule, outcome.noted(note), null


def _mean(
    members: list[CountedTensor],
    method: Method,
    nulls: Nulls,
    outcomes: Mapping[tuple, Mapping[str, Outcome]],
) -> Evaluated:
    for rule in method.rules:
        every = [outcomes[tensor.view, tensor.name][rule.name] for tensor in members]
        outcome, weight = average(every)
        if not outcome.values:
            yield rule, outcome, {}
            continue
        drawn = [nulls(rule, [outcome.n], [1.0]) for outcome in every if outcome.values]
        null = None if None in drawn else _mean_null(drawn, weight)
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
