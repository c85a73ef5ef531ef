"""Published and measured scores, and answers item by item."""

import pandera.pandas as pa

from complexity_atlas.contracts.table import Contract, count, integer, number, one_of, text

UNITS = ("fraction", "nats", "bits", "ppl", "points", "seconds")

BENCHMARKS = Contract(
    "benchmarks",
    {
        "benchmark_id": text(),
        "name": text(),
        "metric_id": text(),
        "unit": one_of(*UNITS),
        "proportion": pa.Column("bool"),
        "higher_is_better": pa.Column("bool"),
        "lower_bound": number(),
        "upper_bound": number(),
        "chance_level": number(),
        "n_items": count(nullable=True),
        "n_choices": count(nullable=True),
        "description": text(),
        "url": text(),
    },
    ("benchmark_id",),
)

SCORES = Contract(
    "scores",
    {
        "record_id": text(pa.Check.str_matches(r"^[0-9a-f]{16}$")),
        "model_id": text(nullable=True),
        "model_raw": text(),
        "model_match": one_of("exact", "alias", "normalized", "manual", "unresolved"),
        "model_revision": text(nullable=True),
        "precision": text(),
        "benchmark_id": text(),
        "subtask": text(),
        "split": text(),
        "dataset_revision": text(nullable=True),
        "task_version": text(nullable=True),
        "metric_id": text(),
        "metric_filter": text(),
        "n_shot": integer(nullable=True),
        "cot": pa.Column("boolean", nullable=True),
        "chat_template": pa.Column("boolean", nullable=True),
        "normalization": one_of("none", "chance_rescaled"),
        "aggregation": one_of("item_mean", "macro", "micro", "single", "composite"),
        "protocol_id": text(),
        "value": number(nullable=False),
        "unit": one_of(*UNITS),
        "higher_is_better": pa.Column("bool"),
        "lower_bound": number(),
        "upper_bound": number(),
        "chance_level": number(),
        "value_raw": text(),
        "scale_raw": text(),
        "decimals_raw": count(),
        "stderr": number(pa.Check.ge(0)),
        "stderr_kind": one_of("reported", "from_ci", "binomial", "none"),
        "ci_low": number(),
        "ci_high": number(),
        "n_items": count(nullable=True),
        "evaluator": one_of("first_party", "third_party", "unknown"),
        "harness": text(),
        "harness_version": text(),
        "eval_date": text(nullable=True),
        "source_id": text(),
        "source_url": text(),
        "source_revision": text(nullable=True),
        "raw_sha256": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "raw_locator": text(),
        "retrieved_at": text(),
        "parser": text(),
        "parser_version": text(),
        "licence": text(),
        "status": one_of("ok", "quarantined", "superseded", "copy"),
        "flags": text(),
        "copy_of": text(),
        "n_reports": integer(pa.Check.ge(1)),
    },
    ("record_id",),
)
"""One row per reported number. `n_reports` counts the reports of one source that say the same and
are one row; `copy_of` is the `record_id` of the row that a copy repeats."""

ITEMS = Contract(
    "items",
    {
        "item_uid": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "benchmark_id": text(),
        "group_id": text(),
        "split": text(),
        "text": text(),
    },
    ("item_uid",),
)
"""Questions of benchmarks. `group_id` is the problem: variants of one problem share it."""

RESPONSES = Contract(
    "responses",
    {
        "item_uid": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "model_id": text(),
        "protocol_id": text(),
        "score": pa.Column("float32", pa.Check.in_range(0, 1), nullable=True),
        "n_correct": count(nullable=True),
        "n_attempts": integer(pa.Check.ge(1), nullable=True),
        "evaluated": pa.Column("bool"),
        "flag": text(),
        "source": text(),
    },
    ("item_uid", "model_id", "protocol_id"),
)
"""What a model made of an item. Where `evaluated` is false, `flag` says why it does not count."""
