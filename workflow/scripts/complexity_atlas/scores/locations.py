"""Where the files of a source are: a repository of GitHub, a data set of the Hub, addresses."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.catalogue import Source

LISTING_BYTES = 64 * 2**20
"""The listing of a repository with a hundred thousand files has 30 MB."""

Read = Callable[[str, int], bytes]
"""Bytes of an address, of at most so many."""


@dataclass(frozen=True)
class Hosts:
    """Addresses of the services; tests put a local server in their place."""

    github_api: str = "https://api.github.com"
    github_raw: str = "https://raw.githubusercontent.com"
    hub: str = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def file_url(source: Source, revision: str, file: str, hosts: Hosts) -> str:
    """The address of one file of a source at a revision."""
    path = quote(file)
    if source.github:
        return f"{hosts.github_raw}/{source.github}/{revision}/{path}"
    if source.dataset:
        return f"{hosts.hub}/datasets/{source.dataset}/resolve/{revision}/{path}"
    return source.url.replace("{file}", path)


def resolve_revision(source: Source, hosts: Hosts, read: Read) -> str:
    """The commit that the source's branch or tag is now; "" for plain addresses."""
    moving = quote(source.revision or "main", safe="")
    if source.github:
        url = f"{hosts.github_api}/repos/{source.github}/commits/{moving}"
    elif source.dataset:
        url = f"{hosts.hub}/api/datasets/{source.dataset}/revision/{moving}"
    else:
        return ""
    commit = _json(url, read).get("sha", "")
    if not (isinstance(commit, str) and len(commit) == 40):
        raise AtlasError(f"{url}: names no commit")
    return commit


def list_files(source: Source, revision: str, hosts: Hosts, read: Read) -> list[str]:
    """The paths of the source's files, its patterns resolved, in order.

    Raises AtlasError for a pattern that fits nothing.
    """
    if not any("*" in pattern for pattern in source.files):
        return sorted(source.files)
    if source.github:
        url = f"{hosts.github_api}/repos/{source.github}/git/trees/{revision}?recursive=1"
        tree = _json(url, read)
        if tree.get("truncated"):
            raise AtlasError(f"source {source.id}: the listing of {source.github} is incomplete")
        paths = [entry["path"] for entry in tree["tree"] if entry["type"] == "blob"]
    elif source.dataset:
        url = f"{hosts.hub}/api/datasets/{source.dataset}/revision/{revision}"
        paths = [entry["rfilename"] for entry in _json(url, read)["siblings"]]
    else:
        raise AtlasError(f"source {source.id}: plain addresses cannot be listed; name the files")
    found = set()
    for pattern in source.files:
        fitting = {path for path in paths if fnmatchcase(path, pattern)}
        if not fitting:
            raise AtlasError(f"source {source.id}: no file fits {pattern!r} at {revision}")
        found |= fitting
    return sorted(found)


def _json(url: str, read: Read) -> dict:
    content = read(url, LISTING_BYTES)
    try:
        document = json.loads(content)
    except ValueError as error:
        raise AtlasError(f"{url}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise AtlasError(f"{url}: expected an object, found {type(document).__name__}")
    return document
