"""The raw store: every file of a source by the hash of its bytes, never changed, never replaced."""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from complexity_atlas.contracts import replacing
from complexity_atlas.errors import AtlasError

MANIFEST = "manifest.jsonl"
_EXTENSION = re.compile(r"\.[a-z0-9]{1,8}")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_HTML = re.compile(rb"\s*(<!doctype html|<html|<head)", re.IGNORECASE)
_PAGES = (".html", ".htm", ".md")


@dataclass(frozen=True)
class Retrieval:
    """How bytes came here: one line of the manifest."""

    source_id: str
    file: str
    url: str
    final_url: str
    revision: str
    sha256: str
    bytes: int
    retrieved_at: str
    licence: str
    tool: str
    headers: dict[str, str] = field(default_factory=dict)


class RawStore:
    """Files by hash in `folder`, read-only, and a manifest to which lines are only added."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def path(self, sha256: str, file: str) -> Path:
        """Where the bytes of `file` are; the name is the hash and the file's extension."""
        extension = PurePosixPath(file).suffix.lower()
        return self.folder / (sha256 + (extension if _EXTENSION.fullmatch(extension) else ""))

    def has(self, sha256: str, file: str) -> bool:
        """Whether the bytes of `file` are here."""
        return self.path(sha256, file).is_file()

    def add(self, content: bytes, file: str) -> str:
        """Keep `content` and return its hash; what is there already stays as it is."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256, file)
        if not path.exists():
            with replacing(path) as temporary:
                temporary.write_bytes(content)
                os.chmod(temporary, 0o444)
        return sha256

    def read(self, sha256: str, file: str) -> bytes:
        """Return the bytes of a file. Raises AtlasError if they are gone or no longer the same."""
        path = self.path(sha256, file)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise AtlasError(
                f"{path}: the raw file of {file} is missing; remove results/scores/snapshots.csv "
                "and run again, and it is fetched"
            ) from None
        if (found := hashlib.sha256(content).hexdigest()) != sha256:
            raise AtlasError(
                f"{path}: the raw file of {file} was changed: its SHA-256 is {found}; remove it "
                "and results/scores/snapshots.csv, and run again"
            )
        return content

    def record(self, retrieval: Retrieval) -> None:
        """Add a line to the manifest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(retrieval), sort_keys=True, ensure_ascii=False)
        with open(self.folder / MANIFEST, "a", encoding="utf-8") as manifest:
            manifest.write(line + "\n")


def refuse_imposters(content: bytes, file: str) -> None:
    """Raise AtlasError for bytes that are not the file they were asked for.

    Error pages that came with status 200, pointers of Git LFS, pickles (which run code when read)
    and empty answers.
    """
    if not content:
        raise AtlasError(f"{file}: empty")
    if content.startswith(b"version https://git-lfs"):
        raise AtlasError(
            f"{file}: a pointer of Git LFS instead of the file; use its resolve address"
        )
    if _PICKLE.match(content):
        raise AtlasError(f"{file}: a pickle, which can run code when read; it is refused")
    if not file.lower().endswith(_PAGES) and _HTML.match(content[:1024]):
        raise AtlasError(f"{file}: an HTML page instead of the file, probably an error message")
