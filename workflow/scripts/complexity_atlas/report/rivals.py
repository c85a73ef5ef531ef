"""What the page says of spectra and of quantised weights."""

import pandas as pd

from complexity_atlas.contracts import SPECTRUM
from complexity_atlas.figures.quantisation import SCALE_LABELS, TYPE_LABELS
from complexity_atlas.figures.selection import MEASURE_LABELS, Selection, of_models
from complexity_atlas.report import cells, words
from complexity_atlas.report.cells import Cell, Column, Table

SHOWN = ("alpha", "alpha_distance", "log_condition", "stable_rank", "effective_rank", "soft_rank")
"""Spectral measures in the table of networks; the others are in results/complexity."""


def spectra_sentences(spectra: Table) -> list[str]:
    """What the table shows, and where its measures are set against the scores."""
    if not spectra.rows:
        return ["No singular values were taken (spectra.models of the configuration)."]
    return [
        "Means over the matrices of a network, weighted by their number of weights; in brackets "
        "the same of Gaussian matrices of the same shapes and widths. Each of them is put to the "
        "same questions as complexity: in the forest plot, the associations and all tables of the "
        f"statistics it stands under the binning “{SPECTRUM}”."
    ]


def spectra_table(models: pd.DataFrame, complexity: pd.DataFrame, selection: Selection) -> Table:
    """Spectral measures of every network beside their null."""
    found = {
        name: of_models(complexity, Selection(name, SPECTRUM, selection.view, "mean", "per_tensor"))
        for name in SHOWN
    }
    known = set().union(*(frame.index for frame in found.values()))
    columns = [Column(MEASURE_LABELS[name], "number", "Value (null)") for name in SHOWN]
    rows = []
    for row in models[models.model.isin(known)].itertuples():
        of_row = [found[name].loc[row.model] for name in SHOWN]
        rows.append((Cell(row.name), *(_beside_null(value) for value in of_row)))
    caption = f"Spectra of the networks, {selection.view} weights: value (null)"
    return Table("spectra", caption, (Column("Network", "name"), *columns), tuple(rows))


def quantisation_sentences(order: pd.DataFrame) -> list[str]:
    """Whether the order of the networks by complexity survives quantisation, and its price.

    order  contract QUANTISED_ORDER
    """
    known = order.dropna(subset=["tau"])
    if known.empty:
        return []
    kept = known[known.tau >= 0.8]
    worst, best = known.loc[known.tau.idxmin()], known.loc[known.tau.idxmax()]
    errors = known.groupby(["type", "scale"]).relative_error.median()
    shares = [
        f"{_named(kind, scale)} {words.percent(errors[kind, scale])}"
        for kind in TYPE_LABELS
        for scale in SCALE_LABELS
        if (kind, scale) in errors.index
    ]
    return [
        "Quantised weights have codes, a finite alphabet, so their complexity depends on no bins. "
        f"The order of the networks by complexity survives (Kendall τ of at least 0.8) in "
        f"{words.whole(len(kept))} of {words.whole(len(known))} combinations of task, type and "
        f"scale: from τ = {words.signed(worst.tau)} ({_place(worst)}) to "
        f"τ = {words.signed(best.tau)} ({_place(best)}). The relative error of the weights is, "
        f"in the median network, {words.listed(shares)}. What rounding does to the order is a "
        "statement about complexity, not about capability, which was not measured again."
    ]


def order_table(order: pd.DataFrame) -> Table:
    """Agreement of the orders, by task, type and scale."""
    columns = (
        Column("Task", "name"),
        Column("Type", "name"),
        Column("Scale", "name"),
        Column("n", "number", "Networks"),
        Column("τ", "number", "Kendall’s, with the order before"),
        Column("Relative error", "number", "Frobenius norm, median network"),
    )
    rows = tuple(
        (
            Cell(row.group),
            Cell(TYPE_LABELS[row.type]),
            Cell(SCALE_LABELS[row.scale]),
            cells.whole(row.n_models),
            cells.signed(row.tau),
            cells.percent(row.relative_error),
        )
        for row in order.itertuples()
    )
    return Table("quantised-order", "Order of the networks after quantisation", columns, rows)


def _named(kind: str, scale: str) -> str:
    return f"{TYPE_LABELS[kind]} per {scale}"


def _place(row: pd.Series) -> str:
    return f"{row['group']}, {_named(row['type'], row['scale'])}"


def _beside_null(row: pd.Series) -> Cell:
    return cells.number(row["value"], f"{words.real(row['value'])} ({words.real(row['null'])})")
