"""From source rows to the score table: one row per reported number, on one scale, traceable."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.contracts import SCORES
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores import curated

SCALES = {"fraction": 1.0, "percent": 0.01, "unscaled": 1.0}
"""Factor from the printed scale to the table's; `unscaled` for anything but a proportion."""

_PROTOCOL = ("benchmark_id", "subtask", "split", "metric_id", "n_shot", "harness")


def curate(files: Sequence[Path], benchmarks: pd.DataFrame) -> pd.DataFrame:
    """Read curated score files into the table of contract SCORES.

    `benchmarks` follows contract BENCHMARKS and gives unit, direction, bounds and chance level,
    whatever a source says. A missing standard error of a proportion of `n_items` is the binomial
    sqrt(v(1-v)/n), labelled so. Rows are sorted by `record_id`, a hash of the source's own words,
    so the order of files does not matter. Raises AtlasError naming file, line and cell.
    """
    rows = pd.concat(
        [curated.read_curated(path) for path in sorted(map(Path, files))]
        or [pd.DataFrame(columns=[*curated.REQUIRED, *curated.OPTIONAL, "line", "file"])],
        ignore_index=True,
    )
    known = benchmarks.set_index("benchmark_id")
    records = [_record(row, known) for row in rows.itertuples(index=False)]
    table = pd.DataFrame(records, columns=list(SCORES.columns))
    _refuse_duplicates(table)
    return SCORES.check(table)


def _record(row, benchmarks: pd.DataFrame) -> dict[str, object]:
    where = f"{row.file}, line {row.line}"
    if row.benchmark_id not in benchmarks.index:
        raise AtlasError(
            f"{where}: benchmark_id {row.benchmark_id!r} is not in the benchmark table; "
            f"known are {', '.join(benchmarks.index)}; add a row there or correct the id"
        )
    benchmark = benchmarks.loc[row.benchmark_id]
    value = _value(where, row, benchmark)
    n_items = _whole(where, "n_items", row.n_items)
    stderr, kind = _standard_error(where, row, value, n_items, bool(benchmark.proportion))
    return {
        **_origin(row),
        "model_id": row.model_id,
        "model_raw": row.model_id,
        "model_match": "manual",
        "model_revision": row.model_revision or None,
        "precision": row.precision or "unknown",
        "benchmark_id": row.benchmark_id,
        "subtask": row.subtask,
        "split": row.split,
        "dataset_revision": None,
        "task_version": None,
        "metric_id": row.metric_id,
        "metric_filter": "none",
        "n_shot": _whole(where, "n_shot", row.n_shot),
        "cot": None,
        "chat_template": None,
        "normalization": "none",
        "aggregation": "item_mean" if benchmark.proportion else "single",
        "protocol_id": _digest(*(getattr(row, name) for name in _PROTOCOL)),
        "value": value,
        "unit": benchmark.unit,
        "higher_is_better": bool(benchmark.higher_is_better),
        "lower_bound": benchmark.lower_bound,
        "upper_bound": benchmark.upper_bound,
        "chance_level": benchmark.chance_level,
        "value_raw": row.value_raw,
        "scale_raw": row.scale_raw,
        "decimals_raw": len(row.value_raw.partition(".")[2]),
        "stderr": stderr,
        "stderr_kind": kind,
        "ci_low": np.nan,
        "ci_high": np.nan,
        "n_items": n_items,
        "evaluator": row.evaluator or "unknown",
        "harness": row.harness,
        "harness_version": row.harness_version,
        "eval_date": row.eval_date or None,
        "status": "ok",
        "flags": "",
        "copy_of": "",
    }


def _origin(row) -> dict[str, object]:
    locator = f"{row.file}:{row.line} {row.raw_locator}".strip()
    return {
        "record_id": _digest(row.source_id, locator, row.model_id, row.metric_id),
        "source_id": row.source_id,
        "source_url": row.source_url,
        "source_revision": row.source_revision or None,
        "raw_sha256": row.raw_sha256,
        "raw_locator": locator,
        "parser": curated.PARSER,
        "parser_version": curated.PARSER_VERSION,
        "licence": row.licence,
    }


def _value(where: str, row, benchmark: pd.Series) -> float:
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
    return value


def _standard_error(
    where: str, row, value: float, n_items: int | None, proportion: bool
) -> tuple[float, str]:
    if row.stderr:
        return _number(where, "stderr", row.stderr) * SCALES[row.scale_raw], "reported"
    if proportion and n_items:
        return math.sqrt(value * (1 - value) / n_items), "binomial"
    return math.nan, "none"


def _number(where: str, column: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
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


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _refuse_duplicates(table: pd.DataFrame) -> None:
    key = ["model_id", "model_revision", "precision", "protocol_id", "source_id", "eval_date"]
    twice = table[table.duplicated(key, keep=False)]
    if len(twice):
        first = twice.iloc[0]
        rows = ", ".join(twice.raw_locator[twice.model_id == first.model_id])
        raise AtlasError(
            f"scores: {first.model_id} has several rows for {first.benchmark_id} by the same "
            f"protocol and source: {rows}; keep one"
        )
