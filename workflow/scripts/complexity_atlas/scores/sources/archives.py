"""Archives of score files, read in memory: nothing is unpacked to disk, no member is trusted."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import PurePosixPath

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.reported import Parsed, Reject
from complexity_atlas.scores.sources.reading import Unusable
from complexity_atlas.scores.sources.zeros import flag_zeros

MAX_MEMBER = 64 * 2**20
MAX_TOTAL = 2**30
MAX_MEMBERS = 200_000
"""Limits in bytes, and in number, after decompression."""


def is_archive(content: bytes) -> bool:
    """Return whether bytes are a zip, a gzip or a plain tar."""
    return content[:4] == b"PK\3\4" or content[:2] == b"\x1f\x8b" or content[257:262] == b"ustar"


def parse_members(
    parse: Callable[..., Parsed], content: bytes, name: str, members: str, **settings
) -> Parsed:
    """Parse every file of an archive whose path matches `members`, in order of their paths.

    Locators begin with the member's path and "!". A member whose path is absolute or climbs, that
    is a link, or that grows beyond the limits is rejected as `archive_member`.
    """
    parts = []
    try:
        for member, data in sorted(_members(content, members), key=lambda pair: pair[0]):
            parts.append(_parse_member(parse, member, data, settings))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise Unusable("undecodable", f"{name}: damaged archive: {error}") from None
    fields = ("reported", "rejects", "attributes", "notes")
    return Parsed(*(tuple(x for part in parts for x in getattr(part, f)) for f in fields))


def _parse_member(parse, member: str, data: bytes | Unusable, settings: dict) -> Parsed:
    try:
        if isinstance(data, Unusable):
            raise data
        parsed = flag_zeros(parse(data, member, **settings))
    except Unusable as error:
        return Parsed(rejects=(Reject(f"{member}!", error.reason, str(error.snippet)[:120]),))
    except AtlasError as error:
        return Parsed(rejects=(Reject(f"{member}!", "not_a_score", str(error)[:120]),))
    return Parsed(
        *(
            tuple(replace(item, locator=f"{member}!{item.locator}") for item in items)
            for items in (parsed.reported, parsed.rejects, parsed.attributes)
        ),
        parsed.notes,
    )


def _members(content: bytes, pattern: str) -> Iterator[tuple[str, bytes | Unusable]]:
    total = 0
    entries = _zip_entries if content[:4] == b"PK\3\4" else _tar_entries
    for number, (path, size, regular, read) in enumerate(entries(content)):
        total += size
        if number >= MAX_MEMBERS or total > MAX_TOTAL:
            raise Unusable("too_big", f"{number + 1} members of {total} bytes")
        if not _is_inside(path) or not regular:
            yield path, Unusable("archive_member", path)
        elif not fnmatch(path, pattern):
            continue
        elif size > MAX_MEMBER:
            yield path, Unusable("archive_member", f"{size} bytes")
        else:
            data = read()
            yield path, data if len(data) <= MAX_MEMBER else Unusable("archive_member", path)


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts and ":" not in parts[0]


def _zip_entries(content: bytes):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            is_link = info.external_attr >> 28 == 0o12
            yield info.filename, info.file_size, not is_link, lambda i=info: _read(archive.open(i))


def _tar_entries(content: bytes):
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        for info in archive:
            if info.isdir():
                continue
            yield info.name, info.size, info.isreg(), lambda i=info: _read(archive.extractfile(i))


def _read(stream) -> bytes:
    with stream:
        return stream.read(MAX_MEMBER + 1)
