"""Made-up items of which the text tells the model that they need."""

import numpy as np
import pandas as pd

from complexity_atlas.contracts import ITEMS, RESPONSES
from complexity_atlas.experiments.routing.ladder import Ladder
from complexity_atlas.scores.per_item import PerItem, item_uid

TOPICS = ("sums", "poems", "proofs", "riddles")
"""Which is solved by all models, by two, by the strongest only, and by none."""


def made_ladder(n: int = 120, trials: int = 1) -> Ladder:
    """Items of the four topics in turn, four to a problem; every model always answers alike."""
    needs = np.arange(n) % len(TOPICS)
    right = needs[:, None] <= np.arange(3)
    return Ladder(
        "made up",
        ("small", "middle", "large"),
        np.array([1.0, 3.0, 10.0]),
        tuple(f"{i:04d}" for i in range(n)),
        np.arange(n) // 4,
        tuple(f"question {i} about {TOPICS[i % 4]}" for i in range(n)),
        np.repeat(right[:, :, None], trials, axis=2),
    )


def per_item(answers: dict[str, str], attempts: int | None = None) -> PerItem:
    """Items 0, 1, … and, for each model, a digit per item: right of `attempts`, or 0, 1, "-"."""
    n = len(next(iter(answers.values())))
    uid = [item_uid("made_up", str(i)) for i in range(n)]
    items = [(uid[i], "made_up", f"p{i}", "test", f"text {i}") for i in range(n)]
    rows = []
    for model, digits in answers.items():
        for i, digit in enumerate(digits):
            run = digit != "-"
            right = int(digit) if run else None
            score = right / (attempts or 1) if run else None
            counts = (right, attempts) if attempts and run else (None, None)
            flag = "" if run else "never run"
            rows.append((uid[i], model, "p", score, *counts, run, flag, "made up"))
    return PerItem(
        ITEMS.check(pd.DataFrame(items, columns=list(ITEMS.columns))),
        RESPONSES.check(pd.DataFrame(rows, columns=list(RESPONSES.columns))),
    )
