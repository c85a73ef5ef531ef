"""A model's files, on this machine or elsewhere, as the readers of formats see them."""

import io
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from complexity_atlas.provenance import sha256
from complexity_atlas.weights.tensors import FileSegment, Segment


class File(Protocol):
    """A file of a model; `str` of it is how messages name it.

    Readers take what they can with `read` and `segment`, which serve every kind of file. A format
    whose library wants a path asks for `local`, which puts a remote file on the disk.
    """

    name: str
    """The last part of the path."""

    folder: str
    """What messages put before the name."""

    size: int
    """In bytes."""

    sha256: str
    """Hexadecimal; of a remote file as it was verified, empty where that has not happened yet."""

    def read(self, offset: int, nbytes: int) -> bytes:
        """So many bytes from `offset` on, fewer at the end of the file; for headers and indexes."""
        ...

    def segment(self, offset: int, nbytes: int) -> Segment:
        """Bytes of a tensor, to be read later."""
        ...

    def sibling(self, name: str) -> "File | None":
        """The file of that name, relative to this one's folder; None where there is none.

        Only for names that `shards.sibling` has found harmless.
        """
        ...

    def siblings(self) -> "list[File]":
        """All files in the same folder, this one too, by name."""
        ...

    def local(self) -> Path:
        """The whole file on this machine, verified."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    path: Path

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.name

    @property
    def folder(self) -> str:
        """The path before the name."""
        return str(self.path).removesuffix(self.name)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the content, read once."""
        return sha256(self.path)

    def read(self, offset: int, nbytes: int) -> bytes:
        """So many bytes from `offset` on, fewer at the end."""
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(nbytes)

    def segment(self, offset: int, nbytes: int) -> FileSegment:
        """Bytes of a tensor, to be read later."""
        return FileSegment(self.path, offset, nbytes)

    def sibling(self, name: str) -> "LocalFile | None":
        """The file of that name in the same folder or below; None where there is none."""
        path = self.path.parent / name
        return LocalFile(path) if path.is_file() else None

    def siblings(self) -> "list[LocalFile]":
        """All files in the same folder, by name."""
        return [LocalFile(path) for path in sorted(self.path.parent.iterdir()) if path.is_file()]

    def local(self) -> Path:
        """Its path."""
        return self.path

    def __str__(self) -> str:
        return str(self.path)


class OpenFile(io.RawIOBase):
    """A file of a model as Python's libraries read one; each read is one of `File.read`."""

    def __init__(self, file: File):
        self._file, self._position = file, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; returns its number."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise OSError(f"{self._file}: has no byte {base + offset}")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The number of the next byte."""
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer`, or as much of it as there is until the end."""
        content = self._file.read(self._position, len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)
