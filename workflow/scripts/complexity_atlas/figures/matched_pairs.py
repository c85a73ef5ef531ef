"""Matched pairs against the size gap: does the more complex of two networks score higher?"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from complexity_atlas.figures import style
from complexity_atlas.figures.selection import symbol
from complexity_atlas.statistics.settings import Settings

_RIVALS = {"concordance": "{measure}", "concordance_log_n": "size", "concordance_flops": "FLOPs"}


@style.styled
def draw(size_gaps: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings) -> Figure:
    """Share of pairs in which the higher measure has the higher score, by how far sizes may differ.

    size_gaps  contract SIZE_GAPS, of the primary predictor;  benchmarks  contract BENCHMARKS
    settings   the dotted vertical is the limit of `matched_pairs`

    A panel per benchmark. Half, the horizontal, is what a coin gives; bars are intervals over
    families, the number of pairs stands above. Limits include one another: a pair on the left is
    in every point to the right of it.
    """
    known = size_gaps.dropna(subset=["estimate"])
    shown = [b for b in benchmarks.itertuples() if (known.benchmark == b.benchmark_id).any()]
    if not shown:
        return style.message("No two networks of different families could be compared.")
    columns = min(len(shown), 3)
    rows = -(-len(shown) // columns)
    width = style.PAGE_INCHES if columns > 1 else style.COLUMN_INCHES
    figure = style.new_figure(width, 0.5 + 2.4 * rows)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes, benchmark in zip(grid, shown, strict=False):
        here = known[known.benchmark == benchmark.benchmark_id]
        _panel(axes, here, settings)
        axes.set_title(benchmark.name, pad=14)
        axes.set_xlabel("Sizes within a factor of")
    grid[0].set_ylabel("Share of pairs in which\nmore goes with a higher score")
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    keys = {}
    for axes in grid[: len(shown)]:
        handles, labels = axes.get_legend_handles_labels()
        keys.update(zip(labels, handles, strict=True))
    figure.legend(keys.values(), keys.keys(), loc="outside upper left", ncols=3)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, settings: Settings) -> None:
    limits = np.sort(rows.size_ratio.unique())
    place = {limit: i for i, limit in enumerate(limits)}
    for i, (statistic, label) in enumerate(_RIVALS.items()):
        line = rows[rows.statistic == statistic].sort_values("size_ratio")
        if line.empty:
            continue
        glyph = style.glyph(i)
        x = line.size_ratio.map(place) + 0.16 * (i - 1)
        around = np.abs(line[["ci_low", "ci_high"]].to_numpy() - line[["estimate"]].to_numpy())
        axes.errorbar(
            x,
            line.estimate,
            yerr=np.nan_to_num(around.T),
            fmt=glyph.marker,
            color=glyph.colour,
            markersize=3.8,
            elinewidth=0.7,
            label=label.format(measure=symbol(settings.primary.measure)),
        )
    counts = rows[rows.statistic == "pairs"].set_index("size_ratio").estimate
    for limit, n in counts.items():
        axes.annotate(
            f"{n:.0f}",
            (place[limit], 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=6,
            color=style.GREY,
        )
    axes.axhline(0.5, color=style.GREY, linewidth=0.6)
    if settings.size_ratio in place:
        at = place[settings.size_ratio]
        axes.axvline(at, color=style.GREY, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
    axes.xaxis.set_major_locator(FixedLocator(list(place.values())))
    names = [f"{limit:g}" for limit in limits]
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: names[round(x)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.03, 1.03)
