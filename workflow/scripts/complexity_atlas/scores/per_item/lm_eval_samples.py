"""Sample logs of lm-evaluation-harness: `<model>/samples_<task>_<time>.jsonl`.

One line per document and filter. Model and task are stated in the path alone; "/" in a model's id
is written as "__". An item is its task and the hash of its document, never `doc_id`, which counts
the lines of one run. The log holds the answers themselves, so what is wrong throughout was run.
"""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import pandas as pd

from complexity_atlas.contracts import ITEMS, RESPONSES
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.per_item import PerItem, item_uid

NAME = re.compile(r"^samples_(?P<task>.+?)(_\d{4}-\d{2}-\d{2}T[\d:.-]+)?\.jsonl$")


def parse(
    content: bytes,
    name: str,
    model: str = "",
    metric: str = "",
    filter: str = "",
    group_by: str = "doc_hash",
) -> PerItem:
    """Read one log.

    model     its id; taken from the folder where it is not given
    metric    which one is the score; may be left out where the log has one
    filter    whose lines are read; may be left out where the log has one
    group_by  field of the document that names its problem, such as "original_problem"

    Raises AtlasError naming the line for what is no sample, and for a metric or filter that must be
    chosen. The score must lie in [0, 1].
    """
    path = PurePosixPath(name)
    matched = NAME.match(path.name)
    if not matched:
        raise AtlasError(f"{name}: not named samples_<task>_<time>.jsonl, so its task is unknown")
    task = matched["task"]
    model = model or path.parent.name.replace("__", "/")
    if not model:
        raise AtlasError(f"{name}: the folder names no model; give its id")
    samples = _samples(content, name)
    filter = _only("filter", {s.get("filter", "none") for s in samples}, filter, name)
    chosen = [sample for sample in samples if sample.get("filter", "none") == filter]
    metric = _only("metric", {m for s in chosen for m in _metrics(s)}, metric, name)
    items, responses = [], []
    for sample in chosen:
        uid = item_uid(task, str(sample["doc_hash"]))
        problem = item_uid(task, str(sample["doc"].get(group_by, sample["doc_hash"])))
        items.append((uid, task, problem, "test", _prompt(sample)))
        score = _score(sample, metric, name)
        attempts = (round(score), 1) if score in (0, 1) else (None, None)
        protocol = f"{metric},{filter}"
        responses.append((uid, model, protocol, score, *attempts, True, "", name))
    return PerItem(
        ITEMS.check(pd.DataFrame(items, columns=list(ITEMS.columns)).drop_duplicates("item_uid")),
        RESPONSES.check(pd.DataFrame(responses, columns=list(RESPONSES.columns))),
    )


def _samples(content: bytes, name: str) -> list[Mapping]:
    samples = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            sample = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise AtlasError(f"{name}, line {number}: not readable as JSON: {error}") from error
        if not isinstance(sample, dict) or not isinstance(sample.get("doc"), dict):
            raise AtlasError(f"{name}, line {number}: no sample of lm-evaluation-harness")
        # Logs of before 0.4.3 have no hash of the document.
        sample.setdefault("doc_hash", item_uid("", json.dumps(sample["doc"], sort_keys=True)))
        samples.append(sample)
    if not samples:
        raise AtlasError(f"{name}: no samples")
    return samples


def _metrics(sample: Mapping) -> list[str]:
    stated = sample.get("metrics")
    known = stated if isinstance(stated, list) else ("acc", "acc_norm", "exact_match")
    return [metric for metric in known if metric in sample]


def _only(kind: str, found: set[str], wanted: str, name: str) -> str:
    if wanted in found or (not wanted and len(found) == 1):
        return wanted or next(iter(found))
    raise AtlasError(
        f"{name}: {kind} {wanted!r} is not one of {', '.join(sorted(found)) or 'none'}; choose one"
    )


def _score(sample: Mapping, metric: str, name: str) -> float:
    try:
        score = float(sample[metric])
    except (KeyError, TypeError, ValueError):
        score = -1.0
    if not 0 <= score <= 1:
        where = f"{name}, document {sample.get('doc_id')}"
        raise AtlasError(f"{where}: {metric} is {sample.get(metric)!r}, not a number in [0, 1]")
    return score


def _prompt(sample: Mapping) -> str:
    """The text that the model was given; arguments have names since 0.4.3, before that places."""
    arguments = sample.get("arguments")
    if isinstance(arguments, dict):
        first = next(iter(arguments.values()), {})
        return str(first.get("arg_0", "")) if isinstance(first, dict) else ""
    if isinstance(arguments, list) and arguments and isinstance(arguments[0], list):
        return str(arguments[0][0]) if arguments[0] else ""
    return ""
