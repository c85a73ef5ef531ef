"""Ceilings: slopes of scores on size, and how often the rule would be right."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from complexity_atlas.figures import style
from complexity_atlas.statistics.settings import Settings

MOST_LINES = 40
"""Lines that are drawn: whole benchmarks first, then those with the most models."""

_MOST_CURVES = 6
_LINE = ["family", "benchmark", "subtask", "protocol_id"]
_KINDS = {
    "rises or falls": style.Glyph(style.BLUE, "o"),
    "flat": style.Glyph(style.ORANGE, "s"),
    "ceiling: flat while the loss falls": style.Glyph(style.VERMILLION, "D"),
    "at chance: not interpreted": style.Glyph(style.GREY, "X"),
    "undecided": style.Glyph(style.SKY, "v"),
}


@style.styled
def draw(
    ceilings: pd.DataFrame, operating: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> Figure:
    """Left the slope of every family on every benchmark, right what the rule would do.

    ceilings, operating  contracts CEILINGS and OPERATING of `experiments.ceilings.tables`
    benchmarks           contract BENCHMARKS, for names
    settings             the band is ± ceiling_slope
    """
    rows = _shown(ceilings)
    if rows.empty:
        return style.message("No family has three sizes on one benchmark.")
    figure = style.new_figure(style.PAGE_INCHES, max(2.6, 0.9 + 0.19 * len(rows)))
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    _slopes(left, rows, benchmarks, settings)
    _rates(right, operating.merge(rows[_LINE]), rows, benchmarks, settings)
    kinds = rows.kind.unique()
    figure.legend(
        handles=[
            Line2D([], [], linestyle="", marker=g.marker, markersize=4, color=g.colour, label=kind)
            for kind, g in _KINDS.items()
            if kind in kinds
        ],
        loc="outside upper left",
        ncols=3,
    )
    return figure


def _shown(ceilings: pd.DataFrame) -> pd.DataFrame:
    rows = ceilings.dropna(subset=["slope"])
    rows = rows.assign(kind=[_kind(row) for row in rows.itertuples()], whole=rows.subtask == "")
    rows = rows.sort_values(["whole", "n_models"], ascending=False, kind="stable").head(MOST_LINES)
    return rows.sort_values(["benchmark", "subtask", "n_shot", "family"], ignore_index=True)


def _kind(row) -> str:
    if row.chance:
        return "at chance: not interpreted"
    if row.ceiling:
        return "ceiling: flat while the loss falls"
    if row.flat:
        return "flat"
    return "rises or falls" if row.low > 0 or row.high < 0 else "undecided"


def _slopes(axes: Axes, rows: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings) -> None:
    names = benchmarks.set_index("benchmark_id")["name"]
    half = settings.ceiling_slope
    axes.axvspan(-half, half, color="#ececec", linewidth=0, zorder=0)
    axes.axvline(0, color=style.GREY, linewidth=0.6, zorder=1)
    for place, row in enumerate(rows.itertuples()):
        glyph = _KINDS[row.kind]
        axes.plot([row.low, row.high], [place, place], color=glyph.colour, linewidth=1.0)
        axes.scatter(row.slope, place, s=16, c=glyph.colour, marker=glyph.marker, zorder=3)
    axes.set_yticks(range(len(rows)), [_label(row, names) for row in rows.itertuples()])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Score per tenfold number of weights")
    axes.set_title("Slopes")
    axes.grid(True, axis="x")


def _label(row, names: pd.Series) -> str:
    """Family, benchmark, and what else tells its lines apart."""
    parts = [f"{row.family}: {names.get(row.benchmark, row.benchmark)}"]
    if row.subtask:
        parts.append(row.subtask)
    if pd.notna(row.n_shot):
        parts.append(f"{row.n_shot}-shot")
    if row.metric_id != "accuracy":
        parts.append(row.metric_id.replace("_", " "))
    return ", ".join(parts)


def _rates(
    axes: Axes,
    operating: pd.DataFrame,
    rows: pd.DataFrame,
    benchmarks: pd.DataFrame,
    settings: Settings,
) -> None:
    names = benchmarks.set_index("benchmark_id")["name"]
    for i, (benchmark, line) in enumerate(operating.groupby("benchmark")):
        about = rows[rows.benchmark == benchmark]
        named = i < _MOST_CURVES
        glyph = style.glyph(i) if named else style.Glyph(style.FAINT, "")
        mean = line.groupby("slope").declared_flat.mean()
        label = (
            f"{names.get(benchmark, benchmark)}\n{about.n_models.median():.0f} networks, "
            f"{about.n_items.median():,.0f} items"
        )
        axes.plot(
            mean.index,
            mean,
            color=glyph.colour,
            marker=glyph.marker,
            markersize=3.5,
            label=label if named else None,
        )
    dashed = {"color": style.GREY, "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 0}
    axes.axvline(settings.ceiling_slope, **dashed)
    axes.axhline(1 - settings.confidence, **dashed)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(ylim=(0, 1.02), xlim=(0, None))
    axes.set(xlabel="True score per tenfold weights", ylabel="Lines called flat")
    axes.set_title("What the rule would do")
    axes.grid(True)
    axes.legend(loc="upper right", fontsize=6, handlelength=1, borderaxespad=0)
