"""Singular values in; every spectral measure × aggregate out, with its null and its excess.

The rows are those of `complexity`, with SPECTRUM in place of a binning, so that every question that
is put to a complexity is put to its rivals too. The null are Gaussian matrices of the same shapes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from complexity_atlas.complexity.scopes import scopes, views_of
from complexity_atlas.contracts import (
    MODEL_COMPLEXITY,
    NULL_KINDS,
    SPECTRUM,
    TENSOR_COMPLEXITY,
)
from complexity_atlas.spectra.measures import (
    OF_ONE_MATRIX,
    SPECTRAL_MEASURES,
    SpectralOutcome,
    pooled_measures,
    rescaled,
)
from complexity_atlas.spectra.nulls import Drawn, SpectralNulls
from complexity_atlas.spectra.saved import MatrixSpectrum

CONDITION_RANK = "condition_rank"
"""Place of a matrix among those of its network by condition number, 1 the least, as KappaTune
(arXiv 2506.16289) chooses the tensors that it tunes: the first so many."""


def spectral_complexities(
    models: Iterable[tuple[str, Sequence[MatrixSpectrum]]], draws: int, seed: int, parts: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measures of every matrix (contract TENSOR_COMPLEXITY) and of the whole (MODEL_COMPLEXITY).

    `models` gives name and spectra of one model after another. `draws` Gaussian matrices make a
    null; `parts` adds roles and layers. The aggregates are `mean` (of the matrices' values,
    weighted by their number of weights: what others report, but for the weights), `pooled` (the
    spectrum of the block-diagonal matrix of all) and `pooled_standardised` (that of all divided by
    their width). Of the two nulls `per_tensor` has the width of each matrix, `same_n` one for all.
    """
    nulls = SpectralNulls(draws, seed)
    of_matrices, of_models = [], []
    for model, matrices in models:
        of_matrices += _matrix_rows(model, matrices, nulls)
        for views, scope, members in scopes(matrices, parts):
            for aggregate, outcome, by_kind in _aggregates(members, nulls):
                n = sum(matrix.n for matrix in members if matrix.used)
                places = [(model, view, scope, aggregate, n) for view in views]
                of_models += _rows(places, outcome, by_kind)
    return (
        TENSOR_COMPLEXITY.check(pd.DataFrame(of_matrices, columns=list(TENSOR_COMPLEXITY.columns))),
        MODEL_COMPLEXITY.check(pd.DataFrame(of_models, columns=list(MODEL_COMPLEXITY.columns))),
    )


Null = Mapping[str, tuple[float, float]]
"""Mean and standard deviation of every measure over the draws of a null, where defined."""


def _matrix_rows(
    model: str, matrices: Sequence[MatrixSpectrum], nulls: SpectralNulls
) -> Iterator[tuple]:
    ranks = {
        view: _condition_ranks([m for m in matrices if view in views_of(m)])
        for view in {view for matrix in matrices for view in views_of(matrix)}
    }
    for matrix in matrices:
        null = _null(nulls.of_matrix(matrix.shape, matrix.width)) if matrix.used else {}
        for view in views_of(matrix):
            place = (
                *(model, view, matrix.name, matrix.layer, matrix.depth, matrix.role),
                matrix.n,
            )
            rank = {CONDITION_RANK: ranks[view].get(matrix.name, np.nan)}
            yield from _rows([place], matrix.outcome, {"same_n": null})
            yield from _rows([place], SpectralOutcome(rank), {"same_n": {}})


def _condition_ranks(matrices: Sequence[MatrixSpectrum]) -> dict[str, float]:
    known = pd.Series({m.name: m.outcome.values["log_condition"] for m in matrices}, dtype=float)
    return known.dropna().rank(method="first").to_dict()


def _aggregates(
    members: Sequence[MatrixSpectrum], nulls: SpectralNulls
) -> Iterator[tuple[str, SpectralOutcome, Mapping[str, Null]]]:
    used = [matrix for matrix in members if matrix.used]
    if not used:
        nothing = dict.fromkeys(SPECTRAL_MEASURES, np.nan)
        flags = dict.fromkeys(SPECTRAL_MEASURES, "no matrix has a spectrum")
        yield "mean", SpectralOutcome(nothing, flags), {kind: {} for kind in NULL_KINDS}
        return
    outcome, null = _mean(members, used, nulls)
    yield "mean", outcome, dict.fromkeys(NULL_KINDS, null)
    left = len(members) - len(used)
    note = f"{left} of {len(members)} matrices left out" if left else ""
    shapes = [matrix.shape for matrix in used]
    widths = np.array([matrix.width for matrix in used])
    common = float(np.sqrt(np.average(widths**2, weights=[float(m.n) for m in used])))
    own, one = nulls.of_pool(shapes, widths), nulls.of_pool(shapes, np.ones(len(used)))
    by_kind = {"same_n": _null(rescaled(one, common)), "per_tensor": _null(own)}
    yield "pooled", _pooled(used, np.ones(len(used)), note), by_kind
    scaled = _pooled(used, 1 / widths, note)
    yield "pooled_standardised", scaled, dict.fromkeys(NULL_KINDS, _null(one))


def _pooled(matrices: Sequence[MatrixSpectrum], factors: np.ndarray, note: str) -> SpectralOutcome:
    values = np.concatenate([m.values * f for m, f in zip(matrices, factors, strict=True)])
    long_side = max(max(matrix.shape) for matrix in matrices)
    outcome = pooled_measures(-np.sort(-values), long_side)
    kept = {name: v for name, v in outcome.values.items() if name not in OF_ONE_MATRIX}
    flags = {name: "; ".join(filter(None, [outcome.flags.get(name), note])) for name in kept}
    return SpectralOutcome(kept, flags)


def _mean(
    members: Sequence[MatrixSpectrum], used: Sequence[MatrixSpectrum], nulls: SpectralNulls
) -> tuple[SpectralOutcome, Null]:
    """Mean of every measure over the matrices that define it, and the same mean of their nulls."""
    drawn = {id(matrix): _null(nulls.of_matrix(matrix.shape, matrix.width)) for matrix in used}
    values, flags, null = {}, {}, {}
    for name in SPECTRAL_MEASURES:
        defined = [m for m in used if np.isfinite(m.outcome.values[name])]
        if not defined:
            values[name], flags[name] = np.nan, "no matrix has a defined value"
            continue
        share = np.array([matrix.n for matrix in defined], np.float64)
        share /= share.sum()
        values[name] = float(share @ np.array([m.outcome.values[name] for m in defined]))
        if all(name in drawn[id(matrix)] for matrix in defined):
            expected, sd = np.transpose([drawn[id(matrix)][name] for matrix in defined])
            null[name] = float(share @ expected), float(np.sqrt(share**2 @ sd**2))
        notes = {m.outcome.flags[name] for m in defined if name in m.outcome.flags}
        if len(defined) < len(members):
            notes.add(f"{len(members) - len(defined)} of {len(members)} matrices left out")
        flags[name] = "; ".join(sorted(notes))
    return SpectralOutcome(values, flags), null


def _null(drawn: Drawn) -> Null:
    return {
        name: (float(values.mean()), float(values.std(ddof=1)))
        for name, values in drawn.items()
        if np.isfinite(values).all()
    }


def _rows(
    places: Sequence[tuple], outcome: SpectralOutcome, nulls: Mapping[str, Null]
) -> Iterator[tuple]:
    for name, value in outcome.values.items():
        for kind, null in nulls.items():
            expected, sd = null.get(name, (np.nan, np.nan))
            flag = outcome.flags.get(name, "")
            cells = (SPECTRUM, name, value, kind, expected, sd, value - expected, flag)
            for place in places:
                yield *place, *cells
