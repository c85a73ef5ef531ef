"""Score against complexity, raw and in excess of the null: the question as a picture."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from complexity_atlas.figures import style
from complexity_atlas.figures.labels import MOST_NAMES, label_points
from complexity_atlas.figures.selection import Selection, of_models
from complexity_atlas.statistics import raw

_ROWS = {"value": "{label}", "excess": "{label}, minus its null"}
_MOST_COLUMNS = 3
_MOST_UNDEFINED = 3


@style.styled
def draw(
    complexity: pd.DataFrame,
    models: pd.DataFrame,
    scores: pd.DataFrame,
    benchmarks: pd.DataFrame,
    statistics: pd.DataFrame,
    selection: Selection,
    confidence: float = 0.95,
) -> Figure:
    """Score against complexity: a column per benchmark, raw values above and excess below.

    Of more than three benchmarks the columns go on beneath. Networks of a benchmark are named
    unless they are a crowd.

    Frames follow the contracts MODEL_COMPLEXITY, MODELS, SCORES, BENCHMARKS and STATISTICS.
    Vertical bars are intervals of the score (see `score_intervals`), horizontal ones twice the
    standard deviation of the null. The correlation, with interval and number of networks, is the
    row of `statistics` for the raw association; without that row none is written.
    """
    points = _points(complexity, models, scores, selection, confidence)
    if points.value.notna().sum() == 0:
        return style.message("No network has both a score and a complexity.")
    seen = set(points.benchmark_id[points.value.notna()])
    columns = [b for b in benchmarks.itertuples() if b.benchmark_id in seen]
    grid, figure = _grid(len(columns))
    for j, benchmark in enumerate(columns):
        here, undefined = _defined(points, benchmark.benchmark_id)
        for axes, (column, label) in zip(grid[j], _ROWS.items(), strict=True):
            _scatter(axes, here, column, style.glyph(j))
            found = _correlation(statistics, selection, benchmark.benchmark_id, column)
            _describe(axes, label.format(label=selection.label), benchmark, found, len(columns))
        _head(grid[j][0], benchmark.name, undefined)
    for j, benchmark in enumerate(columns):
        here, _ = _defined(points, benchmark.benchmark_id)
        if len(here) > MOST_NAMES:
            continue
        colours = [style.glyph(j).colour] * len(here)
        for axes, column in zip(grid[j], _ROWS, strict=True):
            bars = _along_bars(here, column)
            label_points(axes, here[column], here.score, here.name, colours, bars, size=6)
    return figure


def _grid(n: int) -> tuple[list[tuple[Axes, Axes]], Figure]:
    """The upper and the lower axes of every benchmark, which share their ordinate."""
    width = min(n, _MOST_COLUMNS)
    bands = -(-n // width)
    inches = style.PAGE_INCHES if n > 1 else style.COLUMN_INCHES
    figure = style.new_figure(inches, 5.2 * bands)
    axes = figure.subplots(2 * bands, width, squeeze=False)
    pairs = [
        (axes[2 * (j // width), j % width], axes[2 * (j // width) + 1, j % width])
        for j in range(bands * width)
    ]
    for above, below in pairs[:n]:
        below.sharey(above)
    for unused in pairs[n:]:
        for one in unused:
            one.set_axis_off()
    return pairs[:n], figure


def _describe(axes: Axes, label: str, benchmark, correlation: str, columns: int) -> None:
    """Labels and title of a panel, smaller where panels are narrow."""
    narrow = columns >= _MOST_COLUMNS
    axes.set_xlabel(label, fontsize=6 if narrow else 7.5)
    axes.set_ylabel(f"{benchmark.metric_id.replace('_', ' ').capitalize()} ({benchmark.unit})")
    size = 6 if narrow else 7
    axes.set_title(correlation, fontsize=size, fontweight="normal", color=style.GREY)
    if narrow and axes.get_xscale() == "log":
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _head(axes: Axes, title: str, undefined: list[str]) -> None:
    """The benchmark above its column, and the networks that have no place in it."""
    place = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(title, (0, 1), (0, 20), fontsize=8.5, fontweight="bold", **place)
    if undefined:
        few = len(undefined) <= _MOST_UNDEFINED
        text = "undefined: " + (", ".join(undefined) if few else f"{len(undefined)} networks")
        axes.annotate(text, (1, 0), (-3, 3), fontsize=6, color=style.GREY, ha="right", **place)


def score_intervals(scores: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Intervals of reported scores (contract SCORES): columns low, high, kind; index as given.

    The source's own interval where it prints one; the Wilson interval of a proportion of n_items;
    normal theory from another standard error; NaN where neither is known. Score units.
    """
    z = norm.ppf((1 + confidence) / 2)
    rows = []
    for row in scores.itertuples():
        if np.isfinite(row.ci_low) and np.isfinite(row.ci_high):
            rows.append((row.ci_low, row.ci_high, "reported"))
        elif row.stderr_kind == "binomial" and pd.notna(row.n_items):
            items = int(row.n_items)
            low, high = proportion_confint(
                round(row.value * items), items, alpha=1 - confidence, method="wilson"
            )
            rows.append((low, high, "Wilson"))
        elif np.isfinite(row.stderr):
            rows.append((row.value - z * row.stderr, row.value + z * row.stderr, "normal"))
        else:
            rows.append((np.nan, np.nan, ""))
    return pd.DataFrame(rows, columns=["low", "high", "kind"], index=scores.index)


def usable_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores that count: resolved to a model, not quarantined, superseded or copied."""
    return scores[(scores.status == "ok") & scores.model_id.notna()]


def _points(complexity, models, scores, selection, confidence) -> pd.DataFrame:
    good = usable_scores(scores)
    good = good.assign(model=good.model_id.str.replace("/", "--"))
    good = good.join(score_intervals(good, confidence)).rename(columns={"value": "score"})
    measured = of_models(complexity, selection)[["value", "excess", "null_sd"]]
    names = models.set_index("model").name
    points = good.merge(measured, left_on="model", right_index=True)
    points["name"] = points.model.map(names).fillna(points.model)
    return points.dropna(subset=["score"]).sort_values("value")


def _defined(points: pd.DataFrame, benchmark: str) -> tuple[pd.DataFrame, list[str]]:
    """The networks of a benchmark that have a complexity, and the names of those that have none."""
    here = points[points.benchmark_id == benchmark]
    return here.dropna(subset=["value"]), list(here.name[here.value.isna()])


def _scatter(axes: Axes, points: pd.DataFrame, column: str, glyph: style.Glyph) -> None:
    up = np.abs(points[["low", "high"]].to_numpy() - points[["score"]].to_numpy())
    along = 2 * points.null_sd if column == "excess" else None
    axes.errorbar(
        points[column],
        points.score,
        yerr=np.nan_to_num(up.T),
        xerr=along,
        fmt=glyph.marker,
        color=glyph.colour,
        ecolor=glyph.colour,
        markersize=4.5,
        elinewidth=0.7,
        alpha=0.9,
        markeredgewidth=0,
    )
    if column == "excess":
        axes.axvline(0, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    style.fit_scale(
        axes.xaxis, np.append(points[column], [0.0] if column == "excess" else []), 0.14
    )
    axes.margins(y=0.08)
    axes.grid(True, axis="y")
    axes.set_axisbelow(True)


def _along_bars(points: pd.DataFrame, column: str) -> list[tuple[float, float]]:
    """Places along the error bars, which labels keep clear of."""
    share = np.linspace(0, 1, 12)
    places = []
    for row in points.itertuples():
        x, half = getattr(row, column), 2 * row.null_sd if column == "excess" else 0.0
        if np.isfinite(row.low):
            places += [(x, row.low + s * (row.high - row.low)) for s in share]
        if np.isfinite(half) and half > 0:
            places += [(x - half, row.score), (x + half, row.score)]
    return places


def _correlation(
    statistics: pd.DataFrame, selection: Selection, benchmark: str, column: str
) -> str:
    """The correlation and its interval in words, from the table; empty where it has none."""
    measure = selection.excess_measure if column == "excess" else selection.measure
    rows = statistics[
        (statistics.question == raw.QUESTION)
        & (statistics.statistic == raw.SPEARMAN)
        & (statistics.benchmark == benchmark)
        & (statistics.measure == measure)
        & (statistics.variant == selection.variant)
        & (statistics["view"] == selection.view)
        & (statistics["aggregate"] == selection.aggregate)
    ]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    if not np.isfinite(row.estimate):
        return f"Spearman ρ not defined: {row.note}"
    interval = f" [{row.ci_low:+.2f}, {row.ci_high:+.2f}]" if np.isfinite(row.ci_low) else ""
    return f"Spearman ρ = {row.estimate:+.2f}{interval}, n = {row.n_models}".replace("-", "−")
