"""The tables of routing: contracts of its long view and of what it finds."""

import pandera.pandas as pa

from complexity_atlas.contracts import Contract, count, number, one_of, text

BEATS, DOES_NOT_BEAT, LOSES = "beats", "does not beat", "loses to"

_SHARE = pa.Check.in_range(0, 1)

ATTEMPTS = Contract(
    "attempts",
    {
        "item": text(),
        "group": text(),
        "text": text(),
        "model": text(),
        "trial": count(),
        "correct": pa.Column("bool"),
        "cost": number(pa.Check.gt(0), nullable=False),
    },
    ("item", "model", "trial"),
)
"""The long view: one row per attempt of a model at an item; `group` is the problem."""

EVALUATION = Contract(
    "routing evaluation",
    {
        "ladder": text(),
        "labels": text(),
        "classifier": text(),
        "n_items": count(),
        "n_problems": count(),
        "left_out": count(),
        "unsolved": number(_SHARE),
        "not_nested": number(_SHARE),
        "majority_class": text(),
        "majority_share": number(_SHARE),
        "label_accuracy": number(_SHARE),
        "label_low": number(_SHARE),
        "label_high": number(_SHARE),
        "accuracy": number(_SHARE),
        "cost": number(),
        "best_single": text(),
        "best_accuracy": number(_SHARE),
        "best_cost": number(),
        "saving": number(pa.Check.le(1)),
        "gain": number(),
        "gain_low": number(),
        "gain_high": number(),
        "verdict": one_of("", BEATS, DOES_NOT_BEAT, LOSES),
        "oracle_accuracy": number(_SHARE),
        "oracle_cost": number(),
        "apgr": number(),
        "cpt_50": number(_SHARE),
        "cpt_80": number(_SHARE),
        "aiq": number(_SHARE),
        "aiq_mixed": number(_SHARE),
        "note": text(),
    },
    ("ladder", "labels"),
)
"""One router. Columns are those of `evaluate.Evaluation`, which explains them."""

CONFUSION = Contract(
    "routing confusion matrix",
    {
        "ladder": text(),
        "labels": text(),
        "label": text(),
        "predicted": text(),
        "n": count(),
    },
    ("ladder", "labels", "label", "predicted"),
)

CURVES = Contract(
    "routing curves",
    {
        "ladder": text(),
        "labels": text(),
        "curve": one_of("model", "router", "threshold", "mixed", "oracle"),
        "point": text(),
        "cost": number(nullable=False),
        "accuracy": number(_SHARE, nullable=False),
    },
    ("ladder", "labels", "curve", "cost", "point"),
)
"""Cost and accuracy: of each model, the router, its thresholds, models mixed at random, oracle."""

TRIALS = Contract(
    "routing by trials per label",
    {
        "ladder": text(),
        "trials": count(),
        "n_labellings": count(),
        "agreement": number(_SHARE),
        "unsolved": number(_SHARE),
        "label_accuracy": number(_SHARE),
        "accuracy": number(_SHARE),
        "cost": number(),
        "best_accuracy": number(_SHARE),
        "attainable": number(_SHARE),
    },
    ("ladder", "trials"),
)
"""What labels by several trials buy. Columns are those of `repeated.Repeated`."""

MODELS = Contract(
    "routing models",
    {
        "ladder": text(),
        "model": text(),
        "cost": number(nullable=True),
        "n_items": count(),
        "n_evaluated": count(),
        "accuracy": number(_SHARE),
        "flag": text(),
    },
    ("ladder", "model"),
)
"""Every model of the data; one without `cost` is not on the ladder. `flag`: what does not count."""

CONTRACTS: dict[str, Contract] = {
    "evaluation": EVALUATION,
    "confusion": CONFUSION,
    "curves": CURVES,
    "trials": TRIALS,
    "models": MODELS,
}
"""What `study.route` finds, by name."""
