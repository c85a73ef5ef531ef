"""Complexity of noise against its amount: most binnings measure the number of weights."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from complexity_atlas.complexity.binning import BinRule
from complexity_atlas.complexity.nulls import gaussian_null
from complexity_atlas.figures import style
from complexity_atlas.figures.labels import label_line_ends
from complexity_atlas.figures.selection import MEASURE_LABELS, variant_label


def confound_table(
    rules: Iterable[BinRule], sizes: Iterable[int], draws: int, seed: int, measure: str = "lmc"
) -> pd.DataFrame:
    """Complexity of n Gaussian weights for every rule and every n of `sizes`.

    Columns variant, n, value (mean over `draws`), sd (of one draw), slope: that of ln value on
    ln n over all sizes, the same in every row of a variant. Same seed, same table.
    """
    sizes = [int(n) for n in sizes]
    rows = []
    for rule in rules:
        for n in sizes:
            null = gaussian_null(np.array([n]), np.ones(1), rule, draws, seed)
            rows.append(
                {
                    "variant": rule.name,
                    "n": n,
                    "value": float(null.mean[measure]),
                    "sd": float(null.sd[measure]),
                }
            )
    table = pd.DataFrame(rows, columns=["variant", "n", "value", "sd"])
    slopes = {variant: _slope(group) for variant, group in table.groupby("variant")}
    return table.assign(slope=table.variant.map(slopes).astype("float64"))


def _slope(group: pd.DataFrame) -> float:
    known = group[np.isfinite(group.value) & (group.value > 0)]
    if known.n.nunique() < 2:
        return float("nan")
    return float(np.polyfit(np.log(known.n), np.log(known.value), 1)[0])


@style.styled
def draw(table: pd.DataFrame, measure: str = "lmc") -> Figure:
    """Complexity of Gaussian noise against the number of weights, on log–log axes.

    table  the columns of `confound_table`; the band is one standard deviation of a draw

    Nothing but the number of weights changes along a line: a line that is not flat makes the
    measure a function of size. Each line's exponent stands at its end.
    """
    known = table[np.isfinite(table.value) & (table.value > 0)]
    if known.empty:
        return style.message("No binning gives noise a complexity.")
    figure = style.new_figure(style.PAGE_INCHES, 4.0)
    axes = figure.add_subplot()
    ends = []
    glyphs = style.glyphs(list(known.variant))
    for variant, group in known.groupby("variant", sort=False):
        line = group.sort_values("n")
        glyph = glyphs[variant]
        _line(axes, line, glyph)
        exponent = style.superscript(f"{line.slope.iloc[0]:+z.3f}")
        label = f"{variant_label(variant)}  ∝ N{exponent}"
        ends.append((float(line.n.iloc[-1]), float(line.value.iloc[-1]), label, glyph.colour))
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(style.power_of_ten)
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Number of weights N")
    axes.set_ylabel(f"{MEASURE_LABELS.get(measure, measure)} of Gaussian noise")
    axes.grid(True, which="major")
    axes.set_axisbelow(True)
    label_line_ends(axes, ends)
    return figure


def _line(axes: Axes, line: pd.DataFrame, glyph: style.Glyph) -> None:
    axes.plot(line.n, line.value, color=glyph.colour, marker=glyph.marker, ms=3.4, mew=0)
    sd = line.sd.fillna(0)
    # A logarithmic axis has no place for a band that reaches 0.
    low = np.maximum(line.value - sd, line.value / 5)
    axes.fill_between(line.n, low, line.value + sd, color=glyph.colour, alpha=0.15, linewidth=0)
