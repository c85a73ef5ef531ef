"""Numbers that are reported more than once: equal, newer, contradictory, or copied."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

COPY_TOLERANCE = 1e-6
"""Two sources that agree to this, and print enough digits to, report one measurement."""

EVIDENCE = 1e-5
"""Half a unit of the last printed digit, at most, for equality to be no coincidence."""

HABIT = 0.2
"""The share of what two sources both report in which they must agree: one agreement among many is
chance, of 1319 answers two models often have the same number right."""

_MEASUREMENT = (
    *("model", "model_revision", "precision", "protocol_id", "source_id", "partial", "n_items"),
)


def flagged(table: pd.DataFrame, flag: str) -> pd.Series:
    """Which rows carry a flag."""
    found = [flag in flags.split(";") for flags in table["flags"]]
    return pd.Series(found, index=table.index, dtype=bool)


def quarantine(table: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    """Set aside rows with a reason (text, "" for none), which joins their flags."""
    doubtful = (reasons != "").astype(bool)
    joined = [
        ";".join(sorted({*filter(None, flags.split(";")), reason}))
        for flags, reason in zip(table.loc[doubtful, "flags"], reasons[doubtful], strict=True)
    ]
    table = table.copy()
    table.loc[doubtful, "flags"] = joined
    table.loc[doubtful | flagged(table, "quarantined"), "status"] = "quarantined"
    return table


def settle(
    table: pd.DataFrame, ranks: Mapping[str, int], repeated: set[tuple[str, str]]
) -> pd.DataFrame:
    """Return `table`, ordered by record_id, with repeated reports settled; nothing is averaged.

    Within a source and a protocol, equal numbers of one date become one row, counted; unequal ones
    are all quarantined ("conflict"); of several dates the newest stays and the others are
    superseded. Across sources a number that another source reports too, to COPY_TOLERANCE, is a
    copy of the better-ranked one, where the two have that HABIT; `repeated` holds pairs (source,
    original) of sources that are known to reprint: there the printed digits need to agree only.
    """
    table = table.assign(
        model=table.model_id.astype(object).where(table.model_id.notna(), "?" + table.model_raw),
        partial=flagged(table, "partial"),
    )
    table = _collapse(table)
    table = _supersede(_quarantine_conflicts(table))
    table = _mark_copies(table, ranks, repeated)
    return table.drop(columns=["model", "partial"])


def _groups(table: pd.DataFrame, *columns: str):
    return table.groupby([*_MEASUREMENT, *columns], dropna=False, sort=False)


def _collapse(table: pd.DataFrame) -> pd.DataFrame:
    live = table[table.status == "ok"]
    counted = _groups(live, "eval_date", "value").n_reports.transform("sum")
    repeated = _groups(live, "eval_date", "value").cumcount() > 0
    table.loc[live.index, "n_reports"] = counted
    return table.drop(index=live.index[repeated]).reset_index(drop=True)


def _quarantine_conflicts(table: pd.DataFrame) -> pd.DataFrame:
    live = table[table.status == "ok"]
    several = _groups(live, "eval_date").record_id.transform("size") > 1
    reasons = pd.Series("", index=table.index)
    reasons[live.index[several]] = "conflict"
    return quarantine(table, reasons)


def _supersede(table: pd.DataFrame) -> pd.DataFrame:
    live = table[(table.status == "ok") & ~table.partial]
    # Numbers in order of the dates, since the largest of numbers is found a hundred times faster.
    dates = live.eval_date.fillna("").astype("category").cat.codes
    newest = dates.groupby([live[name] for name in _MEASUREMENT], dropna=False).transform("max")
    table.loc[live.index[dates != newest], "status"] = "superseded"
    return table


def _mark_copies(
    table: pd.DataFrame, ranks: Mapping[str, int], repeated: set[tuple[str, str]]
) -> pd.DataFrame:
    what = ["model_id", "benchmark_id", "subtask", "metric_id", "metric_filter", "normalization"]
    scale = table.scale_raw.map({"percent": 0.01}).fillna(1.0)
    rows = table.assign(
        half=0.5 * 10.0 ** -table.decimals_raw.astype(float) * scale,
        rank=table.source_id.map(ranks),
        row=table.index,
    )
    value = rows.value.astype(float)
    inside = (value != rows.lower_bound.astype(float)) & (value != rows.upper_bound.astype(float))
    rows = rows[(rows.status == "ok") & rows.model_id.notna() & inside]
    columns = [*what, "row", "source_id", "rank", "value", "half", "model_revision", "n_shot"]
    rows = rows[columns].astype({"value": float, "n_shot": "Float64"})
    several = rows.groupby(what).source_id.transform("nunique") > 1
    rows = rows[several]
    pairs = rows.merge(rows, on=what, suffixes=("", "_of"))
    pairs = pairs[pairs["rank"] > pairs.rank_of]
    pairs = pairs[_compatible(pairs, "model_revision") & _compatible(pairs, "n_shot")]
    gap = (pairs.value - pairs.value_of).abs()
    finest = np.maximum(pairs.half, pairs.half_of)
    declared = np.array(
        [pair in repeated for pair in zip(pairs.source_id, pairs.source_id_of, strict=True)], bool
    )
    same = (gap <= COPY_TOLERANCE) & (finest <= EVIDENCE)
    same |= declared & (gap <= finest * (1 + 1e-9) + 1e-12)
    habit = same.groupby([pairs.source_id, pairs.source_id_of]).transform("mean") >= HABIT
    first = pairs[same & habit].sort_values(["row", "rank_of", "row_of"]).drop_duplicates("row")
    original = dict(zip(first.row, first.row_of, strict=True))
    for row, of in original.items():
        while of in original:
            of = original[of]
        table.loc[row, ["status", "copy_of"]] = ["copy", table.record_id[of]]
    return table


def _compatible(pairs: pd.DataFrame, name: str) -> pd.Series:
    mine, other = pairs[name], pairs[f"{name}_of"]
    return mine.isna() | other.isna() | (mine == other).fillna(False).astype(bool)
