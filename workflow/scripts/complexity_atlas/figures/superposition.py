"""Superposition: how many features networks could compute, and how many neurons it takes."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from complexity_atlas.figures import style
from complexity_atlas.figures.labels import label_line_ends


@style.styled
def draw(bound: pd.DataFrame, cost: pd.DataFrame) -> Figure:
    """The largest number of ANDs against the size of every network, a line per bits of a weight.

    bound, cost  contracts BOUND and COST of `experiments.superposition.tables`
    """
    if bound.empty:
        return style.message("No network was measured.")
    figure = style.new_figure(style.COLUMN_INCHES, 3.0)
    axes = figure.add_subplot()
    _bound(axes, bound[bound.task == "and"])
    return figure


def _bound(axes: Axes, bound: pd.DataFrame) -> None:
    ends = []
    for i, (bits, rows) in enumerate(bound.groupby("bits")):
        rows = rows.drop_duplicates("n_weights").sort_values("n_weights")
        colour = style.CYCLE[i % len(style.CYCLE)]
        axes.plot(rows.n_weights, rows.features, color=colour, linewidth=0.8)
        for kept, marker in ((rows.run == "", "o"), (rows.run != "", "x")):
            axes.scatter(
                *rows.loc[kept, ["n_weights", "features"]].to_numpy().T,
                s=12,
                marker=marker,
                color=colour,
                linewidths=0.8,
            )
        label = "1 bit" if bits == 1 else f"{bits} bits"
        ends.append((*rows.iloc[-1][["n_weights", "features"]], label, colour))
    _powers_of_ten(axes)
    axes.set(xlabel="Weights N", ylabel="ANDs that N weights can compute at most")
    axes.set_title("Bound by counting")
    axes.grid(True)
    label_line_ends(axes, ends)


def _powers_of_ten(axes: Axes) -> None:
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(style.power_of_ten))
        axis.set_minor_locator(NullLocator())
