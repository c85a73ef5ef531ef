"""Complexities, with their nulls: of tensors and of models, of noise and of codes."""

import pandera.pandas as pa

from complexity_atlas.contracts.table import Contract, count, number, one_of, text
from complexity_atlas.contracts.weights import VIEWS

AGGREGATES = ("pooled", "pooled_standardised", "mean")
"""How the tensors of a scope become one value: as one sample, as one sample of equal widths, or as
the mean of their values."""

NULL_KINDS = ("same_n", "per_tensor")
"""Gaussian weights of the same number; and of the same number and width tensor by tensor."""

SPECTRUM = "spectrum"
"""What stands in place of a binning where a measure is one of singular values."""

_COMPLEXITY = {
    "variant": text(),
    "measure": text(),
    "value": number(),
    "null_kind": one_of(*NULL_KINDS),
    "null": number(),
    "null_sd": number(pa.Check.ge(0)),
    "excess": number(),
    "flag": text(),
}

TENSOR_COMPLEXITY = Contract(
    "tensor complexity",
    {
        "model": text(),
        "view": one_of(*VIEWS),
        "tensor": text(),
        "layer": count(nullable=True),
        "depth": count(nullable=True),
        "role": text(),
        "n": count(),
        **_COMPLEXITY,
    },
    ("model", "view", "tensor", "variant", "measure", "null_kind"),
)

MODEL_COMPLEXITY = Contract(
    "model complexity",
    {
        "model": text(),
        "view": one_of(*VIEWS),
        "scope": text(pa.Check.str_matches(r"^(model|role:.+|layer:\d+)$")),
        "aggregate": one_of(*AGGREGATES),
        "n": count(),
        **_COMPLEXITY,
    },
    ("model", "view", "scope", "aggregate", "variant", "measure", "null_kind"),
)

COMPARISON = Contract(
    "comparison of two models",
    {
        "scope": text(),
        "measure": text(),
        "null_kind": one_of(*NULL_KINDS),
        "n_a": count(nullable=True),
        "n_b": count(nullable=True),
        "value_a": number(),
        "value_b": number(),
        "difference": number(),
        "excess_a": number(),
        "excess_b": number(),
        "excess_difference": number(),
    },
    ("scope", "measure", "null_kind"),
)

_CODES = {"type": one_of("int8", "int4", "nf4"), "scale": one_of("tensor", "block")}

QUANTISATION = Contract(
    "complexity of quantised weights",
    {
        "model": text(),
        "view": one_of(*VIEWS),
        **_CODES,
        "n": count(),
        "levels": count(),
        "lmc": number(),
        "entropy": number(),
        "disequilibrium": number(),
        "c_js": number(),
        "relative_error": number(pa.Check.ge(0)),
    },
    ("model", "view", "type", "scale"),
)

QUANTISED_ORDER = Contract(
    "order of models after quantisation",
    {
        "group": text(),
        **_CODES,
        "n_models": count(),
        "tau": number(pa.Check.in_range(-1, 1)),
        "relative_error": number(pa.Check.ge(0)),
    },
    ("group", "type", "scale"),
)

NOISE = Contract(
    "complexity of noise",
    {"variant": text(), "n": count(), "value": number(), "sd": number(), "slope": number()},
    ("variant", "n"),
)
