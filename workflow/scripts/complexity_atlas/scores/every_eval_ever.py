"""Curated scores as records of Every Eval Ever 0.3.0, the community's schema for evaluations.

Schema: https://github.com/evaleval/every_eval_ever (arXiv 2606.14516). A record is what one source
reports of one run of one model. What is not known is left out, or "unknown" where the schema asks.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.dates import read_date

SCHEMA_VERSION = "0.3.0"

RUN = (
    *("source_id", "source_url", "source_revision", "raw_sha256", "model_raw", "model_revision"),
    *("precision", "chat_template", "evaluator", "harness", "harness_version", "eval_date"),
)
"""Columns of SCORES that tell runs apart, in a source's own words: the ids of records are made of
them, so that they stay when an alias changes who a model is."""

UNKNOWN = "unknown"
_ERROR_METHODS = {"binomial": "analytic, binomial", "from_ci": "from the printed interval"}
_SPLITS = {"train": "train", "valid": "val", "validation": "val", "val": "val", "test": "test"}
_OWNER = re.compile(
    r"https://(?:github\.com|huggingface\.co(?:/datasets|/spaces)?)/([\w.-]+)/[\w.-]"
    r"|https?://([\w.-]+)"
)
"""Who provides an address: the owner of the repository, or else the host."""
_HUB_DATASET = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+)")
_UNSAFE = re.compile(r'[<>:"\\|?*/\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?:|data|(?:CON|PRN|AUX|NUL|COM\d|LPT\d)(?:\..*)?)", re.IGNORECASE)
_NAME_BYTES = 200


@dataclass(frozen=True)
class Record:
    """What the schema describes, and its path, data/<source>/<developer>/<model>/<uuid>.json."""

    path: PurePosixPath
    content: dict[str, object]

    @property
    def text(self) -> str:
        """The record as a JSON document."""
        return json.dumps(self.content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def evaluation_records(
    scores: pd.DataFrame,
    models: pd.DataFrame,
    sources: pd.DataFrame,
    benchmarks: pd.DataFrame,
    retrieved: str = "",
) -> Iterator[Record]:
    """Yield a record of every run, with its scores of status "ok", in the order of their ids.

    The tables have the contracts SCORES, SCORED_MODELS, SOURCES and BENCHMARKS. `retrieved` is a
    time for scores of which nobody noted when they were retrieved; it is "unknown" if empty. Raises
    AtlasError for a `retrieved` that is no time, and for a source that is not in `sources`.
    """
    if unlisted := sorted(set(scores.source_id) - set(sources.source_id)):
        raise AtlasError(
            f"scores of {', '.join(unlisted)}, which the table of sources lacks; the rule "
            "curate_scores makes both tables in one run"
        )
    otherwise = _epoch(retrieved) if retrieved else UNKNOWN
    listed = {row.source_id: row for row in sources.itertuples()}
    known = {row.benchmark_id: row for row in benchmarks.itertuples()}
    developers = dict(zip(models.model_id, models.developer, strict=True))
    for digest, rows in groupby(_by_run(scores), key=attrgetter("run")):
        reports = list(rows)
        run, noted = reports[0], max(row.retrieved_at for row in reports)
        model = _model(run, developers)
        content = _stated(
            schema_version=SCHEMA_VERSION,
            evaluation_id=f"{run.source_id}/{run.model_raw.replace('/', '_')}/{digest[:16]}",
            evaluation_timestamp=run.eval_date,
            retrieved_timestamp=_epoch(noted) if noted else otherwise,
            source_metadata=_source(run, listed[run.source_id]),
            eval_library=_library(run),
            model_info=model,
        )
        results = [_result(row, known.get(row.benchmark_id)) for row in reports]
        content["evaluation_results"] = results
        yield Record(_path(run.source_id, model, digest), content)


def _by_run(scores: pd.DataFrame) -> Iterator:
    """Scores that may be relied upon, those of a run one after another; `run` is its digest."""
    good = scores[scores.status == "ok"]
    keys = good[list(RUN)].astype("string").fillna("").itertuples(index=False)
    digests = [hashlib.sha256(json.dumps(list(key)).encode()).hexdigest() for key in keys]
    order = ["run", "benchmark_id", "subtask", "metric_id", "record_id"]
    return good.assign(run=digests).sort_values(order).itertuples()


def _library(run) -> dict[str, str]:
    return {"name": run.harness or UNKNOWN, "version": run.harness_version or UNKNOWN}


def _source(run, source) -> dict[str, object]:
    owner = _OWNER.match(source.url)
    return _stated(
        source_name=source.name,
        # Of the schema's two types the one for numbers without the answers they come from.
        source_type="documentation",
        source_organization_name=owner[1] or owner[2] if owner else UNKNOWN,
        evaluator_relationship="other" if run.evaluator == UNKNOWN else run.evaluator,
        additional_details=_texts(
            source_id=run.source_id,
            url=run.source_url,
            revision=run.source_revision,
            sha256=run.raw_sha256,
            evaluator=run.evaluator,
            licence=run.licence,
            terms=source.terms,
        ),
    )


def _model(run, developers: dict[str, str]) -> dict[str, object]:
    return _stated(
        name=run.model_raw,
        id=run.model_raw if pd.isna(run.model_id) else run.model_id,
        developer="" if pd.isna(run.model_id) else developers.get(run.model_id, ""),
        additional_details={"deployment_type": UNKNOWN, "model_availability": UNKNOWN}
        | _texts(
            revision=run.model_revision,
            precision="" if run.precision == UNKNOWN else run.precision,
            identity=run.model_match,
        ),
    )


def _result(row, benchmark) -> dict[str, object]:
    return _stated(
        evaluation_result_id=row.record_id,
        evaluation_name=f"{row.benchmark_id}/{row.subtask}" if row.subtask else row.benchmark_id,
        source_data=_dataset(row, benchmark),
        metric_config=_metric(row),
        score_details=_score(row),
        generation_config=_stated(
            generation_args=_stated(reasoning=row.cot),
            additional_details=_texts(n_shot=row.n_shot, chat_template=row.chat_template),
        ),
    )


def _dataset(row, benchmark) -> dict[str, object]:
    """The questions, not where their scores were found: that is the source's."""
    name, url = (row.benchmark_id, "") if benchmark is None else (benchmark.name, benchmark.url)
    split = _SPLITS.get(row.split, "")
    if repository := _HUB_DATASET.fullmatch(url):
        place = _stated(source_type="hf_dataset", hf_repo=repository[1], hf_split=split)
    else:
        place = {"source_type": "url", "url": [url]} if url else {"source_type": "other"}
    details = _texts(
        revision=row.dataset_revision,
        task_version=row.task_version,
        split="" if "hf_split" in place else row.split,
    )
    return _stated(dataset_name=name, additional_details=details) | place


def _metric(row) -> dict[str, object]:
    return {
        "metric_id": row.metric_id,
        "metric_unit": "proportion" if row.unit == "fraction" else row.unit,
        "metric_parameters": _stated(
            filter="" if row.metric_filter == "none" else row.metric_filter,
            aggregation=row.aggregation,
            normalization=row.normalization,
            chance_level=row.chance_level,
        ),
        "lower_is_better": not row.higher_is_better,
        "score_type": "continuous",
        "min_score": "-Infinity" if pd.isna(row.lower_bound) else row.lower_bound,
        "max_score": "Infinity" if pd.isna(row.upper_bound) else row.upper_bound,
    }


def _score(row) -> dict[str, object]:
    error = _stated(value=row.stderr, method=_ERROR_METHODS.get(row.stderr_kind, ""))
    interval = _stated(lower=row.ci_low, upper=row.ci_high)
    return _stated(
        score=row.value,
        uncertainty=_stated(
            standard_error=error if "value" in error else {},
            confidence_interval=interval if len(interval) == 2 else {},
            num_samples=row.n_items if row.stderr_kind == "binomial" else "",
        ),
        details=_texts(
            value_as_printed=row.value_raw,
            scale_as_printed=row.scale_raw,
            n_items=row.n_items,
            flags=row.flags,
            cell=row.raw_locator,
        ),
    )


def _stated(**fields) -> dict[str, object]:
    """The fields that are known, as Python's own numbers."""
    return {
        key: value.item() if isinstance(value, np.generic) else value
        for key, value in fields.items()
        if pd.notna(value) and value not in ("", {})
    }


def _texts(**fields) -> dict[str, str]:
    """The fields that are known, as text."""
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in _stated(**fields).items()
    }


def _epoch(time: str) -> str:
    iso = read_date(time, utc=True)
    if not iso:
        raise AtlasError(f"retrieved {time!r} is no ISO 8601 time, such as 2026-01-31T12:00:00Z")
    moment = datetime.fromisoformat(iso)
    return str(int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()))


def _path(source_id: str, model: dict[str, object], digest: str) -> PurePosixPath:
    owner, slash, name = model["id"].partition("/")
    developer, name = (owner, name) if slash else (model.get("developer", UNKNOWN), owner)
    # The schema wants version 4, of random numbers; equal scores shall have equal names.
    file = f"{uuid.UUID(digest[:32], version=4)}.json"
    return PurePosixPath("data", *map(_component, (source_id, developer, name)), file)


def _component(name: str) -> str:
    """A name of a folder that no file system reads as anything else."""
    short = _UNSAFE.sub("_", name).encode()[:_NAME_BYTES].decode(errors="ignore").rstrip(". ")
    return f"_{short}" if _RESERVED.fullmatch(short) else short
