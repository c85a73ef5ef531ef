"""Models in several files: the index that lists them, and the checks that none is missing."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath

from complexity_atlas.errors import WeightsUnavailable

MAX_INDEX_BYTES = 100_000_000

_NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>\d+)-of-(?P<total>\d+)(?P<suffix>(?:\.\w+)+)")


@dataclass(frozen=True)
class Shards:
    """The files of a model, and the tensors that each must hold (None where no index says)."""

    files: list[Path]
    listed: dict[Path, frozenset[str]] | None
    _home: dict[str, Path] = field(default_factory=dict, init=False, repr=False)

    def check(self, file: Path, names: Iterable[str]) -> None:
        """Compare the tensors found in `file` with its index and with the files before it."""
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


def damaged(file: Path, what: str, remedy: str = "fetch the file again") -> WeightsUnavailable:
    """Build the error for a file that is damaged or does not fit the others."""
    return WeightsUnavailable("unreadable", f"{file}: {what}; {remedy}")


def find_shards(paths: Sequence[Path]) -> Shards:
    """Resolve weight files, or the index among them, to a complete set of shards.

    Raises WeightsUnavailable("unreadable") if a shard that an index or a shard's own number
    ("-00001-of-00003") announces is missing, or one is there that the index does not list.
    """
    indexes = [path for path in paths if path.name.endswith(".index.json")]
    if len(indexes) > 1:
        raise damaged(indexes[1], f"is a second index beside {indexes[0].name}", "give one of them")
    if not indexes:
        _check_numbers(paths)
        return Shards(list(paths), None)
    index = indexes[0]
    listed = _read_index(index)
    for path in paths:
        if path != index and path not in listed:
            raise damaged(path, f"is not listed in {index.name}", "remove it or mend the index")
    for path in listed:
        if not path.is_file():
            raise damaged(path, f"is missing, and {index.name} lists it", "fetch it")
    _check_unlisted(index, listed)
    _check_numbers(list(listed))
    return Shards(sorted(listed), listed)


def sibling(directory: Path, name: str, said_by: Path) -> Path:
    """Resolve a relative file name that the untrusted file `said_by` gives.

    Names that leave `directory` are refused. Symbolic links are followed: a file cannot make them,
    and the Hugging Face cache consists of them.
    """
    relative = PurePosixPath(name)
    if not name or relative.is_absolute() or ".." in relative.parts or "\\" in name or "\0" in name:
        raise WeightsUnavailable(
            "unsupported",
            f"{said_by}: refers to the file {name!r} outside of its own folder, which is refused",
        )
    return directory / relative


def parse_json_object(text: bytes, file: Path) -> dict:
    """Parse an untrusted JSON object; anything else, and a repeated key, is an error."""

    def unique(pairs: list[tuple[str, object]]) -> dict:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            repeated = next(name for name in names if names.count(name) > 1)
            raise damaged(file, f"names {repeated!r} twice")
        return found

    try:
        parsed = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise damaged(file, f"is not valid JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise damaged(file, f"holds a JSON {type(parsed).__name__}, not an object")
    return parsed


def _read_index(index: Path) -> dict[Path, frozenset[str]]:
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise damaged(index, f"is larger than {MAX_INDEX_BYTES} bytes")
    weight_map = parse_json_object(index.read_bytes(), index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise damaged(index, "has no 'weight_map' that names the file of each tensor")
    listed: dict[Path, set[str]] = {}
    for tensor, name in weight_map.items():
        if not isinstance(name, str):
            raise damaged(index, f"names no file for tensor {tensor!r}")
        listed.setdefault(sibling(index.parent, name, index), set()).add(tensor)
    return {path: frozenset(tensors) for path, tensors in listed.items()}


def _check_numbers(paths: Sequence[Path]) -> None:
    numbers: dict[tuple[Path, str, str, str], set[int]] = {}
    for path in paths:
        if match := _NUMBERED.fullmatch(path.name):
            key = (path.parent, match["stem"], match["total"], match["suffix"])
            numbers.setdefault(key, set()).add(int(match["number"]))
    for (directory, stem, total, suffix), found in numbers.items():
        first = 0 if 0 in found else 1
        missing = next(number for number in count(first) if number not in found)
        if missing < first + int(total):
            name = f"{stem}-{missing:0{len(total)}d}-of-{total}{suffix}"
            raise damaged(directory / name, "is missing from the shards of this model", "fetch it")


def _check_unlisted(index: Path, listed: Iterable[Path]) -> None:
    """A shard beside the index that belongs to the same set but is not in it."""
    sets = {_shard_set(path) for path in listed} - {None}
    for path in sorted(index.parent.iterdir()):
        if _shard_set(path) in sets and path not in listed:
            raise damaged(path, f"is not listed in {index.name}", "remove it or mend the index")


def _shard_set(path: Path) -> tuple[str, str, str] | None:
    match = _NUMBERED.fullmatch(path.name)
    return (match["stem"], match["total"], match["suffix"]) if match else None
