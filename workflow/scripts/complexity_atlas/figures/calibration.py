"""Calibration: p values of studies in which there is nothing to find, against the uniform."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from complexity_atlas.figures import style
from complexity_atlas.statistics.calibration import FAMILIES, MODELS, rejected
from complexity_atlas.statistics.settings import Settings

_LABELS = {FAMILIES: "whole families permuted", MODELS: "single models permuted"}
_GLYPHS = {FAMILIES: style.glyph(0), MODELS: style.glyph(1)}


@style.styled
def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Share of null studies with a p at most that on the axis, a line for each test.

    table     contract CALIBRATION
    settings  the dashed vertical is p = 1 - confidence

    A test that keeps its level lies on the diagonal; the band is where all of a test's line lies in
    so many studies with the probability `confidence` (Kolmogorov and Smirnov). Above the diagonal
    a test finds what is not there.
    """
    if table.empty:
        return style.message("No null study was made.")
    level = 1 - settings.confidence
    found = rejected(table, settings)
    studies = table.groupby("permuted").size().min()
    figure = style.new_figure(style.COLUMN_INCHES, 3.3)
    axes = figure.add_subplot()
    line = np.array([0.0, 1.0])
    half = stats.kstwo.ppf(settings.confidence, studies)
    axes.fill_between(line, line - half, line + half, color="#ececec", linewidth=0, zorder=0)
    axes.plot(line, line, color=style.GREY, linewidth=0.6, zorder=1)
    for permuted, label in _LABELS.items():
        p = np.sort(table.p[table.permuted == permuted])
        share = np.arange(1, len(p) + 1) / len(p)
        rate = f"{100 * found.get(permuted, np.nan):.1f} %"
        glyph = _GLYPHS[permuted]
        axes.plot(
            p,
            share,
            color=glyph.colour,
            marker=glyph.marker,
            markevery=max(len(p) // 12, 1),
            markersize=3.2,
            label=f"{label}: {rate} below {level:.2g}",
        )
    axes.axvline(level, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=0)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="p", ylabel="Share of null studies with p or less")
    axes.set_aspect("equal")
    figure.legend(loc="outside upper left")
    return figure
