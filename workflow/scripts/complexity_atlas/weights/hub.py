"""The Hugging Face Hub: what a commit of a repository holds, and the bytes of its files.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` mean what they mean to huggingface_hub.
The token goes to the endpoint only, never to the other hosts that the Hub sends readers on to.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar
from urllib.parse import quote, urljoin

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import build_hf_headers, disable_progress_bars
from requests import Response

from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.network import NetworkError, get, origin, patiently, read_into, shown

# Their lines hold signed addresses.
_LIBRARIES = ("httpx2", "httpcore2", "huggingface_hub.utils._http", "huggingface_hub.file_download")
for _name in (*_LIBRARIES, "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.ERROR)

# Its transfers are stored a second time, in a place that all repositories share.
constants.HF_HUB_DISABLE_XET = True

_REDIRECTS = 5
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class HubBlob:
    """What the Hub tells about a file: path in the repository, bytes, and one of two hashes.

    `lfs` is the SHA-256 of a file in large file storage, `git` the SHA-1 of the blob of any other.
    """

    path: str
    size: int
    lfs: str = ""
    git: str = ""


def commit_of(repo: str, revision: str = "main", patience: bool = True) -> str:
    """The full hash of the commit that a branch, a tag or a short hash points to now.

    With HF_HUB_OFFLINE, what it pointed to when the Hub cache was filled. Without patience it is
    asked once, and for a few seconds only. Raises WeightsUnavailable ("gated", "not_found",
    "revision_not_found") or AtlasError.
    """
    if constants.is_offline_mode():
        return _cached_commit(repo, revision)
    api = HfApi(endpoint=constants.ENDPOINT)
    return _asked(
        f"{repo}@{revision}",
        lambda: api.model_info(repo, revision=revision, timeout=None if patience else 5),
        patience,
    ).sha


def list_blobs(repo: str, commit: str) -> list[HubBlob]:
    """All files of a commit; with HF_HUB_OFFLINE those that are in the Hub cache.

    Raises as `commit_of` does.
    """
    if constants.is_offline_mode():
        return _cached_blobs(repo, commit)
    api = HfApi(endpoint=constants.ENDPOINT)
    what = f"{repo}@{commit[:8]}"
    info = _asked(what, lambda: api.model_info(repo, revision=commit, files_metadata=True))
    if info.sha != commit:
        raise AtlasError(f"{what}: the Hub answers with the commit {info.sha} instead")
    return [
        HubBlob(s.rfilename, s.size, lfs=s.lfs.sha256)
        if s.lfs
        else HubBlob(s.rfilename, s.size or 0, git=s.blob_id or "")
        for s in info.siblings or []
    ]


def cached(repo: str, commit: str, path: str) -> Path | None:
    """A file of a commit if it is in the Hub cache."""
    found = try_to_load_from_cache(repo, path, constants.HF_HUB_CACHE, commit)
    return Path(found) if isinstance(found, str) else None


def download(repo: str, commit: str, path: str) -> Path:
    """A file of a commit by way of the Hub cache; its content is not verified."""
    disable_progress_bars()
    return Path(
        _asked(
            f"{repo}@{commit[:8]}/{path}",
            lambda: hf_hub_download(
                repo,
                path,
                revision=commit,
                endpoint=constants.ENDPOINT,
                cache_dir=constants.HF_HUB_CACHE,
            ),
        )
    )


def is_stored(repo: str, blob: HubBlob) -> bool:
    """Whether the content of a file is in the Hub cache, be it as that of another commit."""
    return (
        bool(blob.lfs or blob.git) and (_folder(repo) / "blobs" / (blob.lfs or blob.git)).exists()
    )


def discard(path: Path) -> None:
    """Remove a file from the Hub cache: the name in the snapshot, and the blob behind it."""
    blob = _blob_of(path)
    path.unlink(missing_ok=True)
    blob.unlink(missing_ok=True)


class Content:
    """The bytes of one file of a commit, by ranges; several threads may read."""

    def __init__(self, repo: str, commit: str, blob: HubBlob):
        self._what = f"{repo}@{commit[:8]}/{blob.path}"
        self._size = blob.size
        self._url = f"{constants.ENDPOINT}/{repo}/resolve/{commit}/{quote(blob.path)}"
        headers = build_hf_headers(library_name="complexity-atlas")
        self._credential = {k: v for k, v in headers.items() if k.lower() == "authorization"}
        self._resolved = self._url
        self._lock = Lock()

    def fetch(self, start: int, buffer: memoryview) -> None:
        """Fill `buffer` with the bytes from `start` on, over as many connections as that takes.

        Raises WeightsUnavailable where the Hub refuses the file or cannot serve ranges of it, and
        NetworkError where it has no answer.
        """
        filled = 0

        def attempt() -> None:
            nonlocal filled
            try:
                filled += self._read(start + filled, buffer[filled:])
            except NetworkError as error:
                filled += error.received
                if not error.received:
                    raise

        try:
            while filled < len(buffer):
                patiently(attempt)
        except NetworkError as error:
            raise _finding(self._what, error) from None

    def _read(self, start: int, buffer: memoryview) -> int:
        """One request; returns how many bytes came."""
        asked = {"Range": f"bytes={start}-{start + len(buffer) - 1}"}
        began = url = self._resolved
        for _ in range(_REDIRECTS):
            is_ours = origin(url) == origin(constants.ENDPOINT)
            try:
                response = get(url, asked | (self._credential if is_ours else {}), follow=False)
            except NetworkError as error:
                raise self._expired(url, error) if not is_ours else error from None
            with response:
                if not response.is_redirect:
                    self._check_range(response, start, len(buffer))
                    if url != began:  # an address that ended meanwhile is not brought back
                        self._resolved = url
                    return self._body(response, buffer)
                url = urljoin(url, response.headers["Location"])
        raise NetworkError(f"{shown(url)}: is redirected more than {_REDIRECTS} times")

    @staticmethod
    def _body(response: Response, buffer: memoryview) -> int:
        received = read_into(response, buffer)
        if received < len(buffer):
            error = NetworkError(f"{shown(response.url)}: the answer ends early", transient=True)
            error.received = received
            raise error
        return received

    def _expired(self, url: str, error: NetworkError) -> NetworkError:
        """Signed addresses end; a refused one is asked for again at the Hub."""
        self._resolved = self._url
        if 400 <= error.status < 500 and not error.transient:
            return NetworkError(str(error), error.status, error.headers, transient=True)
        return error

    def _check_range(self, response: Response, start: int, nbytes: int) -> None:
        whole = start == 0 and nbytes == self._size
        place = response.headers.get("Content-Range", "")
        expected = f"bytes {start}-{start + nbytes - 1}/{self._size}"
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding == "identity" and response.status_code == 206 and place == expected:
            return
        if encoding == "identity" and response.status_code == 200 and whole:
            return
        self._resolved = self._url
        answer = f"Content-Range {place!r}" if place else "no Content-Range"
        answer += "" if encoding == "identity" else f", packed with {encoding!r}"
        raise WrongRange(
            f"{shown(response.url)}: asked for {expected}, the server answers "
            f"{response.status_code} with {answer}",
            transient=True,
        )


class WrongRange(NetworkError):
    """An answer to a range request that holds other bytes."""


def _asked(what: str, request: Callable[[], _Result], patience: bool = True) -> _Result:
    """The result of a call of huggingface_hub, with the patience and the errors of this project."""

    def attempt() -> _Result:
        try:
            return request()
        except (OfflineModeIsEnabled, HFValidationError) as error:
            raise AtlasError(f"{what}: {error}") from None
        except UnicodeEncodeError:
            raise AtlasError(f"{what}: HF_TOKEN is no token; correct or unset it") from None
        except LocalEntryNotFoundError as error:
            if constants.is_offline_mode():
                raise NetworkError(
                    f"{what}: HF_HUB_OFFLINE is set and the file is not in the Hub cache "
                    f"({constants.HF_HUB_CACHE}); run `make prefetch` where there is a network"
                ) from None
            raise _network_error(what, error.__cause__) from None
        except httpx2.HTTPError as error:
            raise _network_error(what, error) from None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            what_is_wrong = f"the answer makes no sense ({type(error).__name__})"
            raise NetworkError(f"{what}: {what_is_wrong}", transient=True) from None
        except OSError as error:
            if error.errno is not None:
                where = f"the Hub cache ({constants.HF_HUB_CACHE})"
                raise AtlasError(f"{what}: {error.strerror}, in {where}") from None
            raise NetworkError(f"{what}: the transfer was not complete", transient=True) from None

    try:
        return patiently(attempt) if patience else attempt()
    except NetworkError as error:
        raise _finding(what, error) from None


def _network_error(what: str, error: BaseException | None) -> NetworkError:
    response = getattr(error, "response", None)
    if response is None:
        return NetworkError(f"{what}: no answer ({type(error).__name__})", transient=True)
    message = f"{what}: {shown(str(response.request.url))} answers {response.status_code}"
    return NetworkError(message, response.status_code, response.headers)


def _finding(what: str, error: NetworkError) -> AtlasError:
    """A refusal as a finding about the model; an error to try again after stays one."""
    code = error.headers.get("X-Error-Code", "")
    said = re.sub(r"[^ -~]", "?", error.headers.get("X-Error-Message", ""))[:200]
    message = str(error) if str(error).startswith(what) else f"{what}: {error}"
    if isinstance(error, WrongRange):
        return WeightsUnavailable("unsupported", f"{message}; set `weights: cache`")
    if code == "GatedRepo":
        return WeightsUnavailable(
            "gated", f"{what}: is gated; accept its conditions on its page and set HF_TOKEN"
        )
    if "Invalid credentials" in said:
        return AtlasError(f"{what}: the Hub refuses the token; correct or unset HF_TOKEN")
    if code == "RevisionNotFound":
        return WeightsUnavailable("revision_not_found", f"{what}: the Hub has no such commit")
    if code == "RepoNotFound" or error.status == 401:
        return WeightsUnavailable(
            "not_found",
            f"{what}: no such repository; it was deleted, or it is private and needs HF_TOKEN",
        )
    if error.status in (403, 404, 410, 451):
        return WeightsUnavailable("unavailable", f"{what}: {said}" if said else message)
    if error.status == 0 and not constants.is_offline_mode():
        message += "; if it was prefetched, set HF_HUB_OFFLINE=1"
    return NetworkError(message, error.status, error.headers, error.transient)


def _cached_commit(repo: str, revision: str) -> str:
    ref = _folder(repo) / "refs" / revision
    commit = ref.read_text(encoding="utf-8", errors="replace").strip() if ref.is_file() else ""
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise NetworkError(
            f"{repo}@{revision}: HF_HUB_OFFLINE is set and the Hub cache "
            f"({constants.HF_HUB_CACHE}) does not tell the commit; give its full hash"
        )
    return commit


def _cached_blobs(repo: str, commit: str) -> list[HubBlob]:
    """What is in the Hub cache, where blobs are named by their hashes."""
    snapshot = _folder(repo) / "snapshots" / commit
    paths = sorted(path for path in snapshot.rglob("*") if path.is_file())
    if not paths:
        raise NetworkError(
            f"{repo}@{commit[:8]}: HF_HUB_OFFLINE is set and nothing of this commit is in the Hub "
            f"cache ({constants.HF_HUB_CACHE}); run `make prefetch` where there is a network"
        )
    return [_cached_blob(path, path.relative_to(snapshot).as_posix()) for path in paths]


def _cached_blob(path: Path, name: str) -> HubBlob:
    size, blob = path.stat().st_size, _blob_of(path).name
    if re.fullmatch(r"[0-9a-f]{64}", blob):
        return HubBlob(name, size, lfs=blob)
    return HubBlob(name, size, git=blob if re.fullmatch(r"[0-9a-f]{40}", blob) else "")


def _blob_of(path: Path) -> Path:
    """What a name in a snapshot links to: not what that may link to, whose name is another hash."""
    return path.parent / path.readlink() if path.is_symlink() else path


def _folder(repo: str) -> Path:
    return Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=repo, repo_type="model"))
