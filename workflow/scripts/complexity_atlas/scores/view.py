"""The analysis view: of all that is reported, one score per model and benchmark.

protocols.yaml declares one protocol per benchmark and which source goes before which. Nothing is
averaged, neither over protocols nor over sources.
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from complexity_atlas.contracts import SCORES
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.repeats import flagged
from complexity_atlas.scores.tables import ANALYSIS_VIEW, EXCLUDED

CONSTRAINTS = (
    *("metric_id", "metric_filter", "n_shot", "cot", "chat_template", "split", "subtask"),
    *("normalization", "aggregation", "harness", "task_version", "dataset_revision"),
)
"""Columns of SCORES that a protocol may constrain."""

UNSAID = {
    "subtask": ("",),
    "normalization": ("none",),
    "aggregation": ("item_mean", "macro", "micro", "single"),
}
"""What holds where a protocol says nothing: the whole of one benchmark, not rescaled."""

QUANTIZED = ("int8", "int4", "gptq", "awq", "gguf")
"""Precisions that make other weights; a model's own score is never taken from them."""

_PRECISIONS = ("bf16", "fp16", "fp32", "unknown")
_BARRED = ("partial", "disputed", "best_of_scorers")


@dataclass(frozen=True)
class Protocols:
    """What may be compared.

    benchmarks      benchmark -> column of CONSTRAINTS -> values that it may have
    precedence      ids of sources, best first; others follow, third party before first
    min_models      a benchmark with fewer models is left out
    last_steps      pattern of model ids -> revision of training that is the released model
    """

    benchmarks: Mapping[str, Mapping[str, tuple]] = field(default_factory=dict)
    precedence: tuple[str, ...] = ()
    min_models: int = 1
    last_steps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """The chosen rows (contract ANALYSIS_VIEW), and what was left out (contract EXCLUDED)."""

    scores: pd.DataFrame
    excluded: pd.DataFrame


def load_protocols(path: Path) -> Protocols:
    """Read protocols.yaml. Raises AtlasError naming file, benchmark and key."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AtlasError(f"{path}: no such file; scores.protocols names it") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AtlasError(f"{path}: not YAML: {error}") from None
    known = {"benchmarks", "precedence", "min_models", "last_steps"}
    if not isinstance(content, dict) or set(content) - known:
        raise AtlasError(f"{path}: expected the keys {', '.join(sorted(known))}")
    benchmarks = {}
    for name, constraints in (content.get("benchmarks") or {}).items():
        if unknown := sorted(set(constraints) - set(CONSTRAINTS)):
            raise AtlasError(
                f"{path}, benchmark {name}: unknown {', '.join(unknown)}; a protocol constrains "
                f"{', '.join(CONSTRAINTS)}"
            )
        benchmarks[name] = {
            column: tuple(value) if isinstance(value, list) else (value,)
            for column, value in constraints.items()
        }
    return Protocols(
        benchmarks,
        tuple(content.get("precedence") or ()),
        content.get("min_models", 1),
        content.get("last_steps") or {},
    )


def analysis_view(scores: pd.DataFrame, benchmarks: pd.DataFrame, protocols: Protocols) -> View:
    """Choose one row of `scores` (contract SCORES) per model and benchmark.

    Of rows with status "ok", an identity, the declared protocol, unquantised weights and all items,
    the first by source, precision, and newest date counts. A benchmark without a declared protocol
    is taken by its own metric if all its rows share one protocol. Left out, with the reason:
    several protocols and none declared, fewer than `min_models` models, one score for all models.
    Checkpoints within a training stay apart: their `model_id` is "id--revision".
    """
    rows = _eligible(scores, protocols)
    chosen, excluded = [], []
    metric = benchmarks.set_index("benchmark_id").metric_id
    for benchmark_id, here in rows.groupby("benchmark_id", sort=True):
        declared = protocols.benchmarks.get(benchmark_id)
        wanted = wanted_protocol(benchmark_id, metric[benchmark_id], protocols)
        fitting = here[_fits(here, wanted)]
        taken = _first_of_each(fitting, protocols)
        reason = _reason(taken, fitting, declared is not None, protocols.min_models)
        if reason:
            excluded.append((benchmark_id, here.model_id.nunique(), len(here), reason))
        else:
            chosen.append(taken)
    taken = pd.concat(chosen) if chosen else rows.iloc[:0]
    return View(
        ANALYSIS_VIEW.check(taken[list(SCORES.columns)]),
        EXCLUDED.check(pd.DataFrame(excluded, columns=list(EXCLUDED.columns))),
    )


def wanted_protocol(benchmark_id: str, metric_id: str, protocols: Protocols) -> dict[str, tuple]:
    """The values that each constrained column may have; `metric_id` is the benchmark's own."""
    declared = protocols.benchmarks.get(benchmark_id, {})
    return {"metric_id": (metric_id,), **UNSAID, **declared}


def departures(row, wanted: Mapping[str, tuple]) -> list[str]:
    """The columns, with what they say, in which a row of SCORES departs from a protocol."""
    said = {column: getattr(row, column) for column in wanted}
    plain = {column: None if pd.isna(value) else value for column, value in said.items()}
    return [
        f"{c} {'not stated' if v is None else v}" for c, v in plain.items() if v not in wanted[c]
    ]


def _eligible(scores: pd.DataFrame, protocols: Protocols) -> pd.DataFrame:
    barred = np.any([flagged(scores, flag) for flag in _BARRED], axis=0)
    rows = scores[(scores.status == "ok") & scores.model_id.notna() & ~barred]
    rows = rows[~rows.precision.isin(QUANTIZED)]
    step = rows.model_revision.fillna("")
    last = [_is_last(row, protocols) for row in zip(rows.model_id, step, strict=True)]
    within = step.str.fullmatch(r"step\d+").astype(bool) & ~pd.Series(last, rows.index, dtype=bool)
    return rows.assign(model_id=rows.model_id.where(~within, rows.model_id + "--" + step))


def _is_last(row: tuple[str, str], protocols: Protocols) -> bool:
    model_id, revision = row
    patterns = protocols.last_steps.items()
    return any(revision == last and fnmatch.fnmatchcase(model_id, p) for p, last in patterns)


def _fits(rows: pd.DataFrame, wanted: Mapping[str, tuple]) -> pd.Series:
    fits = pd.Series(True, index=rows.index)
    for column, values in wanted.items():
        said = rows[column].isin([value for value in values if value is not None])
        fits &= said | rows[column].isna() if None in values else said
    return fits


def _first_of_each(rows: pd.DataFrame, protocols: Protocols) -> pd.DataFrame:
    order = rows.assign(
        source_rank=_rank(rows.source_id, protocols.precedence),
        party_rank=_rank(rows.evaluator, ("third_party", "first_party", "unknown")),
        precision_rank=_rank(rows.precision, _PRECISIONS),
        age=rows.eval_date.fillna("").rank(method="dense", ascending=False),
    )
    by = ["source_rank", "party_rank", "source_id", "precision_rank", "age", "record_id"]
    return order.sort_values(by, kind="stable").drop_duplicates("model_id")


def _rank(column: pd.Series, order: tuple[str, ...]) -> pd.Series:
    places = {name: place for place, name in enumerate(order)}
    return column.map(places).fillna(len(order)).astype(int)


def _reason(taken: pd.DataFrame, fitting: pd.DataFrame, declared: bool, min_models: int) -> str:
    if taken.empty:
        return "no score by the protocol that is asked for"
    if not declared and fitting.protocol_id.nunique() > 1:
        return f"{fitting.protocol_id.nunique()} protocols, and none is declared in protocols.yaml"
    if len(taken) < min_models:
        return f"{len(taken)} models, of {min_models} that protocols.yaml asks for"
    if len(taken) > 2 and taken.value.nunique() == 1:
        return f"the same score, {taken.value.iloc[0]:.4f}, for all {len(taken)} models"
    return ""
