"""Routing: cost against accuracy of every ladder, and what labelling by several trials buys."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from complexity_atlas.figures import style

_COLUMNS = 3

_MIXED = {"color": style.GREY, "linewidth": 0.8, "linestyle": (0, (4, 3))}
_ROUTERS = {"one trial": style.Glyph(style.BLUE, "o"), "five trials": style.Glyph(style.GREEN, "^")}


@style.styled
def draw(curves: pd.DataFrame, trials: pd.DataFrame) -> Figure:
    """A panel per ladder, and a row on repeated trials where the truth is known.

    curves, trials  contracts CURVES and TRIALS of `experiments.routing.tables`

    Black dots are single models, the dashed line is what mixing them at random gives. A line is a
    router at all its thresholds, its marker the router that takes the likeliest class.
    """
    if curves.empty:
        return style.message("No items that several models of known cost have answered.")
    ladders = list(dict.fromkeys(curves.ladder))
    height = -(-len(ladders) // _COLUMNS)
    rows = height + (not trials.empty)
    columns = min(len(ladders), _COLUMNS) if trials.empty else _COLUMNS
    figure = style.new_figure(style.PAGE_INCHES * max(columns, 2) / _COLUMNS, 2.5 * rows + 0.4)
    grid = figure.subplots(rows, columns, squeeze=False)
    places = list(grid[:height].flat)
    for axes, ladder in zip(places, ladders, strict=False):
        _ladder(axes, curves[curves.ladder == ladder])
        axes.set_title(ladder)
    for axes in places[len(ladders) :]:
        axes.axis("off")
    if not trials.empty:
        _trials(grid[-1], trials, curves)
    figure.legend(handles=_key(curves), loc="outside upper left", ncols=4)
    return figure


def _ladder(axes: Axes, curves: pd.DataFrame) -> None:
    most = curves.cost[curves.curve == "model"].max()
    rows = curves.assign(cost=curves.cost / most).sort_values("cost")
    once = rows[rows.labels == rows.labels.iloc[0]]
    mixed, models = once[once.curve == "mixed"], once[once.curve == "model"]
    axes.plot(mixed.cost, mixed.accuracy, zorder=1, **_MIXED)
    axes.scatter(models.cost, models.accuracy, s=18, color=style.BLACK, zorder=3)
    for labels, glyph in _ROUTERS.items():
        here = rows[rows.labels == labels]
        line, point = here[here.curve == "threshold"], here[here.curve == "router"]
        axes.plot(line.cost, line.accuracy, color=glyph.colour, linewidth=1.0, zorder=2)
        look = {"s": 30, "c": glyph.colour, "marker": glyph.marker, "zorder": 4}
        axes.scatter(point.cost, point.accuracy, **look)
    shown = rows[rows.curve != "oracle"].accuracy
    axes.set_ylim(*style.padded(shown.to_numpy(), 0.12))
    oracle = once[once.curve == "oracle"].iloc[0]
    axes.text(
        0.02,
        0.98,
        f"oracle: {100 * oracle.accuracy:.0f} %\nat {100 * oracle.cost:.0f} % of the cost",
        transform=axes.transAxes,
        va="top",
        fontsize=6.5,
        color=style.GREY,
    )
    axes.set_xlim(0, 1.05)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlabel="Cost, share of the strongest’s", ylabel="Accuracy")
    axes.grid(True)


def _trials(row: Sequence[Axes], trials: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Labels, accuracy and cost of routers whose labels rest on more and more trials."""
    most = curves[curves.curve == "model"].groupby("ladder").cost.max()
    values = {
        "Labels that are the true ones": trials.agreement,
        "Accuracy, less the best model’s": trials.accuracy - trials.best_accuracy,
        "Router’s cost, share of the strongest’s": trials.cost / trials.ladder.map(most),
    }
    for axes, (label, value) in zip(row, values.items(), strict=True):
        for i, (name, rows) in enumerate(trials.groupby("ladder")):
            glyph = style.glyph(i + len(_ROUTERS) + 1)
            line = {"color": glyph.colour, "marker": glyph.marker, "markersize": 4}
            axes.plot(rows.trials, value[rows.index], **line, label=name)
        axes.set_xticks(sorted(set(trials.trials)))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1 if axes is row[1] else 0))
        axes.set(xlabel="Trials per label", ylabel=label)
        axes.grid(True)
    row[0].legend(loc="lower right")
    row[1].axhline(0, **_MIXED)


def _key(curves: pd.DataFrame) -> list[Line2D]:
    routers = [(name, glyph) for name, glyph in _ROUTERS.items() if name in set(curves.labels)]
    return [
        Line2D([], [], linestyle="", marker="o", markersize=4, color=style.BLACK, label="a model"),
        Line2D([], [], **_MIXED, label="models mixed at random"),
        *[
            Line2D([], [], color=g.colour, marker=g.marker, markersize=4, label=f"router, {name}")
            for name, g in routers
        ],
    ]
