"""The score table of hand-curated files alone."""

from complexity_atlas.contracts import read_tables
from complexity_atlas.scores import curate
from complexity_atlas.scores.curated import curated_reports
from complexity_atlas.scores.reports import read_sources
from complexity_atlas.scores.tables import ALIASES, CORRECTIONS, METRICS, SNAPSHOTS


def curated_scores(files, benchmarks):
    """Curate `files` as the rule does in a study without published sources."""
    tables = (read_tables([], contract) for contract in (METRICS, ALIASES, CORRECTIONS))
    reviewed = curate.Reviewed(benchmarks, *tables)
    reports = read_sources(read_tables([], SNAPSHOTS), [], None)
    return curate.curate(curated_reports(files, benchmarks), reports, [], reviewed).scores
