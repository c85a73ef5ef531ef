"""Tables of the scores beside contracts.SCORES: reviewed data and accounts."""

import pandera.pandas as pa

from complexity_atlas.contracts import SCORES, UNITS, Contract, count, number, one_of, text
from complexity_atlas.scores import reported

REASONS = reported.REASONS | {
    "unknown_benchmark": "no benchmark of this name is known; an alias or a row of it may help",
    "unknown_metric": "the benchmark is not known to be scored in this way",
}
"""Why a report became no row: of the parser, or of the curation."""

FLAGS = reported.FLAGS | {
    "conflict": "the same source gives another number for the same measurement",
    "corrected": "mended by a reviewed row of corrections.csv",
    "out_of_bounds": "no value that the metric can have",
    "plus_minus": "the standard error follows a ± whose meaning the source does not state",
    "quarantined": "set aside by a reviewed row of corrections.csv",
    "unit_conflict": "a percent sign where the source prints fractions, or the other way round",
}
"""Flags of scores, joined by ";"."""

METRICS = Contract(
    "metrics",
    {
        "metric_id": text(),
        "name": text(),
        "unit": one_of(*UNITS),
        "proportion": pa.Column("bool"),
        "by_choice": pa.Column("bool"),
        "higher_is_better": pa.Column("bool"),
        "lower_bound": number(),
        "upper_bound": number(),
    },
    ("metric_id",),
)
"""Scale and direction of a metric, whatever the benchmark and the source. `proportion`: a share of
items that were answered right; `by_choice`: guessing among a benchmark's `n_choices` gives
1/n_choices."""

ALIASES = Contract(
    "aliases",
    {
        "kind": one_of("model", "benchmark", "metric"),
        "raw": text(pa.Check.str_length(min_value=1)),
        "canonical": text(pa.Check.str_length(min_value=1)),
        "source": text(),
        "reason": text(pa.Check.str_length(min_value=1)),
    },
    ("kind", "raw", "source"),
)
"""What a source calls a thing, and what the study calls it; an empty `source` means every source.
A benchmark may end in "*" on both sides: the rest of the name is then the subtask."""

CORRECTIONS = Contract(
    "corrections",
    {
        "source": text(pa.Check.str_length(min_value=1)),
        "model_raw": text(pa.Check.str_length(min_value=1)),
        "benchmark_raw": text(),
        "column": one_of("model_revision", "value_raw", "scale", "n_shot", "flags", "status"),
        "found": text(),
        "corrected": text(),
        "reason": text(pa.Check.str_length(min_value=1)),
    },
    ("source", "model_raw", "benchmark_raw", "column"),
)
"""Known errors of sources. `found` is what the source says, so that a correction ends when the
source is mended. `model_raw` "*" means every model, an empty `benchmark_raw` every benchmark."""

SNAPSHOTS = Contract(
    "snapshots",
    {
        "source_id": text(),
        "file": text(),
        "sha256": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "bytes": count(),
        "url": text(),
        "revision": text(),
        "retrieved_at": text(),
        "state": one_of("locked", "local", "stale"),
        "reason": text(),
    },
    ("source_id", "file"),
)
"""The raw files of a run. `local`: of a folder, and not locked; `stale`: the source could not be
fetched, and the last good bytes stand in, for the `reason` given."""

REJECTS = Contract(
    "rejects",
    {
        "source_id": text(),
        "file": text(),
        "raw_sha256": text(),
        "raw_locator": text(),
        "reason": one_of(*REASONS),
        "snippet": text(),
    },
    ("source_id", "file", "raw_locator", "reason", "snippet"),
)

SOURCES = Contract(
    "sources",
    {
        "source_id": text(),
        "name": text(),
        "kind": text(),
        "evaluator": one_of("first_party", "third_party", "unknown", "mixed"),
        "url": text(),
        "revision": text(),
        "licence": text(),
        "terms": text(),
        "state": text(),
        "retrieved_at": text(),
        "files": count(),
        "bytes": count(),
        "rows_in": count(),
        "ok": count(),
        "superseded": count(),
        "copies": count(),
        "quarantined": count(),
        "rejected": count(),
        "unresolved": count(),
        "newest_evaluation": text(),
    },
    ("source_id",),
)
"""Accounts: rows_in = ok + superseded + copies + quarantined + rejected. `unresolved` are those of
any status whose model has no identity."""

SCORED_MODELS = Contract(
    "scored models",
    {
        "model_id": text(),
        "family": text(),
        "developer": text(),
        "n_params": number(pa.Check.gt(0)),
        "n_params_total": number(pa.Check.gt(0)),
        "n_params_active": number(pa.Check.gt(0)),
        "n_params_nonembedding": number(pa.Check.gt(0)),
        "n_train_tokens": number(pa.Check.gt(0)),
        "train_flops": number(pa.Check.gt(0)),
        "release_date": text(),
        "attribute_sources": text(),
        "n_scores": count(),
        "n_benchmarks": count(),
        "n_sources": count(),
    },
    ("model_id",),
)
"""What sources say of a model. `n_params` where a source does not say which parameters it counts:
total and active numbers stand in one column of it. `attribute_sources` leads to every cell."""

UNRESOLVED = Contract(
    "unresolved models",
    {
        "source_id": text(),
        "model_raw": text(),
        "n_rows": count(),
        "suggestion": text(),
        "similarity": number(pa.Check.in_range(0, 100)),
    },
    ("source_id", "model_raw"),
)
"""Names without an identity, and the known model that looks most alike: a person decides."""

EXCLUDED = Contract(
    "benchmarks without an analysis view",
    {"benchmark_id": text(), "n_models": count(), "n_rows": count(), "reason": text()},
    ("benchmark_id",),
)

ANALYSIS_VIEW = Contract("analysis view", SCORES.columns, ("benchmark_id", "model_id", "record_id"))
"""One score per model and benchmark, by one declared protocol; a selection of SCORES."""
