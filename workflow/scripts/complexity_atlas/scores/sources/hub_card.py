"""Scores in a model card's front matter (`model-index` of README.md on the Hugging Face Hub).

Each record is read by itself: the Hub's own library drops all of them for one that is broken. A
card states no unit; that of the Open LLM Leaderboard, which wrote into many cards, is percent.
A record may be copied from another model's card: its leaderboard link then names that model.
Format: huggingface/hub-docs, modelcard.md.
"""

import re
from urllib.parse import parse_qs, urlsplit

from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.numbers import plain_text
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    decode,
    model_from_path,
    pointer,
    whole,
)
from complexity_atlas.scores.sources.scales import Declared, scale_of_printed
from complexity_atlas.scores.sources.shots import without_shots
from complexity_atlas.scores.sources.yaml_text import read_yaml, refuse_faults

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_LEADERBOARD = re.compile(r"open[_-]llm[_-]leaderboard", re.IGNORECASE)


def parse(content: bytes, name: str, model: str = "", scale: Declared = None) -> Parsed:
    """Parse a README.md; `model` is its repository's id, otherwise the one in the path `name`."""
    findings = Findings()
    match = _FRONT_MATTER.match(decode(content))
    if not match:
        raise Unusable("not_a_score", f"{name}: no YAML front matter")
    card = read_yaml(match[1])
    repository = model or model_from_path(name)
    entries = card.get("model-index", "") if isinstance(card, dict) else ""
    if card.fault and entries:
        findings.notes.append(f"{name}: {card.fault}")
    if not isinstance(entries, list):
        raise Unusable("not_a_score", f"{name}: no model-index")
    for i, entry in enumerate(entries):
        records = entry.get("results") if isinstance(entry, dict) else None
        if not isinstance(records, list):
            findings.reject(pointer("model-index", i), "broken_record", entry)
            continue
        for j, record in enumerate(records):
            place = pointer("model-index", i, "results", j)
            try:
                _add_record(findings, place, record, repository or _text(entry, "name"), scale)
            except Unusable as error:
                findings.reject(place, error.reason, error.snippet)
    _add_attributes(findings, card, repository)
    return findings.parsed()


def _text(record: object, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""


def _add_record(findings: Findings, place: str, record, model: str, declared: Declared) -> None:
    refuse_faults(record)
    dataset = record.get("dataset") if isinstance(record, dict) else None
    metrics = record.get("metrics") if isinstance(record, dict) else None
    if not isinstance(dataset, dict) or not isinstance(metrics, list):
        raise Unusable("broken_record", record)
    if not _text(dataset, "type") and not _text(dataset, "name"):
        raise Unusable("broken_record", "the data set has neither type nor name")
    source = _text(record.get("source"), "url")
    _refuse_other_model(source, model)
    by_leaderboard = bool(_LEADERBOARD.search(source))
    for k, metric in enumerate(metrics):
        locator = f"{place}/metrics/{k}"
        if not isinstance(metric, dict) or not isinstance(metric.get("value"), str):
            findings.reject(locator, "broken_record", metric)
            continue
        kind = _text(metric, "type") or _text(metric, "name")
        value = metric["value"]
        scale, flags = scale_of_printed(value, kind, "percent" if by_leaderboard else declared)
        verified = ("verified",) if _text(metric, "verifyToken") else ()
        n_shot, named = _shots(dataset)
        findings.score(
            **_dataset_fields(dataset),
            locator=locator,
            model_raw=model,
            metric_raw=kind or "unstated",
            value_raw=value,
            scale=scale,
            n_shot=n_shot,
            harness="open_llm_leaderboard" if by_leaderboard else "",
            aggregation="macro" if "mmlu" in _text(dataset, "type").lower() else "item_mean",
            flags=(*flags, *named, *verified, *(() if by_leaderboard else ("self_reported",))),
        )


def _dataset_fields(dataset: dict) -> dict[str, str]:
    return {
        "benchmark_raw": _text(dataset, "type") or _text(dataset, "name"),
        "subtask_raw": _text(dataset, "config"),
        "split": _text(dataset, "split"),
        "dataset_revision": _text(dataset, "revision"),
    }


def _shots(dataset: dict) -> tuple[int | None, tuple[str, ...]]:
    stated = whole(_text(dataset.get("args"), "num_few_shot"))
    named = without_shots(_text(dataset, "name"))[1]
    if stated is None:
        return named, () if named is None else ("few_shot_from_name",)
    return stated, () if named in (None, stated) else ("few_shot_disagrees",)


def _refuse_other_model(url: str, model: str) -> None:
    queries = parse_qs(urlsplit(url).query).get("query", [])
    if queries and model and plain_text(queries[0]).lower() != model.lower():
        raise Unusable("other_model", url)


def _add_attributes(findings: Findings, card: dict, model: str) -> None:
    base = card.get("base_model")
    bases = base if isinstance(base, list) else [base]
    for i, name in enumerate(bases):
        place = pointer("base_model", i)
        findings.attribute(place, model, "base_model", name if isinstance(name, str) else "")
    findings.attribute("/license", model, "licence", _text(card, "license"))
    date = _text(card, "release_date")
    findings.attribute("/release_date", model, "release_date", read_date(date), "date")
