"""The tables of the experiment on superposition."""

import pandera.pandas as pa

from complexity_atlas.contracts import Contract, count, integer, number, one_of, text

_TASK = one_of("permutation", "and")
_POSITIVE = number(pa.Check.gt(0), nullable=False)

BOUND = Contract(
    "superposition: features that networks could compute",
    {
        "model": text(),
        "name": text(),
        "run": text(),
        "n_weights": count(),
        "task": _TASK,
        "bits": integer(pa.Check.ge(1)),
        "features": _POSITIVE,
    },
    ("task", "bits", "model"),
)
"""`features`: the largest m' that `n_weights` of `bits` bits can tell apart, a function of N."""

COST = Contract(
    "superposition: what features cost at the least",
    {
        "task": _TASK,
        "bits": integer(pa.Check.ge(1)),
        "features": count(),
        "bits_needed": _POSITIVE,
        "parameters": _POSITIVE,
        "neurons": _POSITIVE,
    },
    ("task", "bits", "features"),
)

AND = Contract(
    "superposition: errors of the construction",
    {
        "features": count(),
        "channel": count(),
        "neurons": count(),
        "variant": one_of("lines", "random_channels", "naive"),
        "inputs": one_of("true_pair", "single", "sampled_pair", "every_pair"),
        "n_inputs": count(),
        "n_errors": count(),
        "least_true": number(),
        "greatest_false": number(),
    },
    ("features", "channel", "variant", "inputs"),
)
"""`least_true`, `greatest_false`: outputs on both sides of the threshold, rounded to 6 decimals."""

LAW = Contract(
    "superposition: smallest working construction",
    {
        "features": count(),
        "channel": count(),
        "neurons": count(),
        "ratio": _POSITIVE,
        "fitted": _POSITIVE,
    },
    ("features",),
)
"""`ratio`: neurons over √m' log2 m'; `fitted`: neurons by the law, with the mean ratio."""

TRAINED = Contract(
    "superposition: trained networks",
    {
        "features": count(),
        "neurons": count(),
        "steps": count(),
        "n_inputs": count(),
        "n_errors": count(),
    },
    ("features", "neurons"),
)
"""`n_inputs`: all with at most two active features."""
