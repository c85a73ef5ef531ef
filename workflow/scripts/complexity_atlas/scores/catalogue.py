"""The catalogue of sources (config/scores/sources.yaml) and the lock that pins their files."""

import fnmatch
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import yaml

from complexity_atlas.contracts import replacing
from complexity_atlas.errors import AtlasError

LOCATIONS = ("github", "dataset", "url", "path")
EVALUATORS = ("first_party", "third_party", "unknown")
MODEL_IDS = ("hub", "names")


@dataclass(frozen=True)
class Source:
    """One entry of the catalogue.

    kind       name of a parser in `scores.sources`
    github     owner/name of a repository; `dataset`: of a data set on the Hub; `url`: an address
               with "{file}" in it; `path`: a folder. Exactly one of them is given
    revision   branch, tag or commit that `refresh` resolves to a commit
    files      paths within the source; patterns with * are resolved by `refresh`
    evaluator  who ran the models: first_party (their makers), third_party or unknown
    model_ids  "hub": names are ids of the Hub; "prefix/": an id is this and the name; "names":
               only an alias, or the spelling of a known id, resolves a name
    repeats    ids of sources whose numbers this one reprints
    pause      seconds between two requests, as the source's terms ask
    settings   keyword arguments of the parser; of one that fits a file by pattern in `by_file`, the
               last counts
    """

    id: str
    name: str
    kind: str
    licence: str
    files: tuple[str, ...]
    github: str = ""
    dataset: str = ""
    url: str = ""
    path: str = ""
    revision: str = ""
    evaluator: str = "unknown"
    model_ids: str = "names"
    repeats: tuple[str, ...] = ()
    terms: str = ""
    pause: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)
    by_file: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """The address a reader may open."""
        if self.github:
            return f"https://github.com/{self.github}"
        if self.dataset:
            return f"https://huggingface.co/datasets/{self.dataset}"
        return self.url.replace("{file}", "")

    def settings_of(self, file: str) -> dict[str, object]:
        """Keyword arguments of the parser for one file."""
        found = dict(self.settings)
        for pattern, settings in self.by_file.items():
            if fnmatch.fnmatchcase(file, pattern):
                found |= settings
        return found


@dataclass(frozen=True)
class LockedFile:
    """The bytes that one file of a source has."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Locked:
    """What a study uses of a source: a revision, and the hash of every file.

    `stale` says why the source could not be fetched when it was last tried; "" if it could.
    """

    files: Mapping[str, LockedFile]
    revision: str = ""
    retrieved_at: str = ""
    stale: str = ""


def load_catalogue(path: Path) -> dict[str, Source]:
    """Read the catalogue. Raises AtlasError naming the file, the source and the key."""
    known = {item.name for item in fields(Source)} - {"id"}
    sources = {}
    for name, entry in _mapping(path, _load(path)).items():
        where = f"{path}, source {name}"
        entry = _mapping(where, entry)
        if unknown := sorted(set(entry) - known):
            raise AtlasError(
                f"{where}: unknown key {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        for key in ("files", "repeats"):
            entry[key] = tuple(entry.get(key, ()))
        try:
            sources[name] = Source(id=name, **entry)
        except TypeError as error:
            raise AtlasError(f"{where}: {error}") from None
        _check(where, sources[name])
    return sources


def _check(where: str, source: Source) -> None:
    given = [key for key in LOCATIONS if getattr(source, key)]
    if len(given) != 1:
        raise AtlasError(
            f"{where}: give one of {', '.join(LOCATIONS)}; found {', '.join(given) or 'none'}"
        )
    if source.url and "{file}" not in source.url:
        raise AtlasError(f"{where}: url {source.url!r} lacks {{file}}")
    if source.evaluator not in EVALUATORS:
        raise AtlasError(
            f"{where}: evaluator {source.evaluator!r} is none of {', '.join(EVALUATORS)}"
        )
    if source.model_ids not in MODEL_IDS and not source.model_ids.endswith("/"):
        raise AtlasError(
            f"{where}: model_ids {source.model_ids!r} is none of {', '.join(MODEL_IDS)}, and no "
            "prefix that ends in '/'"
        )
    if not source.files:
        raise AtlasError(f"{where}: files is empty; name at least one file or pattern")


def chosen_sources(catalogue: Mapping[str, Source], ids: list[str]) -> list[Source]:
    """The sources of a study, in the order of their ids. Raises AtlasError for an unknown id."""
    unknown = sorted(set(ids) - set(catalogue))
    if unknown:
        raise AtlasError(
            f"scores.sources names {', '.join(unknown)}, which the catalogue lacks; it has "
            f"{', '.join(sorted(catalogue))}"
        )
    return [catalogue[name] for name in sorted(set(ids))]


def load_lock(path: Path) -> dict[str, Locked]:
    """Read the lock. Raises AtlasError naming the file and the source."""
    locked = {}
    for name, entry in _mapping(path, _load(path) or {}).items():
        try:
            files = {file: LockedFile(**record) for file, record in entry["files"].items()}
            locked[name] = Locked(**{**entry, "files": files})
        except (TypeError, KeyError, AttributeError) as error:
            raise AtlasError(
                f"{path}, source {name}: not a locked source ({error}); write the lock with "
                "`python -m complexity_atlas scores refresh`"
            ) from None
    return locked


def write_lock(path: Path, lock: Mapping[str, Locked]) -> None:
    """Write the lock, sources and files in order, so that equal locks are equal bytes."""
    entries = {}
    for name in sorted(lock):
        entry = asdict(replace(lock[name], files=dict(sorted(lock[name].files.items()))))
        entries[name] = {key: value for key, value in entry.items() if value}
    heading = "# Written by `python -m complexity_atlas scores refresh`; see config/README.md.\n"
    with replacing(path) as temporary:
        body = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=1000)
        temporary.write_text(heading + body, encoding="utf-8")


def _load(path: Path) -> object:
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AtlasError(f"{path}: no such file; the configuration names it") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AtlasError(f"{path}: not YAML: {error}") from None


def _mapping(where: object, value: object) -> dict:
    if not isinstance(value, dict):
        raise AtlasError(f"{where}: expected keys and values, found {type(value).__name__}")
    return dict(value)
