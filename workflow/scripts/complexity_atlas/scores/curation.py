"""A study's scores from its files: what the rule and the command line share."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from complexity_atlas import contracts
from complexity_atlas.contracts import Contract, read_table, read_tables
from complexity_atlas.scores import accounts, tables
from complexity_atlas.scores.catalogue import Source, chosen_sources, load_catalogue
from complexity_atlas.scores.curate import Curation, Reviewed, curate
from complexity_atlas.scores.curated import curated_reports
from complexity_atlas.scores.reports import Reports, read_sources
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.view import analysis_view, load_protocols

log = logging.getLogger(__name__)


def curate_study(
    curated: Sequence[Path],
    reviewed: Mapping[str, Path],
    snapshots: Sequence[Path],
    sources: Sequence[str],
    store: Path,
    models: Sequence[str],
) -> dict[str, tuple[pd.DataFrame, Contract]]:
    """Return every table of the scores with its contract, by name.

    curated    CSV files of hand-curated scores
    reviewed   paths of benchmarks, metrics, aliases, corrections, protocols and the catalogue
    snapshots  tables of raw files (contract SNAPSHOTS), none or one
    sources    ids of the sources that the study takes
    store      folder of the raw files
    models     ids of the study's own models, folder names too
    """
    chosen = chosen_sources(load_catalogue(reviewed["catalogue"]), list(sources))
    raw = read_tables(snapshots, tables.SNAPSHOTS)
    reports = read_sources(raw, chosen, RawStore(store))
    for note in reports.notes:
        log.info(note)
    protocols = load_protocols(reviewed["protocols"])
    listed = tuple(model.replace("--", "/", 1) for model in models)
    data = load_reviewed(reviewed, listed, protocols.precedence)
    result = curate_reports(curated, reports, chosen, data)
    account = accounts.source_accounts(result.scores, result.rejects, result.rows_in, raw, chosen)
    accounts.log_accounts(account)
    view = analysis_view(result.scores, data.benchmarks, protocols)
    for row in view.excluded.itertuples():
        log.info("%s has no analysis view: %s", row.benchmark_id, row.reason)
    return {
        "scores": (result.scores, contracts.SCORES),
        "view": (view.scores, tables.ANALYSIS_VIEW),
        "excluded": (view.excluded, tables.EXCLUDED),
        "sources": (account, tables.SOURCES),
        "models": (result.models, tables.SCORED_MODELS),
        "rejects": (result.rejects, tables.REJECTS),
        "unresolved": (result.unresolved, tables.UNRESOLVED),
    }


def load_reviewed(
    paths: Mapping[str, Path], listed: tuple[str, ...] = (), precedence: tuple[str, ...] = ()
) -> Reviewed:
    """Read the reviewed tables from their paths by name."""
    return Reviewed(
        read_table(paths["benchmarks"], contracts.BENCHMARKS),
        read_table(paths["metrics"], tables.METRICS),
        read_table(paths["aliases"], tables.ALIASES),
        read_table(paths["corrections"], tables.CORRECTIONS),
        listed,
        precedence,
    )


def curate_reports(
    curated: Sequence[Path], reports: Reports, sources: Sequence[Source], reviewed: Reviewed
) -> Curation:
    """Curate hand-curated files and the reports of sources together."""
    return curate(curated_reports(curated, reviewed.benchmarks), reports, sources, reviewed)
