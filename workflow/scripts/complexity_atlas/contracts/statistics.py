"""Complexities set against scores, and what is concluded."""

import pandera.pandas as pa

from complexity_atlas.contracts.table import Contract, count, number, one_of, text
from complexity_atlas.contracts.weights import CONTROLS

ANALYSIS = Contract(
    "analysis frame",
    {
        "model": text(),
        "family": text(),
        "log_n": number(),
        "log_d": number(),
        "flops": number(),
        "run": text(),
        "step": number(),
        "control": one_of(*CONTROLS),
        "benchmark": text(),
        "score": number(nullable=False),
        "score_se": number(),
        "chance_level": number(),
        "n_items": number(),
        "measure": text(),
        "variant": text(),
        "view": text(),
        "aggregate": text(),
        "value": number(),
    },
    ("benchmark", "model", "measure", "variant", "view", "aggregate"),
)

_STATISTICS_KEY = (
    "question",
    "benchmark",
    "measure",
    "variant",
    "view",
    "aggregate",
    "covariates",
    "statistic",
)

STATISTICS = Contract(
    "statistics",
    {
        "question": text(),
        "benchmark": text(),
        "measure": text(),
        "variant": text(),
        "view": text(),
        "aggregate": text(),
        "covariates": text(),
        "statistic": text(),
        "n_resamples": count(),
        "n_models": count(),
        "n_families": count(),
        "estimate": number(),
        "ci_low": number(),
        "ci_high": number(),
        "p": number(pa.Check.in_range(0, 1)),
        "p_holm": number(pa.Check.in_range(0, 1)),
        "q_bh": number(pa.Check.in_range(0, 1)),
        "note": text(),
    },
    _STATISTICS_KEY,
)

SIZE_GAPS = Contract(
    "pairs by size gap",
    {**STATISTICS.columns, "size_ratio": number(pa.Check.ge(1), nullable=False)},
    (*_STATISTICS_KEY, "size_ratio"),
)

PREDICTIONS = Contract(
    "predictions of unseen families",
    {
        "benchmark": text(),
        "model": text(),
        "family": text(),
        "score": number(nullable=False),
        "baseline": number(nullable=False),
        "predicted": number(nullable=False),
    },
    ("benchmark", "model"),
)

CALIBRATION = Contract(
    "p values of null studies",
    {
        "permuted": one_of("families", "models"),
        "study": count(),
        "p": number(pa.Check.in_range(0, 1), nullable=False),
    },
    ("permuted", "study"),
)

VERDICTS = Contract(
    "verdicts",
    {
        "benchmark": text(),
        "verdict": one_of("supported", "contradicted", "undecided"),
        "reasons": text(),
        "n_models": count(),
        "n_families": count(),
        "effect": number(),
        "low": number(),
        "high": number(),
        "p": number(pa.Check.in_range(0, 1)),
        "gain": number(),
        "gain_low": number(),
        "gain_high": number(),
        "same_sign": count(),
        "n_benchmarks": count(),
        "detectable": number(),
    },
    ("benchmark",),
)
