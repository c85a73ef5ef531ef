"""Forest plot: the size-adjusted association of every measure, and of every binning of one."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from complexity_atlas.contracts import SPECTRUM
from complexity_atlas.figures import style
from complexity_atlas.figures.selection import MEASURE_LABELS, symbol, variant_label
from complexity_atlas.statistics import size_adjusted
from complexity_atlas.statistics.analysis import is_comparable
from complexity_atlas.statistics.settings import Settings

_MOST_COLUMNS = 6


@style.styled
def draw(statistics: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings) -> Figure:
    """Partial correlations with their intervals, a column per benchmark, six side by side.

    statistics  contract STATISTICS;  benchmarks  contract BENCHMARKS
    settings    the primary effect, which stands first and in colour; the band is ± the smallest
                effect of interest

    Rows are all measures in the primary binning, the measures of spectra (means over matrices),
    then the primary measure in all binnings, in the primary view and aggregate and given its
    covariates. What could not be computed says so.
    """
    effects = partial_effects(statistics, settings)
    columns = [b for b in benchmarks.itertuples() if (effects.benchmark == b.benchmark_id).any()]
    if not columns:
        return style.message("No association of score and complexity was computed.")
    rows = effects.drop_duplicates(["measure", "variant"])[["measure", "variant"]]
    width = min(len(columns), _MOST_COLUMNS)
    bands = -(-len(columns) // width)
    figure = style.new_figure(style.PAGE_INCHES, (0.9 + 0.19 * len(rows)) * bands)
    grid = figure.subplots(bands, width, sharey=True, squeeze=False)
    for axes, benchmark in zip(grid.flat, columns, strict=False):
        here = effects[effects.benchmark == benchmark.benchmark_id]
        placed = rows.merge(here, on=["measure", "variant"], how="left")
        _column(axes, placed, settings)
        axes.set_title(textwrap.fill(benchmark.name, 60 // width, break_long_words=False))
    for axes in grid.flat[len(columns) :]:
        axes.set_axis_off()
    labels = [_label(row, settings) for row in rows.itertuples()]
    for first in grid[:, 0]:
        first.set_yticks(np.arange(len(rows)), labels)
    grid[0, 0].set_ylim(len(rows) - 0.4, -0.6)
    covariates = settings.primary.covariates or size_adjusted.ADJUSTMENTS[0]
    given = " and ".join(f"log {name[-1].upper()}" for name in covariates.split("+"))
    figure.supxlabel(f"Correlation of score and measure, given {given}", fontsize=7.5)
    return figure


def partial_effects(statistics: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of the forest: the primary effect, other measures, spectral ones, other binnings."""
    primary = settings.primary
    given = primary.covariates or size_adjusted.ADJUSTMENTS[0]
    chosen = statistics[
        (statistics.question == size_adjusted.QUESTION)
        & (statistics.statistic == size_adjusted.PARTIAL)
        & (statistics.covariates == given)
        & is_comparable(statistics, primary)
    ]
    same_measure = chosen.measure == primary.measure
    same_variant = chosen.variant == primary.variant
    spectral = chosen.variant == SPECTRUM
    order = np.select([same_measure & same_variant, same_variant, spectral], [0, 1, 2], 3)
    shown = chosen.assign(order=order)[same_measure | same_variant | spectral]
    return shown.sort_values(["order", "measure", "variant", "benchmark"], ignore_index=True)


def _column(axes: Axes, rows: pd.DataFrame, settings: Settings) -> None:
    half = settings.smallest_effect
    axes.axvspan(-half, half, color="#f0f0f0", linewidth=0, zorder=0)
    axes.axvline(0, color=style.GREY, linewidth=0.6)
    for y, row in enumerate(rows.itertuples()):
        if np.isnan(row.estimate):
            clear = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            told = {"fontsize": 5.5, "color": style.GREY, "bbox": clear}
            axes.text(0, y, "undefined", ha="center", va="center", **told)
            continue
        colour = style.VERMILLION if row.order == 0 else style.BLUE
        axes.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=0.9)
        axes.plot(row.estimate, y, marker="s" if row.order == 0 else "o", color=colour, ms=3.6)
        axes.annotate(
            f"n = {row.n_models:.0f}",
            (1, y),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=5.5,
            va="center",
            color=style.GREY,
        )
    axes.set_xlim(-1.02, 1.02)
    axes.set_xticks([-1, 0, 1], ["−1", "0", "1"])
    axes.set_xticks([-0.5, 0.5], minor=True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _label(row, settings: Settings) -> str:
    if row.variant in (settings.primary.variant, SPECTRUM):
        return MEASURE_LABELS.get(row.measure, symbol(row.measure))
    return f"{symbol(row.measure)}, {variant_label(row.variant)}"
