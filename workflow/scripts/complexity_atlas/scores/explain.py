"""Where a score comes from, what other sources say, and why this one was taken."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from complexity_atlas.contracts import BENCHMARKS, SCORES, read_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.identity import key
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.tables import ANALYSIS_VIEW, EXCLUDED
from complexity_atlas.scores.view import departures, load_protocols, wanted_protocol


def explain(folder: Path, model: str, benchmark: str, config: Path) -> str:
    """Explain, as text, the score of a model on a benchmark in the tables under `folder`.

    A model is named by its id, by a raw name of any source, or by a folder of results ("--" for
    "/"). `config` is the folder of benchmarks.csv and protocols.yaml. Raises AtlasError when the
    tables or the score are missing, and lists what there is.
    """
    scores = read_table(folder / "scores.parquet", SCORES)
    view = read_table(folder / "view.parquet", ANALYSIS_VIEW)
    excluded = read_table(folder / "excluded.csv", EXCLUDED).set_index("benchmark_id").reason
    model_id = _model(scores, model)
    here = scores[(scores.model_id == model_id) & (scores.benchmark_id == benchmark)]
    if here.empty:
        known = sorted(scores.benchmark_id[scores.model_id == model_id].unique())
        raise AtlasError(f"{model_id} has no score on {benchmark!r}; it has {', '.join(known)}")
    own = read_table(config / "benchmarks.csv", BENCHMARKS).set_index("benchmark_id").metric_id
    protocols = load_protocols(config / "protocols.yaml")
    wanted = wanted_protocol(benchmark, own.get(benchmark, ""), protocols)
    taken = view[view.record_id.isin(here.record_id)]
    lines = [f"{model_id} on {benchmark}", ""]
    for row in taken.itertuples():
        lines += [*_origin(row, RawStore(folder / "raw")), "", _why(row, here, wanted), ""]
    if taken.empty:
        lines += [f"None is used: {excluded.get(benchmark, 'none has the declared protocol')}.", ""]
    others = here[~here.record_id.isin(taken.record_id)]
    return "\n".join([*lines, *_others(others, taken, wanted)])


def _model(scores: pd.DataFrame, asked: str) -> str:
    ids = scores.model_id.dropna()
    for candidates in (
        ids[ids == asked],
        scores.model_id[scores.model_raw == asked].dropna(),
        ids[ids.map(key) == key(asked)],
    ):
        found = candidates.unique()
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise AtlasError(f"{asked!r} may be {', '.join(sorted(found))}; say which")
    near = sorted({name for name in ids if key(asked) in key(name)})[:10]
    found = f"; there is {', '.join(near)}" if near else f", of {ids.nunique()} models with scores"
    raise AtlasError(f"no score of a model {asked!r}{found}")


def _origin(row, store: RawStore) -> Iterator[str]:
    printed = {"percent": " percent", "fraction": ", a fraction"}.get(row.scale_raw, "")
    yield f"  value      {row.value:.10g} ({row.unit}), printed {row.value_raw}{printed}"
    if row.stderr_kind != "none":
        yield f"  error      {row.stderr:.2g} ({row.stderr_kind.replace('_', ' ')})"
    yield f"  protocol   {_protocol(row)}"
    yield f"  source     {row.source_id}, {row.evaluator.replace('_', ' ')}, {row.licence}"
    revision = f" at {row.source_revision}" if pd.notna(row.source_revision) else ""
    yield f"  address    {row.source_url}{revision}"
    # Names of files hardly ever hold a space; a cell is often told in words.
    file, _, cell = row.raw_locator.partition(" ")
    yield f"  file       {file or row.raw_locator}"
    yield f"  sha256     {row.raw_sha256}"
    if file and store.has(row.raw_sha256, file):
        yield f"  raw file   {store.path(row.raw_sha256, file)}"
    yield f"  cell       {cell}"
    how = {"exact": "its id", "alias": "aliases.csv", "normalized": "its spelling"}
    yield f"  named      {row.model_raw!r}, known by {how.get(row.model_match, 'hand')}"
    yield f"  record     {row.record_id}, read by parser {row.parser} {row.parser_version}"


def _protocol(row) -> str:
    parts = [
        row.metric_id + ("" if row.metric_filter == "none" else f" ({row.metric_filter})"),
        f"{row.n_shot} shots" if pd.notna(row.n_shot) else "shots not stated",
        row.aggregation.replace("_", " "),
        row.normalization.replace("_", " ") if row.normalization != "none" else "",
        f"part {row.subtask}" if row.subtask else "",
        f"{row.harness} {row.harness_version}".strip(),
        f"precision {row.precision}" if row.precision != "unknown" else "",
        f"revision {row.model_revision}" if pd.notna(row.model_revision) else "",
    ]
    return ", ".join(part for part in parts if part)


def _why(row, here: pd.DataFrame, wanted: Mapping[str, tuple]) -> str:
    declared = ", ".join(f"{c} {' or '.join(map(str, v))}" for c, v in wanted.items() if v != ("",))
    rivals = {
        other.source_id
        for other in here[here.status == "ok"].itertuples()
        if not departures(other, wanted)
    } - {row.source_id}
    before = f"{row.source_id} goes before {', '.join(sorted(rivals))}"
    return (
        f"Taken because it has the protocol that is compared ({declared}), and "
        + (before if rivals else "no other source reports it, but for copies")
        + "."
    )


def _others(
    others: pd.DataFrame, taken: pd.DataFrame, wanted: Mapping[str, tuple]
) -> Iterator[str]:
    whole = others[others.subtask.isin(wanted["subtask"])]
    yield "What else is said of it:" if len(whole) else "Nothing else is said of it."
    for row in whole.sort_values(["source_id", "raw_locator"]).itertuples():
        comparable = len(taken) == 1 and row.metric_id == taken.metric_id.iloc[0]
        gap = f" ({row.value - taken.value.iloc[0]:+.4f})" if comparable else ""
        yield f"  {row.value:.6g}{gap}  {row.source_id}: {_protocol(row)}"
        yield f"      {_fate(row, wanted)}; {row.raw_locator}"
    parts = others.drop(index=whole.index)
    if len(parts):
        yield f"  and {len(parts)} scores of {parts.subtask.nunique()} parts of the benchmark"


def _fate(row, wanted: Mapping[str, tuple]) -> str:
    if row.status == "copy":
        return f"a copy of record {row.copy_of}"
    if row.status == "superseded":
        return "superseded by a newer run of the same source"
    if row.status == "quarantined":
        return f"set aside: {row.flags}"
    other = departures(row, wanted)
    return "not compared: " + ", ".join(other) if other else "another source or run goes before it"
