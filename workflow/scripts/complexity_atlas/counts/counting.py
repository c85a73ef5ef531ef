"""Counting the bit patterns of tensors, at the speed at which their bytes can be read.

Every value of an 8- or 16-bit type is counted in a table of all its patterns, and so are packed
codes. Patterns of wider types are sorted where they are few, and counted by their leading bits
(`FORMATS[...].key_bits`) where they are many. Nothing is converted to a number: patterns are exact,
and a processor that flushes subnormals cannot change them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import LifoQueue
from threading import Lock

import numpy as np

from complexity_atlas.counts.formats import EXACT_VALUES, FORMATS, decode
from complexity_atlas.counts.kernels import (
    tally_16_bits,
    tally_bytes,
    tally_keys,
    tally_split_codes,
)
from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.counts.tallies import Scan, Tally, mapped, tally_of_sorted, tally_of_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.weights.packing import Packing
from complexity_atlas.weights.tensors import Tensor

_BLOCK = 1 << 19  # bytes per read: they are counted while still in the processor's cache
_PIECE = 1 << 26  # bytes that one thread counts at a time
_SORTED = 1 << 14  # up to so many values sorting is faster than a table of 16-bit patterns
_PENDING = 64 << 20  # bytes that finished counts may take while they wait for their turn

SAMPLE = 1 << 20
"""Values of a sample that tells what counting by keys costs."""

Progress = Callable[[int], object]


def count(
    tensor: Tensor, threads: int = 1, progress: Progress | None = None, device: str = "cpu"
) -> KeyCounts:
    """Counts of one tensor; see `count_many`."""
    (counts,) = count_many([tensor], threads, progress, device)
    return counts


def count_many(
    tensors: Iterable[Tensor],
    threads: int = 1,
    progress: Progress | None = None,
    device: str = "cpu",
) -> Iterator[KeyCounts]:
    """Counts of many tensors, one by one in the order given, each byte read once.

    Counts are exact for packed codes, for 8- and 16-bit types, for tensors of up to EXACT_VALUES
    values, and wherever the bits beyond the key are all zero, as in 16-bit weights stored as
    float32. They do not depend on `threads` or `device`. `progress` is called with a number of
    bytes whenever so many have been counted, never by two threads at once. Until the next counts
    are asked for, `count_sample` can be taken of a tensor that can be read only once.

    Reading is what takes the time, so `device` "auto" means the CPU. Any other names a device of
    torch that the bytes are sent to and counted on; weights that are on one already are counted
    there by `counting_torch.count`.

    Raises AtlasError where a type cannot be counted or a file ends too early.
    """
    advance = _one_at_a_time(progress)
    workers = LifoQueue()  # the last one first: tables that nobody fills take no memory
    for _ in range(threads):
        workers.put(_Worker(advance) if device in ("cpu", "auto") else _Sender(device, advance))

    def run(batch: list[_Piece]) -> list[Tally]:
        worker = workers.get()
        try:
            return [worker.count(piece) for piece in batch]
        finally:
            workers.put(worker)

    total = None
    for piece, tally in _in_order(run, _batches(tensors), threads):
        total = total + tally if piece.start else tally
        if piece.stop == piece.tensor.nbytes:
            yield total.total()
            piece.tensor.release()
            total = tally = None  # not kept while the next tensor is counted


@dataclass(frozen=True)
class _Piece:
    """Bytes [start, stop) of a tensor."""

    tensor: Tensor
    start: int
    stop: int

    @property
    def counts_nbytes(self) -> int:
        """The most that the counts of the piece can take."""
        kind = FORMATS[self.tensor.dtype]
        if self.tensor.packing:
            return 16 << kind.width
        values = (self.stop - self.start) // self.tensor.itemsize
        return 16 * min(values, 1 << (kind.width if _is_sorted(self.tensor) else kind.key_bits))


def _is_sorted(tensor: Tensor) -> bool:
    if tensor.packing:
        return False
    return tensor.n <= (_SORTED if tensor.itemsize <= 2 else EXACT_VALUES)


def _batches(tensors: Iterable[Tensor]) -> Iterator[list[_Piece]]:
    """The pieces of all tensors in order: a large one alone, small ones by the block."""
    batch, nbytes = [], 0
    for tensor in tensors:
        if tensor.dtype not in FORMATS:
            raise AtlasError(
                f"tensor {tensor.name!r}: values of type {tensor.dtype} cannot be counted, only "
                f"{', '.join(FORMATS)}; leave it out"
            )
        if FORMATS[tensor.dtype].width > 16 and not _is_sorted(tensor):
            tensor.retain(_sampled(tensor, SAMPLE))
        step = _PIECE // tensor.block_bytes * tensor.block_bytes
        for start in range(0, tensor.nbytes or 1, step):
            piece = _Piece(tensor, start, min(start + step, tensor.nbytes))
            tensor.claim(piece.start, piece.stop)
            batch.append(piece)
            nbytes += piece.stop - piece.start
            if nbytes >= _BLOCK:
                yield batch
                batch, nbytes = [], 0
        # Whoever makes the next tensor may have to read on, which must not wait for this one.
        if batch and tensor.in_order:
            yield batch
            batch, nbytes = [], 0
    yield batch


def _in_order(
    run: Callable[[list[_Piece]], list[Tally]], batches: Iterable[list[_Piece]], threads: int
) -> Iterator[tuple[_Piece, Tally]]:
    """Run the batches on several threads; pieces and tallies in order, few of them waiting."""
    waiting = deque()
    pool = ThreadPoolExecutor(threads)

    def oldest() -> Iterator[tuple[_Piece, Tally]]:
        batch, _, tallies = waiting.popleft()
        return zip(batch, tallies.result(), strict=True)

    try:
        for batch in batches:
            size = sum(piece.counts_nbytes for piece in batch)
            while waiting and (
                len(waiting) >= 4 * threads
                or size + sum(other for _, other, _ in waiting) > _PENDING
            ):
                yield from oldest()
            waiting.append((batch, size, pool.submit(run, batch)))
        while waiting:
            yield from oldest()
    finally:
        pool.shutdown(cancel_futures=True)


def count_sample(tensor: Tensor, size: int = SAMPLE) -> tuple[np.ndarray, KeyCounts]:
    """A sample of a wide float tensor: its finite values, float64, and their counts by keys.

    The sample is 64 evenly spaced stretches, `size` values in all, or the whole of a smaller
    tensor; the same at every call. It tells what counting by keys costs in precision.
    """
    kind = FORMATS[tensor.dtype]
    spans = _sampled(tensor, size)
    length = (spans[0][1] - spans[0][0]) // tensor.itemsize
    patterns = np.empty((len(spans), length), f"uint{kind.width}")
    for (start, _), stretch in zip(spans, patterns, strict=True):
        tensor.read_into(memoryview(stretch.view(np.uint8)), start)
    keys = _KeyTable(tensor.dtype, np.zeros(1 << kind.key_bits, np.uint32))
    keys.add(patterns.reshape(-1))
    values = decode(patterns.reshape(-1), tensor.dtype)
    return values[np.isfinite(values)], keys.tally().counts


def _sampled(tensor: Tensor, size: int) -> list[tuple[int, int]]:
    """The bytes [start, stop) of every stretch of a sample."""
    stretches = 64 if size < tensor.n else 1
    length = min(size, tensor.n) // stretches
    starts = np.linspace(0, tensor.n - length, stretches).astype(np.int64) * tensor.itemsize
    return [(start, start + length * tensor.itemsize) for start in starts.tolist()]


class _Worker:
    """What one thread needs to count pieces on the CPU; its buffers serve every piece."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._block = np.empty(_BLOCK, np.uint8)
        self._tables = {}

    def count(self, piece: _Piece) -> Tally:
        """Counts of the piece."""
        if piece.tensor.packing:
            return self._count_codes(piece, piece.tensor.packing)
        if _is_sorted(piece.tensor):
            return self._count_by_sorting(piece.tensor)
        if piece.tensor.itemsize <= 2:
            return self._count_patterns(piece)
        return self._count_keys(piece)

    def _count_by_sorting(self, tensor: Tensor) -> Tally:
        patterns = mapped(tensor.n, f"uint{8 * tensor.itemsize}")
        tensor.read_into(memoryview(patterns.view(np.uint8)))
        patterns.sort()
        tally = tally_of_sorted(tensor.dtype, patterns)
        self._progress(tensor.nbytes)
        return tally

    def _count_codes(self, piece: _Piece, packing: Packing) -> Tally:
        if packing.code_bytes is None:
            table = self._cleared(packing.width)
            low, high = packing.low.places(packing.n), packing.high.places(packing.n)
            for block in self._blocks(piece):
                rows = self._block[: len(block)].reshape(-1, packing.block_bytes)
                tally_split_codes(rows, *low, packing.low.width, *high, packing.high.width, table)
            return tally_of_table(piece.tensor.dtype, table)
        if not packing.scale_bytes:
            return tally_of_table(piece.tensor.dtype, _codes(self._bytes(piece), packing.width))
        tables = np.zeros((4, 256), np.uint32)
        for block in self._blocks(piece):
            rows = self._block[: len(block)].reshape(-1, packing.block_bytes)
            tally_bytes(rows, *packing.code_bytes, tables)
        return tally_of_table(piece.tensor.dtype, _codes(tables.sum(axis=0), packing.width))

    def _count_patterns(self, piece: _Piece) -> Tally:
        table = self._bytes(piece) if piece.tensor.itemsize == 1 else self._pairs(piece)
        return tally_of_table(piece.tensor.dtype, table)

    def _bytes(self, piece: _Piece) -> np.ndarray:
        """Occurrences of each byte, integers[256]."""
        pairs = self._pairs(piece).reshape(256, 256)
        table = pairs.sum(axis=0) + pairs.sum(axis=1)
        table[0] -= (piece.stop - piece.start) % 2
        return table

    def _pairs(self, piece: _Piece) -> np.ndarray:
        """Occurrences of each pattern of 16 bits, a byte 0 added to the last where it is alone."""
        table, padding = self._cleared(16), 0
        for block in self._blocks(piece):
            padding = -len(block) % 8
            self._block[len(block) : len(block) + padding] = 0
            tally_16_bits(self._block[: len(block) + padding].view(np.uint64), table)
        table[0] -= padding // 2
        return table

    def _count_keys(self, piece: _Piece) -> Tally:
        kind = FORMATS[piece.tensor.dtype]
        keys = _KeyTable(piece.tensor.dtype, self._cleared(kind.key_bits))
        for block in self._blocks(piece):
            keys.add(self._block[: len(block)].view(f"uint{kind.width}"))
        return keys.tally()

    def _blocks(self, piece: _Piece) -> Iterator[memoryview]:
        unit = piece.tensor.block_bytes
        buffer = memoryview(self._block)[: _BLOCK // unit * unit]
        for block in piece.tensor.blocks(piece.start, piece.stop, buffer):
            yield block
            self._progress(len(block))

    def _cleared(self, bits: int) -> np.ndarray:
        """A table of zeros for all patterns of so many bits; 32 bits count more than a piece."""
        if bits not in self._tables:
            self._tables[bits] = np.empty(1 << bits, np.uint32)
        self._tables[bits].fill(0)
        return self._tables[bits]


class _Sender:
    """What one thread needs to have pieces counted on a device of torch."""

    def __init__(self, device: str, progress: Progress):
        self._device = device
        self._progress = progress
        self._unpacker = _Worker(progress)

    def count(self, piece: _Piece) -> Tally:
        """Counts of the piece; packed codes are counted here, where they are unpacked."""
        if piece.tensor.packing:
            return self._unpacker.count(piece)
        import torch

        from complexity_atlas.counts import counting_torch

        tensor = piece.tensor
        patterns = np.empty((piece.stop - piece.start) // tensor.itemsize, f"i{tensor.itemsize}")
        tensor.read_into(memoryview(patterns.view(np.uint8)), piece.start)
        sent = torch.from_numpy(patterns).to(self._device)
        tally = counting_torch.tally(sent, tensor.dtype, tensor.n <= EXACT_VALUES)
        self._progress(patterns.nbytes)
        return tally


def _one_at_a_time(progress: Progress | None) -> Progress:
    lock = Lock()

    def advance(nbytes: int) -> None:
        with lock:
            progress(nbytes)

    return advance if progress else lambda nbytes: None


class _KeyTable:
    """The occurrences of every key, and the scan of the patterns that had them."""

    def __init__(self, dtype: str, table: np.ndarray):
        kind = FORMATS[dtype]
        unsigned = np.dtype(f"uint{kind.width}").type
        self._dtype = dtype
        self._table = table
        self._shift = unsigned(kind.width - kind.key_bits)
        self._infinity = unsigned(kind.largest + 1)
        self._state = np.array([~unsigned(0), 0, 0, 0, 0, 0], unsigned)

    def add(self, patterns: np.ndarray) -> None:
        tally_keys(patterns, self._shift, self._infinity, self._table, self._state)

    def tally(self) -> Tally:
        low, high, plus_zeros, minus_zeros, infinities, cut = self._state.tolist()
        sign = FORMATS[self._dtype].sign
        extremes = [end ^ (sign if end & sign else 2 * sign - 1) for end in (low, high)]
        scan = Scan(
            plus_zeros,
            minus_zeros,
            infinities,
            tuple(sorted(extremes)) if low <= high else (),
            bool(cut),
        )
        return tally_of_table(self._dtype, self._table, scan)


def _codes(table: np.ndarray, width: int) -> np.ndarray:
    """From the occurrences of each byte to those of the codes of `width` bits in it."""
    byte = np.arange(256)
    codes = np.zeros(1 << width, np.int64)
    for shift in range(0, 8, width):
        np.add.at(codes, (byte >> shift) & ((1 << width) - 1), table)
    return codes
