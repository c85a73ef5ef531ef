"""A stand-in for the Hugging Face Hub that speaks to huggingface_hub and fails on demand.

    repositories = {"org/tiny": {"main": {"config.json": b"{}", "model.safetensors": path}}}
    with FakeHub(repositories) as hub:
        hub.meta["org/tiny"] = {"gated": "manual"}  # or {"private": True}, {"disabled": True}
        hub.fault("/resolve/", status=429, headers={"Retry-After": "1"}, times=2)
        hub.fault("/cdn/", cut=1000)  # the connection ends after 1000 bytes

Like the Hub it has two origins: `hub.url` answers for metadata and small files, and redirects to
signed addresses of the other for large files.
"""

import hashlib
import json
import os
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

SIGNATURE = "signature=not-for-logs"
_LARGE = re.compile(r"\.(safetensors|bin|pt|gguf|h5)$")
_DATE = "2024-01-02T03:04:05.000Z"
_VERBS = ("revision", "tree", "paths-info", "refs", "commits")


class Blob:
    """Content of a file, in memory or on disk, with its two hashes."""

    def __init__(self, source: bytes | Path):
        self.source = source
        self.size = len(source) if isinstance(source, bytes) else source.stat().st_size
        sha256, sha1 = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % self.size)
        for block in self._blocks():
            sha256.update(block)
            sha1.update(block)
        self.sha256, self.oid = sha256.hexdigest(), sha1.hexdigest()

    def _blocks(self):
        if isinstance(self.source, bytes):
            yield self.source
            return
        with open(self.source, "rb") as file:
            while block := file.read(1 << 20):
                yield block


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose path matches and that ask for bytes."""

    match: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay: float = 0.0
    times: int = 1
    method: str | None = None


@dataclass(frozen=True)
class Request:
    """One request as it was answered."""

    method: str
    path: str
    range: str | None
    status: int
    token: str


class FakeHub:
    """Repositories served on loopback while the context is open.

    `repositories` is {id: {revision: {path: content}}}, `aliases` {old id: new id}. Every answer
    is in `log`. `ranges` False ignores ranges; `pace` limits the bytes per second of all answers.
    """

    def __init__(self, repositories, port=0, page=1000, tokens=("hf_good",), aliases=None):
        self.repos = {
            repo: {
                revision: {path: Blob(content) for path, content in files.items()}
                for revision, files in revisions.items()
            }
            for repo, revisions in repositories.items()
        }
        self.sha = {
            repo: {revision: _commit(repo, revision, files) for revision, files in found.items()}
            for repo, found in self.repos.items()
        }
        revisions = [files for found in self.repos.values() for files in found.values()]
        self.blobs = {blob.sha256: blob for files in revisions for blob in files.values()}
        self.meta: dict[str, dict] = {}
        self.aliases = dict(aliases or {})
        self.tokens = set(tokens)
        self.page = page
        self.ranges = True
        self.pace: float | None = None
        self.xet = False  # whether answers offer the content by way of Xet too, which is not here
        self.log: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self._sent_until = 0.0
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        port = self._server.server_address[1]
        self.url, self.cdn = f"http://127.0.0.1:{port}", f"http://localhost:{port}"

    def fault(self, match: str, **kind) -> None:
        """Let requests whose path matches fail; see Fault."""
        self.faults.append(Fault(match, **kind))

    def commit(self, repo: str, revision: str = "main") -> str:
        return self.sha[repo][revision]

    def take_fault(self, method: str, path: str) -> Fault:
        with self.lock:
            for fault in self.faults:
                fits = re.search(fault.match, path) and fault.method in (None, method)
                if fault.times and fits:
                    fault.times -= 1
                    return fault
        return Fault("")

    def wait_for(self, nbytes: int) -> None:
        """Hold an answer back so that all together keep to the pace."""
        if self.pace:
            with self.lock:
                begin = max(self._sent_until, time.monotonic() - 0.02)
                self._sent_until = begin + nbytes / self.pace
                wait = self._sent_until - time.monotonic()
            if wait > 0:
                time.sleep(wait)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def _commit(repo: str, revision: str, files: dict[str, Blob]) -> str:
    content = [(path, files[path].oid) for path in sorted(files)]
    return hashlib.sha1(repr((repo, revision, content)).encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        self.do_GET()

    def do_GET(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.form, self.query = parse_qs(body.decode()), parse_qs(url.query)
        self.token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.failing = self.hub.take_fault(self.command, self.path)
        time.sleep(self.failing.delay)
        if self.failing.status:
            self.refuse(self.failing.status, message="injected", **self.failing.headers)
        elif url.path.startswith("/cdn/"):
            self.content_network(url)
        else:  # a %2F stays in its segment
            self.route([unquote(segment) for segment in url.path.strip("/").split("/")], url)

    def content_network(self, url) -> None:
        if self.token:
            return self.refuse(400, message="a token was sent to the content network")
        if url.query != SIGNATURE:
            return self.refuse(403, message="the address is not signed")
        sha256 = url.path.removeprefix("/cdn/")
        return self.blob(self.hub.blobs[sha256], {"ETag": f'"{sha256}"'})

    def route(self, segments: list[str], url) -> None:
        hub = self.hub
        is_api = segments[:2] == ["api", "models"]
        segments = segments[2:] if is_api else segments
        verbs = _VERBS if is_api else ("resolve",)
        at = next((i for i, s in enumerate(segments) if i and s in verbs), len(segments))
        repo, verb, rest = (
            "/".join(segments[:at]),
            "".join(segments[at : at + 1]),
            segments[at + 1 :],
        )
        if repo in hub.aliases:  # renamed: a relative redirect on the same host
            return self.send(307, b"", {"Location": self.path.replace(repo, hub.aliases[repo], 1)})
        meta, admitted = hub.meta.get(repo, {}), self.token in hub.tokens
        if repo not in hub.repos or (meta.get("private") and not admitted):
            return self.refuse(404 if self.token else 401, "RepoNotFound", "Repository not found")
        if meta.get("disabled"):
            return self.refuse(403, message="Access to this resource is disabled.")
        wanted = rest[0] if rest else next(iter(hub.sha[repo]))
        revision = next((r for r, sha in hub.sha[repo].items() if wanted in (r, sha)), None)
        if revision is None:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {wanted}")
        if is_api:
            return self.api(repo, revision, verb, "/".join(rest[1:]), url)
        if meta.get("gated") and not admitted:
            message = f"Access to model {repo} is restricted."
            return self.refuse(403 if self.token else 401, "GatedRepo", message)
        return self.resolve(repo, revision, "/".join(rest[1:]))

    def resolve(self, repo: str, revision: str, path: str) -> None:
        head = {"X-Repo-Commit": self.hub.sha[repo][revision]}
        blob = self.hub.repos[repo][revision].get(path)
        if blob is None:
            return self.refuse(404, "EntryNotFound", "Entry not found", **head)
        if not _LARGE.search(path):
            return self.blob(blob, {**head, "ETag": f'"{blob.oid}"'})
        linked = {"X-Linked-Size": blob.size, "X-Linked-ETag": f'"{blob.sha256}"'}
        if self.hub.xet:
            linked |= {"X-Xet-Hash": "0" * 64, "X-Xet-Refresh-Route": f"{self.hub.url}/xet-token"}
        location = f"{self.hub.cdn}/cdn/{blob.sha256}?{SIGNATURE}"
        return self.send(302, b"", {**head, **linked, "Location": location})

    def api(self, repo: str, revision: str, verb: str, path: str, url) -> None:
        hub, files = self.hub, self.hub.repos[repo][revision]
        if verb in ("", "revision"):
            return self.send(200, self.info(repo, revision))
        if verb == "refs":
            branches = [
                {"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha}
                for name, sha in hub.sha[repo].items()
            ]
            return self.send(200, {"branches": branches, "tags": [], "converts": []})
        if verb == "commits":
            first = {"id": hub.sha[repo][revision], "title": "add", "message": "", "date": _DATE}
            return self.send(200, [{**first, "authors": []}])
        if verb == "paths-info":
            wanted = self.form.get("paths", [])
            return self.send(200, [row for row in _tree(files) if row["path"] in wanted])
        return self.tree(files, path, url)

    def tree(self, files: dict[str, Blob], path: str, url) -> None:
        deep = self.query.get("recursive", [""])[0].lower() == "true"
        prefix, first = path + "/" if path else "", int(self.query.get("cursor", ["0"])[0])
        rows = [row for row in _tree(files) if row["path"].startswith(prefix)]
        rows = [row for row in rows if deep or "/" not in row["path"][len(prefix) :]]
        if path and not rows:
            return self.refuse(404, "EntryNotFound", f"{path} does not exist")
        last = first + self.hub.page
        following = f"{self.hub.url}{url.path}?recursive={deep}&cursor={last}"
        link = {"Link": f'<{following}>; rel="next"'} if last < len(rows) else {}
        return self.send(200, rows[first:last], link)

    def info(self, repo: str, revision: str) -> dict:
        siblings = []
        for path, blob in self.hub.repos[repo][revision].items():
            sibling = {"rfilename": path}
            if "blobs" in self.query:
                sibling |= {"size": blob.size, "blobId": blob.oid, **_lfs(path, blob, "sha256")}
            siblings.append(sibling)
        known = {
            **dict.fromkeys(("private", "gated", "disabled"), False),
            **{"_id": "0", "id": repo, "modelId": repo, "sha": self.hub.sha[repo][revision]},
            **{"lastModified": _DATE, "createdAt": _DATE, "downloads": 0, "likes": 0, "tags": []},
            "siblings": siblings,
            **self.hub.meta.get(repo, {}),
        }
        if "expand" in self.query:
            wanted = {"_id", "id", "modelId", *self.query["expand"]}
            return {key: value for key, value in known.items() if key in wanted}
        return known

    def refuse(self, status: int, code: str = "", message: str = "", **headers) -> None:
        code_header = {"X-Error-Code": code} if code else {}
        headers = {**code_header, "X-Error-Message": message, **headers}
        self.send(status, {"error": message}, headers)

    def send(self, status: int, body, headers=()) -> None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **dict(headers)}
        self.start(status, {"Content-Length": len(body), **dict(headers)})
        if self.command != "HEAD":
            self.wfile.write(body)

    def blob(self, blob: Blob, headers: dict) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not asked or not self.hub.ranges:
            return self.part(200, blob, 0, blob.size, {"Accept-Ranges": "bytes", **headers})
        first, last = int(asked[1]), min(int(asked[2] or blob.size - 1), blob.size - 1)
        if first >= blob.size:
            return self.send(416, b"", {"Content-Range": f"bytes */{blob.size}"})
        place = f"bytes {first}-{last}/{blob.size}"
        return self.part(206, blob, first, last + 1 - first, {**headers, "Content-Range": place})

    def part(self, status: int, blob: Blob, first: int, size: int, headers: dict) -> None:
        self.start(status, {"Content-Length": size, **headers, **self.failing.headers})
        cut = self.failing.cut
        self.close_connection = self.close_connection or cut is not None
        if self.command == "HEAD":
            return
        left = size if cut is None else min(cut, size)
        if isinstance(blob.source, bytes):
            self.wfile.write(memoryview(blob.source)[first : first + left])
            return
        with open(blob.source, "rb") as file:
            while left > 0:
                step = min(left, 1 << 20 if self.hub.pace else 1 << 24)
                self.hub.wait_for(step)
                sent = os.sendfile(self.connection.fileno(), file.fileno(), first, step)
                first, left = first + sent, left - sent

    def start(self, status: int, headers: dict) -> None:
        asked = self.headers.get("Range")
        self.hub.log.append(Request(self.command, self.path, asked, status, self.token))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()


def _tree(files: dict[str, Blob]) -> list[dict]:
    parts = [path.split("/") for path in files]
    folders = {"/".join(part[:i]) for part in parts for i in range(1, len(part))}
    rows = [{"type": "directory", "path": f, "oid": "0" * 40, "size": 0} for f in sorted(folders)]
    for path, blob in sorted(files.items()):
        commit = {"id": blob.oid, "title": "add", "date": _DATE}
        row = {"type": "file", "path": path, "size": blob.size, "oid": blob.oid}
        rows.append({**row, "lastCommit": commit, **_lfs(path, blob, "oid")})
    return rows


def _lfs(path: str, blob: Blob, name: str) -> dict:
    if not _LARGE.search(path):
        return {}
    return {"lfs": {name: blob.sha256, "size": blob.size, "pointerSize": 134}}
