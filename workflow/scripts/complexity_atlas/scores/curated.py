"""Hand-curated score files: CSV rows that name their source down to the cell.

A mistake in them is the study's own, so it is an error with file and line, not a quarantined row.
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.reports import ORIGIN, PRINTED
from complexity_atlas.scores.values import SCALES

PARSER = "curated"
PARSER_VERSION = "1"

REQUIRED = ("model_id", "benchmark_id", "metric_id", "value_raw", "scale_raw", "source_id")
OPTIONAL = (
    "model_revision",
    "precision",
    "subtask",
    "split",
    "n_shot",
    "n_items",
    "stderr",
    "evaluator",
    "harness",
    "harness_version",
    "eval_date",
    "source_url",
    "source_revision",
    "raw_locator",
    "licence",
    "note",
)
"""Columns of a curated file, named as in the score table; an absent optional column is empty."""


def read_curated(path: Path) -> pd.DataFrame:
    """Read one curated CSV file into text columns REQUIRED + OPTIONAL, as printed.

    Adds `file`, `line` (of the row in the file, the header is line 1) and `raw_sha256` of the
    file's bytes. A byte-order mark is accepted. Raises AtlasError naming file, line and column.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise AtlasError(f"{path}: no such score file; scores.curated names it") from None
    except UnicodeDecodeError as error:
        raise AtlasError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text), strict=True)
    _check_header(path, reader.fieldnames)
    rows = []
    try:
        for row in reader:
            rows.append({**_cells(path, reader.line_num, row), "line": reader.line_num})
    except csv.Error as error:
        raise AtlasError(f"{path}, line {reader.line_num}: not CSV: {error}") from None
    frame = pd.DataFrame(rows, columns=[*REQUIRED, *OPTIONAL, "line"])
    return frame.assign(file=path.name, raw_sha256=hashlib.sha256(raw).hexdigest())


def _check_header(path: Path, header: list[str] | None) -> None:
    found = list(header or [])
    missing = [name for name in REQUIRED if name not in found]
    unknown = [name for name in found if name not in REQUIRED + OPTIONAL]
    if missing or unknown or len(set(found)) != len(found):
        raise AtlasError(
            f"{path}: header has {', '.join(found) or 'nothing'}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}; "
            f"known columns are {', '.join(REQUIRED + OPTIONAL)}"
        )


def _cells(path: Path, line: int, row: dict) -> dict[str, str]:
    if None in row or None in row.values():
        raise AtlasError(f"{path}, line {line}: the row has more or fewer cells than the header")
    cells = {name: row.get(name, "").strip() for name in REQUIRED + OPTIONAL}
    for name in REQUIRED:
        if not cells[name]:
            raise AtlasError(f"{path}, line {line}: column {name} is empty; fill it in")
    return cells


NAMED = ("model_id", "model_match", "benchmark_id", "subtask", "metric_id", "raw_locator")
"""What a curated row knows already, and a report of another source gets from its names."""

_SAME_MEASUREMENT = (
    *("model_id", "model_revision", "precision", "benchmark_id", "subtask", "split", "metric_id"),
    *("n_shot", "harness", "source_id", "eval_date"),
)


def curated_reports(files: Sequence[Path], benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Read curated files as reports: columns reports.ORIGIN, reports.PRINTED and NAMED.

    Every row is checked against `benchmarks` (contract BENCHMARKS). Raises AtlasError naming file,
    line and cell.
    """
    known = benchmarks.set_index("benchmark_id")
    tables = [read_curated(path) for path in sorted(map(Path, files))]
    rows = [row for table in tables for row in table.itertuples(index=False)]
    reports = [_report(row, known) for row in rows]
    frame = pd.DataFrame(reports, columns=[*ORIGIN, *PRINTED, *NAMED])
    _refuse_duplicates(frame)
    return frame


def _report(row, benchmarks: pd.DataFrame) -> dict[str, object]:
    where = f"{row.file}, line {row.line}"
    if row.benchmark_id not in benchmarks.index:
        raise AtlasError(
            f"{where}: benchmark_id {row.benchmark_id!r} is not in the benchmark table; "
            f"known are {', '.join(benchmarks.index)}; add a row there or correct the id"
        )
    benchmark = benchmarks.loc[row.benchmark_id]
    _check_value(where, row, benchmark)
    if row.stderr:
        _number(where, "stderr", row.stderr)
    copied = {name: getattr(row, name) for name in OPTIONAL + REQUIRED if name in PRINTED + ORIGIN}
    return copied | {
        "file": row.file,
        "raw_sha256": row.raw_sha256,
        "retrieved_at": "",
        "parser": PARSER,
        "parser_version": PARSER_VERSION,
        "evaluator": row.evaluator or "unknown",
        "locator": row.raw_locator,
        "model_raw": row.model_id,
        "benchmark_raw": row.benchmark_id,
        "metric_raw": row.metric_id,
        "scale": row.scale_raw,
        "subtask_raw": row.subtask,
        "filter_raw": "none",
        "n_shot": _whole(where, "n_shot", row.n_shot),
        "n_items": _whole(where, "n_items", row.n_items),
        "cot": None,
        "chat_template": None,
        "model_url": "",
        "precision": row.precision or "unknown",
        "stderr_raw": row.stderr,
        "ci_raw": "",
        "aggregation": "item_mean" if benchmark.proportion else "single",
        "normalization": "none",
        "dataset_revision": "",
        "task_version": "",
        "flags": (),
        "model_id": row.model_id,
        "model_match": "manual",
        "benchmark_id": row.benchmark_id,
        "subtask": row.subtask,
        "metric_id": row.metric_id,
        "raw_locator": f"{row.file}:{row.line} {row.raw_locator}".strip(),
    }


def _check_value(where: str, row, benchmark: pd.Series) -> None:
    if row.metric_id != benchmark.metric_id:
        raise AtlasError(
            f"{where}: metric_id {row.metric_id!r}, but benchmark {row.benchmark_id} is scored by "
            f"{benchmark.metric_id!r}; use that, or add a benchmark for the other metric"
        )
    if row.scale_raw not in SCALES:
        raise AtlasError(
            f"{where}: scale_raw {row.scale_raw!r} is none of {', '.join(SCALES)}; "
            "say on what scale value_raw is printed"
        )
    value = _number(where, "value_raw", row.value_raw) * SCALES[row.scale_raw]
    low, high = benchmark.lower_bound, benchmark.upper_bound
    if value < low or value > high:
        raise AtlasError(
            f"{where}: value_raw {row.value_raw!r} ({row.scale_raw}) is {value:g}, outside "
            f"[{low:g}, {high:g}] of {row.benchmark_id}; correct value_raw or scale_raw"
        )


_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
"""What float() takes and `numbers.read_number` too: no underscores, no digits of other scripts."""


def _number(where: str, column: str, text: str) -> float:
    number = float(text) if _PLAIN.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise AtlasError(
            f"{where}: {column} {text!r} is not a number; write it with a decimal point, "
            "without units or thousands separators"
        )
    return number


def _whole(where: str, column: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise AtlasError(f"{where}: {column} {text!r} is not a whole number")
    return int(text)


def _refuse_duplicates(frame: pd.DataFrame) -> None:
    twice = frame[frame.duplicated(list(_SAME_MEASUREMENT), keep=False)]
    if len(twice):
        first = twice.iloc[0]
        rows = ", ".join(twice.raw_locator[twice.model_id == first.model_id])
        raise AtlasError(
            f"scores: {first.model_id} has several rows for {first.benchmark_id} by the same "
            f"protocol and source: {rows}; keep one"
        )
