"""GGUF: metadata, then names, shapes and types of all tensors, then the bytes.

Only the header is read, in pieces, and checked before it is used: names, counts and sizes in it
are untrusted. The reference reader (package `gguf`) maps the whole file and believes the header;
its tables of types are used here. Layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights.entries import Weights, state_dict_entries
from complexity_atlas.weights.files import File
from complexity_atlas.weights.formats.shards import damaged, find_shards
from complexity_atlas.weights.packing import PACKINGS
from complexity_atlas.weights.tensors import StoredTensor, Tensor

MAX_HEADER_BYTES = 1 << 27
MAX_AXES = 8
MAX_DEPTH = 4

PLAIN = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
}
"""Types of ggml whose values have bytes of their own, by numpy's name."""

_CHUNK = 1 << 20
_SCALARS = {
    GGUFValueType.UINT8: 1,
    GGUFValueType.INT8: 1,
    GGUFValueType.BOOL: 1,
    GGUFValueType.UINT16: 2,
    GGUFValueType.INT16: 2,
    GGUFValueType.UINT32: 4,
    GGUFValueType.INT32: 4,
    GGUFValueType.FLOAT32: 4,
    GGUFValueType.UINT64: 8,
    GGUFValueType.INT64: 8,
    GGUFValueType.FLOAT64: 8,
}


class Described(NamedTuple):
    """A tensor in the words of a header: its type a number of ggml, its place behind the header."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


def read(files: Sequence[File]) -> Weights:
    """Open a GGUF file, or all files into which one was split.

    Tensors of quantised types are codes; each has an entry more for its scales, which lie between
    the codes. Types that `packing` does not know get the reason.
    """
    shards = find_shards(files)
    return Weights("gguf", state_dict_entries(shards.read(read_header)), [], shards.files)


def read_header(file: File) -> list[StoredTensor]:
    """Read and check the header of one GGUF file; tensors in the order of their bytes."""
    header = _Header(file)
    if header.take(4) != b"GGUF":
        raise damaged(file, "does not begin as a GGUF file")
    version = header.number("<I")
    if version & 0xFFFF == 0:
        raise WeightsUnavailable("unsupported", f"{file}: was written for a big-endian machine")
    if version not in (2, 3):
        raise WeightsUnavailable(
            "unsupported", f"{file}: GGUF version {version} is not read; convert it to version 3"
        )
    n_tensors, n_pairs = header.number("<Q"), header.number("<Q")
    alignment = 32
    for _ in range(n_pairs):
        key, kind = header.text(), header.number("<I")
        if key == b"general.alignment" and kind == GGUFValueType.UINT32:
            alignment = header.number("<I")
        else:
            header.skip_value(kind)
    if alignment < 1 or alignment & (alignment - 1):
        raise damaged(file, f"has the alignment {alignment}, which is no power of two")
    described = sorted((_described(header) for _ in range(n_tensors)), key=lambda it: it.offset)
    start = -(-header.position // alignment) * alignment
    _check_names(file, [tensor.name for tensor in described])
    stored = [_stored(file, start, tensor) for tensor in described]
    _check_overlap(file, described, stored)
    return [item for items in stored for item in items]


def _check_names(file: File, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise damaged(file, f"names tensor {repeated!r} twice")


def _check_overlap(
    file: File, described: Sequence[Described], stored: Sequence[list[StoredTensor]]
) -> None:
    end = 0
    for tensor, (first, *_) in zip(described, stored, strict=True):
        if first.tensor and tensor.offset < end:
            raise damaged(file, f"tensor {tensor.name!r} overlaps the tensor before it")
        if first.tensor:
            end = tensor.offset + first.tensor.nbytes


def _described(header: "_Header") -> Described:
    """The description of one tensor. The fastest axis comes first in the file."""
    name = header.text().decode("utf-8", errors="replace")
    n_axes = header.number("<I")
    if n_axes > MAX_AXES:
        raise damaged(header.file, f"tensor {name!r} has {n_axes} axes, more than {MAX_AXES}")
    shape = tuple(header.number("<Q") for _ in range(n_axes))[::-1]
    return Described(name, shape, header.number("<I"), header.number("<Q"))


def _stored(file: File, start: int, described: Described) -> list[StoredTensor]:
    name, shape, kind, offset = described
    try:
        ggml = GGMLQuantizationType(kind)
        block, block_bytes = GGML_QUANT_SIZES[ggml]
    except (ValueError, KeyError):
        return [StoredTensor(name, f"ggml {kind}", shape, None, f"GGUF type {kind} is not known")]
    dtype = PLAIN.get(ggml.name, ggml.name.lower())
    n = math.prod(shape)
    if n % block or (shape and shape[-1] % block):
        raise damaged(file, f"tensor {name!r} of shape {list(shape)} is no whole blocks of {dtype}")
    nbytes = n // block * block_bytes
    if start + offset + nbytes > file.size:
        raise damaged(
            file,
            f"is truncated: tensor {name!r} takes {nbytes} bytes from {start + offset} on, the "
            f"file has {file.size} bytes",
        )
    if ggml.name not in PLAIN and dtype not in PACKINGS:
        return [StoredTensor(name, dtype, shape, None, f"GGUF type {ggml.name} is not read")]
    if not n:
        return [StoredTensor(name, dtype, shape, None)]
    tensor = Tensor(name, dtype, shape, file.segment(start + offset, nbytes))
    found = [StoredTensor(name, dtype, shape, tensor)]
    if dtype in PACKINGS:
        scales = (n // block, PACKINGS[dtype].scale_bytes)
        found.append(StoredTensor(f"{name}.scales", "uint8", scales, None, f"scales of {name}"))
    return found


class _Header:
    """Reads on from the beginning of a file, a chunk at a time."""

    def __init__(self, file: File):
        self.file = file
        self.position = 0
        self._chunk = b""
        self._chunk_start = 0

    def take(self, nbytes: int) -> bytes:
        """The next bytes."""
        inside = self.position - self._chunk_start
        if inside + nbytes > len(self._chunk):
            if self.position + nbytes > min(self.file.size, MAX_HEADER_BYTES):
                raise damaged(self.file, f"ends inside of its header, at byte {self.position}")
            self._chunk = self.file.read(self.position, max(nbytes, _CHUNK))
            self._chunk_start, inside = self.position, 0
        self.position += nbytes
        return self._chunk[inside : inside + nbytes]

    def skip(self, nbytes: int) -> None:
        """Pass over bytes without reading them."""
        if self.position + nbytes > min(self.file.size, MAX_HEADER_BYTES):
            raise damaged(self.file, f"ends inside of its header, at byte {self.position}")
        self.position += nbytes
        if self.position > self._chunk_start + len(self._chunk):
            self._chunk, self._chunk_start = b"", self.position

    def number(self, form: str) -> int:
        """An integer in a format of `struct`."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> bytes:
        """A string, which its length precedes."""
        return self.take(self.number("<Q"))

    def skip_value(self, kind: int, depth: int = 0) -> None:
        """Pass over a value of metadata."""
        if kind in _SCALARS:
            self.skip(_SCALARS[kind])
        elif kind == GGUFValueType.STRING:
            self.skip(self.number("<Q"))
        elif kind == GGUFValueType.ARRAY and depth < MAX_DEPTH:
            inner, length = self.number("<I"), self.number("<Q")
            if inner in _SCALARS:
                self.skip(_SCALARS[inner] * length)
            else:
                for _ in range(length):
                    self.skip_value(inner, depth + 1)
        else:
            raise damaged(self.file, f"has metadata of the unknown type {kind}")
