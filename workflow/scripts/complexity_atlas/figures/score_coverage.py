"""Which model has a score on which benchmark, from how many sources."""

import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from complexity_atlas.figures import style

MOST_NAMES = 60
"""Of more models the names are left out and the number is stated."""

_STATES = ("no score", "reported, by another protocol", "used")
_COLOURS = ("#ffffff", "#b9d7ea", style.BLUE)


def coverage(scores: pd.DataFrame, view: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """Models × benchmarks: 0 without a score, 1 with one that is not used, 2 with one that is.

    scores, view  contracts SCORES and ANALYSIS_VIEW;  models  ids. Sorted by how much is used.
    """
    live = scores[(scores.status != "quarantined") & scores.model_id.isin(models)]
    used = view[view.model_id.isin(models)]
    pairs = pd.concat([live.assign(state=1), used.assign(state=2)])
    if pairs.empty:
        return pd.DataFrame(index=pd.Index([], name="model_id"))
    table = pairs.pivot_table(
        index="model_id", columns="benchmark_id", values="state", aggfunc="max"
    )
    table = table.reindex(sorted(models)).fillna(0).astype(int)
    columns = (table == 2).sum().sort_index().sort_values(ascending=False, kind="stable").index
    rows = (table == 2).sum(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[rows, columns]


@style.styled
def draw(
    scores: pd.DataFrame, view: pd.DataFrame, benchmarks: pd.DataFrame, models: list[str]
) -> Figure:
    """Coverage map: a row per model, a column per benchmark, dark where a score is used.

    scores, view, benchmarks  contracts SCORES, ANALYSIS_VIEW and BENCHMARKS;  models  ids of the
    models of the study.
    """
    table = coverage(scores, view, models)
    if table.empty:
        return style.message("No model of the study has a published score.")
    names = benchmarks.set_index("benchmark_id")["name"]
    many = len(table) > MOST_NAMES
    row = 5.5 / len(table) if many else 0.13
    figure = style.new_figure(style.PAGE_INCHES, 1.9 + row * len(table))
    axes = figure.subplots()
    axes.pcolormesh(
        *(np.arange(table.shape[1] + 1), np.arange(len(table) + 1), table.to_numpy()),
        cmap=ListedColormap(_COLOURS),
        vmin=0,
        vmax=2,
        edgecolors="none" if many else "#e4e4e4",
        linewidth=0.4,
    )
    axes.invert_yaxis()
    used = (table == 2).sum()
    axes.set_xticks(np.arange(table.shape[1]) + 0.5)
    axes.set_xticklabels(
        [f"{names.get(b, b)} ({used[b]})" for b in table.columns],
        rotation=45,
        ha="left",
        rotation_mode="anchor",
    )
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if many:
        axes.set_yticks([])
        axes.set_ylabel(f"{len(table)} models, the best covered above")
    else:
        axes.set_yticks(np.arange(len(table)) + 0.5)
        axes.set_yticklabels(table.index, fontsize=6)
    for state, colour in zip(_STATES[:0:-1], _COLOURS[:0:-1], strict=True):
        axes.scatter([], [], marker="s", color=colour, label=state)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.01), ncols=2)
    return figure
