"""Accounts of a curation: what came in of every source, and what became of it."""

import logging
from collections.abc import Mapping, Sequence

import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.catalogue import Source
from complexity_atlas.scores.tables import SOURCES

_STATUSES = {
    "ok": "ok",
    "superseded": "superseded",
    "copies": "copy",
    "quarantined": "quarantined",
}
log = logging.getLogger(__name__)


def unresolved_names(scores: pd.DataFrame) -> pd.DataFrame:
    """Names of models without an identity: columns source_id, model_raw, n_rows."""
    lost = scores[scores.model_id.isna()]
    return (
        lost.groupby(["source_id", "model_raw"], sort=True)
        .n_reports.sum()
        .reset_index(name="n_rows")
    )


def check_nothing_vanished(
    rows_in: Mapping[str, int], scores: pd.DataFrame, rejects: pd.DataFrame
) -> None:
    """Raise AtlasError unless every report of every source is a row, a part of one, or a reject."""
    kept = scores.groupby("source_id").n_reports.sum()
    out = kept.add(rejects.groupby("source_id").size(), fill_value=0).astype(int).to_dict()
    if out != dict(rows_in):
        wrong = sorted(name for name in {*out, *rows_in} if out.get(name) != rows_in.get(name))[0]
        raise AtlasError(
            f"source {wrong}: {rows_in.get(wrong, 0)} rows came in and {out.get(wrong, 0)} are "
            "accounted for; curation has lost or invented rows"
        )


def source_accounts(
    scores: pd.DataFrame,
    rejects: pd.DataFrame,
    rows_in: Mapping[str, int],
    snapshots: pd.DataFrame,
    sources: Sequence[Source],
) -> pd.DataFrame:
    """One row per source (contract SOURCES), curated files and the study's own zoo among them."""
    by_id = {source.id: source for source in sources}
    rows = []
    for name in sorted({*rows_in, *by_id}):
        here, files = scores[scores.source_id == name], snapshots[snapshots.source_id == name]
        counts = here.groupby("status").n_reports.sum()
        row = {column: int(counts.get(status, 0)) for column, status in _STATUSES.items()}
        dates = here.eval_date.dropna()
        rows.append(
            _described(by_id.get(name), here, files)
            | row
            | {
                "source_id": name,
                "rows_in": rows_in.get(name, 0),
                "rejected": int((rejects.source_id == name).sum()),
                "unresolved": int(here[here.model_id.isna()].n_reports.sum()),
                "newest_evaluation": dates.max()[:10] if len(dates) else "",
            }
        )
    return SOURCES.check(pd.DataFrame(rows, columns=list(SOURCES.columns)))


def _described(
    source: Source | None, scores: pd.DataFrame, files: pd.DataFrame
) -> dict[str, object]:
    if source is None:
        return {
            "name": scores.source_id.iloc[0].replace("_", " "),
            "kind": "curated",
            "evaluator": scores.evaluator.iloc[0] if scores.evaluator.nunique() == 1 else "mixed",
            "url": scores.source_url.iloc[0],
            "revision": _only(scores.source_revision.dropna()),
            "licence": _only(scores.licence),
            "terms": "",
            "state": "in the project",
            "retrieved_at": "",
            "files": scores.raw_sha256.nunique(),
            "bytes": 0,
        }
    state = "stale" if (files.state == "stale").any() else _only(files.state)
    reasons = files.reason[files.reason != ""].unique()
    return {
        "name": source.name,
        "kind": source.kind,
        "evaluator": source.evaluator,
        "url": source.page,
        "revision": _only(files.revision),
        "licence": source.licence,
        "terms": source.terms,
        "state": "; ".join([state, *reasons]) if state == "stale" else state,
        "retrieved_at": files.retrieved_at.max() if len(files) else "",
        "files": len(files),
        "bytes": int(files.bytes.sum()),
    }


def _only(column: pd.Series) -> str:
    found = sorted(set(column))
    return found[0] if len(found) == 1 else ("several" if found else "")


def log_accounts(sources: pd.DataFrame) -> None:
    """Print the accounts, one line per source."""
    for row in sources.itertuples():
        log.info(
            "%s: %d rows in = %d ok + %d superseded + %d copies + %d quarantined + %d rejected; "
            "%d without identity",
            *(row.source_id, row.rows_in, row.ok, row.superseded, row.copies, row.quarantined),
            *(row.rejected, row.unresolved),
        )
