"""Hand-curated score files: CSV rows that name their source down to the cell."""

import csv
import hashlib
import io
from pathlib import Path

import pandas as pd

from complexity_atlas.errors import AtlasError

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
