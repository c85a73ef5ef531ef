"""The tables of the zoo: contracts of what its jobs write. Reading them needs no torch."""

import pandera.pandas as pa

from complexity_atlas.contracts import Contract, count, integer, number, one_of, text
from complexity_atlas.experiments.zoo.settings import CONTROLS

ITEMS = Contract(
    "zoo items",
    {
        "item_uid": text(),
        "benchmark_id": text(),
        "group_id": text(),
        "split": text(),
        "text": text(),
        "options": text(),
        "answer": integer(),
    },
    ("item_uid",),
)

SCORES = Contract(
    "zoo scores",
    {
        "model_id": text(),
        "run": text(),
        "family": text(),
        "size": count(),
        "seed": count(),
        "precision": text(),
        "step": count(),
        "control": one_of("", *CONTROLS),
        "n_parameters": count(),
        "characters": count(),
        "text_sha256": text(),
        "benchmark_id": text(),
        "value": number(nullable=False),
        "stderr": number(nullable=False),
        "stderr_kind": one_of("reported", "binomial"),
        "n_items": count(),
        "chance_level": number(nullable=False),
    },
    ("model_id", "benchmark_id"),
)

RESPONSES = Contract(
    "zoo responses",
    {
        "item_uid": text(),
        "model_id": text(),
        "protocol_id": text(),
        "score": number(nullable=False),
        "probability": number(nullable=False),
        "n_correct": count(),
        "n_attempts": count(),
        "trials": text(),
        "completed": pa.Column("bool"),
        "evaluated": pa.Column("bool"),
        "source": text(),
    },
    ("model_id", "item_uid"),
)

LOSS_CURVE = Contract(
    "zoo loss curve",
    {"run": text(), "step": count(), "characters": count(), "loss": number(nullable=False)},
    ("run", "step"),
)
"""`loss`: bits per character of a batch before its update, after `characters` of training."""

EPIPLEXITY = Contract(
    "zoo epiplexity",
    {"model_id": text(), "run": text(), "step": count(), "characters": count(), "k_auc": number()},
    ("model_id",),
)
"""`k_auc`: bits, at every checkpoint after the first step."""
