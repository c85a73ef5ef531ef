"""Ranges of a stream, by many threads: the right bytes, each fetched once, whatever the sizes."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Lock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complexity_atlas.counts import counting
from complexity_atlas.counts.counting import count_many
from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.weights.streams import Checksum, RemoteSegment, Stream
from complexity_atlas.weights.tensors import Tensor


class MemoryFile:
    """A remote file whose bytes are at hand."""

    def __init__(self, content: bytes, head: int = 0, sha256: str = ""):
        self.content, self.size, self.sha256 = content, len(content), ""
        self.fetched = np.zeros(len(content), int)
        self.fetched[:head] += 1
        self._head, self._lock = content[:head], Lock()
        self._expected = sha256 or hashlib.sha256(content).hexdigest()

    def head(self) -> bytes:
        return self._head

    def fetch(self, start: int, buffer: memoryview) -> None:
        buffer[:] = self.content[start : start + len(buffer)]
        with self._lock:
            self.fetched[start : start + len(buffer)] += 1

    def checksum(self) -> Checksum:
        return Checksum("file", self.size, lfs=self._expected)


def read(segment: RemoteSegment, start: int, stop: int, block: int) -> bytes:
    return b"".join(
        bytes(part) for part in segment.blocks(start, stop, memoryview(bytearray(block)))
    )


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    cuts=st.sets(st.integers(0, 1200), max_size=12),
    skipped=st.sets(st.integers(0, 12)),
    head=st.integers(0, 40),
    chunk=st.integers(1, 64),
    window=st.integers(1, 5),
    threads=st.integers(1, 4),
    block=st.integers(1, 400),
)
def test_claimed_ranges_are_read_by_threads(
    sizes, cuts, skipped, head, chunk, window, threads, block
):
    rng = np.random.default_rng(0)
    files = [MemoryFile(rng.bytes(size), min(head, size)) for size in sizes]
    stream = Stream(connections=3, chunk=chunk, window=window)
    segments = [RemoteSegment(stream, file, 0, file.size) for file in files]
    pieces = []
    for segment, file in zip(segments, files, strict=True):
        ends = sorted({0, file.size, *(cut for cut in cuts if cut < file.size)})
        pieces += [(segment, file, a, b) for a, b in pairwise(ends)]
    wanted = [piece for i, piece in enumerate(pieces) if i not in skipped]
    for segment, _, start, stop in wanted:
        segment.claim(start, stop)
    with ThreadPoolExecutor(threads) as pool:
        found = [pool.submit(read, piece[0], *piece[2:], block) for piece in wanted]
        for future, (_, file, start, stop) in zip(found, wanted, strict=True):
            assert future.result(timeout=20) == file.content[start:stop]
    stream.finish()
    stream.close()
    for file in files:
        assert (file.fetched == 1).all()
        assert file.sha256 == hashlib.sha256(file.content).hexdigest()


def test_what_was_retained_can_be_read_again_until_it_is_released():
    file = MemoryFile(bytes(range(200)))
    stream = Stream(connections=2, chunk=16, window=2)
    segment = RemoteSegment(stream, file, 50, 150)
    segment.retain([(0, 10), (100, 150)])
    for start in (0, 110):  # the second piece lies within a span that was not read yet
        segment.claim(start, start + 40)
        assert read(segment, start, start + 40, 7) == file.content[50 + start : 90 + start]
    assert read(segment, 0, 10, 3) == file.content[50:60]
    assert read(segment, 110, 150, 64) == file.content[160:200]
    segment.release()
    with pytest.raises(WeightsUnavailable, match="in order"):
        segment.claim(0, 10)
    stream.close()


def test_a_wrong_hash_is_found_before_the_end_of_reading_or_at_it():
    file = MemoryFile(bytes(1000), sha256="0" * 64)
    stream = Stream(connections=2, chunk=100, window=3)
    segment = RemoteSegment(stream, file, 0, 500)
    segment.claim(0, 500)
    assert read(segment, 0, 500, 50) == bytes(500)
    with pytest.raises(WeightsUnavailable) as caught:
        stream.finish()
    assert caught.value.status == "hash_mismatch"
    assert file.sha256 == ""
    stream.close()


def test_a_failed_connection_reaches_every_reader():
    class Broken(MemoryFile):
        def fetch(self, start, buffer):
            raise AtlasError("no more")

    stream = Stream(connections=2, chunk=100, window=3)
    segment = RemoteSegment(stream, Broken(bytes(70_000)), 0, 70_000)
    with pytest.raises(AtlasError, match="no more"):
        read(segment, 0, 70_000, 50)
    with pytest.raises(AtlasError, match="no more"):
        stream.finish()
    stream.close()


def test_a_tensor_may_be_loaded_while_the_ones_before_it_are_counted(monkeypatch):
    """As taking singular values does with some tensors, and not with those that are too large."""
    monkeypatch.setattr(counting, "_PIECE", 4096)
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 9, size, np.uint8) for size in (40_000, 50, 20_000, 7)]
    file = MemoryFile(b"".join(array.tobytes() for array in arrays))
    stream = Stream(connections=2, chunk=512, window=3)

    def tensors():
        offset = 0
        for i, array in enumerate(arrays):
            segment = RemoteSegment(stream, file, offset, array.nbytes)
            tensor = Tensor(str(i), "float8_e5m2", array.shape, segment)
            offset += array.nbytes
            yield Tensor.of(str(i), tensor.array()) if i == 2 else tensor

    def count():
        return list(count_many(tensors(), threads=2))

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(count).result(timeout=20)
    for counts, array in zip(found, arrays, strict=True):
        expected = counting.count(Tensor("w", "float8_e5m2", array.shape, array))
        assert counts.counts.tolist() == expected.counts.tolist()
    stream.finish()
    stream.close()
