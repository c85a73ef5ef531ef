"""Raw files over a real loopback server."""

import gzip
import hashlib
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from complexity_atlas import network
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.catalogue import Locked, LockedFile, Source, load_lock, write_lock
from complexity_atlas.scores.fetch import Fetching, differences, fetch_locked, lock_of, refresh
from complexity_atlas.scores.locations import Hosts
from complexity_atlas.scores.refreshing import REVIEWED, refresh_lock
from complexity_atlas.scores.store import MANIFEST, RawStore

COMMIT = "c" * 40
TABLE = b"model,acc\nnet,0.5\n"


@dataclass
class Web:
    """Answers by path: (status, headers, body), or a list of them, one per request."""

    url: str = ""
    answers: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def answer(self, path):
        self.asked.append(path)
        found = self.answers.get(path, (404, {}, b"gone"))
        return found.pop(0) if isinstance(found, list) else found


@pytest.fixture
def web():
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = state.answer(self.path)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    slept = []
    monkeypatch.setattr(network, "sleep", slept.append)
    return slept


@pytest.fixture
def how(web, tmp_path):
    moment = datetime(2025, 6, 1, tzinfo=UTC)
    hosts = Hosts(web.url + "/api", web.url + "/raw", web.url)
    return Fetching(RawStore(tmp_path / "raw"), hosts=hosts, now=lambda: moment)


def plain(web, file="scores.csv", **changes):
    fields = {"id": "board", "name": "Board", "kind": "k", "licence": "MIT", "files": (file,)}
    return Source(**{**fields, "url": web.url + "/{file}", **changes})


def locked(content, file="scores.csv", **changes):
    record = LockedFile(hashlib.sha256(content).hexdigest(), len(content))
    return {"board": Locked({file: record}, **changes)}


def test_locked_bytes_are_kept_by_hash_read_only_with_a_manifest(web, how):
    web.answers["/scores.csv"] = (200, {"ETag": '"7"', "Set-Cookie": "secret"}, TABLE)
    row = fetch_locked([plain(web)], locked(TABLE), how).iloc[0]
    path = how.store.path(row.sha256, "scores.csv")
    assert path.name == hashlib.sha256(TABLE).hexdigest() + ".csv"
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (TABLE, 0o444)
    line = json.loads((how.store.folder / MANIFEST).read_text())
    assert line["url"] == line["final_url"] == web.url + "/scores.csv"
    assert (line["headers"]["etag"], line["licence"]) == ('"7"', "MIT")
    assert "secret" not in json.dumps(line)
    again = fetch_locked([plain(web)], locked(TABLE), how).iloc[0]
    assert row.equals(again)
    assert web.asked == ["/scores.csv"]


def test_other_bytes_than_the_lock_names_are_refused(web, how):
    web.answers["/scores.csv"] = (200, {}, TABLE + b"net2,0.6\n")
    with pytest.raises(AtlasError, match=r"source board: .* has SHA-256 .*, and the lock names"):
        fetch_locked([plain(web)], locked(TABLE), how)
    assert not list(how.store.folder.glob("*"))


def test_a_source_without_a_lock_says_how_to_lock_it(web, how):
    with pytest.raises(AtlasError, match="scores refresh board"):
        fetch_locked([plain(web)], {}, how)
    assert web.asked == []


def test_a_local_folder_stands_in_for_the_network_under_any_name(web, how, tmp_path):
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "anything.txt").write_bytes(TABLE)
    offline = Fetching(how.store, (tmp_path / "mine",), how.hosts)
    assert fetch_locked([plain(web)], locked(TABLE), offline).iloc[0].state == "locked"
    assert web.asked == []


def test_a_folder_can_be_a_source_of_its_own(web, how, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.csv").write_bytes(TABLE)
    row = fetch_locked([plain(web, "*.csv", url="", path=str(tmp_path / "mine"))], {}, how).iloc[0]
    assert (row.file, row.state) == ("a.csv", "local")
    assert how.store.read(row.sha256, "a.csv") == TABLE


def test_an_earlier_run_stands_in_for_a_folder_that_is_gone(web, how, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.csv").write_bytes(TABLE)
    here = plain(web, "*.csv", url="", path=str(tmp_path / "mine"))
    before = fetch_locked([here], {}, how)
    (tmp_path / "mine" / "a.csv").unlink()
    with pytest.raises(AtlasError, match="source board: no file of"):
        fetch_locked([here], {}, how)
    assert fetch_locked([here], lock_of(before), how).equals(before)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>rate limited</html>", "an HTML page instead of the file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a pointer of Git LFS"),
        (b"\x80\x04\x95\x10\x00", "a pickle, which can run code"),
        (b"", "empty"),
    ],
)
def test_imposters_with_status_200_are_refused(web, how, content, message):
    web.answers["/scores.csv"] = (200, {}, content)
    with pytest.raises(AtlasError, match=f"source board: scores.csv of http.*: {message}"):
        fetch_locked([plain(web)], locked(TABLE), how)
    assert not list(how.store.folder.glob("*.csv"))


def test_a_busy_server_is_waited_for_as_it_asks(web, how, waits):
    busy = (429, {"RateLimit": '"api";r=0;t=37'}, b""), (503, {"Retry-After": "5"}, b"")
    web.answers["/scores.csv"] = [*busy, (200, {}, TABLE)]
    assert fetch_locked([plain(web)], locked(TABLE), how).iloc[0].state == "locked"
    assert waits[:2] == [37, 5]


def test_a_truncated_answer_is_asked_for_again(web, how):
    packed = gzip.compress(TABLE * 100)
    gzipped = {"Content-Encoding": "gzip"}
    web.answers["/scores.csv"] = [
        (200, {"Content-Length": "999"}, TABLE),
        (200, gzipped, packed[:-9]),
        (200, gzipped, packed),
    ]
    row = fetch_locked([plain(web)], locked(TABLE * 100), how).iloc[0]
    assert how.store.read(row.sha256, "scores.csv") == TABLE * 100
    assert len(web.asked) == 3


def test_an_answer_above_the_limit_is_not_read(web):
    web.answers["/big"] = (200, {"Content-Length": str(2**30)}, b"x")
    with pytest.raises(AtlasError, match="1,073,741,824 bytes; at most 1,000 are read"):
        network.download(web.url + "/big", 1000)
    web.answers["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(10**6)))
    with pytest.raises(AtlasError, match="unpacks to more than 10,000 bytes"):
        network.download(web.url + "/bomb", 10_000)


def test_a_redirect_to_a_renamed_repository_is_followed_and_both_names_are_kept(web, how):
    web.answers["/raw/old/name/" + COMMIT + "/scores.csv"] = (302, {"Location": "/new"}, b"")
    web.answers["/new"] = (200, {}, TABLE)
    board = plain(web, url="", github="old/name")
    fetch_locked([board], locked(TABLE, revision=COMMIT), how)
    line = json.loads((how.store.folder / MANIFEST).read_text())
    assert line["url"].endswith("/raw/old/name/" + COMMIT + "/scores.csv")
    assert line["final_url"].endswith("/new")


def test_refresh_resolves_a_branch_and_patterns_and_says_what_changed(web, how, tmp_path):
    board = plain(web, "results/*.csv", url="", github="org/board")
    tree = {"tree": [{"path": p, "type": "blob"} for p in ("README.md", "results/a.csv")]}
    web.answers["/api/repos/org/board/commits/main"] = (200, {}, b'{"sha": "%s"}' % (b"c" * 40))
    listing = f"/api/repos/org/board/git/trees/{COMMIT}?recursive=1"
    web.answers[listing] = (200, {}, json.dumps(tree).encode())
    web.answers[f"/raw/org/board/{COMMIT}/results/a.csv"] = (200, {}, TABLE)
    fresh = refresh([board], {}, how)
    assert (fresh["board"].revision, list(fresh["board"].files)) == (COMMIT, ["results/a.csv"])
    assert fresh["board"].retrieved_at == "2025-06-01T00:00:00Z"
    write_lock(tmp_path / "lock.yaml", fresh)
    assert load_lock(tmp_path / "lock.yaml") == fresh
    assert list(differences({}, fresh)) == ["board: 1 files added: results/a.csv"]
    assert list(differences(fresh, {})) == ["board: 1 files removed: results/a.csv"]
    other = locked(b"other", "results/a.csv")
    assert list(differences(fresh, other)) == ["board: 1 files changed: results/a.csv"]
    assert fetch_locked([board], fresh, how).iloc[0].state == "locked"


def test_a_dataset_of_the_hub_is_listed_and_resolved_by_its_commit(web, how):
    board = plain(web, "*.json", url="", dataset="org/results")
    info = {"sha": COMMIT, "siblings": [{"rfilename": "m/a.json"}, {"rfilename": "x.md"}]}
    for revision in ("main", COMMIT):
        web.answers[f"/api/datasets/org/results/revision/{revision}"] = (
            *(200, {}, json.dumps(info).encode()),
        )
    web.answers[f"/datasets/org/results/resolve/{COMMIT}/m/a.json"] = (200, {}, b"{}")
    assert list(refresh([board], {}, how)["board"].files) == ["m/a.json"]


def test_a_source_that_is_gone_keeps_its_last_good_files_and_is_stale(web, how, caplog):
    board = plain(web)
    web.answers["/scores.csv"] = (200, {}, TABLE)
    good = refresh([board], {}, how)
    web.answers["/scores.csv"] = (404, {}, b"deleted")
    later = refresh([board], good, how)
    assert later["board"].files == good["board"].files
    assert "answers 404" in later["board"].stale
    row = fetch_locked([board], later, how).iloc[0]
    assert (row.state, how.store.read(row.sha256, "scores.csv")) == ("stale", TABLE)
    assert "404" in row.reason
    assert any("stale" in line for line in differences(good, later))
    assert refresh([board], {}, how) == {}
    assert "source board is stale" in caplog.text


def test_a_refresh_says_what_became_of_the_scores(web, how, tmp_path, project):
    for name in REVIEWED:
        (tmp_path / f"{name}.csv").write_bytes(
            (project / "config" / "scores" / f"{name}.csv").read_bytes()
        )
    entry = {"name": "Board", "kind": "harness", "licence": "MIT", "files": ["a.json"]}
    entry |= {"url": web.url + "/{file}", "model_ids": "names"}
    (tmp_path / "sources.yaml").write_text(json.dumps({"board": entry}))

    def serve(**scores):
        config = {"model_args": "pretrained=org/net", "num_fewshot": 0}
        results = {task: {"acc": value} for task, value in scores.items()}
        web.answers["/a.json"] = (
            *(200, {}, json.dumps({"results": results, "config": config}).encode()),
        )
        return refresh_lock(["board"], tmp_path, how)

    assert serve(piqa=0.5, sciq=0.6) == (
        [
            "board: 1 files added: a.json",
            "board: 2 scores added, 0 removed, 0 changed",
            "board: 1 names newly unresolved: org/net",
        ],
        [],
    )
    assert serve(piqa=0.5, sciq=0.6) == ([], [])
    assert serve(piqa=0.51, wsc=0.7)[0] == [
        "board: 1 files changed: a.json",
        "board: 1 scores added, 1 removed, 1 changed",
    ]
    web.answers.clear()
    lines, failed = refresh_lock([], tmp_path, how)
    assert failed == ["board"]
    assert lines[0].startswith("board: stale: source board: a.json")


def test_a_raw_file_that_was_changed_or_lost_is_named(how):
    sha256 = how.store.add(TABLE, "a.csv")
    path = how.store.path(sha256, "a.csv")
    path.chmod(0o644)
    path.write_bytes(b"forged")
    with pytest.raises(AtlasError, match=r"the raw file of a\.csv was changed"):
        how.store.read(sha256, "a.csv")
    path.unlink()
    with pytest.raises(AtlasError, match=r"the raw file of a\.csv is missing"):
        how.store.read(sha256, "a.csv")


def test_a_name_from_outside_never_becomes_a_path(how):
    for name in ("../../etc/passwd", "a/b/../../c.json", "x.tar.gz;rm -rf", "a.c\x00sv"):
        assert how.store.path("0" * 64, name).parent == how.store.folder
