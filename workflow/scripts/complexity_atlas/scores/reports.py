"""Every number that the sources of a study print, in their own words, as one table."""

import dataclasses
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.catalogue import Source
from complexity_atlas.scores.reported import ModelAttribute, Parsed, Reject, Reported
from complexity_atlas.scores.sources import PARSERS
from complexity_atlas.scores.store import RawStore

PARSER_VERSION = "1"
"""Raised when a parser reads the same bytes differently."""

ORIGIN = (
    "source_id",
    "file",
    "source_url",
    "source_revision",
    "raw_sha256",
    "retrieved_at",
    "parser",
    "parser_version",
    "licence",
    "evaluator",
)
PRINTED = tuple(item.name for item in dataclasses.fields(Reported))
"""Columns of a report: where it comes from, and what it says."""

_ATTRIBUTE = tuple(item.name for item in dataclasses.fields(ModelAttribute))
_REJECT = tuple(item.name for item in dataclasses.fields(Reject))
_GETTERS = {
    "reported": operator.attrgetter(*PRINTED),
    "rejects": operator.attrgetter(*_REJECT),
    "attributes": operator.attrgetter(*_ATTRIBUTE),
}


@dataclass(frozen=True)
class Reports:
    """What the parsers found, file by file; every table has the columns ORIGIN too.

    printed     columns PRINTED
    rejects     columns of Reject
    attributes  columns of ModelAttribute
    notes       lines for the log
    """

    printed: pd.DataFrame
    rejects: pd.DataFrame
    attributes: pd.DataFrame
    notes: tuple[str, ...] = ()


def read_sources(snapshots: pd.DataFrame, sources: Sequence[Source], store: RawStore) -> Reports:
    """Parse the raw files of `snapshots` (contract SNAPSHOTS) that belong to `sources`.

    Raises AtlasError naming source and file when a file is missing, changed, or not of its format.
    """
    by_id = {source.id: source for source in sources}
    files = snapshots[snapshots.source_id.isin(by_id)].itertuples(index=False)
    return tabulate(
        (by_id[file.source_id], file, _parse(by_id[file.source_id], file, store)) for file in files
    )


def tabulate(files: Iterable[tuple[Source, Any, Parsed]]) -> Reports:
    """Put what was parsed into tables: of every file its source, its row of SNAPSHOTS, the rest."""
    rows: dict[str, list[tuple]] = {name: [] for name in _GETTERS}
    notes = []
    for source, snapshot, parsed in files:
        origin = _origin(source, snapshot)
        for name, getter in _GETTERS.items():
            rows[name] += [(*origin, *getter(item)) for item in getattr(parsed, name)]
        notes += [f"{source.id}: {note}" for note in parsed.notes]
    return Reports(
        pd.DataFrame(rows["reported"], columns=[*ORIGIN, *PRINTED]),
        pd.DataFrame(rows["rejects"], columns=[*ORIGIN, *_REJECT]),
        pd.DataFrame(rows["attributes"], columns=[*ORIGIN, *_ATTRIBUTE]),
        tuple(notes),
    )


def _parse(source: Source, snapshot, store: RawStore) -> Parsed:
    where = f"source {source.id}, {snapshot.file}"
    if source.kind not in PARSERS:
        raise AtlasError(
            f"source {source.id}: no parser for kind {source.kind!r}; known are "
            f"{', '.join(sorted(PARSERS))}"
        )
    content = store.read(snapshot.sha256, snapshot.file)
    try:
        return PARSERS[source.kind](content, snapshot.file, **source.settings_of(snapshot.file))
    except AtlasError as error:
        raise AtlasError(f"{where}: {error}") from error
    except TypeError as error:
        raise AtlasError(f"{where}: settings do not fit the parser: {error}") from error


def _origin(source: Source, snapshot) -> tuple[str, ...]:
    return (
        source.id,
        snapshot.file,
        snapshot.url or source.page,
        snapshot.revision,
        snapshot.sha256,
        snapshot.retrieved_at,
        source.kind,
        PARSER_VERSION,
        source.licence,
        source.evaluator,
    )
