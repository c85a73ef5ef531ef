"""Models in several files: the index that lists them, and the checks that none is missing."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights.files import File
from complexity_atlas.weights.tensors import StoredTensor

MAX_INDEX_BYTES = 100_000_000
OPENED_AT_ONCE = 8

_NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>\d+)-of-(?P<total>\d+)(?P<suffix>(?:\.\w+)+)")


@dataclass(frozen=True)
class Shards:
    """The files of a model, and the tensors that each must hold (None where no index says)."""

    files: list[File]
    listed: dict[File, frozenset[str]] | None
    _home: dict[str, File] = field(default_factory=dict, init=False, repr=False)

    def read(self, header: Callable[[File], list[StoredTensor]]) -> list[StoredTensor]:
        """The tensors of all files in order, as `header` reads them of one; see `check`.

        Remote files are opened several at a time; of several errors that of the first file counts.
        """
        with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
            list(pool.map(lambda file: file.read(0, 8), self.files))
        stored: list[StoredTensor] = []
        for file in self.files:
            tensors = header(file)
            self.check(file, (tensor.name for tensor in tensors))
            stored += tensors
        return stored

    def check(self, file: File, names: Iterable[str]) -> None:
        """Compare the tensors found in `file` with its index and with the files before it.

        Raises WeightsUnavailable("unreadable") where one is missing, not listed or there twice.
        """
        found = frozenset(names)
        if self.listed is not None:
            if missing := sorted(self.listed[file] - found):
                raise damaged(file, f"lacks tensor {missing[0]!r}, which the index lists for it")
            if unlisted := sorted(found - self.listed[file]):
                raise damaged(file, f"holds tensor {unlisted[0]!r}, which the index does not list")
        if repeated := sorted(found & self._home.keys()):
            raise damaged(
                file,
                f"holds tensor {repeated[0]!r}, and so does {self._home[repeated[0]]}",
                "give the files of one model",
            )
        self._home.update(dict.fromkeys(found, file))


def damaged(
    file: File | str, what: str, remedy: str = "fetch the file again"
) -> WeightsUnavailable:
    """Build the error for a file that is damaged or does not fit the others."""
    return WeightsUnavailable("unreadable", f"{file}: {what}; {remedy}")


def find_shards(files: Sequence[File]) -> Shards:
    """Resolve weight files, or the index among them, to a complete set of shards.

    Raises WeightsUnavailable("unreadable") if a shard that an index or a shard's own number
    ("-00001-of-00003") announces is missing, or one is there that the index does not list.
    """
    indexes = [file for file in files if file.name.endswith(".index.json")]
    if len(indexes) > 1:
        raise damaged(indexes[1], f"is a second index beside {indexes[0].name}", "give one of them")
    if not indexes:
        _check_numbers(files)
        return Shards(list(files), None)
    index = indexes[0]
    listed = _read_index(index)
    for file in files:
        if file != index and file not in listed:
            raise damaged(file, f"is not listed in {index.name}", "remove it or mend the index")
    _check_unlisted(index, listed)
    _check_numbers(list(listed))
    return Shards(sorted(listed, key=str), listed)


def sibling(file: File, name: str) -> File | None:
    """The file that the untrusted `file` refers to, relative to its folder; None if not there.

    Names that leave the folder are refused. Symbolic links are followed: a file cannot make them,
    and the Hugging Face cache consists of them.
    """
    relative = PurePosixPath(name)
    if not name or relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name:
        raise WeightsUnavailable(
            "unsupported",
            f"{file}: refers to the file {name!r} outside of its own folder, which is refused",
        )
    return file.sibling(name)


def parse_json_object(text: bytes, file: File) -> dict:
    """Parse an untrusted JSON object; anything else, and a repeated key, is an error."""

    def unique(pairs: list[tuple[str, object]]) -> dict:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated = next(name for name in names if names.count(name) > 1)
            raise damaged(file, f"names {repeated!r} twice")
        for text in (*found, *found.values()):
            if isinstance(text, str):
                text.encode()  # JSON can spell half a character, which is no text
        return found

    try:
        parsed = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise damaged(file, f"is not valid JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise damaged(file, f"holds a JSON {type(parsed).__name__}, not an object")
    return parsed


def _read_index(index: File) -> dict[File, frozenset[str]]:
    if index.size > MAX_INDEX_BYTES:
        raise damaged(index, f"is larger than {MAX_INDEX_BYTES} bytes")
    weight_map = parse_json_object(index.read(0, index.size), index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise damaged(index, "has no 'weight_map' that names the file of each tensor")
    listed: dict[str, set[str]] = {}
    for tensor, name in weight_map.items():
        if not isinstance(name, str):
            raise damaged(index, f"names no file for tensor {tensor!r}")
        listed.setdefault(name, set()).add(tensor)
    return {_listed(index, name): frozenset(tensors) for name, tensors in listed.items()}


def _listed(index: File, name: str) -> File:
    file = sibling(index, name)
    if file is None:
        raise damaged(index.folder + name, f"is missing, and {index.name} lists it", "fetch it")
    return file


def _check_numbers(files: Sequence[File]) -> None:
    numbers: dict[tuple[str, str, str, str], set[int]] = {}
    for file in files:
        if match := _NUMBERED.fullmatch(file.name):
            key = (file.folder, match["stem"], match["total"], match["suffix"])
            numbers.setdefault(key, set()).add(int(match["number"]))
    for (folder, stem, total, suffix), found in numbers.items():
        first = 0 if 0 in found else 1
        missing = next(number for number in count(first) if number not in found)
        if missing < first + int(total):
            name = f"{stem}-{missing:0{len(total)}d}-of-{total}{suffix}"
            raise damaged(folder + name, "is missing from the shards of this model", "fetch it")


def _check_unlisted(index: File, listed: Iterable[File]) -> None:
    """A shard beside the index that belongs to the same set but is not in it."""
    sets = {_shard_set(file) for file in listed} - {None}
    for file in index.siblings():
        if _shard_set(file) in sets and file not in listed:
            raise damaged(file, f"is not listed in {index.name}", "remove it or mend the index")


def _shard_set(file: File) -> tuple[str, str, str] | None:
    match = _NUMBERED.fullmatch(file.name)
    return (match["stem"], match["total"], match["suffix"]) if match else None
