"""Structured scores of the Hugging Face Hub: `.eval_results/*.yaml` in a model's repository.

A list of records of data set, task and value. The format has no unit, no standard error, no number
of items and no shots; its own examples are 20.90 and 0.412. The Hub's interface returns files that
it could not read as {"filename", "error"}. Format: huggingface/hub-docs, eval_results.yaml.
"""

from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    decode,
    model_from_path,
    pointer,
)
from complexity_atlas.scores.sources.scales import Declared, scale_of_printed
from complexity_atlas.scores.sources.yaml_text import read_yaml, refuse_faults


def parse(content: bytes, name: str, model: str = "", scale: Declared = None) -> Parsed:
    """Parse one file; `model` is its repository's id, otherwise the one in the path `name`.

    `scale` may be given by data set id. The notes of a record ("no-tools") are its filter.
    """
    findings = Findings()
    records = read_yaml(decode(content))
    if not isinstance(records, list):
        raise Unusable("broken_record", f"{name}: not a list of results")
    for i, record in enumerate(records):
        try:
            _add_record(findings, pointer(i), record, model or model_from_path(name), scale)
        except Unusable as error:
            findings.reject(pointer(i), error.reason, error.snippet)
    return findings.parsed()


def _add_record(findings: Findings, place: str, record, model: str, declared: Declared) -> None:
    refuse_faults(record)
    if not isinstance(record, dict) or "error" in record:
        raise Unusable("broken_record", record)
    dataset, value = record.get("dataset"), record.get("value")
    if not isinstance(dataset, dict) or not dataset.get("id") or not isinstance(value, str):
        raise Unusable("broken_record", record)
    scale, flags = scale_of_printed(value, dataset["id"], declared)
    marks = {
        "verified": record.get("verifyToken"),
        "pull_request": record.get("pull_request"),
        "self_reported": not record.get("source"),
    }
    notes = record.get("notes") or "none"
    findings.score(
        locator=f"{place}/value",
        model_raw=model,
        benchmark_raw=dataset["id"],
        subtask_raw=str(dataset.get("task_id") or ""),
        metric_raw="default",
        value_raw=value,
        scale=scale,
        filter_raw=str(notes),
        cot=True if "chain-of-thought" in str(notes).lower() else None,
        dataset_revision=str(dataset.get("revision") or ""),
        eval_date=read_date(str(record.get("date") or "")),
        flags=(*flags, *(flag for flag, present in marks.items() if present)),
    )
