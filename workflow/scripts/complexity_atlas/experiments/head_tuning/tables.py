"""The tables of the experiment on head tuning."""

import pandera.pandas as pa

from complexity_atlas.contracts import Contract, count, integer, number, one_of, text

_RISK = number(pa.Check.ge(0), nullable=False)

RISK = Contract(
    "head tuning: risk",
    {
        "chain": text(),
        "concentration": number(pa.Check.gt(0), nullable=False),
        "noise": number(pa.Check.gt(0), nullable=False),
        "states": one_of("gaussian", "iid", "markov"),
        "penalty": _RISK,
        "samples": count(),
        "width": integer(pa.Check.ge(1)),
        "irreducible": _RISK,
        "theory_bias": _RISK,
        "theory_variance": _RISK,
        "theory_excess": _RISK,
        "repetitions": count(),
        "bias": _RISK,
        "variance": _RISK,
        "excess": _RISK,
        "excess_stderr": number(pa.Check.ge(0)),
    },
    ("chain", "states", "penalty", "width"),
)
"""Excess risk in theory and as simulated; the total risk adds `irreducible`. One repetition has no
`excess_stderr`."""

SPECTRUM = Contract(
    "head tuning: spectrum of the features",
    {"chain": text(), "width": count(), "rank": count(), "eigenvalue": _RISK},
    ("chain", "width", "rank"),
)
"""Eigenvalues of Σ_x, the largest at rank 1."""

LINEAR_HEADS = Contract(
    "head tuning: linear heads on a frozen network",
    {
        "run": text(),
        "features": one_of("slice", "random"),
        "samples": count(),
        "width": integer(pa.Check.ge(1)),
        "risk_low": _RISK,
        "risk": _RISK,
        "risk_high": _RISK,
        "top1": number(pa.Check.in_range(0, 1), nullable=False),
    },
    ("features", "width"),
)
"""Mean squared error on held-out text: median and quartiles over training sets; mean accuracy.

Not the mean risk: where p is near n a few training sets decide it.
"""
