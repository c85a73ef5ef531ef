"""Results item by item: which model answered which question right. One module per format.

Each module has a pure function `parse(content: bytes, name: str, **settings) -> PerItem`, where
`name` is the file's path within its source, which some formats need, and raises AtlasError that
names file and place for what is not of its format.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import pandas as pd

from complexity_atlas.contracts import ITEMS, RESPONSES
from complexity_atlas.scores.per_item.identity import item_uid, problem_id

__all__ = ["FORMATS", "PerItem", "flag_never_run", "item_uid", "merge", "parser", "problem_id"]

FORMATS = ("llm_router", "live_code_bench", "lm_eval_samples")
"""Formats, which are the modules of this package."""

NEVER_RUN = "never run: 0 on every item"
CONTRADICTORY = "two records of the source contradict each other"


@dataclass(frozen=True, eq=False)
class PerItem:
    """Items and responses of one or several files: contracts ITEMS and RESPONSES."""

    items: pd.DataFrame
    responses: pd.DataFrame


def parser(kind: str) -> Callable[..., PerItem]:
    """The function `parse` of a format. Raises KeyError for one that is not in FORMATS."""
    if kind not in FORMATS:
        raise KeyError(kind)
    return import_module(f"{__name__}.{kind}").parse


def merge(parts: Sequence[PerItem]) -> PerItem:
    """Join what files of one source say; the order of `parts` does not matter.

    An item in several files is one item, of the split that comes first in the alphabet: what was
    "test" anywhere is not "train". Equal records of a cell are one record; where they contradict
    each other, none counts.
    """
    items = pd.concat([part.items for part in parts], ignore_index=True)
    items = items.sort_values(["item_uid", "split", "text"]).drop_duplicates("item_uid")
    rows = pd.concat([part.responses for part in parts], ignore_index=True)
    rows = rows.sort_values([*RESPONSES.key, "source"])
    rows = rows.drop_duplicates([name for name in rows if name != "source"])
    first = ~rows.duplicated(list(RESPONSES.key))
    disputed = rows.duplicated(list(RESPONSES.key), keep=False)
    rows.loc[disputed, ["score", "n_correct", "n_attempts"]] = None
    rows.loc[disputed, "evaluated"] = False
    rows.loc[disputed, "flag"] = CONTRADICTORY
    return PerItem(ITEMS.check(items), RESPONSES.check(rows[first]))


def flag_never_run(responses: pd.DataFrame) -> pd.DataFrame:
    """Mark the cells of models whose score is 0 on every item of a protocol as never run.

    A table of results cannot tell "wrong everywhere" from "never run": either way such a model
    says nothing about items, and its zeros are not counted as failures. The scores stay.
    """
    run = responses[responses["evaluated"]]
    best = run.groupby(["model_id", "protocol_id"])["score"].transform("max")
    idle = best.index[best == 0]
    marked = responses.copy()
    marked.loc[idle, "evaluated"] = False
    marked.loc[idle, "flag"] = NEVER_RUN
    return marked
