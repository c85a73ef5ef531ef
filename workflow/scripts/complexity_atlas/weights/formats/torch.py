"""torch checkpoints: state dicts in a zip archive (or, before torch 1.6, in a bare pickle).

Pickles are programs. They are read with `weights_only=True`, which knows tensors and plain
containers and refuses everything else; a checkpoint that needs more is not measured.
"""

import pickle
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.weights.entries import Weights, state_dict_entries
from complexity_atlas.weights.files import File, OpenFile
from complexity_atlas.weights.formats.shards import OPENED_AT_ONCE, damaged, find_shards
from complexity_atlas.weights.tensors import READABLE, Segment, StoredTensor, Tensor

STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model")


def read(files: Sequence[File]) -> Weights:
    """Open torch checkpoints, or the shards that their index lists.

    Zip archives are opened without their data: tensors point into the file, in whose order they
    are listed. Checkpoints older than that, and files with tensors that are not contiguous, are
    loaded from the disk.
    """
    shards = find_shards(files)
    notes: list[str] = []

    def tensors(file: File) -> list[StoredTensor]:
        # The archive is checked first: torch crashes on some that are damaged.
        records = _records(file) if _is_archive(file) else None
        if records is None:
            state, ignored = _state_dict(file, file.local(), map_location="cpu")
        else:
            state, ignored = _state_dict(file, OpenFile(file), map_location="meta")
        if ignored:
            notes.append(f"{file.name}: keys beside the state dict: {', '.join(ignored)}")
        return _Checkpoint(file, state, records).tensors()

    stored = shards.read(tensors)
    return Weights("torch", state_dict_entries(stored), notes, shards.files)


class _Checkpoint:
    """The tensors of one checkpoint file and where their bytes are."""

    def __init__(
        self, file: File, state: Mapping[str, torch.Tensor], records: dict[int, int] | None
    ):
        self.file = file
        self.state = state
        self.records = records
        # Storage -> (first byte, byte after the last, name) of the tensors that lie in it.
        self.taken: dict[int, list[tuple[int, int, str]]] = {}

    def tensors(self) -> list[StoredTensor]:
        """Describe every tensor; one that shares its memory with an earlier one is left out."""
        state = self.state.items()
        if self.records is not None:
            state = sorted(state, key=lambda item: _first_byte(item[1]))
        return [self._stored(name, tensor) for name, tensor in state]

    def _stored(self, name: str, tensor: torch.Tensor) -> StoredTensor:
        dtype = str(tensor.dtype).removeprefix("torch.")
        shape = tuple(tensor.shape)
        if tensor.layout != torch.strided:
            layout = str(tensor.layout).removeprefix("torch.")
            return StoredTensor(name, dtype, shape, None, f"{layout} tensor is not supported")
        if dtype not in READABLE or 0 in shape:
            return StoredTensor(name, dtype, shape, None)
        data = self._data(name, tensor)
        return StoredTensor(
            name, dtype, shape, Tensor(name, dtype, shape, data), self._shared_with(name, tensor)
        )

    def _data(self, name: str, tensor: torch.Tensor) -> Segment | np.ndarray:
        if self.records is None:
            return _array(tensor)
        if not tensor.is_contiguous():
            return _array(self._mapped[name])
        storage = tensor.untyped_storage()
        first, end = _extent(tensor)
        if end > storage.nbytes() or storage.nbytes() > self.records.get(_place(storage), -1):
            raise damaged(self.file, f"tensor {name!r} is not where the archive has its data")
        return self.file.segment(_place(storage) + first, end - first)

    @cached_property
    def _mapped(self) -> dict[str, torch.Tensor]:
        return _state_dict(self.file, self.file.local(), map_location="cpu", mmap=True)[0]

    def _shared_with(self, name: str, tensor: torch.Tensor) -> str:
        storage = tensor.untyped_storage()
        key = storage.data_ptr() if self.records is None else _place(storage)
        first, end = _extent(tensor)
        neighbours = self.taken.setdefault(key, [])
        for other_first, other_end, other in neighbours:
            if (first, end) == (other_first, other_end):
                return f"tied to {other}"
            if first < other_end and other_first < end:
                return f"shares memory with {other}"
        neighbours.append((first, end, name))
        return ""


def _state_dict(
    file: File, content: Path | OpenFile, **options: object
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors by name, and the keys of the checkpoint that are left aside."""
    loaded = _load(file, content, **options)
    if not isinstance(loaded, Mapping):
        raise WeightsUnavailable(
            "unsupported", f"{file}: holds a {type(loaded).__name__}, not a state dict"
        )
    outer = next((key for key in STATE_DICT_KEYS if _tensors(loaded.get(key))), None)
    state = loaded if outer is None else loaded[outer]
    tensors = _tensors(state)
    if not tensors:
        raise WeightsUnavailable(
            "unsupported",
            f"{file}: no tensors at the top level or under {', '.join(STATE_DICT_KEYS)}; "
            f"its keys are: {', '.join(map(str, list(loaded)[:8])) or 'none'}",
        )
    try:
        "".join(tensors).encode()
    except UnicodeEncodeError:
        raise damaged(file, "has a tensor whose name is no text") from None
    ignored = [str(key) for key in loaded if outer is not None and key != outer]
    return tensors, ignored + [str(key) for key in state if str(key) not in tensors]


def _tensors(state: object) -> dict[str, torch.Tensor]:
    if not isinstance(state, Mapping):
        return {}
    return {str(key): value for key, value in state.items() if isinstance(value, torch.Tensor)}


def _load(file: File, content: Path | OpenFile, **options: object) -> object:
    """`torch.load` that runs no code from the file, with its many errors made two."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(content, weights_only=True, **options)
    except AtlasError:
        raise
    except Exception as error:
        # A damaged or hostile pickle can make the unpickler raise nearly anything.
        raise _refusal(file, error) from None


def _refusal(file: File, error: Exception) -> WeightsUnavailable:
    message = str(error)
    remedy = "save the model's state_dict(), best as safetensors"
    if isinstance(error, pickle.UnpicklingError) and _NEEDS_CODE.search(message):
        wanted = re.search(r"GLOBAL (\S+)", message)
        wish = f"call {wanted[1]}" if wanted else "run code"
        what = f"the pickle wants to {wish} when it is opened, which is refused"
    elif "TorchScript archive" in message:
        what = "is a TorchScript program, which is refused"
    elif isinstance(error, NotImplementedError):
        what = "holds quantised or other special tensors, which are not supported"
    else:
        first_line = message.strip().split("\n")[0][:200]
        return damaged(
            file, f"is not a readable torch checkpoint ({type(error).__name__}: {first_line})"
        )
    return WeightsUnavailable("unsupported", f"{file}: {what}; {remedy}")


_NEEDS_CODE = re.compile(r"GLOBAL \S+|unrecognized function|allowlisted")


def _is_archive(file: File) -> bool:
    """Whether torch takes a file for a zip archive, which it sees from its first bytes."""
    return file.read(0, 4) == b"PK\x03\x04"


def _records(file: File) -> dict[int, int]:
    """First byte in the file -> size, of every uncompressed record of a checkpoint archive."""
    records = {}
    try:
        with (
            zipfile.ZipFile(OpenFile(file)) as archive,
            ThreadPoolExecutor(OPENED_AT_ONCE) as pool,
        ):
            # Only the local header, not the central directory, tells where the data begin.
            places = [record.header_offset for record in archive.infolist()]
            headers = list(pool.map(lambda place: file.read(place, 30), places))
            for record, header in zip(archive.infolist(), headers, strict=True):
                name_bytes, extra_bytes = struct.unpack("<HH", header[26:])
                if record.compress_type == zipfile.ZIP_STORED:
                    first = record.header_offset + 30 + name_bytes + extra_bytes
                    records[first] = record.file_size
                if record.filename.endswith("/byteorder"):
                    _check_byte_order(file, archive.open(record).read(10))
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
        struct.error,
        zlib.error,
    ) as error:
        raise damaged(file, f"is not a readable zip archive ({error})") from None
    return records


def _check_byte_order(file: File, content: bytes) -> None:
    if content != b"little":
        raise WeightsUnavailable("unsupported", f"{file}: was saved on a big-endian machine")


def _place(storage: torch.UntypedStorage) -> int:
    """First byte of a storage in the checkpoint file; torch notes it for storages on "meta"."""
    return storage._checkpoint_offset


def _first_byte(tensor: torch.Tensor) -> int:
    """Of a tensor in its file; 0 of one that has no single one."""
    if tensor.layout != torch.strided or 0 in tensor.shape:
        return 0
    return _place(tensor.untyped_storage()) + _extent(tensor)[0]


def _extent(tensor: torch.Tensor) -> tuple[int, int]:
    """First byte of a tensor in its storage, and the byte after its last."""
    first = tensor.storage_offset()
    last = first + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return first * tensor.element_size(), (last + 1) * tensor.element_size()


def _array(tensor: torch.Tensor) -> np.ndarray:
    """Values of a tensor as a numpy array of the same type, in C order."""
    codes = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
    return codes.view(str(tensor.dtype).removeprefix("torch.")).reshape(tensor.shape)
