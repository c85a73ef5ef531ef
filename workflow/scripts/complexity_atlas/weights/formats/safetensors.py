"""safetensors: a JSON header with the place of every tensor, then the bytes.

Only the header is read here. It is checked as strictly as the reference reader does
(https://github.com/huggingface/safetensors): nothing in it is used before it is known to fit the
file. The reference package is not used because it does not tell where a tensor's bytes lie, and
counting reads them from there in blocks.
"""

import math
import struct
from collections.abc import Sequence

from complexity_atlas.weights.entries import Weights, state_dict_entries
from complexity_atlas.weights.files import File
from complexity_atlas.weights.formats.shards import damaged, find_shards, parse_json_object
from complexity_atlas.weights.tensors import READABLE, StoredTensor, Tensor

MAX_HEADER_BYTES = 100_000_000

# Format name -> (dtype, bits per element).
DTYPES = {
    "F64": ("float64", 64),
    "F32": ("float32", 32),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F6_E2M3": ("float6_e2m3fn", 6),
    "F6_E3M2": ("float6_e3m2fn", 6),
    "F4": ("float4_e2m1fn", 4),
    "C64": ("complex64", 64),
    "I64": ("int64", 64),
    "I32": ("int32", 32),
    "I16": ("int16", 16),
    "I8": ("int8", 8),
    "U64": ("uint64", 64),
    "U32": ("uint32", 32),
    "U16": ("uint16", 16),
    "U8": ("uint8", 8),
    "BOOL": ("bool", 8),
}


def read(files: Sequence[File]) -> Weights:
    """Open safetensors files, or the shards that their index lists."""
    shards = find_shards(files)
    return Weights("safetensors", state_dict_entries(shards.read(read_header)), [], shards.files)


def read_header(file: File) -> list[StoredTensor]:
    """Read and check the header of one safetensors file; tensors in the order of their bytes."""
    size, prefix = file.size, file.read(0, 8)
    if len(prefix) < 8:
        raise damaged(file, f"has {size} bytes, too few for a safetensors header")
    (header_bytes,) = struct.unpack("<Q", prefix)
    if header_bytes > MAX_HEADER_BYTES:
        raise damaged(file, f"announces a header of {header_bytes} bytes, which is too long")
    if header_bytes > size - 8:
        raise damaged(
            file, f"announces a header of {header_bytes} bytes, the file has {size} bytes"
        )
    header = parse_json_object(file.read(8, header_bytes), file)
    header.pop("__metadata__", None)
    start = 8 + header_bytes
    places = sorted((_place(file, name, entry), name) for name, entry in header.items())
    _check_layout(file, places, size - start)
    return [_stored(file, name, header[name], start) for _, name in places]


def _place(file: File, name: str, entry: object) -> tuple[int, int]:
    """Check one tensor's description by itself; returns its first byte and the byte after it."""
    where = f"tensor {name!r}"
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise damaged(file, f"{where} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise damaged(file, f"{where} has the unknown dtype {dtype!r}", "convert it to a float")
    if not _are_sizes(shape):
        raise damaged(file, f"{where} has the shape {shape!r}, not a list of sizes")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise damaged(file, f"{where} has the data_offsets {offsets!r}, not [begin, end]")
    begin, end = offsets
    if math.prod(shape) * DTYPES[dtype][1] != 8 * (end - begin):
        raise damaged(
            file, f"{where} is {dtype} of shape {shape} but has {end - begin} bytes of data"
        )
    return begin, end


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _check_layout(
    file: File, places: Sequence[tuple[tuple[int, int], str]], data_bytes: int
) -> None:
    """The format wants every byte after the header to belong to exactly one tensor."""
    expected = 0
    for (begin, end), name in places:
        if begin < expected:
            raise damaged(file, f"tensor {name!r} overlaps the tensor before it")
        if begin > expected:
            raise damaged(file, f"tensor {name!r} comes after a gap of {begin - expected} bytes")
        expected = end
    if expected > data_bytes:
        name = next(name for (_, end), name in places if end > data_bytes)
        raise damaged(
            file,
            f"is truncated: its header describes {expected} bytes of data, {data_bytes} are there "
            f"(tensor {name!r} is incomplete)",
        )
    if expected < data_bytes:
        raise damaged(file, f"has {data_bytes - expected} bytes after the last tensor")


def _stored(file: File, name: str, entry: dict, start: int) -> StoredTensor:
    dtype, _ = DTYPES[entry["dtype"]]
    shape = tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    tensor = None
    if dtype in READABLE and 0 not in shape:
        tensor = Tensor(name, dtype, shape, file.segment(start + begin, end - begin))
    return StoredTensor(name, dtype, shape, tensor)
