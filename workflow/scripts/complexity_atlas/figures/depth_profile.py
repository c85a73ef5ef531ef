"""Complexity over depth: where in a network the structure of the weights sits."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from complexity_atlas.figures import style
from complexity_atlas.figures.selection import Selection, of_models, of_scopes, of_tensors

MOST_PANELS = 40
"""More networks than this do not fit a page; the largest are shown, and the figure says so."""

_NULL = {"color": style.GREY, "linewidth": 0.6, "linestyle": (0, (4, 3))}
_AREAS = (2.0, 36.0)


@style.styled
def draw(
    tensors: pd.DataFrame,
    complexity: pd.DataFrame,
    models: pd.DataFrame,
    selection: Selection,
    columns: int = 4,
) -> Figure:
    """Small multiples: every network's tensors by depth, area by size, and its line over depth.

    tensors     contract TENSOR_COMPLEXITY; depth is the topological rank of the consuming node,
                or the layer where a file holds no graph
    complexity  contract MODEL_COMPLEXITY; its `layer:` scopes give the line, at the median depth of
                a layer's tensors; without layers it is the mean over the tensors of each depth,
                weighted by their numbers of weights
    models      contract MODELS; panels are ordered by task and model

    All panels share the vertical axis, so heights compare; the depth axes are each network's own.
    The dashed line is the null of the whole network. A title such as 20/58 says how
    many of a network's tensors are defined and drawn.
    """
    every = of_tensors(tensors, selection)
    every = every.assign(depth=every.depth.fillna(every.layer)).dropna(subset=["depth"])
    points = every.dropna(subset=["value"])
    if points.empty:
        return style.message(f"No tensor has a complexity under {selection.description}.")
    shown = _shown(points, models)
    rows = math.ceil(len(shown) / columns)
    figure = style.new_figure(style.PAGE_INCHES, 0.7 + 1.4 * rows)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    nulls = of_models(complexity, selection)["null"]
    for axes, model in zip(grid.flat, shown.itertuples(), strict=False):
        here = points[points.model == model.model]
        _panel(axes, here, _line(complexity, here, selection, model.model))
        axes.axhline(nulls.get(model.model, np.nan), **_NULL)
        total = int((every.model == model.model).sum())
        axes.set_title(model.name, fontsize=6.8)
        if len(here) < total:
            axes.set_title(
                f"{len(here)}/{total}",
                loc="right",
                fontsize=6,
                color=style.GREY,
                fontweight="normal",
            )
    style.fit_scale(grid[0, 0].yaxis, points.value[points.model.isin(shown.model)])
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    figure.supxlabel(
        "Depth (rank of the operation that uses the tensor; without a graph its layer)",
        fontsize=7.5,
    )
    figure.supylabel(selection.label, fontsize=7.5)
    _key(figure, len(shown), points.model.nunique())
    return figure


def _shown(points: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    size = points.groupby("model").n.sum()
    largest = size.nlargest(MOST_PANELS).index
    return models[models.model.isin(largest)].sort_values(["task", "model"])


def _panel(axes: Axes, points: pd.DataFrame, line: pd.DataFrame) -> None:
    axes.plot(line.depth, line.value, color=style.VERMILLION, linewidth=0.8, zorder=2)
    axes.scatter(
        points.depth,
        points.value,
        s=style.size_areas(points.n, *_AREAS),
        c=style.BLUE,
        alpha=0.6,
        linewidths=0.2,
        edgecolors="white",
        zorder=3,
    )
    axes.grid(True, axis="y")
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=4)


def _line(complexity, points: pd.DataFrame, selection: Selection, model: str) -> pd.DataFrame:
    layers = of_scopes(complexity, selection, model, "layer:")
    if layers.empty:
        weighted = points.assign(sum=points.value * points.n).groupby("depth")[["sum", "n"]].sum()
        means = pd.DataFrame({"depth": weighted.index, "value": weighted["sum"] / weighted.n})
        return means.astype("float64")
    placed_points = points.dropna(subset=["layer", "depth"])
    depth = placed_points.groupby("layer").depth.median().astype("float64")
    placed = pd.DataFrame(
        {
            "depth": depth.reindex(layers.index.astype("int64")).to_numpy(),
            "value": layers.value.to_numpy(),
        }
    )
    return placed.astype("float64").dropna().sort_values("depth")


def _key(figure: Figure, shown: int, measured: int) -> None:
    entries = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            color=style.BLUE,
            alpha=0.6,
            markeredgewidth=0,
            markersize=math.sqrt(float(style.size_areas(np.array([n]), *_AREAS)[0])),
            label=text,
        )
        for n, text in ((1e3, "tensor of 10³,"), (1e5, "10⁵,"), (1e7, "10⁷ weights"))
    ]
    entries.append(
        Line2D([], [], color=style.VERMILLION, linewidth=0.8, label="layer, or mean at a depth")
    )
    entries.append(Line2D([], [], **_NULL, label="Gaussian weights"))
    figure.legend(handles=entries, loc="outside upper left", ncols=len(entries), handlelength=1.4)
    if shown < measured:
        figure.suptitle(f"The {shown} largest of {measured} networks", fontsize=8)
