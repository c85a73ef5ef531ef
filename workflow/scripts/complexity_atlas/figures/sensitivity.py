"""Does the order of the networks survive the choice of bins? Ranks under every binning."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import kendalltau

from complexity_atlas.contracts import VIEWS
from complexity_atlas.figures import style
from complexity_atlas.figures.selection import Selection, of_models, variant_label

MOST_LABELS = 40
"""More networks than this are drawn as lines without names."""


def ranking(complexity: pd.DataFrame, selection: Selection, variants: list[str]) -> pd.DataFrame:
    """Rank of every network under every variant and view: 1 is the most complex, ties share.

    Returns the columns model, view, variant, value, rank, and n_ranked, the number of networks
    that have a value there; an undefined complexity has neither value nor rank.
    """
    frames = []
    for view in VIEWS:
        for variant in variants:
            chosen = Selection(
                selection.measure, variant, view, selection.aggregate, selection.null_kind
            )
            values = of_models(complexity, chosen).value
            frames.append(
                pd.DataFrame(
                    {
                        "model": values.index,
                        "view": view,
                        "variant": variant,
                        "value": values.to_numpy(),
                        "rank": values.rank(ascending=False, method="average").to_numpy(),
                        "n_ranked": int(values.notna().sum()),
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


def agreement(ranks: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Kendall's tau-b of every variant's order with that of `reference`, within each view.

    Over the networks that both define; NaN with fewer than three. Columns view, variant, tau, n.
    """
    rows = []
    for view, group in ranks.groupby("view", sort=False):
        table = group.pivot(index="model", columns="variant", values="value")
        for variant in group.variant.unique():
            both = table[[variant]].assign(reference=table.get(reference)).dropna()
            enough = len(both) > 2
            tau = kendalltau(both[variant], both.reference).statistic if enough else np.nan
            rows.append({"view": view, "variant": variant, "tau": tau, "n": len(both)})
    return pd.DataFrame(rows, columns=["view", "variant", "tau", "n"])


@style.styled
def draw(
    complexity: pd.DataFrame, models: pd.DataFrame, selection: Selection, variants: list[str]
) -> Figure:
    """Bump chart: a line per network through its rank under each of `variants`, a panel per view.

    complexity  contract MODEL_COMPLEXITY;  models  contract MODELS
    selection   measure and aggregate to rank by; its variant comes first and is the reference of
                Kendall's tau

    Where a complexity is undefined a dotted line bridges the gap, and the variant's label says how
    many networks it ranks. Lines that cross say that the binning decides.
    """
    variants = sorted(variants, key=lambda variant: variant != selection.variant)
    ranks = ranking(complexity, selection, variants)
    if ranks["rank"].notna().sum() == 0:
        return style.message("No network has a complexity to rank.")
    tau = agreement(ranks, selection.variant).set_index(["view", "variant"]).tau
    named = models.set_index("model")
    glyphs = style.glyphs(sorted(named.task))
    many = ranks.model.nunique()
    figure = style.new_figure(style.PAGE_INCHES, 1.6 + 0.32 * min(many, MOST_LABELS))
    grid = figure.subplots(len(VIEWS), 1, squeeze=False)[:, 0]
    for axes, view in zip(grid, VIEWS, strict=True):
        here, names = ranks[ranks["view"] == view], {}
        for model, line in here.groupby("model"):
            known = model in named.index
            glyph = glyphs[named.task[model]] if known else style.Glyph(style.GREY, "o")
            name = named["name"][model] if known else model
            _bump(axes, line.set_index("variant")["rank"].reindex(variants), glyph)
            if many <= MOST_LABELS:
                names[model] = (name, glyph.colour)
        for at in (0, len(variants) - 1) if names else ():
            _name(axes, here[here.variant == variants[at]].set_index("model")["rank"], names, at)
        counts = here.groupby("variant").n_ranked.first()
        taus = [tau.get((view, v), np.nan) if v != selection.variant else None for v in variants]
        _axes(axes, [_tick(*of, many) for of in zip(variants, taus, counts[variants], strict=True)])
        axes.set_ylim(many + 0.6, 0.4)
        axes.set_title(f"{view.capitalize()} weights: rank, the most complex network at the top")
    _key(figure, glyphs)
    return figure


def _bump(axes: Axes, ranks: pd.Series, glyph: style.Glyph) -> None:
    x = np.arange(len(ranks))
    known = ranks.notna().to_numpy()
    if not known.any():
        return
    axes.plot(x[known], ranks[known], color=glyph.colour, linewidth=0.6, linestyle=":", zorder=1)
    axes.plot(
        x,
        ranks,
        color=glyph.colour,
        linewidth=0.9,
        alpha=0.85,
        marker=glyph.marker,
        markersize=3.6,
        markeredgewidth=0,
    )


def _name(axes: Axes, ranks: pd.Series, names: dict[str, tuple[str, str]], at: int) -> None:
    """Names beside the first or last column; those without a rank stand below, and say so."""
    free = int(ranks.notna().sum())
    side, offset = ("right", -6) if at == 0 else ("left", 6)
    for model, rank in ranks.sort_index().items():
        name, colour = names[model]
        if np.isnan(rank):
            free += 1
            name, rank = f"{name}, undefined", free
        axes.annotate(
            name,
            (at, rank),
            xytext=(offset, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=6.2,
            color=colour,
        )


def _tick(variant: str, tau: float | None, ranked: int, many: int) -> str:
    """Name, agreement with the reference (None: it is the reference), number ranked if not all."""
    name = variant_label(variant).replace(", ", ",\n").replace("–D", "–\nD")
    lines = [name] if "\n" in name else [name, ""]
    if tau is None:
        lines.append("reference")
    else:
        lines.append("" if np.isnan(tau) else f"τ = {tau:+.2f}".replace("-", "−"))
    lines.append(f"n = {ranked}" if ranked < many else "")
    return "\n".join(lines)


def _axes(axes: Axes, labels: list[str]) -> None:
    axes.set_xticks(np.arange(len(labels)), labels, fontsize=6)
    axes.set_xlim(-0.2, len(labels) - 0.8)
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _key(figure: Figure, glyphs: dict[str, style.Glyph]) -> None:
    handles = [
        Line2D([], [], marker=g.marker, color=g.colour, markersize=3.6, linewidth=0.9, label=task)
        for task, g in glyphs.items()
        if task
    ]
    if len(handles) > 1:
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
