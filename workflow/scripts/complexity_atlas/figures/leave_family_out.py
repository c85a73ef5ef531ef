"""Leave one family out: every score as predicted from others, with complexity and without."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from complexity_atlas.figures import style
from complexity_atlas.figures.labels import MOST_NAMES, label_points
from complexity_atlas.figures.selection import symbol
from complexity_atlas.statistics.settings import Settings

_GIVEN = {"": "the mean", "log_n": "size", "log_n+log_d": "size and training data"}

_REACH = 0.75
"""How far beyond the range of scores, in shares of it, a prediction is still drawn in its place."""


@style.styled
def draw(
    predictions: pd.DataFrame, models: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> Figure:
    """Score against its prediction from other families, a panel per benchmark.

    Frames follow the contracts PREDICTIONS, MODELS and BENCHMARKS; settings name the primary
    effect. An open marker is the prediction by the covariates alone, a full one that by complexity
    as well, and the line between them what complexity changes: it helps where it leads towards the
    diagonal. A prediction far outside the range of scores is drawn at the edge, as an arrowhead.
    """
    shown = [b for b in benchmarks.itertuples() if (predictions.benchmark == b.benchmark_id).any()]
    if not shown:
        return style.message("No score could be predicted from other families.")
    names = models.set_index("model").name
    columns = min(len(shown), 3)
    rows = -(-len(shown) // columns)
    width = style.PAGE_INCHES if columns > 1 else style.COLUMN_INCHES
    figure = style.new_figure(width, 0.5 + 3.1 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    placed = []
    for i, (axes, benchmark) in enumerate(zip(grid, shown, strict=False)):
        here = predictions[predictions.benchmark == benchmark.benchmark_id]
        placed.append(_panel(axes, here, style.glyph(i)))
        axes.set_title(benchmark.name)
        axes.set(xlabel="Predicted from other families", ylabel="Score")
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    given = _GIVEN[settings.primary.covariates]
    handles = [_key(False), _key(True)]
    labels = [f"by {given}", f"by {given} and {symbol(settings.primary.measure)}"]
    figure.legend(handles, labels, loc="outside upper left", ncols=2)
    for axes, points in zip(grid, placed, strict=False):
        if len(points) <= MOST_NAMES:
            called = [names.get(model, model) for model in points.model]
            colours = [style.BLACK] * len(points)
            lines = [
                (x, row.score)
                for row in points.itertuples()
                for x in np.linspace(row.x0, row.x1, 12)
            ]
            label_points(axes, points.x1, points.score, called, colours, lines, size=6)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, glyph: style.Glyph) -> pd.DataFrame:
    """Draw one benchmark; returns where its markers are: model, score, x0, x1."""
    low, high = float(rows.score.min()), float(rows.score.max())
    reach = _REACH * max(high - low, 1e-3)
    limits = low - reach, high + reach
    points = rows[["model", "score"]].assign(
        x0=rows.baseline.clip(*limits), x1=rows.predicted.clip(*limits)
    )
    axes.plot(limits, limits, color=style.GREY, linewidth=0.6, zorder=0)
    for row in points.itertuples():
        axes.plot([row.x0, row.x1], [row.score] * 2, color=glyph.colour, linewidth=0.8, alpha=0.6)
    for x, exact, filled in ((points.x0, rows.baseline, False), (points.x1, rows.predicted, True)):
        for at, value, score in zip(x, exact, points.score, strict=True):
            marker = glyph.marker if at == value else ("<" if value < at else ">")
            face = glyph.colour if filled else "white"
            axes.plot(at, score, marker, ms=4.2, mfc=face, mec=glyph.colour, mew=0.8)
    pad = 0.08 * (high - low + 1e-3)
    axes.set_xlim(limits[0] - pad / 2, limits[1] + pad / 2)
    axes.set_ylim(low - 2 * pad, high + 2 * pad)
    return points


def _key(filled: bool) -> Line2D:
    face = style.GREY if filled else "white"
    return Line2D([], [], marker="o", linestyle="", ms=4.2, mfc=face, mec=style.GREY, mew=0.8)
