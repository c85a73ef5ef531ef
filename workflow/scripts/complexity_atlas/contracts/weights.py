"""What is measured of a model's weights; and the models themselves."""

from typing import get_args

import pandera.pandas as pa

from complexity_atlas.contracts.table import Contract, count, integer, number, numbers, one_of, text
from complexity_atlas.errors import Unavailable

VIEWS = ("stored", "folded")
"""Weights as they are in the file, and with batch normalisation folded into them."""

CONTROLS = ("", "shuffled", "reinitialised")
"""What a network is to a study: trained, or a control made from a trained one."""

LEDGER = Contract(
    "ledger",
    {
        "model": text(),
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "layer": count(nullable=True),
        "depth": count(nullable=True),
        "role": text(),
        "shape": text(pa.Check.str_matches(r"^(\d+(x\d+)*)?$")),
        "dtype": text(),
        "n": count(),
        "counted": pa.Column("bool"),
        "reason": text(),
        "n_nan": count(),
        "n_inf": count(),
        "n_zero": count(),
        "n_dead": count(),
        "min": number(),
        "max": number(),
        "mean": number(),
        "std": number(pa.Check.ge(0)),
        "iqr": number(pa.Check.ge(0)),
        "key_bits": count(nullable=True),
        "count_error": number(pa.Check.ge(0)),
    },
    ("model", "view", "tensor"),
)

VALUES = Contract(
    "value counts",
    {
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "key": pa.Column("uint64"),
        "count": integer(pa.Check.gt(0)),
    },
    ("view", "tensor", "key"),
)

SPECTRA = Contract(
    "spectra",
    {
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "matrix": text(),
        "role": text(),
        "rows": count(),
        "columns": count(),
        "dtype": text(),
        "method": one_of("gram", "svd", "qr+svd", ""),
        "note": text(),
        "singular_values": numbers(),
    },
    ("view", "tensor", "matrix"),
)

CODES = Contract(
    "codes by block",
    {
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "type": text(),
        "counts": numbers(),
        "squared_error": number(pa.Check.ge(0)),
        "squares": number(pa.Check.ge(0)),
    },
    ("view", "tensor", "type"),
)

MODELS = Contract(
    "models",
    {
        "model": text(pa.Check.str_matches(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")),
        "name": text(),
        "family": text(),
        "task": text(),
        "source": text(),
        "location": text(),
        "revision": text(pa.Check.str_matches(r"^([0-9a-f]{40})?$")),
        "file": text(),
        "sha256": text(pa.Check.str_matches(r"^([0-9a-f]{64})?$")),
        "bytes": count(nullable=True),
        "size_group": text(),
        "parameters": count(nullable=True),
        "active_parameters": count(nullable=True),
        "training_tokens": number(pa.Check.gt(0)),
        "training_flops": number(pa.Check.gt(0)),
        "run": text(),
        "step": count(nullable=True),
        "control": one_of(*CONTROLS),
        "licence": text(),
        "url": text(),
        "facts": text(),
    },
    ("model",),
)

MEASURED_MODELS = Contract(
    "measured models",
    {
        **MODELS.columns,
        "status": one_of("ok", *get_args(Unavailable)),
        "reason": text(),
        "format": text(),
        "n_weights": count(),
        "n_known_role": count(),
        "n_constants": count(),
        "files": text(),
        "notes": text(),
        "device": text(),
        "method_version": text(),
    },
    ("model",),
)
