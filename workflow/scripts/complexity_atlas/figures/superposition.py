"""Superposition: how many features networks could compute, and how many neurons it takes."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from complexity_atlas.figures import style
from complexity_atlas.figures.labels import label_line_ends

_VARIANTS = {"naive": "naive", "random_channels": "random channels", "lines": "lines"}
_INPUTS = {"true_pair": "-", "sampled_pair": (0, (3, 2))}
_LEAST_SHARE = 1e-3
"""Below it the axis of shares is linear, so that it reaches 0."""


@style.styled
def draw(
    bound: pd.DataFrame,
    cost: pd.DataFrame,
    errors: pd.DataFrame,
    law: pd.DataFrame,
    trained: pd.DataFrame,
) -> Figure:
    """The bound for every network; the neurons a construction takes; what goes wrong otherwise.

    bound, cost, errors, law, trained  contracts BOUND, COST, AND, LAW and TRAINED of
        `experiments.superposition.tables`
    """
    if bound.empty:
        return style.message("No network was measured.")
    figure = style.new_figure(style.PAGE_INCHES, 2.9)
    left, middle, right = figure.subplots(1, 3)
    _bound(left, bound[bound.task == "and"])
    _neurons(middle, cost[cost.task == "and"], law, trained[trained.n_errors == 0])
    _errors(right, errors.merge(law[["features", "channel"]]))
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
                s=8,
                marker=marker,
                color=colour,
                linewidths=0.8,
            )
        ends.append((*rows.iloc[-1][["n_weights", "features"]], _named(bits), colour))
    axes.set(xscale="log", yscale="log", xlabel="Weights N", ylabel="ANDs, at most")
    axes.set_title("Bound by counting")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(style.power_of_ten))
        axis.set_minor_locator(NullLocator())
    axes.grid(True)
    label_line_ends(axes, ends)


def _neurons(axes: Axes, cost: pd.DataFrame, law: pd.DataFrame, trained: pd.DataFrame) -> None:
    last = law.iloc[-1]
    axes.plot(law.features, law.features, color=style.GREY, linewidth=0.8)
    axes.plot(law.features, law.fitted, color=style.BLACK, linewidth=0.8)
    axes.scatter(law.features, law.neurons, s=14, color=style.VERMILLION, zorder=3)
    ends = [
        (last.features, last.features, "n = m′", style.GREY),
        (last.features, last.fitted, "lines", style.VERMILLION),
    ]
    if len(trained):
        axes.plot(trained.features, trained.neurons, "D", color=style.PURPLE, ms=3.5)
        name_at = trained.iloc[-1][["features", "neurons"]]
        axes.annotate(
            "trained",
            name_at,
            xytext=(0, 5),
            textcoords="offset points",
            fontsize=6.5,
            ha="center",
            color=style.PURPLE,
        )
    for bits in (cost.bits.min(), cost.bits.max()):
        rows = cost[cost.bits == bits].sort_values("features")
        axes.plot(rows.features, rows.neurons, color=style.BLUE, linewidth=0.8)
        end = rows.iloc[-1]
        ends.append((end.features, end.neurons, f"bound, {_named(bits)}", style.BLUE))
    axes.set(xscale="log", yscale="log", xlabel="Features m′", ylabel="Neurons n")
    axes.set_title("What it takes")
    axes.xaxis.set_major_locator(FixedLocator(law.features[::2]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    axes.grid(True)
    label_line_ends(axes, ends)


def _errors(axes: Axes, errors: pd.DataFrame) -> None:
    share = errors.assign(share=errors.n_errors / errors.n_inputs)
    ends = []
    for i, (variant, name) in enumerate(_VARIANTS.items()):
        glyph = style.glyph(i + 2)
        for inputs, dash in _INPUTS.items():
            rows = share[(share.variant == variant) & (share.inputs == inputs)]
            rows = rows.sort_values("features")
            (line,) = axes.plot(rows.features, rows.share, glyph.marker, ls=dash, ms=3)
            line.set(color=glyph.colour, clip_on=False)
            if inputs == "true_pair" and len(rows):
                ends.append((*rows.iloc[-1][["features", "share"]], name, glyph.colour))
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=_LEAST_SHARE)
    axes.set(ylim=(0, 1), xlabel="Features m′", ylabel="Wrong inputs", title="With as many neurons")
    axes.yaxis.set_major_locator(FixedLocator([0, 0.001, 0.01, 0.1, 1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    features = sorted(set(share.features))
    axes.xaxis.set_major_locator(FixedLocator(features[::2]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.grid(True, axis="y")
    key = {"true_pair": "an output’s", "sampled_pair": "any pair"}
    handles = [Line2D([], [], color=style.GREY, ls=_INPUTS[k], label=v) for k, v in key.items()]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.04, 0.05), handlelength=1.4)
    label_line_ends(axes, ends)


def _named(bits: int) -> str:
    return "1 bit" if bits == 1 else f"{bits} bits"
