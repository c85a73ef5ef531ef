"""The one HTTP client: time-outs, the patience that servers ask for, errors that name the URL.

Nothing here knows a service. Credentials are the caller's business; they are in no message and no
log, and neither is a URL's query, which holds the signature of a signed address.
"""

import email.utils
import logging
import re
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import sleep, time
from typing import TypeVar

import requests
import tenacity
import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from complexity_atlas import __version__
from complexity_atlas.errors import AtlasError

log = logging.getLogger(__name__)

TIMEOUT = (10, 60)
"""Seconds to connect, and between two pieces of an answer."""

ATTEMPTS = 7
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before the second attempt, doubled before each further one up to the longest."""

PATIENCE = 330.0
"""The longest wait, in seconds, that a server may ask for; rate limits count over 300."""

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})

_BLOCK = 1 << 18  # bytes per read: what the socket gives at once, so that the copy stays in cache
_local = threading.local()
_Result = TypeVar("_Result")


class NetworkError(AtlasError):
    """A request that had no usable answer.

    `status` is that of HTTP, 0 where there was no answer; `headers` are the answer's. A transient
    one may succeed later: `retry_after` is the wait in seconds that the server asks for, if any.
    `received` is the number of bytes that came before an answer broke off.
    """

    received = 0

    def __init__(
        self,
        message: str,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        transient: bool | None = None,
    ):
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.transient = status in TRANSIENT if transient is None else transient
        self.retry_after = asked_wait(self.headers) if status in TRANSIENT else None


def get(
    url: str, headers: Mapping[str, str] | None = None, follow: bool = True
) -> requests.Response:
    """One attempt to GET `url`: a response with a status below 400 and an unread body.

    The body is as it was stored, without a content encoding. Use it as a context manager. With
    `follow` false a redirect is returned as it is. Raises NetworkError.
    """
    given = {"User-Agent": f"complexity-atlas/{__version__}", "Accept-Encoding": "identity"}
    try:
        response = _session().get(
            url,
            headers={**given, **(headers or {})},
            stream=True,
            timeout=TIMEOUT,
            allow_redirects=follow,
            auth=_as_given,
        )
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _unanswered(url, error) from None
    if response.status_code >= 400:
        with response:
            raise refusal(url, response.status_code, response.headers)
    return response


def read_into(response: requests.Response, buffer: memoryview) -> int:
    """Fill `buffer` from the body as far as it goes; returns the number of bytes.

    Raises NetworkError where the connection breaks; its `received` bytes are in the buffer.
    """
    filled = 0
    try:
        while filled < len(buffer):
            count = response.raw.readinto(buffer[filled : filled + _BLOCK])
            if not count:
                break
            filled += count
    except (OSError, urllib3.exceptions.HTTPError) as error:
        broken = _unanswered(response.url, error)
        broken.received = filled
        raise broken from None
    return filled


def patiently(attempt: Callable[[], _Result]) -> _Result:
    """The result of `attempt`, made again while it raises a transient NetworkError.

    Waits as long as the server asks for, else twice as long every time.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_worth_waiting),
        wait=_wait,
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        before_sleep=_tell,
        sleep=lambda seconds: sleep(seconds),
        reraise=True,
    )
    return retrying(attempt)


@dataclass(frozen=True)
class Download:
    """A whole file in memory; `url` is where it came from after redirects."""

    content: bytes
    url: str
    headers: Mapping[str, str]


def download(url: str, limit: int) -> Download:
    """GET a whole file of at most `limit` bytes, unpacked from gzip where the server packs it.

    Waits and tries again as `patiently` does, also after an answer that broke off. Raises
    NetworkError, and AtlasError for a larger file, of which no more than `limit` bytes are read.
    """
    return patiently(lambda: _whole(url, limit))


def shown(url: str) -> str:
    """A URL as messages name it: without user, query and fragment."""
    parts = _parts(url)
    if not parts.scheme:
        return "an address that is none"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.host or ''}{port}{parts.path or ''}"


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what a credential belongs to. Empty for what is no URL.

    As the client itself understands it: of "http://a\\@b" others would say b, and it asks a.
    """
    parts = _parts(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme or "", parts.host or "", port


def refusal(url: str, status: int, headers: Mapping[str, str]) -> NetworkError:
    """The error for an answer with a status of 400 or more."""
    return NetworkError(f"{shown(url)}: the server answers {status}", status, headers)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` (a number or a date) or `RateLimit: …;t=` asks to wait."""
    after = headers.get("Retry-After", "").strip()
    if after.isdecimal():
        return float(after)
    if date := email.utils.parsedate_tz(after) if after else None:
        return max(0.0, email.utils.mktime_tz(date) - time())
    limit = headers.get("RateLimit", "")
    reset = re.search(r";\s*t=(\d+)", limit)
    return float(reset[1]) if reset and re.search(r";\s*r=0\b", limit) else None


def _parts(url: str) -> Url:
    try:
        return parse_url(url)
    except LocationParseError:
        return Url()


def _whole(url: str, limit: int) -> Download:
    with get(url) as response:
        announced = response.headers.get("Content-Length", "")
        size = int(announced) if announced.isdecimal() else None
        if size is not None and size > limit:
            raise AtlasError(f"{shown(url)}: {size:,} bytes; at most {limit:,} are read")
        buffer = bytearray(limit + 1 if size is None else size)
        received = read_into(response, memoryview(buffer))
        if size is None and received > limit:
            raise AtlasError(f"{shown(url)}: more than {limit:,} bytes; it is not read further")
        if size is not None and received < size:
            raise NetworkError(
                f"{shown(url)}: the answer broke off after {received:,} of {size:,} bytes",
                transient=True,
            )
        content = bytes(buffer[:received])
        if response.headers.get("Content-Encoding", "identity") == "gzip":
            content = _gunzipped(url, content, limit)
        return Download(content, response.url, dict(response.headers))


def _gunzipped(url: str, packed: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(packed, limit + 1)
    except zlib.error as error:
        raise NetworkError(f"{shown(url)}: damaged gzip ({error})", transient=True) from None
    if len(content) > limit:
        raise AtlasError(f"{shown(url)}: unpacks to more than {limit:,} bytes")
    if not unpacker.eof:
        raise NetworkError(f"{shown(url)}: the gzip stream broke off", transient=True)
    return content


def _session() -> requests.Session:
    """A session per thread: connections are kept open, and shared by nobody."""
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
    return _local.session


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the headers alone, where requests would take credentials from a .netrc file."""
    return request


def _unanswered(url: str, error: Exception) -> NetworkError:
    # The text of the library's errors holds the whole URL; the system's error behind them does not.
    cause: BaseException | None = error
    while cause and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    what = cause.strerror if cause else type(error).__name__
    message = f"{shown(url)}: no complete answer ({what})"
    return NetworkError(message, transient=not isinstance(error, ValueError))


def _is_worth_waiting(error: BaseException) -> bool:
    return (
        isinstance(error, NetworkError) and error.transient and (error.retry_after or 0) <= PATIENCE
    )


def _wait(state: tenacity.RetryCallState) -> float:
    asked = state.outcome.exception().retry_after
    if asked is not None:
        return asked
    growing = tenacity.wait_exponential(FIRST_WAIT, LONGEST_WAIT)
    return (growing + tenacity.wait_random(0, FIRST_WAIT))(state)


def _tell(state: tenacity.RetryCallState) -> None:
    error, wait = state.outcome.exception(), state.next_action.sleep
    log.info("%s; attempt %d, again in %.1f s", error, state.attempt_number, wait)
