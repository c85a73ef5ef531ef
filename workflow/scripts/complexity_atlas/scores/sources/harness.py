"""Results files of EleutherAI's lm-evaluation-harness, versions 0.3 to 0.4.12 and later.

Up to 0.3 a metric is "acc" and the shots are one number for the file; since 0.4 it is "acc,none"
(metric, filter) and the shots are given by task. Newer files put "name", "sample_len" and
"sample_count" among the metrics. Groups stand beside their subtasks, and a group's mean is weighted
by items unless its configuration says otherwise. Sample logs (one line per item) hold no
scores. Sources: the harness at its tags; `lm_eval/result_schema.py` since 0.4.12.
"""

import re

from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources import harness_model, mmlu
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    pointer,
    read_json,
    whole,
)

_NO_METRICS = frozenset({"alias", "name", "samples", "sample_len", "sample_count", ""})
_SQUAD = re.compile(r"squad", re.IGNORECASE)
"""Tasks scored by SQuAD's own script, which prints percent."""

_UNSCALED = re.compile(
    r"perplexity|ppl|bits_per_byte|likelihood|bleu(?!.*acc)|chrf|\bter\b|rouge(?!.*acc)|mcc|brier|mse"
)
_SHOTS = re.compile(r"(?<![0-9])([0-9]{1,3})[-_ ]?shot", re.IGNORECASE)


def parse(content: bytes, name: str) -> Parsed:
    """Parse a results file; `name` gives the number of shots where the file does not."""
    if name.endswith(".jsonl"):
        raise Unusable("not_a_score", f"{name}: a sample log")
    document = read_json(content)
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        raise Unusable("not_a_score", f"{name}: no object `results`")
    findings = Findings()
    run = _run(document)
    subtasks = _subtasks(document)
    for task, metrics in document["results"].items():
        if not isinstance(metrics, dict):
            findings.reject(pointer("results", task), "broken_record", metrics)
            continue
        of_task = run | _protocol(document, name, task, metrics, subtasks)
        _add_metrics(findings, of_task, task, metrics)
    means = mmlu.macro_mean(findings.reported, pointer("results", f"{mmlu.GROUP}-*"))
    findings.reported.extend(means)
    parameters = _table(document, "config").get("model_num_parameters")
    place = pointer("config", "model_num_parameters")
    findings.attribute(place, run["model_raw"], "n_params_total", parameters, "one")
    return findings.parsed()


def _table(document: dict, key: str) -> dict:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _run(document: dict) -> dict:
    """Return the fields that all numbers of a file share."""
    config = _table(document, "config")
    model = harness_model.read_model(config, str(document.get("model_name") or ""))
    version = str(document.get("lm_eval_version") or "")
    template = document.get("chat_template")
    return {
        "model_raw": model.name,
        "model_revision": model.revision,
        "precision": model.precision,
        "chat_template": bool(template) if "chat_template" in document else None,
        "harness": "lm-evaluation-harness",
        "harness_version": version or ("0.4" if "n-shot" in document else "0.3"),
        "eval_date": read_date(str(document.get("date") or "")),
    }


def _subtasks(document: dict) -> dict[str, str]:
    """Return the outermost group of every subtask that the file lists under one."""
    groups = _table(document, "group_subtasks")
    parent = {
        child: group
        for group, children in groups.items()
        if isinstance(children, list)
        for child in children
        if isinstance(child, str)
    }
    roots = {}
    for task in parent:
        root, seen = task, set()
        while root in parent and root not in seen:
            seen.add(root)
            root = parent[root]
        roots[task] = root
    return roots


def _protocol(document: dict, name: str, task: str, metrics: dict, subtasks: dict) -> dict:
    """Return the fields that the numbers of one task share."""
    config = _table(_table(document, "configs"), task)
    benchmark, subtask = mmlu.split_subject(task)
    if task in subtasks and subtasks[task] != task:
        benchmark, subtask = subtasks[task], task
    n_shot, flags = _shots(document, name, task, config)
    n_items, partial = _items(document, task, metrics)
    revision = _table(config, "dataset_kwargs").get("revision")
    version = _table(document, "versions").get(task)
    return {
        "benchmark_raw": benchmark,
        "subtask_raw": subtask,
        "split": str(config.get("test_split") or config.get("validation_split") or ""),
        "n_shot": n_shot,
        "cot": True if re.search(r"(^|_)cot(_|$)", task) else None,
        "n_items": n_items,
        "aggregation": _aggregation(document, task),
        "dataset_revision": str(revision or ""),
        "task_version": "" if version is None else str(version),
        "flags": (*flags, "partial") if partial else flags,
    }


def _shots(document: dict, name: str, task: str, config: dict) -> tuple[int | None, tuple]:
    named = _SHOTS.search(name.rpartition("/")[2])
    stated = [
        _table(document, "n-shot").get(task),
        config.get("num_fewshot"),
        _table(document, "config").get("num_fewshot"),
    ]
    counts = [count for count in map(whole, stated) if count is not None]
    if not counts:
        return (int(named[1]), ("few_shot_from_name",)) if named else (None, ())
    disagrees = named and int(named[1]) != counts[0]
    return counts[0], ("few_shot_disagrees",) if disagrees else ()


def _items(document: dict, task: str, metrics: dict) -> tuple[int | None, bool]:
    """Return the number of items scored, and whether that is a part of the benchmark."""
    counts = _table(_table(document, "n-samples"), task)
    original, effective = whole(counts.get("original")), whole(counts.get("effective"))
    limit = _table(document, "config").get("limit")
    cut = None not in (original, effective) and effective < original
    if effective is None:
        keys = ("sample_count", "sample_len", "samples")
        effective = next((whole(metrics[key]) for key in keys if key in metrics), None)
    return effective, cut or limit not in (None, "")


def _aggregation(document: dict, task: str) -> str:
    subtasks = _table(document, "group_subtasks").get(task)
    if not subtasks and task not in _table(document, "groups"):
        return "item_mean"
    rules = _table(_table(document, "configs"), task).get("aggregate_metric_list")
    weighted = [rule.get("weight_by_size") for rule in rules or [] if isinstance(rule, dict)]
    return "macro" if False in weighted else "micro"


def _add_metrics(findings: Findings, fields: dict, task: str, metrics: dict) -> None:
    for key, value in metrics.items():
        metric, _, kind = key.partition(",")
        if metric.strip() in _NO_METRICS or metric.endswith("_stderr"):
            continue
        if value is None or isinstance(value, (list, dict)):
            reason = "missing" if value is None else "broken_record"
            findings.reject(pointer("results", task, key), reason, value)
            continue
        partner = f"{metric}_stderr,{kind}" if kind else f"{metric}_stderr"
        stderr = metrics.get(partner)
        findings.score(
            **fields,
            locator=pointer("results", task, key),
            metric_raw=metric,
            filter_raw=kind or "none",
            value_raw=str(value),
            scale=_scale(task, metric),
            stderr_raw="" if stderr in (None, "N/A") else str(stderr),
        )


def _scale(task: str, metric: str) -> str:
    if _SQUAD.match(task):
        return "percent"
    return "unscaled" if _UNSCALED.search(metric) else "fraction"
