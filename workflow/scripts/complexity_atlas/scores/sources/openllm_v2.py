"""Contents of the Open LLM Leaderboard v2 (2024-06 to 2025-03), one row per model and precision.

"X Raw" is a fraction; "X" is percent, rescaled against chance and cut off at zero: exactly
invertible for GPQA and MMLU-PRO, not for BBH and MUSR, which are rescaled task by task. The same
model in two precisions is two rows, with or without its chat template. Numbers of shots and metrics
are the board's fixed protocol.
"""

import html
import io
import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Row,
    Unusable,
    header_key,
    precision,
    read_rows,
    truth,
)

_PROTOCOLS = {
    "IFEval": ("inst_level_strict_acc and prompt_level_strict_acc", 0),
    "BBH": ("acc_norm", 3),
    "MATH Lvl 5": ("exact_match", 4),
    "GPQA": ("acc_norm", 0),
    "MUSR": ("acc_norm", 0),
    "MMLU-PRO": ("acc", 5),
}
_RESCALED = frozenset({"BBH", "GPQA", "MUSR", "MMLU-PRO"})
_ATTRIBUTES = {
    "paramsb": ("n_params", "billion"),
    "architecture": ("architecture", "text"),
    "type": ("kind", "text"),
    "uploadtohubdate": ("release_date", "date"),
    "basemodel": ("base_model", "text"),
    "moe": ("is_moe", "text"),
    "hublicense": ("licence", "text"),
}
_KNOWN = frozenset(
    {"evalname", "precision", "t", "weighttype", "model", "fullname", "modelsha", "average"}
    | {"hub", "availableonthehub", "flagged", "chattemplate", "cocostkg", "merged", "notmerged"}
    | {"officialproviders", "maintainershighlight", "submissiondate", "generation"}
    | {header_key(title) for task in _PROTOCOLS for title in (task, f"{task} Raw")}
    | set(_ATTRIBUTES)
)
_ALIASES = {key: key for key in _KNOWN} | {
    "math": "mathlvl5",
    "mathraw": "mathlvl5raw",
    "co2costkg": "cocostkg",
}
_REQUIRED = ("precision", "gpqaraw")
_HREF = re.compile(r"""href\s*=\s*["']https?://huggingface\.co/([^"'?#]+)["']""")


def parse(content: bytes, name: str) -> Parsed:
    """Parse the board's contents as Parquet or CSV."""
    findings = Findings()
    rows = _parquet_rows if content.startswith(b"PAR1") else _csv_rows
    for row in rows(content, name, findings):
        _add_row(findings, row)
    return findings.parsed()


def model_of_anchor(cell: str) -> str:
    """Return the Hub id to which the first link of an HTML cell leads, or the cell as it is."""
    match = _HREF.search(html.unescape(cell))
    return match[1].strip("/") if match else cell


def _csv_rows(content: bytes, name: str, findings: Findings) -> Iterator[Row]:
    yield from read_rows(content, name, findings, _REQUIRED, _KNOWN, _ALIASES)


def _parquet_rows(content: bytes, name: str, findings: Findings) -> Iterator[Row]:
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise Unusable("undecodable", f"{name}: not Parquet: {error}") from None
    keys = [_ALIASES.get(header_key(title), title) for title in table.column_names]
    missing = set(_REQUIRED) - set(keys)
    if missing:
        raise AtlasError(f"{name}: no column {', '.join(sorted(missing))} in {keys}")
    columns = {key: number for number, key in enumerate(keys, 1)}
    unknown = sorted(set(keys) - _KNOWN)
    if unknown:
        findings.notes.append(f"{name}: unknown columns {', '.join(unknown)}")
    lists = [column.to_pylist() for column in table.columns]
    for number, cells in enumerate(zip(*lists, strict=True), 2):
        texts = ["" if cell is None else str(cell) for cell in cells]
        yield Row(number, dict(zip(keys, texts, strict=True)), columns)


def _add_row(findings: Findings, row: Row) -> None:
    common = {
        "model_raw": row.get("fullname") or model_of_anchor(row.get("model")),
        "model_revision": row.get("modelsha"),
        "precision": precision(row.get("precision")),
        "chat_template": truth(row.get("chattemplate")),
        "harness": "lm-evaluation-harness",
        "harness_version": "0.4",
    }
    flags = _flags(row)
    before = len(findings.reported)
    for task in _PROTOCOLS:
        _add_task(findings, row, common, flags, task)
    complete = len(findings.reported) - before == 2 * len(_PROTOCOLS)
    scale = {"scale": "percent", "normalization": "chance_rescaled"}
    findings.average(row, "average", complete, **common, **scale, flags=flags)
    for key, (attribute, unit) in _ATTRIBUTES.items():
        if key in row.columns:
            model = common["model_raw"]
            findings.attribute(row.locator(key), model, attribute, row.get(key), unit)


def _add_task(findings: Findings, row: Row, common: dict, flags: tuple, task: str) -> None:
    metric, n_shot = _PROTOCOLS[task]
    key = header_key(task)
    for column, scale in ((f"{key}raw", "fraction"), (key, "percent")):
        if column not in row.columns:
            continue
        value = row.get(column)
        rescaled = column == key and task in _RESCALED
        clipped = rescaled and value in ("0", "0.0")
        findings.score(
            **common,
            locator=row.locator(column),
            benchmark_raw=task,
            metric_raw=metric,
            value_raw=value,
            scale=scale,
            n_shot=n_shot,
            aggregation="item_mean" if task in ("GPQA", "MMLU-PRO") else "macro",
            normalization="chance_rescaled" if rescaled else "none",
            flags=(*flags, "clipped") if clipped else flags,
        )


def _flags(row: Row) -> tuple[str, ...]:
    merged = truth(row.get("merged")) or truth(row.get("notmerged")) is False
    marks = {"disputed": truth(row.get("flagged")), "merge": merged}
    return tuple(flag for flag, marked in marks.items() if marked)
