"""Head tuning: risk of a linear head against its number of features, in theory and as it is."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from complexity_atlas.figures import style
from complexity_atlas.figures.labels import label_line_ends

_STATES = {"gaussian": "Gaussian", "iid": "independent", "markov": "Markov"}
_HEADS = {"random": "random features", "slice": "slices"}
_HEIGHT = 4.9


@style.styled
def draw(risk: pd.DataFrame, spectrum: pd.DataFrame, heads: pd.DataFrame | None) -> Figure:
    """Excess risk, its parts, total risk and spectrum; below right, heads on a frozen network.

    risk, spectrum, heads  contracts RISK, SPECTRUM and LINEAR_HEADS of
        `experiments.head_tuning.tables`; without `heads` that panel stays away

    Lines are theory, markers simulated; the first chain of the table with most kinds of states is
    the one whose parts are shown. The dashed line is p = n.
    """
    if risk.empty:
        return style.message("No head was simulated.")
    figure = style.new_figure(style.PAGE_INCHES, _HEIGHT)
    grid = figure.add_gridspec(2, 3)
    above = [figure.add_subplot(grid[0, i]) for i in range(3)]
    chain = risk.groupby("chain", sort=False).states.nunique().idxmax()
    shown = risk[risk.chain == chain]
    _excess(above[0], shown)
    _parts(above[1], shown)
    _total(above[2], risk)
    _spectrum(figure.add_subplot(grid[1, 0]), spectrum[spectrum.chain == chain], shown)
    if heads is not None:
        _heads(figure.add_subplot(grid[1, 1:]), heads)
    return figure


def _excess(axes: Axes, risk: pd.DataFrame) -> None:
    for i, penalty in enumerate(sorted(set(risk.penalty))[:2]):
        here = risk[risk.penalty == penalty]
        _theory(axes, here, "theory_excess", style.GREY if i else style.BLACK)
        for j, (states, rows) in enumerate(here.groupby("states")):
            glyph = style.glyph(j)
            label = _STATES[states] if not i else None
            axes.scatter(
                rows.width,
                rows.excess,
                s=9,
                c=glyph.colour,
                marker=glyph.marker,
                lw=0,
                label=label,
                zorder=3,
            )
        beside = here.iloc[(here.width - (1.0 if i else 1.4) * here.samples).abs().argmin()]
        axes.annotate(
            f"λ = {penalty:g}",
            (beside.width, beside.theory_excess),
            xytext=(0, -17) if i else (5, 3),
            textcoords="offset points",
            fontsize=6.5,
            ha="center" if i else "left",
        )
    _widths(axes, risk)
    axes.set(yscale="log", ylabel="Excess risk", title="Excess risk")
    _plain(axes)
    axes.legend(loc="lower right", handletextpad=0.1, borderpad=0.1)


def _parts(axes: Axes, risk: pd.DataFrame) -> None:
    ridge = risk[risk.penalty == risk.penalty.max()]
    for i, part in enumerate(("variance", "bias")):
        _theory(axes, ridge, f"theory_{part}", style.CYCLE[i], label=part)
        for j, (_, rows) in enumerate(ridge.groupby("states")):
            axes.scatter(
                rows.width, rows[part], s=9, c=style.CYCLE[i], marker=style.glyph(j).marker, lw=0
            )
    _widths(axes, risk)
    axes.set(yscale="log", ylabel="Part of the excess risk")
    axes.set_title(f"Its parts, λ = {risk.penalty.max():g}")
    _plain(axes)
    axes.legend(loc="center left", handlelength=1.2)


def _total(axes: Axes, risk: pd.DataFrame) -> None:
    least = risk[(risk.penalty == risk.penalty.min()) & (risk.states == risk.states.max())]
    ends = []
    for i, (concentration, rows) in enumerate(least.groupby("concentration")):
        rows = rows.sort_values("width")
        colour = style.CYCLE[i]
        total = rows.irreducible + rows.theory_excess
        _theory(axes, rows.assign(total=total), "total", colour)
        axes.scatter(rows.width, rows.irreducible + rows.excess, s=9, c=colour, lw=0)
        narrow = total[(rows.width < rows.samples)]
        lowest = rows.loc[narrow.idxmin()]
        if lowest.width > rows.width.min():
            axes.scatter(lowest.width, narrow.min(), s=50, c="none", edgecolors=colour, zorder=4)
        ends.append((rows.width.iloc[-1], total.iloc[-1], f"α = {concentration:g}", colour))
    _widths(axes, risk)
    axes.set(yscale="log", ylim=(0.4, 6), ylabel="Total risk", title="Total risk")
    _plain(axes)
    axes.yaxis.set_major_locator(FixedLocator([0.5, 1, 2, 5]))
    label_line_ends(axes, ends)


def _spectrum(axes: Axes, spectrum: pd.DataFrame, risk: pd.DataFrame) -> None:
    widths = sorted(set(spectrum.width[spectrum["rank"] == spectrum["rank"].max()]))
    chosen = [widths[i] for i in np.linspace(0, len(widths) - 1, 3).round().astype(int)]
    for i, width in enumerate(dict.fromkeys(chosen)):
        rows = spectrum[spectrum.width == width].sort_values("rank")
        axes.plot(
            rows["rank"], rows.eigenvalue, style.MARKERS[i], ms=2.5, mew=0, color=style.CYCLE[i]
        )
        inner = rows.iloc[len(rows) // 5]
        axes.annotate(
            f"p = {width}",
            (inner["rank"], inner.eigenvalue),
            xytext=(0, 6),
            textcoords="offset points",
            fontsize=6.5,
            va="center",
            color=style.CYCLE[i],
        )
    floor = float(risk.noise.iloc[0]) ** 2
    axes.axhline(floor, color=style.GREY, lw=0.6, ls=(0, (4, 3)), zorder=0)
    axes.text(1, floor, "σ²", fontsize=6.5, color=style.GREY, ha="left", va="bottom")
    axes.set(yscale="log", xlabel="Rank", ylabel="Eigenvalue of their covariance")
    axes.set_title("Spectrum of the features")
    _plain(axes)


def _heads(axes: Axes, heads: pd.DataFrame) -> None:
    samples = int(heads.samples.iloc[0])
    for i, (kind, rows) in enumerate(heads.groupby("features")):
        rows = rows.sort_values("width")
        glyph = style.glyph(i)
        axes.fill_between(rows.width, rows.risk_low, rows.risk_high, color=glyph.colour, alpha=0.2)
        axes.plot(
            rows.width, rows.risk, glyph.marker + "-", color=glyph.colour, ms=3, label=_HEADS[kind]
        )
    axes.set(xscale="log", yscale="log", xlabel="Features p", ylabel="Risk on held-out text")
    axes.set_title(f"Heads on a frozen network, {heads.run.iloc[0]}")
    _ticks(axes, heads.width, samples)
    _plain(axes)
    axes.legend(loc="upper left", handlelength=1.6)


def _theory(axes: Axes, rows: pd.DataFrame, column: str, colour: str, label: str = "") -> None:
    """A line on each side of p = n, where the theory without a penalty is infinite."""
    rows = rows.drop_duplicates("width").sort_values("width")
    for i, (_, side) in enumerate(rows.groupby(rows.width > rows.samples)):
        seen = side[side[column] > 0]
        axes.plot(seen.width, seen[column], color=colour, lw=0.9, label=label if i == 0 else None)


def _widths(axes: Axes, risk: pd.DataFrame) -> None:
    axes.set(xscale="log", xlabel="Features p")
    _ticks(axes, risk.width, int(risk.samples.iloc[0]))


def _plain(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _ticks(axes: Axes, widths: pd.Series, samples: int) -> None:
    axes.axvline(samples, color=style.GREY, lw=0.6, ls=(0, (4, 3)), zorder=0)
    decades = [10**power for power in range(7) if widths.min() <= 10**power <= widths.max()]
    apart = [tick for tick in decades if not samples / 4 < tick < samples * 4]
    axes.xaxis.set_major_locator(FixedLocator([*apart, samples]))
    named = FuncFormatter(lambda p, _: f"n = {p:g}" if p == samples else f"{p:g}")
    axes.xaxis.set_major_formatter(named)
    axes.xaxis.set_minor_locator(NullLocator())
