"""Whether a source can be on the scale that it is read by; if not, the run stops with its name.

A source a hundred times too large is no outlier to be set aside row by row: it means that the rule
for its scale is wrong, or that its format has changed.
"""

import numpy as np
import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.repeats import flagged

MOST = 0.5
"""A source, or a column of it, with a larger share of numbers out of bounds is misread."""

FACTOR = 20.0
"""Between protocols scores differ by points, between percent and fraction by a factor of 100."""

BELOW_CHANCE = 5.0
"""A median so many times below chance is no ability, it is another scale."""

_COLUMN = ["source_id", "benchmark_id", "metric_id"]


def refuse_implausible(table: pd.DataFrame) -> None:
    """Raise AtlasError naming the source whose numbers cannot be on the scale of their metric.

    Three signs: most numbers of a source, or of one of its benchmarks, are out of bounds; most are
    FACTOR times larger or smaller than what other sources say of the same models; the median model
    is BELOW_CHANCE times worse than guessing. `table` has the columns of SCORES.
    """
    if table.empty:
        return
    rows = table.assign(value=table.value.astype(float), chance=table.chance_level.astype(float))
    _refuse_out_of_bounds(rows)
    _refuse_disagreement(rows)
    _refuse_below_chance(rows)


def _refuse_out_of_bounds(rows: pd.DataFrame) -> None:
    outside = flagged(rows, "out_of_bounds")
    for columns, least in ((["source_id"], 1), (_COLUMN, 3)):
        groups = outside.groupby([rows[name] for name in columns])
        share, size = groups.mean(), groups.size()
        wrong = share[(share > MOST) & (size >= least)]
        if len(wrong):
            name = wrong.index[0]
            shown = name if isinstance(name, str) else ", ".join(name)
            some = rows[outside & (rows[columns] == _tuple(name)).all(axis=1)].iloc[0]
            raise AtlasError(
                f"source {shown}: {wrong.iloc[0]:.0%} of {size[name]} numbers are out of bounds, "
                f"for example {some.value_raw!r} ({some.scale_raw}) at {some.raw_locator}, which "
                f"reads as {some.value:g}; correct its scale in the catalogue of sources, or the "
                "parser"
            )


def _tuple(name) -> list[str]:
    return [name] if isinstance(name, str) else list(name)


def _refuse_disagreement(rows: pd.DataFrame) -> None:
    live = rows[(rows.status == "ok") & rows.model_id.notna() & (rows.value > 0)]
    what = ["model_id", "benchmark_id", "subtask", "metric_id", "normalization"]
    values = live.groupby([*what, "source_id"], sort=True).value.median().reset_index()
    pairs = values.merge(values, on=what, suffixes=("", "_other"))
    pairs = pairs[pairs.source_id != pairs.source_id_other]
    pairs = pairs.assign(ratio=np.log(pairs.value / pairs.value_other))
    for (source, benchmark), here in pairs.groupby(["source_id", "benchmark_id"]):
        ratio = float(np.exp(here.ratio.median()))
        if len(here) >= 3 and not 1 / FACTOR < ratio < FACTOR:
            others = ", ".join(sorted(here.source_id_other.unique()))
            raise AtlasError(
                f"source {source}: its {benchmark} is {ratio:.3g} times what {others} say of the "
                f"same models, over {len(here)} pairs; one of them is read on a wrong scale"
            )


def _refuse_below_chance(rows: pd.DataFrame) -> None:
    guessed = rows[(rows.status == "ok") & (rows.chance >= 0.05) & (rows.normalization == "none")]
    for (source, benchmark, metric), here in guessed.groupby(_COLUMN):
        middle, chance = here.value.median(), here.chance.median()
        if len(here) >= 5 and 0 < middle < chance / BELOW_CHANCE:
            raise AtlasError(
                f"source {source}: the median {metric} of {benchmark} is {middle:.3g}, where "
                f"guessing gives {chance:.3g}; it is read on a wrong scale"
            )
