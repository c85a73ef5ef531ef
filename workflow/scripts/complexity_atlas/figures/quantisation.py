"""Complexity of quantised weights against that of the weights: does the order survive?"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from complexity_atlas.figures import style
from complexity_atlas.figures.selection import Selection, of_models

TYPE_LABELS = {"int8": "INT8", "int4": "INT4", "nf4": "NF4"}
SCALE_LABELS = {"tensor": "one scale per tensor", "block": "a scale per 64 weights"}


@style.styled
def draw(
    quantised: pd.DataFrame,
    order: pd.DataFrame,
    complexity: pd.DataFrame,
    models: pd.DataFrame,
    selection: Selection,
) -> Figure:
    """A panel per type and scale: LMC complexity of the codes over that of the weights.

    quantised   contract QUANTISATION;  order  contract QUANTISED_ORDER, of which τ is printed
    complexity  contract MODEL_COMPLEXITY;  models  contract MODELS
    selection   of the complexity before quantisation; its view is that of the codes, too

    Controls are left out. Both axes follow their values: a panel asks for the order, not for
    agreement.
    """
    named = models[models.control == ""].set_index("model")
    before = of_models(complexity, selection).value.reindex(named.index).rename("before")
    here = quantised[quantised["view"] == selection.view]
    points = here.join(before, on="model", how="inner").dropna(subset=["before", "lmc"])
    if points.empty:
        return style.message("No network has codes and a complexity to compare.")
    points = points.assign(task=named.task.reindex(points.model).to_numpy())
    glyphs = style.glyphs(sorted(points.task.unique()))
    figure = style.new_figure(style.PAGE_INCHES, 4.6)
    grid = figure.subplots(len(SCALE_LABELS), len(TYPE_LABELS), squeeze=False)
    for row, (scale, scale_label) in zip(grid, SCALE_LABELS.items(), strict=True):
        for axes, (name, label) in zip(row, TYPE_LABELS.items(), strict=True):
            chosen = (points.type == name) & (points["scale"] == scale)
            taus = order[(order.type == name) & (order["scale"] == scale)].set_index("group").tau
            _panel(axes, points[chosen], taus, glyphs)
            axes.set_title(f"{label}, {scale_label}", pad=3 + 8 * len(glyphs))
    figure.supxlabel(f"{selection.label} of the weights ({selection.description})", fontsize=7.5)
    figure.supylabel("LMC complexity of the codes", fontsize=7.5)
    return figure


def _panel(
    axes: Axes, points: pd.DataFrame, taus: pd.Series, glyphs: dict[str, style.Glyph]
) -> None:
    for line, (task, glyph) in enumerate(reversed(glyphs.items())):
        here = points[points.task == task]
        many = len(here) > 40
        axes.plot(
            here.before,
            here.lmc,
            glyph.marker,
            color=glyph.colour,
            markersize=2.2 if many else 4,
            alpha=0.5 if many else 0.9,
            markeredgewidth=0,
            zorder=1 if many else 2,
        )
        tau = taus.get(task, float("nan"))
        known = f"τ = {tau:.2f}".replace("-", "−") if pd.notna(tau) else "τ undefined"
        axes.annotate(
            f"{task} ({len(here)}): {known}",
            (0, 1),
            (0, 2 + 8 * line),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=6,
            color=glyph.colour,
        )
    if not points.empty:
        style.fit_scale(axes.xaxis, points.before.to_numpy())
        style.fit_scale(axes.yaxis, points.lmc.to_numpy())
