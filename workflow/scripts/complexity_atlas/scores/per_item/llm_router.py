"""LLMRouter (ulab-uiuc/LLMRouter, data/dcrouter_preprocessed): questions and scores of models.

A JSON list of records {"question": text, "scores": {model: number in [0, 1]}}; the name of the file
is its split. Scores are 0 or 1, but for some benchmarks the overlap of words with the answer. Which
benchmark a question is from is not stated.
"""

import json
from pathlib import PurePosixPath

import pandas as pd

from complexity_atlas.contracts import ITEMS, RESPONSES
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.per_item import (
    PerItem,
    flag_never_run,
    item_uid,
    merge,
    problem_id,
)


def parse(content: bytes, name: str, benchmark: str = "llm_router") -> PerItem:
    """Read one file. A model with 0 on every item is flagged as never run.

    Raises AtlasError naming the record for text that is missing or a score outside [0, 1].
    """
    try:
        records = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise AtlasError(f"{name}: not readable as JSON: {error}") from error
    if not isinstance(records, list):
        raise AtlasError(
            f"{name}: a list of questions was expected, found {type(records).__name__}"
        )
    items, responses = [], []
    for number, record in enumerate(records):
        question, scores = _fields(record, f"{name}, record {number}")
        uid = item_uid(benchmark, question)
        split = PurePosixPath(name).stem
        items.append((uid, benchmark, problem_id(benchmark, question), split, question))
        responses += [
            (uid, model, "as_published", score, None, None, True, "", name)
            for model, score in scores.items()
        ]
    found = PerItem(
        pd.DataFrame(items, columns=list(ITEMS.columns)),
        pd.DataFrame(responses, columns=list(RESPONSES.columns)),
    )
    whole = merge([found])
    return PerItem(whole.items, RESPONSES.check(flag_never_run(whole.responses)))


def _fields(record: object, where: str) -> tuple[str, dict[str, float]]:
    if not (
        isinstance(record, dict)
        and isinstance(record.get("question"), str)
        and isinstance(record.get("scores"), dict)
    ):
        raise AtlasError(f"{where}: no question with scores; found {str(record)[:80]!r}")
    for model, score in record["scores"].items():
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise AtlasError(f"{where}: the score of {model} is {score!r}, not a number in [0, 1]")
    return record["question"], record["scores"]
