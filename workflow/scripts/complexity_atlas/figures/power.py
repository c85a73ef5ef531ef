"""Power curves: which correlations could have been seen with so many networks."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from complexity_atlas.figures import style
from complexity_atlas.statistics import power
from complexity_atlas.statistics.settings import Settings

_SIZES = (20, 50, 200)
"""Numbers of networks that a study might have, beside those of this one."""


@style.styled
def draw(statistics: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings) -> Figure:
    """Power of the two-sided test of a correlation against its size, a curve per benchmark.

    statistics  contract STATISTICS: rows of the question `power`
    settings    the primary covariates, each of which costs one network; the dashed lines are the
                smallest effect of interest and the power asked for

    Grey curves are studies of so many networks. A point is the smallest detectable correlation of
    the table.
    """
    rows = statistics[
        (statistics.question == power.QUESTION)
        & (statistics.statistic == power.DETECTABLE)
        & (statistics.covariates == settings.primary.covariates)
    ].dropna(subset=["estimate"])
    if rows.empty:
        return style.message("No benchmark has enough networks for a test.")
    cost = len([name for name in settings.primary.covariates.split("+") if name])
    names = benchmarks.set_index("benchmark_id")["name"]
    labels = {
        n: textwrap.fill(f"{n} networks: " + ", ".join(names.get(b, b) for b in of_size), 52)
        for n, of_size in rows.groupby("n_models").benchmark
    }
    lines = sum(label.count("\n") + 1 for label in labels.values())
    figure = style.new_figure(style.COLUMN_INCHES, 2.8 + 0.15 * max(lines - 2, 0))
    axes = figure.add_subplot()
    for n in _SIZES:
        half = _curve(axes, n - cost, settings, color=style.FAINT, linewidth=0.8)
        axes.text(half, 0.5, n, fontsize=6, color=style.GREY, ha="center", va="center", bbox=_PAPER)
    for i, (n, group) in enumerate(rows.groupby("n_models")):
        glyph = style.glyph(i)
        _curve(axes, n - cost, settings, color=glyph.colour, linewidth=1.4, label=labels[n])
        axes.plot(group.estimate, [settings.power] * len(group), glyph.marker, color=glyph.colour)
    dashed = {"color": style.GREY, "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 0}
    axes.axhline(settings.power, **dashed)
    axes.axvline(settings.smallest_effect, **dashed)
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="Size of the correlation |ρ|", ylabel="Power")
    figure.legend(loc="outside upper left")
    return figure


_PAPER = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"}


def _curve(axes: Axes, n: int, settings: Settings, **line) -> float:
    """Draw the curve of n independent networks; returns the correlation with power one half."""
    rho = np.linspace(0.01, 0.99, 50)
    reached = np.array([power.power_at(r, n, settings) for r in rho])
    axes.plot(rho, reached, **line)
    return float(np.interp(0.5, reached, rho))
