"""The zoo in pictures: complexity while networks learn, and what is left of it without capability.

All take complexities (contract MODEL_COMPLEXITY) and the zoo's own scores (contract SCORES of
`experiments.zoo.tables`). Colour is the size of a network; the two number types of a size, which
are its two seeds, differ in line style.
"""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from complexity_atlas.complexity.measures import envelope
from complexity_atlas.figures import style
from complexity_atlas.figures.selection import Selection, of_models

BITS = "zoo_bits_per_character"
BITS_LABEL = "Bits per character"
CONTROL_GLYPHS = {
    "": style.Glyph(style.BLUE, "o"),
    "shuffled": style.Glyph(style.VERMILLION, "x"),
    "reinitialised": style.Glyph(style.GREEN, "^"),
}
CONTROL_NAMES = {"": "trained", "shuffled": "shuffled", "reinitialised": "re-initialised"}

_DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 1, 1, 1)))


@style.styled
def draw_training(complexity: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> Figure:
    """Complexity along training above, the score beneath: a panel per family, a line per run.

    The dashed grey line is the null, Gaussian weights of the same number (the mean of the networks
    shown). Step 0, which has no place on a logarithmic axis, is drawn at its left end.
    """
    points = _points(complexity, scores, selection)
    points = points[points.control == ""]
    if points.value.notna().sum() == 0:
        return style.message(f"No network has a complexity under {selection.description}.")
    families = list(dict.fromkeys(points.family))
    figure = style.new_figure(style.PAGE_INCHES, 4.4)
    grid = figure.subplots(2, len(families), sharex=True, sharey="row", squeeze=False)
    first = points.characters[points.characters > 0].min() / 4
    for axes, family in zip(grid.T, families, strict=True):
        here = points[points.family == family]
        for place, column in zip(axes, ("value", "bits"), strict=True):
            _lines(place, here.assign(seen=here.characters.clip(lower=first)), "seen", column)
            place.set_xscale("log")
            place.xaxis.set_major_formatter(FuncFormatter(style.power_of_ten))
            place.xaxis.set_minor_locator(NullLocator())
            place.grid(True, axis="y")
        axes[0].axhline(here["null"].mean(), color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        axes[0].set_title(_family_name(family))
        axes[1].set_xlabel("Training characters")
    style.fit_scale(grid[0, 0].yaxis, np.append(points.value, points["null"]))
    grid[0, 0].set_ylabel(selection.label)
    grid[1, 0].set_ylabel(BITS_LABEL)
    _key(figure, points)
    return figure


@style.styled
def draw_plane(
    complexity: pd.DataFrame, scores: pd.DataFrame, selection: Selection, bins: int | None
) -> Figure:
    """Trajectories through the complexity–entropy plane: a panel per family, a line per run.

    A line begins at the small dot (step 0) and ends at the large one; grey lines are the bounds of
    any histogram of `bins` bins, left out where the number depends on the data (None).
    """
    points = _points(complexity, scores, selection)
    entropy = of_models(complexity, selection, "entropy").value.rename("entropy")
    points = points.join(entropy, on="model")
    points = points[points.control == ""].dropna(subset=["value", "entropy"])
    if points.empty:
        return style.message(f"No network has a complexity under {selection.description}.")
    families = list(dict.fromkeys(points.family))
    figure = style.new_figure(style.PAGE_INCHES, 3.0)
    grid = figure.subplots(1, len(families), sharex=True, sharey=True, squeeze=False)[0]
    style.fit_scale(grid[0].yaxis, points.value.to_numpy(), 0.1)
    for axes, family in zip(grid, families, strict=True):
        here = points[points.family == family]
        _lines(axes, here, "entropy", "value")
        if bins:
            _bounds(axes, selection, bins)
        axes.set_xlim(*style.padded(points.entropy.to_numpy(), 0.08))
        axes.set_title(_family_name(family))
        axes.set_xlabel("Normalised entropy H")
        axes.grid(True)
    grid[0].set_ylabel(selection.label)
    _key(figure, points)
    return figure


@style.styled
def draw_controls(complexity: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> Figure:
    """Complexity and capability of every last checkpoint beside its two controls.

    A panel per family; a thin line joins a trained network to its controls. The dashed line is what
    a guess without context costs, the unigram entropy of the held-out text.
    """
    points = _points(complexity, scores, selection)
    last = points[points.step == points.groupby("run").step.transform("max")]
    last = last.dropna(subset=["value"])
    if last.empty:
        return style.message(f"No network has a complexity under {selection.description}.")
    families = list(dict.fromkeys(last.family))
    figure = style.new_figure(style.PAGE_INCHES, 3.0)
    grid = figure.subplots(1, len(families), sharey=True, squeeze=False)[0]
    for axes, family in zip(grid, families, strict=True):
        here = last[last.family == family]
        for _, run in here.groupby("run"):
            trained = run[run.control == ""]
            for _, control in run[run.control != ""].iterrows():
                ends = pd.concat([trained, control.to_frame().T])
                axes.plot(ends.value, ends.bits, color=style.FAINT, linewidth=0.6, zorder=1)
        for control, group in here.groupby("control"):
            glyph = CONTROL_GLYPHS[control]
            axes.scatter(group.value, group.bits, s=22, c=glyph.colour, marker=glyph.marker, lw=0.9)
        axes.axhline(here.unigram.mean(), color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_title(_family_name(family))
        axes.set_xlabel(selection.label)
        axes.locator_params(axis="x", nbins=4)
        axes.grid(True, axis="y")
    grid[0].set_yscale("log")
    grid[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    grid[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    grid[0].yaxis.set_minor_locator(NullLocator())
    grid[0].set_ylabel(BITS_LABEL)
    entries = [
        Line2D([], [], linestyle="", marker=g.marker, color=g.colour, label=CONTROL_NAMES[control])
        for control, g in CONTROL_GLYPHS.items()
    ]
    entries.append(Line2D([], [], color=style.GREY, linestyle=(0, (4, 3)), label="unigram entropy"))
    figure.legend(handles=entries, loc="outside upper left", ncols=len(entries))
    return figure


def _points(complexity: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """One row per network: its place in the zoo, complexity with null, and bits per character."""
    found = of_models(complexity, selection)[["value", "null"]]
    bits = scores[scores.benchmark_id == BITS].rename(
        columns={"model_id": "model", "value": "bits", "chance_level": "unigram"}
    )
    columns = ["model", "run", "family", "size", "seed", "step", "control", "characters"]
    points = bits[[*columns, "bits", "unigram"]].join(found, on="model")
    return points.sort_values(["family", "size", "seed", "step"], ignore_index=True)


def _lines(axes: Axes, points: pd.DataFrame, x: str, y: str) -> None:
    colours, dashes = _size_colours(points), _seed_dashes(points)
    for (size, seed), run in points.groupby(["size", "seed"]):
        run = run.sort_values("step")
        axes.plot(run[x], run[y], color=colours[size], linestyle=dashes[seed], linewidth=0.9)
        for row, area in ((run.iloc[0], 4), (run.iloc[-1], 16)):
            axes.scatter(row[x], row[y], s=area, color=colours[size], linewidths=0, zorder=3)
    axes.set_axisbelow(True)


def _size_colours(points: pd.DataFrame) -> dict[int, tuple]:
    # Viridis without its yellow end, which vanishes on white paper.
    sizes = sorted(set(points["size"]))
    return dict(zip(sizes, mpl.colormaps["viridis"](np.linspace(0, 0.85, len(sizes))), strict=True))


def _seed_dashes(points: pd.DataFrame) -> dict[int, object]:
    return {seed: _DASHES[i % len(_DASHES)] for i, seed in enumerate(sorted(set(points.seed)))}


def _bounds(axes: Axes, selection: Selection, bins: int) -> None:
    limits = axes.get_ylim()
    bounds = envelope(selection.measure, bins, points=4001)
    for bound in (bounds.lower, bounds.upper):
        axes.plot(bounds.entropy, bound, color=style.GREY, linewidth=0.8, zorder=1)
    axes.set_ylim(limits)


def _key(figure: Figure, points: pd.DataFrame) -> None:
    entries = [
        Line2D([], [], color=colour, label=f"{size:,} parameters")
        for size, colour in _size_colours(points).items()
    ]
    entries += [
        Line2D([], [], color=style.BLACK, linestyle=dash, label=f"seed {seed}")
        for seed, dash in _seed_dashes(points).items()
    ]
    figure.legend(handles=entries, loc="outside upper left", ncols=4)


def _family_name(family: str) -> str:
    return family if family == "transformer" else family.upper()
