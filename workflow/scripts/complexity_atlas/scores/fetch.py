"""Raw files of score sources: by the lock, or anew.

`fetch_locked` brings exactly the bytes that the lock names and asks the network only for what is
nowhere here. `refresh` asks every source for its present files and makes a new lock; a source that
fails keeps its last good files and is marked stale.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from complexity_atlas import __version__
from complexity_atlas.errors import AtlasError
from complexity_atlas.network import Download, download
from complexity_atlas.scores.catalogue import Locked, LockedFile, Source
from complexity_atlas.scores.locations import Hosts, file_url, list_files, resolve_revision
from complexity_atlas.scores.store import RawStore, Retrieval, refuse_imposters
from complexity_atlas.scores.tables import SNAPSHOTS

MAX_BYTES = 256 * 2**20
"""Of one file; the largest honest one, a list of HELM's runs, has 100 MB."""

KEPT_HEADERS = ("etag", "last-modified", "date", "content-type", "content-length")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetching:
    """How files are had.

    store    where they are kept
    local    folders in which a file may lie under any name: it is known by its hash
    hosts    addresses of the services
    get      download of an address, of at most so many bytes
    now      the time, in UTC
    """

    store: RawStore
    local: tuple[Path, ...] = ()
    hosts: Hosts = field(default_factory=Hosts)
    get: Callable[[str, int], Download] = download
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def fetch_locked(
    sources: Sequence[Source], lock: Mapping[str, Locked], how: Fetching
) -> pd.DataFrame:
    """Bring the locked files of `sources` into the store; returns contract SNAPSHOTS.

    A source with `path` that the lock does not name is taken as it is. Raises AtlasError naming the
    source when the lock lacks it, when bytes are not those that the lock names, or when a file
    cannot be had.
    """
    rows = []
    known: dict[str, Path] | None = None
    for source in sources:
        if source.path and source.id not in lock:
            rows += _local_rows(source, how)
            continue
        if source.id not in lock:
            raise AtlasError(
                f"source {source.id} is not in the lock of sources; fetch and lock it with "
                f"`python -m complexity_atlas scores refresh {source.id}`"
            )
        locked = lock[source.id]
        for file, record in sorted(locked.files.items()):
            if not how.store.has(record.sha256, file):
                known = _by_hash(how.local) if known is None else known
                if record.sha256 in known:
                    how.store.add(known[record.sha256].read_bytes(), file)
                else:
                    _fetch_one(source, locked, file, record, how)
            state = "local" if source.path else "locked"
            rows.append(_row(source, locked, file, record, how.hosts, state))
    return SNAPSHOTS.check(pd.DataFrame(rows, columns=list(SNAPSHOTS.columns)))


def refresh(
    sources: Sequence[Source], lock: Mapping[str, Locked], how: Fetching
) -> dict[str, Locked]:
    """Fetch the present files of `sources` and return the new lock.

    Entries of other sources stay. A source that cannot be had whole keeps its entry, marked stale
    with the reason, and its bytes stay in the store; without an entry it is left out, and logged.
    """
    fresh = dict(lock)
    for source in sources:
        if source.path:
            continue
        try:
            fresh[source.id] = _present(source, how)
        except AtlasError as error:
            log.warning("source %s is stale: %s", source.id, error)
            if source.id in lock:
                fresh[source.id] = replace(lock[source.id], stale=str(error))
    return fresh


def lock_of(snapshots: pd.DataFrame) -> dict[str, Locked]:
    """The lock that asks for exactly the files of an earlier run (contract SNAPSHOTS)."""
    return {
        source_id: Locked(
            {row.file: LockedFile(row.sha256, row.bytes) for row in files.itertuples()},
            files.revision.iloc[0],
            files.retrieved_at.iloc[0],
            files.reason.iloc[0],
        )
        for source_id, files in snapshots.groupby("source_id")
    }


def differences(old: Mapping[str, Locked], new: Mapping[str, Locked]) -> Iterator[str]:
    """Lines that say which files were added, removed or changed, source by source."""
    for name in sorted({*old, *new}):
        before = old[name].files if name in old else {}
        after = new[name].files if name in new else {}
        changed = [file for file in before if file in after and before[file] != after[file]]
        for word, files in (
            ("added", sorted(set(after) - set(before))),
            ("removed", sorted(set(before) - set(after))),
            ("changed", sorted(changed)),
        ):
            shown = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if files[5:] else "")
            if files:
                yield f"{name}: {len(files)} files {word}: {shown}"
        if name in new and new[name].stale:
            yield f"{name}: stale: {new[name].stale}"


def _present(source: Source, how: Fetching) -> Locked:
    def read(url: str, limit: int) -> bytes:
        return how.get(url, limit).content

    revision = resolve_revision(source, how.hosts, read)
    moment = how.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    locked = Locked({}, revision, moment)
    files = {}
    for file in list_files(source, revision, how.hosts, read):
        content = _download(source, locked, file, how)
        files[file] = LockedFile(hashlib.sha256(content).hexdigest(), len(content))
    return replace(locked, files=files)


def _fetch_one(
    source: Source, locked: Locked, file: str, record: LockedFile, how: Fetching
) -> None:
    content = _download(source, locked, file, how, record)
    log.info("source %s: fetched %s, %d bytes", source.id, file, len(content))


def _download(
    source: Source,
    locked: Locked,
    file: str,
    how: Fetching,
    expected: LockedFile | None = None,
) -> bytes:
    """Fetch, check and keep one file. Raises AtlasError naming source, file and address."""
    url = file_url(source, locked.revision, file, how.hosts)
    try:
        found = how.get(url, MAX_BYTES)
        refuse_imposters(found.content, file)
    except AtlasError as error:
        raise AtlasError(f"source {source.id}: {file} of {url}: {error}") from error
    sha256 = hashlib.sha256(found.content).hexdigest()
    if expected and sha256 != expected.sha256:
        raise AtlasError(
            f"source {source.id}: {url} has SHA-256 {sha256}, and the lock names "
            f"{expected.sha256}: the file has changed under its address; see what is new with "
            f"`python -m complexity_atlas scores refresh {source.id}`"
        )
    how.store.add(found.content, file)
    headers = {k.lower(): v for k, v in found.headers.items() if k.lower() in KEPT_HEADERS}
    how.store.record(
        Retrieval(
            source_id=source.id,
            file=file,
            url=url,
            final_url=found.url,
            revision=locked.revision,
            sha256=sha256,
            bytes=len(found.content),
            retrieved_at=how.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            licence=source.licence,
            tool=f"complexity-atlas {__version__}",
            headers=headers,
        )
    )
    time.sleep(source.pause)
    return found.content


def _local_rows(source: Source, how: Fetching) -> Iterator[dict[str, object]]:
    folder = Path(source.path)
    files = [path.relative_to(folder).as_posix() for path in _files(folder)]
    wanted = [file for file in files if any(fnmatchcase(file, p) for p in source.files)]
    if not wanted:
        raise AtlasError(f"source {source.id}: no file of {folder} fits {', '.join(source.files)}")
    for file in wanted:
        content = (folder / file).read_bytes()
        try:
            refuse_imposters(content, file)
        except AtlasError as error:
            raise AtlasError(f"source {source.id}: {folder}: {error}") from error
        record = LockedFile(how.store.add(content, file), len(content))
        yield _row(source, Locked({}), file, record, how.hosts, "local")


def _row(
    source: Source, locked: Locked, file: str, record: LockedFile, hosts: Hosts, state: str
) -> dict[str, object]:
    return {
        "source_id": source.id,
        "file": file,
        "sha256": record.sha256,
        "bytes": record.bytes,
        "url": "" if source.path else file_url(source, locked.revision, file, hosts),
        "revision": locked.revision,
        "retrieved_at": locked.retrieved_at,
        "state": "stale" if locked.stale else state,
        "reason": locked.stale,
    }


def _by_hash(folders: Iterable[Path]) -> dict[str, Path]:
    """Files of folders by the hash of their bytes."""
    found = {}
    for folder in folders:
        for path in _files(Path(folder)):
            if path.stat().st_size <= MAX_BYTES:
                with open(path, "rb") as file:
                    found[hashlib.file_digest(file, "sha256").hexdigest()] = path
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
