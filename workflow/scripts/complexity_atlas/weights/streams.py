"""Remote files read once, in order: fetched by several connections, and verified as they pass.

A hash wants the bytes of a file in order, and memory must not grow with the model. So the files of
a model are one long sequence of chunks; a few chunks from the oldest one that is still needed on
are in memory, or on their way. Readers that come too early wait.
"""

import hashlib
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from types import MappingProxyType
from typing import Protocol

from complexity_atlas.errors import AtlasError, WeightsUnavailable

log = logging.getLogger(__name__)

CONNECTIONS = 4
SMALL = 1 << 16
"""Bytes that are fetched by themselves when they are wanted before reading has begun."""

CHUNK = 1 << 22
"""Bytes of one request: long enough that waiting for the answer's first byte costs little."""
WINDOW = 8
"""Chunks in memory at most."""


class RemoteFile(Protocol):
    """What a stream needs of a file."""

    size: int
    sha256: str
    """Set when the file has passed and was verified."""

    def head(self) -> bytes:
        """What was fetched of the file already, from its first byte on."""
        ...

    def fetch(self, start: int, buffer: memoryview) -> None:
        """Fill `buffer` with the bytes from `start` on; raises where that cannot be done."""
        ...

    def checksum(self) -> "Checksum":
        """A checksum that has seen nothing."""
        ...


class Checksum:
    """The hashes of a file whose bytes pass in order, and those that it should have.

    `lfs` is the SHA-256 of a file that is kept in large file storage, `git` the SHA-1 of the blob
    of any other; one of them may be empty. `seen` are bytes that were read of it before, by their
    place in the file: they must pass again.
    """

    def __init__(
        self,
        name: str,
        size: int,
        lfs: str = "",
        git: str = "",
        seen: Mapping[int, bytes] = MappingProxyType({}),
    ):
        self._name, self._lfs, self._git = name, lfs, git
        self._seen, self._passed, self._is_as_seen = sorted(seen.items()), 0, True
        self._sha256 = hashlib.sha256()
        self._blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if git else None

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._sha256.update(data)
        if self._blob:
            self._blob.update(data)
        start, self._passed = self._passed, self._passed + len(data)
        for place, seen in self._seen:
            if place >= self._passed:
                break
            low, high = max(start, place), min(self._passed, place + len(seen))
            if low < high and seen[low - place : high - place] != data[low - start : high - start]:
                self._is_as_seen = False

    def verified(self) -> str:
        """The SHA-256 of all; raises WeightsUnavailable("hash_mismatch") where one is wrong."""
        if not self._is_as_seen:
            raise WeightsUnavailable(
                "hash_mismatch",
                f"{self._name}: bytes that were asked for twice came differently; measure again, "
                "and suspect a cache or proxy on the way if that does not help",
            )
        sha256 = self._sha256.hexdigest()
        found = [("SHA-256", sha256, self._lfs)] if self._lfs else []
        found += [("git SHA-1", self._blob.hexdigest(), self._git)] if self._blob else []
        for kind, hexdigest, expected in found:
            if hexdigest != expected:
                raise WeightsUnavailable(
                    "hash_mismatch",
                    f"{self._name}: the bytes that came have the {kind} {hexdigest}, the Hub says "
                    f"{expected}; measure again, and suspect a cache or proxy on the way if that "
                    "does not help",
                )
        return sha256


@dataclass(eq=False)
class _Chunk:
    """Bytes [start, stop) of the stream, which begin at byte `offset` of a file."""

    file: RemoteFile
    offset: int
    start: int
    stop: int
    data: memoryview | None = None  # None until all of it is there
    is_hashed: bool = False


class Stream:
    """The files of a model one after another. Positions count from the first byte of the first.

    Ranges are read in ascending order. A thread that reads ahead of others must have claimed all
    ranges before; what lies between claims is fetched and hashed, and read by nobody.
    """

    def __init__(self, connections: int = CONNECTIONS, chunk: int = CHUNK, window: int = WINDOW):
        self._connections, self._chunk, self._size = connections, chunk, window
        self._starts: dict[RemoteFile, int] = {}
        self._end = 0
        self._changed = Condition()
        self._window: deque[_Chunk] = deque()
        self._spare: list[bytearray] = []
        self._claims: dict[tuple[int, int], int] = {}  # range -> what of it was not read yet
        self._last_claimed = 0
        self._passed = 0  # nothing before is needed any more
        self._error: Exception | None = None
        self._threads: list[Thread] = []
        self._is_hashed = False

    def append(self, file: RemoteFile) -> int:
        """Position of a file's first byte; it comes last if it was not in the stream."""
        if file not in self._starts:
            if self._threads:
                raise AtlasError(f"{file}: was opened after reading of the weights had begun")
            self._starts[file] = self._end
            self._end += file.size
        return self._starts[file]

    @property
    def is_idle(self) -> bool:
        """Whether reading has not begun."""
        return not self._threads

    def claim(self, start: int, stop: int) -> None:
        """Say that [start, stop) will be read by a call of `blocks` for just this range."""
        with self._changed:
            if start < self._last_claimed:
                raise WeightsUnavailable(
                    "unsupported",
                    f"byte {start} of the weights is wanted after byte {self._last_claimed}, but "
                    "they come from the network in order; set `weights: cache`",
                )
            self._last_claimed = stop
            self._claims[start, stop] = start
            self._free()
        self._begin()

    def blocks(self, start: int, stop: int, buffer: memoryview) -> Iterator[memoryview]:
        """Bytes [start, stop), a buffer at a time, as soon as they are there."""
        if (start, stop) not in self._claims:
            self.claim(start, stop)
        try:
            for position in range(start, stop, len(buffer) or 1):
                block = buffer[: min(len(buffer), stop - position)]
                for copied in self._copy(position, block):
                    with self._changed:
                        self._claims[start, stop] = copied
                        self._free()
                yield block
        finally:
            with self._changed:
                self._claims.pop((start, stop), None)
                self._free()

    def finish(self) -> None:
        """Let the rest pass, and wait until every file was verified."""
        with self._changed:
            self._last_claimed = self._end
            self._claims.clear()
            self._free()
        if not self._end:
            return
        self._begin()
        with self._changed:
            self._changed.wait_for(lambda: self._is_hashed or self._error)
        if self._error:
            raise self._error

    def close(self) -> None:
        """End the connections, finished or not, and let all bytes go."""
        with self._changed:
            self._error = self._error or AtlasError("the weights were closed before all was read")
            self._window.clear()
            self._spare.clear()
            self._changed.notify_all()

    def _begin(self) -> None:
        if self._threads:
            return
        plan = self._plan()
        self._threads = [Thread(target=self._fetch, args=(plan,)) for _ in range(self._connections)]
        self._threads.append(Thread(target=self._hash))
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def _plan(self) -> Iterator[_Chunk]:
        """All chunks in order. What came with a file's header need not be fetched again."""
        for file, start in self._starts.items():
            head = file.head()
            if head:
                yield _Chunk(file, 0, start, start + len(head), memoryview(head))
            for offset in range(len(head), file.size, self._chunk):
                stop = min(offset + self._chunk, file.size)
                yield _Chunk(file, offset, start + offset, start + stop)

    def _fetch(self, plan: Iterator[_Chunk]) -> None:
        """What one connection does: take the next chunk as soon as there is room for it."""
        try:
            while chunk := self._next(plan):
                if chunk.data is None:
                    data = memoryview(self._buffer())[: chunk.stop - chunk.start]
                    chunk.file.fetch(chunk.offset, data)
                    with self._changed:
                        chunk.data = data
                        self._changed.notify_all()
        except Exception as error:
            self._fail(error)

    def _next(self, plan: Iterator[_Chunk]) -> _Chunk | None:
        with self._changed:
            self._changed.wait_for(lambda: self._error or len(self._window) < self._size)
            chunk = None if self._error else next(plan, None)
            if chunk:
                self._window.append(chunk)
                self._changed.notify_all()
            return chunk

    def _buffer(self) -> bytearray:
        with self._changed:
            return self._spare.pop() if self._spare else bytearray(self._chunk)

    def _hash(self) -> None:
        """Hash the chunks in order, and compare where a file ends."""
        try:
            position, checksum = 0, None
            while position < self._end:
                chunk = self._await(position)
                checksum = checksum if checksum and chunk.offset else chunk.file.checksum()
                checksum.update(chunk.data)
                if chunk.offset + len(chunk.data) == chunk.file.size:
                    chunk.file.sha256 = checksum.verified()
                position = chunk.stop
                with self._changed:
                    chunk.is_hashed = True
                    self._is_hashed = position == self._end
                    self._free()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def _await(self, position: int) -> _Chunk:
        """The chunk that holds a position, when all of it is there."""

        def found() -> _Chunk | None:
            chunks = (c for c in self._window if c.start <= position < c.stop)
            return next((chunk for chunk in chunks if chunk.data is not None), None)

        with self._changed:
            chunk = self._changed.wait_for(lambda: self._error or found())
        if self._error:
            raise self._error
        return chunk

    def _copy(self, position: int, block: memoryview) -> Iterator[int]:
        """Fill a block, which may be longer than the window; yields how far it has come."""
        copied = 0
        while copied < len(block):
            chunk = self._await(position + copied)
            first = position + copied - chunk.start
            data = chunk.data[first : first + len(block) - copied]
            block[copied : copied + len(data)] = data
            copied += len(data)
            yield position + copied

    def _free(self) -> None:
        """Let chunks go that were hashed and that nobody will read; the lock is held."""
        self._passed = min(self._claims.values(), default=self._last_claimed)
        while self._window and self._window[0].is_hashed:
            if self._window[0].stop > self._passed:
                break
            chunk = self._window.popleft()
            if isinstance(chunk.data.obj, bytearray):
                self._spare.append(chunk.data.obj)
        self._changed.notify_all()


class RemoteSegment:
    """Bytes of a file in a stream; a `tensors.Segment`."""

    in_order = True

    def __init__(self, stream: Stream, file: RemoteFile, offset: int, nbytes: int):
        self._stream, self._start, self.nbytes = stream, stream.append(file) + offset, nbytes
        self._file, self._offset = file, offset
        self._retained: list[tuple[int, memoryview]] = []
        self._claimed: set[tuple[int, int]] = set()

    def claim(self, start: int, stop: int) -> None:
        """Say that bytes [start, stop) will be read, after what was claimed before."""
        if start < stop:
            self._claimed.add((start, stop))
            self._stream.claim(self._start + start, self._start + stop)

    def retain(self, spans: Sequence[tuple[int, int]]) -> None:
        """Keep these ranges, which ascend, when they are read."""
        self._retained = [(start, memoryview(bytearray(stop - start))) for start, stop in spans]

    def release(self) -> None:
        """Forget what was retained."""
        self._retained = []

    def blocks(self, start: int, stop: int, buffer: memoryview) -> Iterator[memoryview]:
        """Bytes [start, stop) of the segment, a buffer at a time."""
        if start == stop:
            return
        if (start, stop) not in self._claimed and (kept := self._kept(start, stop)) is not None:
            yield from _in_blocks(kept, buffer)
            return
        if (start, stop) not in self._claimed and stop - start <= SMALL and self._stream.is_idle:
            small = bytearray(stop - start)
            self._file.fetch(self._offset + start, memoryview(small))
            yield from _in_blocks(memoryview(small), buffer)
            return
        self._claimed.discard((start, stop))
        for block in self._stream.blocks(self._start + start, self._start + stop, buffer):
            self._keep(start, block)
            yield block
            start += len(block)

    def _kept(self, start: int, stop: int) -> memoryview | None:
        index = bisect_right(self._retained, start, key=lambda span: span[0]) - 1
        if index < 0:
            return None
        first, data = self._retained[index]
        return data[start - first : stop - first] if stop <= first + len(data) else None

    def _keep(self, start: int, block: memoryview) -> None:
        for first, data in self._retained:
            low, high = max(start, first), min(start + len(block), first + len(data))
            if low < high:
                data[low - first : high - first] = block[low - start : high - start]


def _in_blocks(data: memoryview, buffer: memoryview) -> Iterator[memoryview]:
    for position in range(0, len(data), len(buffer)):
        block = buffer[: min(len(buffer), len(data) - position)]
        block[:] = data[position : position + len(block)]
        yield block
