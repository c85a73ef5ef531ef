"""The column contract of every table, and the one way to write and to read a table.

A table is checked when it is written, so that a mistake shows where it is made, and its rows are
sorted by key, so that equal content is equal bytes. A file appears under its name only when it is
whole.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pandera.pandas as pa

from complexity_atlas.errors import AtlasError, Unavailable

VIEWS = ("stored", "folded")
AGGREGATES = ("pooled", "pooled_standardised", "mean")
NULL_KINDS = ("same_n", "per_tensor")
UNITS = ("fraction", "nats", "bits", "ppl", "points", "seconds")
SPECTRUM = "spectrum"
"""What stands in place of a binning where a measure is one of singular values."""
CONTROLS = ("", "shuffled", "reinitialised")
"""What a network is to a study: trained, or a control made from a trained one."""


@dataclass(frozen=True)
class Contract:
    """Columns (with types and ranges) of one table, and the columns that identify a row."""

    name: str
    columns: dict[str, pa.Column]
    key: tuple[str, ...]

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with the contract's columns, types and row order.

        Raises AtlasError that lists every failing column and the first failing values.
        """
        schema = pa.DataFrameSchema(
            self.columns, strict=True, coerce=True, unique=list(self.key) or None, name=self.name
        )
        missing = [column for column in self.columns if column not in frame]
        if missing:
            raise AtlasError(
                f"table {self.name}: column {', '.join(missing)} is missing; "
                f"found {', '.join(map(str, frame.columns))}"
            )
        try:
            checked = schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases.head(10)
            listed = "; ".join(
                f"{case.column}: {case.check} fails for {case.failure_case!r} in row {case.index}"
                for case in cases.itertuples()
            )
            raise AtlasError(f"table {self.name} breaks its contract: {listed}") from error
        ordered = checked[list(self.columns)]
        return ordered.sort_values(list(self.key), kind="stable", ignore_index=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and rename it to `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(frame: pd.DataFrame, path: Path, contract: Contract) -> None:
    """Check `frame` and write it to `path`, as its name says: .parquet (zstd), .csv or .csv.gz.

    In CSV, text that a spreadsheet would execute as a formula gets an apostrophe before it.
    """
    frame = contract.check(frame)
    path = Path(path)
    if path.suffix != ".parquet":
        frame = _without_formulas(frame, contract)
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            frame.to_parquet(temporary, index=False, compression="zstd")
        elif path.suffix == ".gz":
            # Without name and time in its header, so that equal tables are equal bytes.
            with open(temporary, "wb") as raw, GzipFile("", "wb", 6, raw, mtime=0) as packed:
                frame.to_csv(packed, index=False, lineterminator="\n")
        else:
            frame.to_csv(temporary, index=False, lineterminator="\n")


def _without_formulas(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    safe = {}
    for name, column in contract.columns.items():
        if column.dtype.type == "string":
            formula = frame[name].str.match(r"[=@\t\r]|[+-][^\d.\s]").fillna(False).astype(bool)
            if formula.any():
                safe[name] = frame[name].mask(formula, "'" + frame[name])
    return frame.assign(**safe)


def read_table(path: Path, contract: Contract) -> pd.DataFrame:
    """Read a table that `write_table` wrote, checked against its contract.

    Raises AtlasError when the file is missing, unreadable or breaks the contract.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            texts = {
                name: "string"
                for name, column in contract.columns.items()
                if column.dtype.type == "string"
            }
            frame = pd.read_csv(path, dtype=texts)
            filled = {name: "" for name in texts if not contract.columns[name].nullable}
            frame = frame.fillna({name: "" for name in filled if name in frame})
    except FileNotFoundError:
        raise AtlasError(f"{path}: no such file; expected a table of {contract.name}") from None
    except Exception as error:
        raise AtlasError(f"{path}: not a readable table of {contract.name}: {error}") from error
    try:
        return contract.check(frame)
    except AtlasError as error:
        raise AtlasError(f"{path}: {error}") from error


def read_tables(paths: Sequence[Path], contract: Contract) -> pd.DataFrame:
    """Read tables of one contract as one table, which meets the contract too."""
    frames = [read_table(path, contract) for path in paths]
    if not frames:
        return contract.check(pd.DataFrame(columns=list(contract.columns)))
    return contract.check(pd.concat(frames, ignore_index=True))


def text(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column("string", list(checks), nullable=nullable)


def one_of(*values: str) -> pa.Column:
    return text(pa.Check.isin(values))


def number(*checks: pa.Check, nullable: bool = True) -> pa.Column:
    return pa.Column("float64", list(checks), nullable=nullable)


def integer(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column("Int64" if nullable else "int64", list(checks), nullable=nullable)


def count(nullable: bool = False) -> pa.Column:
    return integer(pa.Check.ge(0), nullable=nullable)


def numbers() -> pa.Column:
    """A column whose cells are arrays of one axis."""
    flat = pa.Check(lambda cell: np.ndim(cell) == 1, element_wise=True, error="an array per row")
    return pa.Column(object, [flat])


LEDGER = Contract(
    "ledger",
    {
        "model": text(),
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "layer": count(nullable=True),
        "depth": count(nullable=True),
        "role": text(),
        "shape": text(pa.Check.str_matches(r"^(\d+(x\d+)*)?$")),
        "dtype": text(),
        "n": count(),
        "counted": pa.Column("bool"),
        "reason": text(),
        "n_nan": count(),
        "n_inf": count(),
        "n_zero": count(),
        "n_dead": count(),
        "min": number(),
        "max": number(),
        "mean": number(),
        "std": number(pa.Check.ge(0)),
        "iqr": number(pa.Check.ge(0)),
        "key_bits": count(nullable=True),
        "count_error": number(pa.Check.ge(0)),
    },
    ("model", "view", "tensor"),
)

VALUES = Contract(
    "value counts",
    {
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "key": pa.Column("uint64"),
        "count": integer(pa.Check.gt(0)),
    },
    ("view", "tensor", "key"),
)

SPECTRA = Contract(
    "spectra",
    {
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "matrix": text(),
        "role": text(),
        "rows": count(),
        "columns": count(),
        "dtype": text(),
        "method": one_of("gram", "svd", "qr+svd", ""),
        "note": text(),
        "singular_values": numbers(),
    },
    ("view", "tensor", "matrix"),
)

CODES = Contract(
    "codes by block",
    {
        "view": one_of(*VIEWS, "both"),
        "tensor": text(),
        "type": text(),
        "counts": numbers(),
        "squared_error": number(pa.Check.ge(0)),
        "squares": number(pa.Check.ge(0)),
    },
    ("view", "tensor", "type"),
)

_COMPLEXITY = {
    "variant": text(),
    "measure": text(),
    "value": number(),
    "null_kind": one_of(*NULL_KINDS),
    "null": number(),
    "null_sd": number(pa.Check.ge(0)),
    "excess": number(),
    "flag": text(),
}

TENSOR_COMPLEXITY = Contract(
    "tensor complexity",
    {
        "model": text(),
        "view": one_of(*VIEWS),
        "tensor": text(),
        "layer": count(nullable=True),
        "depth": count(nullable=True),
        "role": text(),
        "n": count(),
        **_COMPLEXITY,
    },
    ("model", "view", "tensor", "variant", "measure", "null_kind"),
)

MODEL_COMPLEXITY = Contract(
    "model complexity",
    {
        "model": text(),
        "view": one_of(*VIEWS),
        "scope": text(pa.Check.str_matches(r"^(model|role:.+|layer:\d+)$")),
        "aggregate": one_of(*AGGREGATES),
        "n": count(),
        **_COMPLEXITY,
    },
    ("model", "view", "scope", "aggregate", "variant", "measure", "null_kind"),
)

COMPARISON = Contract(
    "comparison of two models",
    {
        "scope": text(),
        "measure": text(),
        "null_kind": one_of(*NULL_KINDS),
        "n_a": count(nullable=True),
        "n_b": count(nullable=True),
        "value_a": number(),
        "value_b": number(),
        "difference": number(),
        "excess_a": number(),
        "excess_b": number(),
        "excess_difference": number(),
    },
    ("scope", "measure", "null_kind"),
)

_CODES = {"type": one_of("int8", "int4", "nf4"), "scale": one_of("tensor", "block")}

QUANTISATION = Contract(
    "complexity of quantised weights",
    {
        "model": text(),
        "view": one_of(*VIEWS),
        **_CODES,
        "n": count(),
        "levels": count(),
        "lmc": number(),
        "entropy": number(),
        "disequilibrium": number(),
        "c_js": number(),
        "relative_error": number(pa.Check.ge(0)),
    },
    ("model", "view", "type", "scale"),
)

QUANTISED_ORDER = Contract(
    "order of models after quantisation",
    {
        "group": text(),
        **_CODES,
        "n_models": count(),
        "tau": number(pa.Check.in_range(-1, 1)),
        "relative_error": number(pa.Check.ge(0)),
    },
    ("group", "type", "scale"),
)

MODELS = Contract(
    "models",
    {
        "model": text(pa.Check.str_matches(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")),
        "name": text(),
        "family": text(),
        "task": text(),
        "source": text(),
        "location": text(),
        "revision": text(pa.Check.str_matches(r"^([0-9a-f]{40})?$")),
        "file": text(),
        "sha256": text(pa.Check.str_matches(r"^([0-9a-f]{64})?$")),
        "bytes": count(nullable=True),
        "size_group": text(),
        "parameters": count(nullable=True),
        "active_parameters": count(nullable=True),
        "training_tokens": number(pa.Check.gt(0)),
        "training_flops": number(pa.Check.gt(0)),
        "run": text(),
        "step": count(nullable=True),
        "control": one_of(*CONTROLS),
        "licence": text(),
        "url": text(),
        "facts": text(),
    },
    ("model",),
)

MEASURED_MODELS = Contract(
    "measured models",
    {
        **MODELS.columns,
        "status": one_of("ok", *get_args(Unavailable)),
        "reason": text(),
        "format": text(),
        "n_weights": count(),
        "n_known_role": count(),
        "n_constants": count(),
        "files": text(),
        "notes": text(),
        "device": text(),
        "method_version": text(),
    },
    ("model",),
)

_STATISTICS_KEY = (
    "question",
    "benchmark",
    "measure",
    "variant",
    "view",
    "aggregate",
    "covariates",
    "statistic",
)

STATISTICS = Contract(
    "statistics",
    {
        "question": text(),
        "benchmark": text(),
        "measure": text(),
        "variant": text(),
        "view": text(),
        "aggregate": text(),
        "covariates": text(),
        "statistic": text(),
        "n_resamples": count(),
        "n_models": count(),
        "n_families": count(),
        "estimate": number(),
        "ci_low": number(),
        "ci_high": number(),
        "p": number(pa.Check.in_range(0, 1)),
        "p_holm": number(pa.Check.in_range(0, 1)),
        "q_bh": number(pa.Check.in_range(0, 1)),
        "note": text(),
    },
    _STATISTICS_KEY,
)

SIZE_GAPS = Contract(
    "pairs by size gap",
    {**STATISTICS.columns, "size_ratio": number(pa.Check.ge(1), nullable=False)},
    (*_STATISTICS_KEY, "size_ratio"),
)

PREDICTIONS = Contract(
    "predictions of unseen families",
    {
        "benchmark": text(),
        "model": text(),
        "family": text(),
        "score": number(nullable=False),
        "baseline": number(nullable=False),
        "predicted": number(nullable=False),
    },
    ("benchmark", "model"),
)

CALIBRATION = Contract(
    "p values of null studies",
    {
        "permuted": one_of("families", "models"),
        "study": count(),
        "p": number(pa.Check.in_range(0, 1), nullable=False),
    },
    ("permuted", "study"),
)

VERDICTS = Contract(
    "verdicts",
    {
        "benchmark": text(),
        "verdict": one_of("supported", "contradicted", "undecided"),
        "reasons": text(),
        "n_models": count(),
        "n_families": count(),
        "effect": number(),
        "low": number(),
        "high": number(),
        "p": number(pa.Check.in_range(0, 1)),
        "gain": number(),
        "gain_low": number(),
        "gain_high": number(),
        "same_sign": count(),
        "n_benchmarks": count(),
        "detectable": number(),
    },
    ("benchmark",),
)

BENCHMARKS = Contract(
    "benchmarks",
    {
        "benchmark_id": text(),
        "name": text(),
        "metric_id": text(),
        "unit": one_of(*UNITS),
        "proportion": pa.Column("bool"),
        "higher_is_better": pa.Column("bool"),
        "lower_bound": number(),
        "upper_bound": number(),
        "chance_level": number(),
        "n_items": count(nullable=True),
        "n_choices": count(nullable=True),
        "description": text(),
        "url": text(),
    },
    ("benchmark_id",),
)

SCORES = Contract(
    "scores",
    {
        "record_id": text(pa.Check.str_matches(r"^[0-9a-f]{16}$")),
        "model_id": text(nullable=True),
        "model_raw": text(),
        "model_match": one_of("exact", "alias", "normalized", "manual", "unresolved"),
        "model_revision": text(nullable=True),
        "precision": text(),
        "benchmark_id": text(),
        "subtask": text(),
        "split": text(),
        "dataset_revision": text(nullable=True),
        "task_version": text(nullable=True),
        "metric_id": text(),
        "metric_filter": text(),
        "n_shot": integer(nullable=True),
        "cot": pa.Column("boolean", nullable=True),
        "chat_template": pa.Column("boolean", nullable=True),
        "normalization": one_of("none", "chance_rescaled"),
        "aggregation": one_of("item_mean", "macro", "micro", "single", "composite"),
        "protocol_id": text(),
        "value": number(nullable=False),
        "unit": one_of(*UNITS),
        "higher_is_better": pa.Column("bool"),
        "lower_bound": number(),
        "upper_bound": number(),
        "chance_level": number(),
        "value_raw": text(),
        "scale_raw": text(),
        "decimals_raw": count(),
        "stderr": number(pa.Check.ge(0)),
        "stderr_kind": one_of("reported", "from_ci", "binomial", "none"),
        "ci_low": number(),
        "ci_high": number(),
        "n_items": count(nullable=True),
        "evaluator": one_of("first_party", "third_party", "unknown"),
        "harness": text(),
        "harness_version": text(),
        "eval_date": text(nullable=True),
        "source_id": text(),
        "source_url": text(),
        "source_revision": text(nullable=True),
        "raw_sha256": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "raw_locator": text(),
        "retrieved_at": text(),
        "parser": text(),
        "parser_version": text(),
        "licence": text(),
        "status": one_of("ok", "quarantined", "superseded", "copy"),
        "flags": text(),
        "copy_of": text(),
        "n_reports": integer(pa.Check.ge(1)),
    },
    ("record_id",),
)
"""One row per reported number. `n_reports` counts the reports of one source that say the same and
are one row; `copy_of` is the `record_id` of the row that a copy repeats."""

ITEMS = Contract(
    "items",
    {
        "item_uid": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "benchmark_id": text(),
        "group_id": text(),
        "split": text(),
        "text": text(),
    },
    ("item_uid",),
)
"""Questions of benchmarks. `group_id` is the problem: variants of one problem share it."""

RESPONSES = Contract(
    "responses",
    {
        "item_uid": text(pa.Check.str_matches(r"^[0-9a-f]{64}$")),
        "model_id": text(),
        "protocol_id": text(),
        "score": pa.Column("float32", pa.Check.in_range(0, 1), nullable=True),
        "n_correct": count(nullable=True),
        "n_attempts": integer(pa.Check.ge(1), nullable=True),
        "evaluated": pa.Column("bool"),
        "flag": text(),
        "source": text(),
    },
    ("item_uid", "model_id", "protocol_id"),
)
"""What a model made of an item. Where `evaluated` is false, `flag` says why it does not count."""

ANALYSIS = Contract(
    "analysis frame",
    {
        "model": text(),
        "family": text(),
        "log_n": number(),
        "log_d": number(),
        "flops": number(),
        "run": text(),
        "step": number(),
        "control": one_of(*CONTROLS),
        "benchmark": text(),
        "score": number(nullable=False),
        "score_se": number(),
        "chance_level": number(),
        "n_items": number(),
        "measure": text(),
        "variant": text(),
        "view": text(),
        "aggregate": text(),
        "value": number(),
    },
    ("benchmark", "model", "measure", "variant", "view", "aggregate"),
)

NOISE = Contract(
    "complexity of noise",
    {"variant": text(), "n": count(), "value": number(), "sd": number(), "slope": number()},
    ("variant", "n"),
)
