"""The tables of ceilings: contracts of its lines and of what its rule would do."""

import pandera.pandas as pa

from complexity_atlas.contracts import Contract, count, number, text

LINE = ("family", "benchmark", "subtask", "protocol_id")
"""What a line is drawn for."""

_SHARE = pa.Check.in_range(0, 1)

CEILINGS = Contract(
    "ceilings",
    {
        "family": text(),
        "benchmark": text(),
        "subtask": text(),
        "protocol_id": text(),
        "metric_id": text(),
        "n_shot": count(nullable=True),
        "n_models": count(),
        "n_items": count(nullable=True),
        "smallest": number(),
        "largest": number(),
        "score": number(),
        "chance_level": number(),
        "slope": number(),
        "low": number(),
        "high": number(),
        "p": number(_SHARE),
        "flat": pa.Column("bool"),
        "loss_slope": number(),
        "falls": pa.Column("bool"),
        "ceiling": pa.Column("bool"),
        "chance": text(),
        "note": text(),
    },
    LINE,
)
"""Columns of `statistics.ceilings.Ceiling`, least and greatest number of weights, mean score."""

OPERATING = Contract(
    "operating characteristic of the ceiling rule",
    {
        **{name: text() for name in LINE},
        "slope": number(nullable=False),
        "declared_flat": number(_SHARE, nullable=False),
    },
    (*LINE, "slope"),
)
"""How often a line with so many models and items is called flat, by the slope that is true."""
