"""A weight tensor that has not been read: its name, its type, and where its bytes are."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import ml_dtypes  # noqa: F401  registers bfloat16 and the 8-bit floats with numpy
import numpy as np

from complexity_atlas.errors import AtlasError
from complexity_atlas.weights.packing import PACKINGS, Packing

READABLE = frozenset(
    ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]
    + [f"{sign}int{width}" for sign in ("", "u") for width in (8, 16, 32, 64)]
)
"""Types of tensors in files whose bytes can be of use: numbers, and integers that pack codes."""


class Segment(Protocol):
    """Bytes of a tensor that have not been read; little-endian.

    Some can be read in their order only, once. Several threads may share the reading if the ranges
    are claimed in order before, by one thread.
    """

    nbytes: int
    in_order: bool
    """Whether bytes must be read in their order, once."""

    def blocks(self, start: int, stop: int, buffer: memoryview) -> Iterator[memoryview]:
        """Bytes [start, stop) of the segment, a buffer at a time."""
        ...

    def claim(self, start: int, stop: int) -> None:
        """Say that [start, stop) will be read, after what was claimed before."""
        ...

    def retain(self, spans: Sequence[tuple[int, int]]) -> None:
        """Keep these ranges in memory when they are read, so that they can be read again."""
        ...

    def release(self) -> None:
        """Say that the tensor is done with: what was kept for it can go."""
        ...


class Rereadable:
    """What a segment needs not do whose bytes can be read in any order, again and again."""

    in_order = False

    def claim(self, start: int, stop: int) -> None:
        """Nothing to do."""

    def retain(self, spans: Sequence[tuple[int, int]]) -> None:
        """Nothing to do."""

    def release(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class FileSegment(Rereadable):
    """`nbytes` bytes of the file `path` from byte `offset` on, little-endian."""

    path: Path
    offset: int
    nbytes: int

    def blocks(self, start: int, stop: int, buffer: memoryview) -> Iterator[memoryview]:
        """Bytes [start, stop) of the segment, a buffer at a time.

        Plain positioned reads: a map of the whole file would show as memory in use, and a file
        that shrinks would end the process instead of raising.
        """
        with open(self.path, "rb", buffering=0) as file:
            if hasattr(os, "posix_fadvise"):
                advice = os.POSIX_FADV_SEQUENTIAL
                os.posix_fadvise(file.fileno(), self.offset + start, stop - start, advice)
            for position in range(start, stop, len(buffer) or 1):
                block = buffer[: min(len(buffer), stop - position)]
                self._fill(block, file.fileno(), self.offset + position)
                yield block

    def _fill(self, block: memoryview, descriptor: int, position: int) -> None:
        filled = 0
        while filled < len(block):
            read = os.preadv(descriptor, [block[filled:]], position + filled)
            if read == 0:
                raise AtlasError(
                    f"{self.path}: ends at byte {position + filled}, but a tensor takes the bytes "
                    f"{self.offset} to {self.offset + self.nbytes}; the file is truncated: "
                    "fetch it again"
                )
            filled += read


@dataclass(frozen=True)
class Tensor:
    """A tensor whose values are in a file, on another machine, or in memory.

    `dtype` is numpy's name of the type ("float32", "bfloat16", "float8_e4m3fn", "int8", ...), or a
    packed one ("q4_k", "nf4", ...: see `packing`); `data` holds the values in C order, packed ones
    with their scales. Raises AtlasError where shape and bytes disagree.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: Segment | np.ndarray = field(repr=False)

    def __post_init__(self):
        blocks, rest = divmod(self.n, self.packing.n if self.packing else 1)
        expected = blocks * self.block_bytes
        if rest or self.nbytes != expected or min(self.shape, default=0) < 0:
            raise AtlasError(
                f"tensor {self.name!r}: shape {list(self.shape)} of {self.dtype} needs {expected} "
                f"bytes, but {self.nbytes} are there; the file's header is damaged"
            )

    @classmethod
    def of(cls, name: str, array: np.ndarray) -> "Tensor":
        """The tensor that holds the values of `array`."""
        array = np.ascontiguousarray(array)
        return cls(name, array.dtype.name, array.shape, array)

    @property
    def n(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the values take."""
        return self.data.nbytes

    @property
    def packing(self) -> Packing | None:
        """How codes are packed into blocks; None where each value has bytes of its own."""
        return PACKINGS.get(self.dtype)

    @property
    def block_bytes(self) -> int:
        """The least number of bytes that hold whole values."""
        return self.packing.block_bytes if self.packing else self.itemsize

    @property
    def itemsize(self) -> int:
        """Bytes of one value that is not packed."""
        try:
            return np.dtype(self.dtype).itemsize
        except TypeError:
            message = f"tensor {self.name!r}: {self.dtype!r} is not a type that numpy knows"
            raise AtlasError(message) from None

    def blocks(self, start: int, stop: int, buffer: memoryview) -> Iterator[memoryview]:
        """Bytes [start, stop) in order, each block in `buffer`, which is filled again and again.

        Every block but the last is as long as the buffer. Raises AtlasError, naming the file and
        the byte, where the file is too short, and OSError where it cannot be read.
        """
        if not isinstance(self.data, np.ndarray):
            yield from self.data.blocks(start, stop, buffer)
            return
        source = memoryview(self.data.reshape(-1).view(np.uint8))
        for position in range(start, stop, len(buffer) or 1):
            block = buffer[: min(len(buffer), stop - position)]
            block[:] = source[position : position + len(block)]
            yield block

    @property
    def in_order(self) -> bool:
        """Whether the bytes must be read in their order, once; see Segment."""
        return not isinstance(self.data, np.ndarray) and self.data.in_order

    def claim(self, start: int, stop: int) -> None:
        """Say that bytes [start, stop) will be read; see Segment."""
        if not isinstance(self.data, np.ndarray):
            self.data.claim(start, stop)

    def retain(self, spans: Sequence[tuple[int, int]]) -> None:
        """Ask that bytes can be read once more, until `release`; see Segment."""
        if not isinstance(self.data, np.ndarray):
            self.data.retain(spans)

    def release(self) -> None:
        """Say that the tensor is done with; see Segment."""
        if not isinstance(self.data, np.ndarray):
            self.data.release()

    def read_into(self, buffer: memoryview, offset: int = 0) -> None:
        """Fill `buffer` with the bytes from `offset` on. Raises as `blocks` does."""
        for _ in self.blocks(offset, offset + len(buffer), buffer):
            pass

    def array(self) -> np.ndarray:
        """All values in memory, of the numpy type `dtype` and the shape `shape`.

        Raises AtlasError for packed codes, which are no numbers.
        """
        if self.packing:
            raise AtlasError(f"tensor {self.name!r} holds codes of {self.dtype}, not numbers")
        values = np.empty(self.shape, self.dtype)
        self.read_into(memoryview(values.reshape(-1).view(np.uint8)))
        return values


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as a file without a graph describes it; `reason` if it is known not to count.

    `tensor` is None where its type has no values that could be read.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    tensor: Tensor | None
    reason: str = ""
