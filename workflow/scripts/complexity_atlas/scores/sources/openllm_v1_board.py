"""Tables of the Open LLM Leaderboard v1 as people dumped them, in percent.

CSV with "ARC (25-shot)" or "ARC(25-shot)" or short titles, or JSON rows of model, average and four
scores. `Parameters` of the 2023 reports is a rescale from 0 to 100 and no size. The average is
taken over whatever tasks a row has, so it stands only where the row is complete.
"""

from collections.abc import Iterator

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.openllm_v1 import HARNESS
from complexity_atlas.scores.sources.reading import (
    Findings,
    Row,
    precision,
    read_json,
    read_rows,
    truth,
)

_PROTOCOLS = {
    "ARC": ("acc_norm", 25, "item_mean"),
    "HellaSwag": ("acc_norm", 10, "item_mean"),
    "MMLU": ("acc", 5, "macro"),
    "TruthfulQA": ("mc2", 0, "item_mean"),
    "Winogrande": ("acc", 5, "item_mean"),
    "GSM8K": ("acc", 5, "item_mean"),
}
_ALIASES = {
    "model": "Model",
    "name": "Model",
    "average": "Average",
    "avg": "Average",
    "url": "URL",
    "link": "URL",
    "sha": "Revision",
    "modelsha": "Revision",
    "precision": "Precision",
    "complete": "Complete",
    "merged": "Merged",
    "flagged": "Flagged",
    "nparams": "nparams",
    "size": "size",
    "arch": "arch",
    "available": "available",
    "moe": "moe",
    "parameters": "Parameters",
}
for _task, (_, _shots, _) in _PROTOCOLS.items():
    _ALIASES |= {_task.lower(): _task, f"{_task.lower()}{_shots}shot": _task}
_KNOWN = frozenset(_ALIASES.values())
_JSON_COLUMNS = ("Model", "Average", "ARC", "HellaSwag", "MMLU", "TruthfulQA")


def parse(content: bytes, name: str) -> Parsed:
    """Parse a dump of the board, CSV or JSON."""
    findings = Findings()
    for row in _rows(content, name, findings):
        _add_row(findings, row)
    return findings.parsed()


def _rows(content: bytes, name: str, findings: Findings) -> Iterator[Row]:
    if not content.lstrip().startswith(b"["):
        required = ("Model", "ARC", "HellaSwag", "MMLU", "TruthfulQA")
        yield from read_rows(content, name, findings, required, _KNOWN, _ALIASES)
        return
    columns = {column: number for number, column in enumerate(_JSON_COLUMNS)}
    for number, cells in enumerate(read_json(content)):
        if isinstance(cells, list) and len(cells) == len(columns):
            texts = dict(zip(columns, map(str, cells), strict=True))
            yield Row(number, texts, columns)
        else:
            findings.reject(f"{number},0", "ragged_row", cells)


def _add_row(findings: Findings, row: Row) -> None:
    common = {
        "model_raw": row.get("Model"),
        "model_url": row.get("URL"),
        "model_revision": row.get("Revision"),
        "precision": precision(row.get("Precision")),
        "scale": "percent",
        "harness": HARNESS,
        "flags": _flags(row),
    }
    before = len(findings.reported)
    tasks = [task for task in _PROTOCOLS if task in row.columns]
    for task in tasks:
        metric, n_shot, aggregation = _PROTOCOLS[task]
        findings.score(
            **common,
            locator=row.locator(task),
            benchmark_raw=task,
            metric_raw=metric,
            value_raw=row.get(task),
            n_shot=n_shot,
            aggregation=aggregation,
        )
    complete = len(findings.reported) - before == len(tasks) and truth(row.get("Complete"))
    findings.average(row, "Average", complete is not False, **common)
    for column, unit in (("size", "billion"), ("nparams", "billion"), ("arch", "text")):
        if column in row.columns:
            attribute = "architecture" if column == "arch" else "n_params"
            model = common["model_raw"]
            findings.attribute(row.locator(column), model, attribute, row.get(column), unit)


def _flags(row: Row) -> tuple[str, ...]:
    marks = {"disputed": row.get("Flagged"), "merge": row.get("Merged")}
    return tuple(flag for flag, text in marks.items() if truth(text))
