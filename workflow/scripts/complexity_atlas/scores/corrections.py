"""Known errors of sources, mended by reviewed rows of corrections.csv."""

import logging

import pandas as pd

log = logging.getLogger(__name__)


def correct(printed: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Return reports with `corrections` (contract CORRECTIONS) applied, each flagged "corrected".

    A correction holds where source, model and benchmark are as it says and the column still reads
    `found` (empty: whatever it reads). One that finds nothing is logged: the source may have been
    mended. Column "flags" adds a flag; column "status" takes "quarantined".
    """
    if printed.empty or corrections.empty:
        return printed
    printed = printed.copy()
    for row in corrections.itertuples(index=False):
        here = printed.source_id == row.source
        if row.model_raw != "*":
            here &= printed.model_raw == row.model_raw
        if row.benchmark_raw:
            here &= printed.benchmark_raw == row.benchmark_raw
        if row.column not in ("flags", "status") and row.found:
            here &= printed[row.column].astype(str) == row.found
        if not here.any():
            if (printed.source_id == row.source).any():
                log.warning(
                    "correction of %s, %s %s finds nothing to correct",
                    *(row.source, row.model_raw, row.benchmark_raw),
                )
            continue
        added = {"flags": row.corrected, "status": "quarantined"}.get(row.column, "corrected")
        printed.loc[here, "flags"] = pd.Series(
            [(*flags, added) for flags in printed.loc[here, "flags"]], index=printed.index[here]
        )
        if row.column not in ("flags", "status"):
            value = int(row.corrected) if row.column == "n_shot" else row.corrected
            printed.loc[here, row.column] = value
    return printed
