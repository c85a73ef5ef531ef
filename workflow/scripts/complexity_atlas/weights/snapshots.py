"""One commit of a model repository on the Hub, as files that the readers of formats take.

A snapshot's files are either streamed, read once and never on the disk, or they go through the Hub
cache one after another.
"""

import logging
from bisect import insort
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Literal

from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.weights import hub
from complexity_atlas.weights.hub import HubBlob
from complexity_atlas.weights.streams import Checksum, RemoteSegment, Stream
from complexity_atlas.weights.tensors import FileSegment, Segment

log = logging.getLogger(__name__)

Mode = Literal["stream", "cache"]

HEAD = 1 << 17
"""Bytes of a first request: most headers, for the price of their length."""

PREFERRED = (
    "model.safetensors.index.json",
    "model.safetensors",
    "model-*-of-*.safetensors",
    "*.safetensors.index.json",
    "*.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "pytorch_model-*-of-*.bin",
    "*.gguf",
)
"""Where the table names no file: the first of these that fits a file at the top is taken."""


class Snapshot:
    """The files of one commit, and what they share while a model is measured."""

    def __init__(self, repo: str, commit: str, mode: Mode = "stream", keep: bool = True):
        self.repo, self.commit, self.keep = repo, commit, keep
        self.is_streamed = mode == "stream" and not hub.constants.is_offline_mode()
        self.stream = Stream()
        self.files = {blob.path: HubFile(self, blob) for blob in hub.list_blobs(repo, commit)}
        self._fetched: list[HubFile] = []

    def choose(self, pattern: str) -> "list[HubFile]":
        """The files of the weights: those that fit the pattern, else the first of PREFERRED.

        A pattern without "/" is for names in every folder. Raises AtlasError where nothing fits
        the pattern, and WeightsUnavailable("unsupported") where there is nothing to prefer.
        """
        if pattern:
            found = [f for f in self.files.values() if _fits(f.path, pattern)]
            if not found:
                raise AtlasError(
                    f"{self}: no file fits {pattern!r}; there are: {', '.join(self.files)[:1000]}"
                )
            return found
        top = [file for path, file in self.files.items() if "/" not in path]
        for preferred in PREFERRED:
            found = [file for file in top if fnmatchcase(file.name, preferred)]
            if len(found) == 1 or ("-of-" in preferred and found):
                return found
            if found:
                names = ", ".join(file.name for file in found)
                raise AtlasError(f"{self}: several files may be the weights: {names}; set `file`")
        raise WeightsUnavailable(
            "unsupported",
            f"{self}: no safetensors, torch or GGUF weights at the top; there are: "
            f"{', '.join(self.files)[:1000] or 'no files'}",
        )

    def finish(self) -> None:
        """Verify what was streamed; raises WeightsUnavailable("hash_mismatch")."""
        self.stream.finish()

    def close(self) -> None:
        """End connections, and remove what was downloaded and shall not be kept."""
        self.stream.close()
        self._remove(self._fetched)

    def downloaded(self, file: "HubFile") -> None:
        """Note a file that was not in the cache before."""
        insort(self._fetched, file, key=str)

    def remove_before(self, file: "HubFile") -> None:
        """Remove what was downloaded of files before `file`, unless it shall be kept."""
        if file in self._fetched:
            self._remove(self._fetched[: self._fetched.index(file)])

    def _remove(self, files: "list[HubFile]") -> None:
        if not self.keep:
            for file in list(files):
                self._fetched.remove(file)
                file.remove()

    def __str__(self) -> str:
        return f"{self.repo}@{self.commit[:8]}"


class HubFile:
    """A file of a snapshot; see `files.File` and `streams.RemoteFile`."""

    def __init__(self, snapshot: Snapshot, blob: HubBlob):
        self.path, self.size, self.sha256 = blob.path, blob.size, ""
        self.name = PurePosixPath(blob.path).name
        self.folder = f"{snapshot}/{blob.path.removesuffix(self.name)}"
        self._snapshot, self._blob = snapshot, blob
        self._place = (snapshot.repo, snapshot.commit, blob.path)
        self._content = hub.Content(snapshot.repo, snapshot.commit, blob)
        self._head = b""
        self._seen: dict[int, bytes] = {}
        self._local: Path | None = None
        self._lock = Lock()

    def read(self, offset: int, nbytes: int) -> bytes:
        """So many bytes from `offset` on, fewer at the end; a whole file is verified."""
        path = None if self._snapshot.is_streamed else self._local or self._cached()
        if path is None:
            try:
                if offset <= len(self._head):
                    return self._read_head(offset, nbytes)
                return self._read_apart(offset, nbytes)
            except WeightsUnavailable as error:
                if self._snapshot.is_streamed or error.status != "unsupported":
                    raise
                path = self.local()
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(nbytes)

    def segment(self, offset: int, nbytes: int) -> Segment:
        """Bytes of a tensor, to be read later."""
        if self._snapshot.is_streamed:
            return RemoteSegment(self._snapshot.stream, self, offset, nbytes)
        return _CachedSegment(self, offset, nbytes)

    def sibling(self, name: str) -> "HubFile | None":
        """The file of that name in the same folder or below; None where there is none."""
        return self._snapshot.files.get(str(PurePosixPath(self.path).parent / name))

    def siblings(self) -> "list[HubFile]":
        """All files in the same folder."""
        folder = PurePosixPath(self.path).parent
        files = self._snapshot.files.items()
        return [file for path, file in files if PurePosixPath(path).parent == folder]

    def local(self) -> Path:
        """The file in the Hub cache, downloaded first if it is not there; verified."""
        with self._lock:
            if self._local is None:
                is_new = not (self._cached() or hub.is_stored(self._snapshot.repo, self._blob))
                self._local = hub.download(*self._place)
                if is_new:
                    self._snapshot.downloaded(self)
                try:
                    with open(self._local, "rb") as file:
                        self._verify(iter(lambda: file.read(1 << 20), b""))
                except WeightsUnavailable:
                    self.remove()
                    raise
            return self._local

    def done(self) -> None:
        """Say that a tensor of this file was counted: files before it are needed no more."""
        self._snapshot.remove_before(self)

    def remove(self) -> None:
        """Take the file out of the Hub cache again."""
        if self._local:
            log.info("%s: removed from the Hub cache", self)
            hub.discard(self._local)
            self._local = None

    def head(self) -> bytes:
        """What `read` has fetched from the first byte on."""
        return self._head

    def fetch(self, start: int, buffer: memoryview) -> None:
        """Fill `buffer` with the bytes from `start` on; see `hub.Content`."""
        self._content.fetch(start, buffer)

    def checksum(self) -> Checksum:
        """A checksum with the hash that the Hub states."""
        seen = {0: self._head} | self._seen
        return Checksum(str(self), self.size, self._blob.lfs, self._blob.git, seen)

    def _read_head(self, offset: int, nbytes: int) -> bytes:
        stop = min(offset + nbytes, self.size)
        if stop > len(self._head):
            stop = max(stop, min(HEAD, self.size))
            head = bytearray(stop)
            head[: len(self._head)] = self._head
            self.fetch(len(self._head), memoryview(head)[len(self._head) :])
            if stop == self.size:
                self._verify([head])
            self._head = bytes(head)
        return self._head[offset : offset + nbytes]

    def _read_apart(self, offset: int, nbytes: int) -> bytes:
        if len(self._seen.get(offset, b"")) < nbytes:
            content = bytearray(max(0, min(nbytes, self.size - offset)))
            self.fetch(offset, memoryview(content))
            self._seen[offset] = bytes(content)
        return self._seen[offset][:nbytes]

    def _cached(self) -> Path | None:
        return hub.cached(*self._place)

    def _verify(self, blocks: Sequence[bytes] | Iterator[bytes]) -> None:
        checksum = self.checksum()
        for block in blocks:
            checksum.update(block)
        self.sha256 = checksum.verified()

    def __str__(self) -> str:
        return f"{self.folder}{self.name}"


class _CachedSegment:
    """Bytes of a file that is downloaded when they are wanted."""

    in_order = False

    def __init__(self, file: HubFile, offset: int, nbytes: int):
        self._file, self._offset, self.nbytes = file, offset, nbytes

    def blocks(self, start: int, stop: int, buffer: memoryview) -> Iterator[memoryview]:
        segment = FileSegment(self._file.local(), self._offset, self.nbytes)
        return segment.blocks(start, stop, buffer)

    def claim(self, start: int, stop: int) -> None:
        """Nothing to do: any order will do."""

    def retain(self, spans: Sequence[tuple[int, int]]) -> None:
        """Nothing to do: the file stays until another one's tensor was counted."""

    def release(self) -> None:
        self._file.done()


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(path if "/" in pattern else PurePosixPath(path).name, pattern)
