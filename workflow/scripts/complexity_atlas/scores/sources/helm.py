"""HELM's group tables and run statistics (crfm.stanford.edu/helm), as fractions.

A table's first cell is a display name; the model's id stands only in the cells' run names, with
"_" for "/". Header values read "MMLU - EM". A mean win rate depends on the models that were
compared, so it is refused. In `stats.json` copies under perturbation stand beside the plain
statistics, and the validation split beside the test split.
"""

import re

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    pointer,
    read_json,
    whole,
)

_MODEL = re.compile(r"(?:^|[:,-])model=([^,/]+(?:/[^,/]+)?)")
_RELATIVE = re.compile(r"win rate", re.IGNORECASE)
_BOOKKEEPING = re.compile(
    r"^#|\btime\b|\(s\)|\btruncated\b|\btokens?\b|\btrials?\b|adaptation|cost|emission",
    re.IGNORECASE,
)
_UNSCALED = re.compile(r"perplexity|bits|BPB|\bloss\b|elo", re.IGNORECASE)
_STATISTICS = re.compile(
    r"(quasi_|prefix_|quasi_prefix_)?exact_match|f1_score|rouge_[12l]|bleu_[14]|accuracy|"
    r"\w*pass@[0-9]+|math_equiv\w*|ifeval_strict_accuracy|\w*_score|chain_of_thought_correctness"
)


def parse(content: bytes, name: str) -> Parsed:
    """Parse a group's tables or a run's `stats.json`, told apart by their shape."""
    document = read_json(content)
    if isinstance(document, dict) and "rows" in document:
        document = [document]
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise Unusable("not_a_score", f"{name}: neither tables nor statistics")
    findings = Findings()
    if "rows" in document[0]:
        for number, table in enumerate(document):
            _add_table(findings, number, table)
    elif "name" in document[0] and "count" in document[0]:
        _add_statistics(findings, document, name)
    else:
        raise Unusable("not_a_score", f"{name}: neither tables nor statistics")
    return findings.parsed()


def _add_table(findings: Findings, number: int, table: object) -> None:
    header = table.get("header") if isinstance(table, dict) else None
    rows = table.get("rows") if isinstance(table, dict) else None
    if not isinstance(header, list) or not isinstance(rows, list):
        findings.reject(pointer(number), "broken_record", table)
        return
    titles = [str(cell.get("value") if isinstance(cell, dict) else cell) for cell in header]
    for i, row in enumerate(rows):
        place = pointer(number, "rows", i)
        if not isinstance(row, list) or not all(isinstance(cell, dict) for cell in row):
            findings.reject(place, "broken_record", row)
        elif not row or len(row) > len(titles):
            findings.reject(place, "ragged_row", [cell.get("value") for cell in row])
        else:
            _add_row(findings, place, titles, row)


def _add_row(findings: Findings, place: str, titles: list[str], row: list[dict]) -> None:
    if len(row) < len(titles):
        findings.reject(place, "ragged_row", f"no cell for {', '.join(titles[len(row) :])}")
    model = _model_of(row) or str(row[0].get("value") or "")
    for column, (title, cell) in enumerate(zip(titles, row, strict=False)):
        locator = f"{place}/{column}/value"
        if column == 0 or _BOOKKEEPING.search(title):
            continue
        if _RELATIVE.search(title):
            findings.reject(locator, "set_dependent", f"{title}: {cell.get('value')}")
            continue
        benchmark, _, metric = title.rpartition(" - ")
        runs = cell.get("run_spec_names") or []
        findings.score(
            locator=locator,
            model_raw=model,
            benchmark_raw=benchmark or title,
            metric_raw=metric if benchmark else "unstated",
            value_raw="" if cell.get("value") is None else str(cell["value"]),
            scale="unscaled" if _UNSCALED.search(title) else "fraction",
            harness="helm",
            aggregation=_aggregation(title, runs),
        )


def _aggregation(title: str, runs: list) -> str:
    if title.lower().startswith(("mean score", "average")):
        return "composite"
    return "macro" if len(runs) > 1 else "item_mean"


def _model_of(row: list[dict]) -> str:
    """Return the one model that the row's runs name, or "" where there is none or several."""
    runs = [str(run) for cell in row for run in cell.get("run_spec_names") or []]
    models = {match[1] for run in runs if (match := _MODEL.search(run))}
    return models.pop() if len(models) == 1 else ""


def _add_statistics(findings: Findings, statistics: list, name: str) -> None:
    run = next((part for part in reversed(name.split("/")) if "model=" in part), "")
    match = _MODEL.search(run)
    benchmark, subtask = _scenario(run)
    plain = [
        (i, entry, entry["name"])
        for i, entry in enumerate(statistics)
        if isinstance(entry, dict)
        and isinstance(entry.get("name"), dict)
        and not entry["name"].get("perturbation")
    ]
    items = {
        key.get("split"): whole(entry.get("mean"))
        for _, entry, key in plain
        if key.get("name") == "num_instances"
    }
    split = "test" if any(key.get("split") == "test" for _, _, key in plain) else "valid"
    for i, entry, key in plain:
        title = str(key.get("name") or "")
        if key.get("split") != split or not _STATISTICS.fullmatch(title):
            continue
        findings.score(
            locator=pointer(i, "mean"),
            model_raw=match[1] if match else "",
            benchmark_raw=benchmark,
            subtask_raw=subtask,
            metric_raw=title,
            filter_raw=str(key.get("sub_split") or "none"),
            value_raw=str(entry.get("mean", "")),
            scale="fraction",
            split=split,
            n_items=items.get(split),
            harness="helm",
        )
    findings.notes.append(f"{name}: {len(findings.reported)} of {len(statistics)} statistics")


def _scenario(run: str) -> tuple[str, str]:
    """Return benchmark and subtask of a run name such as "mmlu:subject=anatomy,model=…"."""
    scenario, _, rest = run.replace("commonsense-", "commonsense:").partition(":")
    if not rest:
        scenario, _, rest = run.partition("-")
    arguments = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
    if scenario == "commonsense":
        return arguments.get("dataset", scenario), ""
    return scenario, arguments.get("subject", arguments.get("task", ""))
