"""From reports to the score table: one row per reported number, on one scale, traceable.

Pure: the same bytes and the same reviewed data give the same table, whatever the order of the
input, the locale and the time zone. Nothing vanishes: every report is a row or a reject.
"""

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from complexity_atlas.contracts import SCORES
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores import accounts, repeats
from complexity_atlas.scores.attributes import scored_models
from complexity_atlas.scores.catalogue import Source
from complexity_atlas.scores.corrections import correct
from complexity_atlas.scores.curated import NAMED
from complexity_atlas.scores.identity import Models, Vocabulary
from complexity_atlas.scores.plausibility import refuse_implausible
from complexity_atlas.scores.reports import Reports
from complexity_atlas.scores.tables import REJECTS
from complexity_atlas.scores.values import metric_scales, read_values

_PROTOCOL = (
    *("benchmark_id", "subtask", "split", "dataset_revision", "task_version", "metric_id"),
    *("metric_filter", "n_shot", "cot", "chat_template", "normalization", "aggregation"),
    *("harness", "harness_series"),
)
_HUB_ID = re.compile(r"[\w.-]+/[\w.+-]+")
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reviewed:
    """The data that people have reviewed, by contracts of the same names.

    `listed` are ids of the study's own models; `precedence` ranks ids of sources, best first: of
    a number and its copies the best-ranked is the original.
    """

    benchmarks: pd.DataFrame
    metrics: pd.DataFrame
    aliases: pd.DataFrame
    corrections: pd.DataFrame
    listed: tuple[str, ...] = ()
    precedence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Curation:
    """What curation makes: tables by the contracts SCORES, SCORED_MODELS, REJECTS and UNRESOLVED.

    `rows_in` counts the reports of every source before anything was left out.
    """

    scores: pd.DataFrame
    models: pd.DataFrame
    rejects: pd.DataFrame
    unresolved: pd.DataFrame
    rows_in: dict[str, int]


def curate(
    curated: pd.DataFrame, reports: Reports, sources: Sequence[Source], reviewed: Reviewed
) -> Curation:
    """Curate the rows of curated files (`curated.curated_reports`) and the `reports` of sources.

    Raises AtlasError naming the source whose numbers cannot be on the scale that it is read by.
    """
    printed = correct(reports.printed, reviewed.corrections)
    models = _models(printed, reports.attributes, sources, reviewed)
    named, unnamed = _named(printed, models, sources, reviewed)
    rows = pd.concat([curated.astype(object), named.astype(object)], ignore_index=True)
    measured, unread = _measured(rows, reviewed)
    table = _ordered(_assembled(measured))
    table = _quarantine_doubtful(table)
    refuse_implausible(table)
    table = repeats.settle(table, _ranks(table, sources, reviewed), _repeated(sources))
    rejects = _rejects(reports.rejects, unnamed, unread)
    scores = SCORES.check(table[list(SCORES.columns)])
    incoming = [curated.source_id, reports.printed.source_id, reports.rejects.source_id]
    result = Curation(
        scores,
        scored_models(reports.attributes, scores, models, sources),
        rejects,
        models.suggestions(accounts.unresolved_names(scores)),
        pd.concat(incoming).value_counts().astype(int).to_dict(),
    )
    accounts.check_nothing_vanished(result.rows_in, scores, rejects)
    return result


def _models(printed, attributes, sources: Sequence[Source], reviewed: Reviewed) -> Models:
    """The resolver that knows every id which sources vouch for by naming models by Hub ids."""
    ids = set()
    for source in sources:
        if source.model_ids == "names":
            continue
        for table in (printed, attributes):
            raw = table.model_raw[table.source_id == source.id]
            names = {_with_prefix(source, name) for name in raw.unique()}
            ids |= {name for name in names if _HUB_ID.fullmatch(name)}
    return Models(reviewed.aliases, reviewed.listed, ids)


def _with_prefix(source: Source, raw: str) -> str:
    return source.model_ids + raw if source.model_ids.endswith("/") else raw


def _named(
    printed: pd.DataFrame, models: Models, sources: Sequence[Source], reviewed: Reviewed
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reports with the columns NAMED, and rejects of benchmarks and metrics that are unknown."""
    by_id = {source.id: source for source in sources}
    words = Vocabulary(
        reviewed.aliases, reviewed.benchmarks.benchmark_id, reviewed.metrics.metric_id
    )
    seen: dict[tuple, tuple] = {}
    found = []
    columns = ["source_id", "model_raw", "benchmark_raw", "subtask_raw", "metric_raw"]
    for row in zip(*(printed[name] for name in columns), strict=True):
        if row not in seen:
            source_id, model, benchmark, subtask, metric = row
            identity = models.resolve(_with_prefix(by_id[source_id], model), source_id)
            task = words.task(benchmark, subtask, source_id)
            metric_id = task and words.metric(metric, source_id, task.benchmark_id)
            seen[row] = (
                identity.model_id,
                identity.how,
                task and task.benchmark_id,
                task and task.subtask,
                metric_id,
            )
        found.append(seen[row])
    names = pd.DataFrame(found, columns=list(NAMED[:-1]), index=printed.index, dtype=object)
    frame = pd.concat([printed, names], axis=1)
    frame["raw_locator"] = frame.file + " " + frame.locator
    known = frame.benchmark_id.notna() & frame.metric_id.notna()
    lost = frame[~known]
    reason = np.where(lost.benchmark_id.isna(), "unknown_benchmark", "unknown_metric")
    snippet = lost.benchmark_raw + " | " + lost.metric_raw + " | " + lost.value_raw
    return frame[known], lost.assign(reason=reason, snippet=snippet)


def _measured(rows: pd.DataFrame, reviewed: Reviewed) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with values on one scale, and rejects of what is no number."""
    pairs = sorted(set(zip(rows.benchmark_id, rows.metric_id, strict=True)))
    scales = metric_scales(pairs, reviewed.benchmarks, reviewed.metrics)
    rows = (
        rows.join(scales, on=["benchmark_id", "metric_id"])
        if pairs
        else rows.assign(**{name: pd.Series(dtype=object) for name in scales})
    )
    unscaled = rows[rows.unit.isna()]
    lost = unscaled.assign(reason="unknown_metric", snippet=unscaled.metric_raw)
    rows = rows[rows.unit.notna()]
    whole = (rows.subtask == "") & ~rows["flags"].map(lambda flags: "partial" in flags).astype(bool)
    n_items = rows.n_items.astype("Int64")
    rows = rows.assign(n_items=n_items.mask(n_items.isna() & whole, _int(rows.benchmark_items)))
    values = read_values(rows)
    rows = pd.concat([rows, values], axis=1)
    unread = rows[rows.problem != ""]
    unread = unread.assign(reason=unread.problem, snippet=unread.value_raw)
    return rows[rows.problem == ""], pd.concat([lost, unread])


def _int(column: pd.Series) -> pd.Series:
    return pd.Series(pd.array(column, dtype="Int64"), index=column.index)


def _assembled(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of SCORES, before anything is judged."""
    rows = rows.assign(
        metric_filter=rows.filter_raw,
        scale_raw=rows["scale"],
        # Beside rows that do not state it, a column of counts holds floats, and 5.0 is not 5.
        n_shot=_int(rows.n_shot),
        harness_series=rows.harness_version.map(_series),
        evaluator=rows.evaluator.mask(rows["flags"].map(_is_self_reported), "first_party"),
        chance_level=rows.chance_level.mask(rows.normalization == "chance_rescaled", 0.0),
    )
    missing = {name: rows[name].replace("", None) for name in _NULL_IF_EMPTY}
    rows = rows.assign(
        protocol_id=_digests(rows, _PROTOCOL),
        record_id=_digests(rows, ("source_id", "raw_locator", "model_raw", "metric_raw")),
        flags=_joined_flags(rows),
        status="ok",
        copy_of="",
        n_reports=1,
    )
    rows = rows.assign(**missing)
    _refuse_same_cell(rows)
    return rows


_NULL_IF_EMPTY = (
    *("model_revision", "dataset_revision", "task_version", "eval_date", "source_revision"),
)


def _is_self_reported(flags: Sequence[str]) -> bool:
    return "self_reported" in flags


def _series(version: str) -> str:
    """The part of a version within which numbers are meant to compare: 0.4 of 0.4.3, 2 of 2.1."""
    match = _VERSION.match(version)
    if not match:
        return version
    major, minor = match.groups()
    return f"0.{minor}" if major == "0" and minor else major


def _digests(rows: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    seen: dict[tuple, str] = {}
    found = []
    for row in zip(*(rows[name] for name in columns), strict=True):
        if row not in seen:
            plain = [None if pd.isna(cell) else cell for cell in row]
            seen[row] = hashlib.sha256(json.dumps(plain, default=int).encode()).hexdigest()[:16]
        found.append(seen[row])
    return found


def _joined_flags(rows: pd.DataFrame) -> list[str]:
    spread = {True: ("plus_minus",), False: ()}
    pairs = zip(rows["flags"], rows.spread, strict=True)
    return [";".join(sorted({*flags, *spread[bool(after)]})) for flags, after in pairs]


def _refuse_same_cell(rows: pd.DataFrame) -> None:
    twice = rows[rows.duplicated("record_id", keep=False)]
    if len(twice):
        row = twice.sort_values("record_id").iloc[0]
        raise AtlasError(
            f"source {row.source_id}: {row.raw_locator} gives {row.metric_raw} of {row.model_raw} "
            "twice; its parser must tell the two apart"
        )


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("record_id", kind="stable", ignore_index=True)


def _quarantine_doubtful(table: pd.DataFrame) -> pd.DataFrame:
    """Keep what cannot be trusted out of sight: outside the bounds, or on a scale unknown."""
    value = table.value.astype(float)
    outside = (value < table.lower_bound.astype(float)) | (value > table.upper_bound.astype(float))
    reasons = table.doubt.mask((table.doubt == "") & outside, "out_of_bounds")
    return repeats.quarantine(table, reasons)


def _ranks(table: pd.DataFrame, sources: Sequence[Source], reviewed: Reviewed) -> dict[str, int]:
    """Rank of every source, best first: as the precedence says, then third party before first."""
    parties = {"third_party": 0, "first_party": 1, "unknown": 2}
    evaluator = {source.id: source.evaluator for source in sources}
    later = len(reviewed.precedence)
    declared = {name: place for place, name in enumerate(reviewed.precedence)}
    order = sorted(
        table.source_id.unique(),
        key=lambda name: (
            declared.get(name, later),
            parties.get(evaluator.get(name, "third_party"), 2),
            name,
        ),
    )
    return {name: rank for rank, name in enumerate(order)}


def _repeated(sources: Sequence[Source]) -> set[tuple[str, str]]:
    return {(source.id, original) for source in sources for original in source.repeats}


def _rejects(parsed: pd.DataFrame, *lost: pd.DataFrame) -> pd.DataFrame:
    columns = ["source_id", "file", "raw_sha256", "raw_locator", "reason", "snippet"]
    frames = [parsed.rename(columns={"locator": "raw_locator"})[columns].astype(object)]
    for frame in lost:
        short = frame.assign(raw_locator=frame.locator, snippet=frame.snippet.str[:120])
        frames.append(short[columns].astype(object))
    table = pd.concat(frames, ignore_index=True)
    # The same complaint about the same cell, such as two records at one place, stays two rows.
    repeated = table.groupby(columns).cumcount()
    table["raw_locator"] = table.raw_locator.where(
        repeated == 0, table.raw_locator + " (" + (repeated + 1).astype(str) + ")"
    )
    return REJECTS.check(table)
