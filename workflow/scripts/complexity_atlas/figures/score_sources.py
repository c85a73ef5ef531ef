"""What sources say of the same model and benchmark: the noise floor between protocols."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from complexity_atlas.figures import style

MOST_BENCHMARKS = 12
"""Benchmarks with the most pairs are shown."""

FEWEST_PAIRS = 3

INSIDE = 0.99
"""Share of the differences that the axis spans; the others are arrowheads at its ends."""

_WHAT = ["model_id", "model_revision", "benchmark_id", "metric_id"]


def disagreements(scores: pd.DataFrame, view: pd.DataFrame) -> pd.DataFrame:
    """Differences between the score that is used and what other sources say of the same thing.

    scores, view  contracts SCORES and ANALYSIS_VIEW

    The same model, revision where both state one, whole benchmark and metric, in any protocol, from
    another source; no copies, nothing that was set aside. One row per pair, with the columns
    benchmark_id, model_id, value (used), other, difference (other - value), stderr (of the value
    that is used), source_id, other_source, same_shots.
    """
    live = scores[(scores.status == "ok") & scores.model_id.notna() & (scores.subtask == "")]
    live = live[(live.normalization == "none") & (live.unit == "fraction")]
    columns = [*_WHAT, "value", "source_id", "n_shot", "metric_filter"]
    used = view[view.unit == "fraction"][[*columns, "stderr"]]
    pairs = used.merge(
        live[columns], on=["model_id", "benchmark_id", "metric_id"], suffixes=("", "_other")
    )
    pairs = pairs[pairs.source_id != pairs.source_id_other]
    pairs = pairs[_same_weights(pairs)]
    shots = (pairs.n_shot == pairs.n_shot_other).fillna(False).astype(bool)
    return pd.DataFrame(
        {
            "benchmark_id": pairs.benchmark_id,
            "model_id": pairs.model_id,
            "value": pairs.value,
            "other": pairs.value_other,
            "difference": pairs.value_other - pairs.value,
            "stderr": pairs.stderr,
            "source_id": pairs.source_id,
            "other_source": pairs.source_id_other,
            "same_shots": shots,
        }
    ).sort_values(["benchmark_id", "model_id", "other_source"], ignore_index=True)


def _same_weights(pairs: pd.DataFrame) -> pd.Series:
    # A step within a training is never the released model, which others score without a revision.
    one, other = (pairs[name].fillna("") for name in ("model_revision", "model_revision_other"))
    steps = one.str.fullmatch(r"step\d+") | other.str.fullmatch(r"step\d+")
    return (one == other) | (~steps & ((one == "") | (other == "")))


@style.styled
def draw(scores: pd.DataFrame, view: pd.DataFrame, benchmarks: pd.DataFrame) -> Figure:
    """A row of points per benchmark: how far other sources are from the score that is used.

    scores, view, benchmarks  contracts SCORES, ANALYSIS_VIEW and BENCHMARKS

    The band is ± 1.96 median standard errors of one evaluation: what sampling of items explains.
    Points are circles where both state the same number of shots, crosses elsewhere. The number at
    the right is the mean absolute difference.
    """
    pairs = disagreements(scores, view)
    if pairs.empty:
        return style.message("No model has scores on one benchmark from two sources.")
    counts = pairs.benchmark_id.value_counts(sort=False).sort_index()
    counts = counts[counts >= min(FEWEST_PAIRS, counts.max())]
    shown = counts.sort_values(ascending=False, kind="stable").index[:MOST_BENCHMARKS]
    names = benchmarks.set_index("benchmark_id")["name"]
    figure = style.new_figure(style.PAGE_INCHES, 0.9 + 0.36 * len(shown))
    axes = figure.subplots()
    here = pairs[pairs.benchmark_id.isin(shown)]
    limit = 1.1 * max(1.0, 100 * float(here.difference.abs().quantile(INSIDE)))
    for place, benchmark in enumerate(shown):
        _draw_row(axes, -place, here[here.benchmark_id == benchmark], limit)
    axes.axvline(0, color=style.GREY, linewidth=0.6, zorder=1)
    axes.set_yticks([-i for i in range(len(shown))])
    axes.set_yticklabels([f"{names.get(b, b)}  (n = {counts[b]})" for b in shown])
    axes.set_ylim(-len(shown) + 0.4, 0.75)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Other source minus the score that is used, in percentage points")
    axes.set_xlim(-1.04 * limit, 1.04 * limit)
    _head(axes, 1, 0, "mean |Δ|", "right", style.BLACK)
    _head(axes, 0, 0, "● the same number of shots", "left", style.BLUE)
    _head(axes, 0, 118, "× another, or not stated", "left", style.VERMILLION)
    _head(axes, 0, 225, "grey: sampling of items", "left", style.GREY)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    return figure


def _head(axes: Axes, x: float, shift: float, text: str, side: str, colour: str) -> None:
    axes.annotate(
        text,
        (x, 1),
        xycoords="axes fraction",
        xytext=(shift + (18 if side == "right" else 0), 3),
        textcoords="offset points",
        ha=side,
        va="bottom",
        color=colour,
        fontsize=7,
    )


def _draw_row(axes: Axes, height: float, pairs: pd.DataFrame, limit: float) -> None:
    differences = 100 * pairs.difference.to_numpy()
    points = np.clip(differences, -limit, limit)
    # Spread by rank of the difference, so that the picture has no random part.
    jitter = 0.26 * (2 * ((np.argsort(np.argsort(points)) * 0.618) % 1) - 1)
    floor = 196 * pairs.stderr.median()
    if np.isfinite(floor):
        axes.fill_between(
            [-floor, floor], height - 0.4, height + 0.4, color=style.FAINT, alpha=0.6, linewidth=0
        )
    same = pairs.same_shots.to_numpy(bool)
    for shots, colour, inside in ((True, style.BLUE, "o"), (False, style.VERMILLION, "x")):
        for marker, where in (
            (inside, points == differences),
            ("<", differences < -limit),
            (">", differences > limit),
        ):
            here = where & (same == shots)
            width = 0.8 if marker == "x" else 0
            axes.scatter(
                *(points[here], height + jitter[here]),
                **{"s": 9, "marker": marker, "color": colour, "alpha": 0.75},
                **{"linewidths": width, "zorder": 3, "clip_on": False},
            )
    axes.annotate(
        f"{np.abs(differences).mean():.1f}",
        (1, height),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
    )
