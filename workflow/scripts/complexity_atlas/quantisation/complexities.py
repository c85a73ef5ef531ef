"""What quantisation leaves of a model: the complexity of its codes, and the error that it makes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.complexity.measures import measure, probabilities
from complexity_atlas.complexity.scopes import views_of
from complexity_atlas.contracts import (
    CODES,
    QUANTISATION,
    QUANTISED_ORDER,
    VIEWS,
    read_table,
)
from complexity_atlas.counts.saved import CountedTensor
from complexity_atlas.quantisation.codes import LEVELS, Codes, codes_by_tensor

MEASURES = ("lmc", "entropy", "disequilibrium", "c_js")
"""Measures of the codes that are reported."""


def read_codes(path: Path) -> dict[tuple[str, str], dict[str, Codes]]:
    """Read the codes by block of a model: (view, tensor) -> type -> codes.

    Raises AtlasError when the file is missing or damaged.
    """
    found: dict[tuple[str, str], dict[str, Codes]] = {}
    for row in read_table(path, CODES).itertuples():
        codes = Codes(np.asarray(row.counts, np.int64), row.squared_error, row.squares)
        found.setdefault((row.view, row.tensor), {})[row.type] = codes
    return found


def quantised_complexities(
    model: str,
    tensors: Sequence[CountedTensor],
    by_block: Mapping[tuple[str, str], Mapping[str, Codes]],
) -> pd.DataFrame:
    """Complexity of the codes of all weights of a model, and their error: contract QUANTISATION.

    One row per view, type and scale (`tensor`: one scale per tensor; `block`: one for every 64
    weights). The codes of all tensors are one sample; the alphabet is that of the type, whether or
    not every code occurs. Tensors that hold codes already are left out. It does not
    tell what the rounding does to capability.
    """
    by_tensor = {
        (tensor.view, tensor.name): codes_by_tensor(tensor.counts)
        for tensor in tensors
        if tensor.counts.n and not tensor.counts.codes
    }
    rows = []
    for view in VIEWS:
        here = [(t.view, t.name) for t in tensors if view in views_of(t)]
        for scale, found in (("tensor", by_tensor), ("block", by_block)):
            known = [found[place] for place in here if place in found]
            for name in LEVELS if known else ():
                codes = [of_tensor[name] for of_tensor in known]
                rows.append(_row(model, view, name, scale, codes))
    return QUANTISATION.check(pd.DataFrame(rows, columns=list(QUANTISATION.columns)))


def _row(model: str, view: str, name: str, scale: str, codes: Sequence[Codes]) -> dict:
    counts = np.sum([of_tensor.counts for of_tensor in codes], axis=0)
    measured = measure(probabilities(counts)) if counts.any() else {}
    squares = sum(of_tensor.squares for of_tensor in codes)
    error = sum(of_tensor.squared_error for of_tensor in codes)
    return {
        "model": model,
        "view": view,
        "type": name,
        "scale": scale,
        "n": int(counts.sum()),
        "levels": len(counts),
        **{of: float(measured.get(of, np.nan)) for of in MEASURES},
        "relative_error": float(np.sqrt(error / squares)) if squares else np.nan,
    }


def order_after_quantisation(
    quantised: pd.DataFrame, original: pd.Series, groups: pd.Series, view: str
) -> pd.DataFrame:
    """Whether the order of the models by LMC complexity survives: contract QUANTISED_ORDER.

    quantised  contract QUANTISATION;  view  the one to compare
    original   complexity of the weights before, by model;  groups  of models to compare within

    Kendall's tau-b of the two orders, over the models of a group that have both; NaN with fewer
    than three.
    """
    from scipy.stats import kendalltau  # dear to import, and most jobs have no orders to compare

    here = quantised[quantised["view"] == view]
    rows = []
    for group, members in groups.groupby(groups):
        before = original.reindex(members.index).dropna()
        for (name, scale), codes in here.groupby(["type", "scale"]):
            after = codes.set_index("model")
            both = [m for m in before.index if m in after.index and pd.notna(after.lmc[m])]
            tau = kendalltau(before[both], after.lmc[both]).statistic if len(both) > 2 else np.nan
            error = float(after.relative_error.reindex(both).median())
            rows.append((group, name, scale, len(both), float(tau), error))
    return QUANTISED_ORDER.check(pd.DataFrame(rows, columns=list(QUANTISED_ORDER.columns)))
