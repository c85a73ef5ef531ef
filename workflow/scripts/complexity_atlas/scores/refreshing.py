"""Sources fetched anew: a new lock, and what it changes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.catalogue import (
    Locked,
    Source,
    chosen_sources,
    load_catalogue,
    load_lock,
    write_lock,
)
from complexity_atlas.scores.curation import curate_reports, load_reviewed
from complexity_atlas.scores.fetch import Fetching, differences, fetch_locked, refresh
from complexity_atlas.scores.reports import read_sources

REVIEWED = ("benchmarks", "metrics", "aliases", "corrections")


def refresh_lock(ids: Sequence[str], config: Path, how: Fetching) -> tuple[list[str], list[str]]:
    """Fetch sources anew and write the lock of the folder `config`.

    `ids` are ids in its catalogue; none means all that are locked. Returns lines that say which
    files and scores were added, removed or changed and which names are newly unresolved, and the
    ids of sources that could not be fetched.
    """
    path = config / "sources.lock.yaml"
    lock = load_lock(path) if path.exists() else {}
    catalogue = load_catalogue(config / "sources.yaml")
    sources = chosen_sources(catalogue, list(ids) or sorted(set(lock) & set(catalogue)))
    fresh = refresh(sources, lock, how)
    lines = [*differences(lock, fresh), *changes(sources, lock, fresh, how, config)]
    write_lock(path, fresh)
    here = [source.id for source in sources if not source.path]
    return lines, [name for name in here if name not in fresh or fresh[name].stale]


def changes(
    sources: Sequence[Source],
    old: Mapping[str, Locked],
    new: Mapping[str, Locked],
    how: Fetching,
    config: Path,
) -> Iterator[str]:
    """Lines that say how many scores were added, removed or changed, and which names are new.

    A lock whose bytes are nowhere here cannot be compared, and a line says so.
    """
    after = _scores([source for source in sources if source.id in new], new, how, config)
    try:
        before = _scores([source for source in sources if source.id in old], old, how, config)
    except AtlasError as error:
        yield f"scores of the old lock are not compared: {error}"
        before = after.iloc[:0]
    for name in sorted({*before.source_id, *after.source_id}):
        one = before[before.source_id == name].set_index("record_id")
        two = after[after.source_id == name].set_index("record_id")
        both = one.index.intersection(two.index)
        changed = (one.value_raw[both] != two.value_raw[both]).sum()
        added, removed = len(two.index.difference(one.index)), len(one.index.difference(two.index))
        if added or removed or changed:
            yield f"{name}: {added} scores added, {removed} removed, {changed} changed"
        known = set(one.model_raw[one.model_id.isna()])
        lost = sorted(set(two.model_raw[two.model_id.isna()]) - known)
        if lost:
            shown = ", ".join(lost[:10]) + (f" and {len(lost) - 10} more" if lost[10:] else "")
            yield f"{name}: {len(lost)} names newly unresolved: {shown}"


def _scores(
    sources: Sequence[Source], lock: Mapping[str, Locked], how: Fetching, config: Path
) -> pd.DataFrame:
    reviewed = load_reviewed({name: config / f"{name}.csv" for name in REVIEWED})
    offline = Fetching(how.store, how.local, how.hosts, _no_network, how.now)
    snapshots = fetch_locked([s for s in sources if not s.path], lock, offline)
    reports = read_sources(snapshots, sources, how.store)
    return curate_reports([], reports, sources, reviewed).scores


def _no_network(url: str, limit: int):
    raise AtlasError(f"the bytes of {url} are not in the raw store")
