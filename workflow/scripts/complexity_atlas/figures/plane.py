"""The complexity–entropy plane: where weights lie between the bounds that any histogram obeys."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from complexity_atlas.complexity.measures import Envelope, envelope
from complexity_atlas.figures import style
from complexity_atlas.figures.labels import MOST_NAMES, label_points
from complexity_atlas.figures.selection import Selection, of_models, of_tensors

ROLE_GLYPHS = {
    "convolution": style.Glyph(style.BLUE, "o"),
    "mlp": style.Glyph(style.VERMILLION, "s"),
    "attention_q": style.Glyph(style.GREEN, "^"),
    "attention_k": style.Glyph(style.GREEN, "v"),
    "attention_v": style.Glyph(style.GREEN, "<"),
    "attention_qkv": style.Glyph(style.GREEN, "D"),
    "attention_o": style.Glyph(style.GREEN, ">"),
    "embedding": style.Glyph(style.PURPLE, "P"),
    "head": style.Glyph(style.ORANGE, "*"),
    "recurrent": style.Glyph(style.SKY, "h"),
    "norm": style.Glyph(style.BROWN, "X"),
    "bias": style.Glyph(style.GREY, "d"),
    "other": style.Glyph(style.BLACK, "p"),
}
"""Colour and marker of every tensor role; the parts of attention share a colour."""

NULL = style.Glyph(style.GREY, "x")


@style.styled
def draw(
    complexity: pd.DataFrame, models: pd.DataFrame, selection: Selection, bins: int | None
) -> Figure:
    """Every network on the plane of normalised entropy and complexity, with both bounds.

    complexity  contract MODEL_COMPLEXITY
    models      contract MODELS: names, and the task that gives colour and marker
    selection   `measure` is the ordinate, lmc or c_js
    bins        number of bins of the variant; None (it depends on the data) leaves the bounds out

    The large panel is zoomed to the networks, the small one shows the whole plane. Crosses are the
    null, Gaussian weights of the same number. The bounds hold for histograms, so for the aggregates
    `pooled` and `pooled_standardised`, and not for means over tensors.
    """
    points = _of_models(complexity, selection).join(models.set_index("model")[["name", "task"]])
    if points.empty:
        return style.message(f"No network has a complexity under {selection.description}.")
    glyphs = style.glyphs(sorted(points.task))
    figure, axes, side = _canvas()
    axes.scatter(points.null_x, points.null_y, s=18, c=NULL.colour, marker=NULL.marker, lw=0.8)
    for task, group in points.groupby("task"):
        axes.scatter(
            group.x,
            group.y,
            s=24,
            c=glyphs[task].colour,
            marker=glyphs[task].marker,
            linewidths=0,
            zorder=3,
        )
    nulls = points[["null_x", "null_y"]].to_numpy()
    _finish(axes, side, np.concatenate([points[["x", "y"]], nulls]), selection, bins)
    _key(side, glyphs | {"Gaussian weights": NULL})
    if len(points) <= MOST_NAMES:
        label_points(
            axes,
            points.x,
            points.y,
            points.name,
            [glyphs[task].colour for task in points.task],
            obstacles=[tuple(null) for null in nulls if np.isfinite(null).all()],
        )
    return figure


@style.styled
def draw_tensors(
    tensors: pd.DataFrame, name: str, selection: Selection, bins: int | None
) -> Figure:
    """Every tensor of one network on the plane: colour and marker are its role, area its size.

    tensors  contract TENSOR_COMPLEXITY, the rows of one model; `name` is written as the title
    """
    points, undefined = _of_tensors(tensors, selection)
    if points.empty:
        return style.message(f"{name}: no tensor has a complexity under {selection.description}.")
    glyphs = {r: ROLE_GLYPHS.get(r, ROLE_GLYPHS["other"]) for r in sorted(set(points.role))}
    figure, axes, side = _canvas()
    # Large tensors first, so that small ones stay visible on top of them.
    for role, group in points.sort_values("n", ascending=False).groupby("role"):
        axes.scatter(
            group.x,
            group.y,
            s=style.size_areas(group.n),
            c=glyphs[role].colour,
            marker=glyphs[role].marker,
            alpha=0.75,
            linewidths=0.3,
            edgecolors="white",
            zorder=3,
        )
    _finish(axes, side, points[["x", "y"]].to_numpy(), selection, bins)
    left_out = f"; {undefined} more undefined" if undefined else ""
    axes.set_title(f"{name}: {len(points)} tensors{left_out}")
    _key(side, glyphs)
    return figure


def _of_models(complexity: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    across, up = of_models(complexity, selection, "entropy"), of_models(complexity, selection)
    points = pd.DataFrame(
        {"x": across.value, "y": up.value, "null_x": across["null"], "null_y": up["null"]}
    )
    return points.dropna(subset=["x", "y"])


def _of_tensors(tensors: pd.DataFrame, selection: Selection) -> tuple[pd.DataFrame, int]:
    across = of_tensors(tensors, selection, "entropy").set_index("tensor")
    up = of_tensors(tensors, selection).set_index("tensor")
    points = up[["role", "n"]].assign(x=across.value, y=up.value)
    defined = points.dropna(subset=["x", "y"])
    return defined, len(points) - len(defined)


def _canvas() -> tuple[Figure, Axes, Axes]:
    """A large panel, and beside it, where it can hide nothing, a small one above the key."""
    figure = style.new_figure(style.PAGE_INCHES, 4.2)
    grid = figure.add_gridspec(2, 2, width_ratios=(3.6, 1), height_ratios=(1, 1.9))
    return figure, figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1])


def _finish(axes: Axes, side: Axes, shown: np.ndarray, selection: Selection, bins) -> None:
    bounds = envelope(selection.measure, bins, points=4001) if bins else None
    # Networks crowd at high entropy and low complexity: that corner leaves room for their names.
    left, right = style.padded(shown[:, 0], 0.08)
    axes.set_xlim(max(left, 0.0), min(right + 0.2 * (right - left), 1.0))
    style.fit_scale(axes.yaxis, shown[:, 1], 0.12)
    axes.set_xlabel("Normalised entropy H")
    axes.set_ylabel(selection.label)
    axes.grid(True)
    axes.set_axisbelow(True)
    side.plot(*shown.T, ".", color=style.BLACK, markersize=1.5)
    side.add_patch(
        Rectangle(
            (axes.get_xlim()[0], axes.get_ylim()[0]),
            np.ptp(axes.get_xlim()),
            np.ptp(axes.get_ylim()),
            fill=False,
            edgecolor=style.BLACK,
            linewidth=0.6,
        )
    )
    top = np.nanmax(shown[:, 1]) if bounds is None else bounds.upper.max()
    side.set(xlim=(0, 1), ylim=(0, 1.08 * top), xticks=(0, 0.5, 1))
    side.locator_params(axis="y", nbins=3)
    side.tick_params(labelsize=6, length=2)
    side.set_title("whole plane", fontsize=6.5, fontweight="normal", color=style.GREY)
    if bounds is not None:
        _bounds(axes, bounds)
        _bounds(side, bounds)


def _bounds(axes: Axes, bounds: Envelope) -> None:
    # Bounds far from the data must not move the limits.
    limits = axes.get_xlim(), axes.get_ylim()
    axes.fill_between(
        bounds.entropy, bounds.lower, bounds.upper, color="#f5f5f5", linewidth=0, zorder=0
    )
    for line in (bounds.lower, bounds.upper):
        axes.plot(bounds.entropy, line, color=style.FAINT, linewidth=0.9, zorder=1)
    axes.set(xlim=limits[0], ylim=limits[1])


def _key(side: Axes, glyphs: dict[str, style.Glyph]) -> None:
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=g.marker,
            color=g.colour,
            markersize=4.5,
            label=name.replace("_", " "),
        )
        for name, g in glyphs.items()
    ]
    side.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.1, -0.2),
        borderaxespad=0,
        handletextpad=0.2,
    )
