"""Weights from the Hub: the right counts or a typed status, whatever happens on the way."""

import errno
import io
import json
import logging
import re
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from huggingface_hub import constants, hf_hub_download
from safetensors.numpy import save

from complexity_atlas import network
from complexity_atlas.counts import counting
from complexity_atlas.errors import AtlasError, WeightsUnavailable
from complexity_atlas.measure import measure_model
from complexity_atlas.records import ModelRecord
from complexity_atlas.weights import hub as hub_api
from complexity_atlas.weights import open_weights, streams
from complexity_atlas.weights.sources import HubAccess, ModelSpec, fetch, prefetch
from fake_hub import SIGNATURE, FakeHub

CACHED = HubAccess("cache", keep=True)
ONCE = HubAccess("cache", keep=False)
DTYPES = ("float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")


def network_of(dtype: str, seed: int, layers: range = range(3)) -> bytes:
    """A safetensors file in which counted and uncounted tensors alternate."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for layer in layers:
        values = rng.standard_normal((96, 80)).astype(np.float32).astype(dtype)
        tensors[f"model.layers.{layer}.mlp.up_proj.weight"] = values
        tensors[f"model.layers.{layer}.input_layernorm.weight"] = values[0]
        tensors[f"model.layers.{layer}.positions"] = np.arange(50)
    return save(tensors)


def sharded(seed: int, layers: int = 2) -> dict[str, bytes]:
    names = [f"model-{number:05d}-of-00003.safetensors" for number in (1, 2, 3)]
    blocks = [range(layers * i, layers * i + layers) for i in range(3)]
    shards = [network_of("bfloat16", seed + i, block) for i, block in enumerate(blocks)]
    homes = {}
    for name, block in zip(names, blocks, strict=True):
        for layer in block:
            for end in ("mlp.up_proj.weight", "input_layernorm.weight", "positions"):
                homes[f"model.layers.{layer}.{end}"] = name
    index = json.dumps({"weight_map": homes}).encode()
    return {"model.safetensors.index.json": index, **dict(zip(names, shards, strict=True))}


def quantised() -> bytes:
    """Codes of bitsandbytes, whose shape is in a tensor of bytes, and of GPTQ."""
    rng = np.random.default_rng(0)
    layer = "model.layers.0.mlp.up_proj"
    state = json.dumps({"shape": [48, 64]}).encode()
    return save(
        {
            f"{layer}.weight": rng.integers(0, 256, (48 * 32, 1), dtype=np.uint8),
            f"{layer}.weight.absmax": np.ones((48, 1), np.float32),
            f"{layer}.weight.quant_state.bitsandbytes__nf4": np.frombuffer(state, np.uint8),
            "model.layers.1.mlp.up_proj.qweight": rng.integers(-9, 9, (64, 32), dtype=np.int32),
            "model.layers.1.mlp.up_proj.qzeros": np.zeros((4, 4), np.int32),
            "model.layers.1.mlp.up_proj.scales": np.ones((4, 32), np.float16),
        }
    )


def gguf() -> bytes:
    """Plain and packed types, with a header of several requests."""
    rng = np.random.default_rng(6)
    values = rng.standard_normal((32, 256)).astype(np.float32)
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.gguf")
        writer = GGUFWriter(path, "llama")
        writer.add_token_list([b"token"] * 500)
        writer.add_tensor("token_embd.weight", values.astype(np.float16))
        writer.add_tensor("blk.0.attn_norm.weight", values[0])
        for name, kind in {"attn_q": "Q8_0", "attn_k": "Q4_0", "attn_output": "BF16"}.items():
            kind = GGMLQuantizationType[kind]
            name = f"blk.0.{name}.weight"
            writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
        blocks = rng.integers(0, 256, (32, 144), dtype=np.uint8)
        kind = GGMLQuantizationType.Q4_K
        writer.add_tensor("blk.0.ffn_up.weight", blocks, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


def checkpoint(state: dict[str, torch.Tensor], **options) -> bytes:
    content = io.BytesIO()
    torch.save(state, content, **options)
    return content.getvalue()


def torch_layer(number: int) -> dict[str, torch.Tensor]:
    """Tensors that are tied, share a storage, are empty, and are named in another order."""
    both = torch.randn(2, 96, 80, generator=torch.Generator().manual_seed(number))
    layer = f"layers.{number}"
    return {
        f"{layer}.mlp.up_proj.weight": both[1],
        f"{layer}.mlp.gate_proj.weight": both[0],
        f"{layer}.attn.k_proj.weight": both[0].bfloat16(),
        f"{layer}.attn.q_proj.weight": both[1].half(),
        f"{layer}.tied.weight": both[0],
        f"{layer}.empty": torch.empty(0, 3),
    }


def torch_shards() -> dict[str, bytes]:
    homes, files = {}, {}
    for number in (1, 2):
        name = f"pytorch_model-{number:05d}-of-00002.bin"
        state = torch_layer(number)
        homes |= dict.fromkeys(state, name)
        files[name] = checkpoint(state)
    return {"pytorch_model.bin.index.json": json.dumps({"weight_map": homes}).encode(), **files}


def old_torch() -> dict[str, bytes]:
    """What has to be loaded: a bare pickle, and a transposed tensor."""
    state = torch_layer(0)
    turned = {"layers.3.mlp.weight": torch.randn(80, 96).T}
    return {
        "pytorch_model-00001-of-00002.bin": checkpoint(state, _use_new_zipfile_serialization=False),
        "pytorch_model-00002-of-00002.bin": checkpoint(turned),
    }


REPOSITORIES = {
    "org/gguf": {"main": {"model.gguf": gguf()}},
    "org/quantised": {"main": {"model.safetensors": quantised()}},
    **{f"org/{d}": {"main": {"model.safetensors": network_of(d, 1)}} for d in DTYPES},
    "org/deep": {"main": sharded(4, layers=6)},
    "org/sharded": {"main": {**sharded(3), "README.md": b"# sharded"}},
    "new/name": {"main": {"model.safetensors": network_of("float16", 7)}},
    "org/both": {
        "main": {
            "model.safetensors": network_of("float16", 8),
            "pytorch_model.bin": b"not taken",
            "onnx/model.safetensors": b"not taken either",
            "fp16/model.safetensors": network_of("float16", 9),
        }
    },
    "org/torch": {"main": torch_shards()},
    "org/old-torch": {"main": old_torch()},
    "org/twice": {
        "main": {"model.safetensors": network_of("float16", 5)},
        "v1": {"model.safetensors": network_of("float16", 5), "README.md": b"# another commit"},
    },
    "org/nothing": {"main": {"README.md": b"# no weights", "model.h5": b"?"}},
}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with FakeHub(REPOSITORIES, aliases={"old/name": "new/name"}) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        # Small enough that a tiny model takes many requests.
        monkeypatch.setattr("complexity_atlas.weights.snapshots.HEAD", 512)
        defaults = (streams.CONNECTIONS, 4096, 5)
        monkeypatch.setattr(streams.Stream.__init__, "__defaults__", defaults)
        at_once = SimpleNamespace(sleep=lambda seconds: None)
        monkeypatch.setattr(network, "sleep", at_once.sleep)
        monkeypatch.setattr("huggingface_hub.utils._http.time", at_once)
        monkeypatch.setattr("huggingface_hub.file_download.time", at_once)
        yield hub


@pytest.fixture
def measured(hub, tmp_path):
    """Measure a model on the Hub."""

    def measure(
        repo: str,
        access=HubAccess(),  # noqa: B008
        threads: int = 2,
        is_last_attempt: bool = False,
        **row,
    ) -> ModelRecord:
        home = hub.aliases.get(repo, repo)
        commit = hub.commit(home) if home in hub.sha else "0" * 40
        spec = ModelSpec("net", "hub", repo, **{"revision": commit, **row})
        return measure_model(
            spec,
            tmp_path / "out",
            tmp_path,
            threads=threads,
            access=access,
            is_last_attempt=is_last_attempt,
        )

    return measure


@pytest.fixture
def local(hub, tmp_path):
    """The tables of a repository that lies on the disk."""

    def measure(repo: str) -> tuple[bytes, bytes]:
        folder = tmp_path / "local"
        folder.mkdir()
        for name, blob in hub.repos[repo]["main"].items():
            if "/" not in name:
                (folder / name).write_bytes(blob.source)
        ending = {"org/gguf": "gguf", "org/torch": "bin", "org/old-torch": "bin"}.get(repo)
        spec = ModelSpec("net", "file", str(folder / f"*model*.{ending or 'safetensors'}"))
        measure_model(spec, tmp_path / "expected", tmp_path)
        return tables(tmp_path / "expected")

    return measure


def tables(out: Path) -> tuple[bytes, bytes]:
    return (out / "tensors.parquet").read_bytes(), (out / "values.parquet").read_bytes()


def weights_on_disk(folder: Path) -> list[str]:
    return [p.name for p in folder.glob("hub/*/blobs/*") if p.stat().st_size > 4096]


@pytest.mark.parametrize("access", [HubAccess(), CACHED, ONCE], ids=["stream", "cache", "once"])
@pytest.mark.parametrize(
    "repo", [f"org/{name}" for name in (*DTYPES, "sharded", "quantised", "gguf", "torch")]
)
def test_counts_are_those_of_a_local_file(hub, measured, local, tmp_path, repo, access):
    record = measured(repo, access)
    assert record.status == "ok"
    assert tables(tmp_path / "out") == local(repo)
    files = hub.repos[repo]["main"]
    assert {file.sha256 for file in record.files} == {
        blob.sha256
        for name, blob in files.items()
        if name.endswith((".safetensors", ".gguf", ".bin"))
    }
    assert bool(weights_on_disk(tmp_path)) == (access == CACHED)


def test_torch_files_that_must_be_loaded_go_through_the_cache(hub, measured, local, tmp_path):
    expected = local("org/old-torch")
    for access in (HubAccess(keep=False), ONCE, HubAccess()):
        assert measured("org/old-torch", access).status == "ok"
        assert tables(tmp_path / "out") == expected
        assert len(weights_on_disk(tmp_path)) == (2 if access.keep else 0)


def test_what_was_read_by_itself_must_pass_in_the_stream_too(hub, measured, monkeypatch):
    """The directory of an archive stands at its end: a second look at it must not differ."""
    blob = hub.repos["org/torch"]["main"]["pytorch_model-00001-of-00002.bin"]
    honest = blob.source
    time_of_day = honest.rindex(b"PK\x01\x02") + 12  # of the last file in it; means nothing
    blob.source = honest[:time_of_day] + b"\x01" + honest[time_of_day + 1 :]
    begin = streams.Stream._begin

    def begin_honestly(stream):
        blob.source = honest
        begin(stream)

    monkeypatch.setattr(streams.Stream, "_begin", begin_honestly)
    record = measured("org/torch")
    assert record.status == "hash_mismatch"
    assert "pytorch_model-00001" in record.reason
    assert "differently" in record.reason


def test_the_way_of_xet_is_not_taken(hub, measured, local, tmp_path):
    """It would leave a second copy, in a place that is shared by all repositories."""
    hub.xet = True
    expected = local("org/float32")
    for access in (HubAccess(), ONCE):
        assert measured("org/float32", access).status == "ok"
        assert tables(tmp_path / "out") == expected
    assert not [path for path in (tmp_path / "hub").rglob("*") if path.stat().st_size > 4096]


def test_a_cache_that_another_program_filled_by_way_of_xet(hub, measured, tmp_path, monkeypatch):
    """There a blob is a link to one with another name, which belongs to other repositories too."""
    spec = ModelSpec("net", "hub", "org/float32", hub.commit("org/float32"))
    prefetch(spec, tmp_path)
    (blob,) = (tmp_path / "hub").glob("*/blobs/*")
    shared = tmp_path / "hub" / "blobs" / "ab" / ("ab" + "0" * 62)
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to(Path("..", "..", "blobs", "ab", shared.name))
    assert measured("org/float32", ONCE).status == "ok"
    assert shared.is_file()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert measured("org/float32").status == "ok"


def test_what_another_commit_has_in_the_cache_stays(hub, measured, tmp_path):
    assert measured("org/twice", CACHED).status == "ok"
    assert measured("org/twice", ONCE, revision=hub.commit("org/twice", "v1")).status == "ok"
    assert hub_api.cached("org/twice", hub.commit("org/twice"), "model.safetensors").is_file()
    assert len(weights_on_disk(tmp_path)) == 1


def test_every_byte_of_a_streamed_model_comes_once(hub, measured):
    measured("org/sharded")
    got = {name: [] for name in hub.repos["org/sharded"]["main"]}
    names = {blob.sha256: name for name, blob in hub.repos["org/sharded"]["main"].items()}
    for request in hub.log:
        if request.path.startswith("/cdn/") and request.status == 206:
            name = names[request.path.removeprefix("/cdn/").partition("?")[0]]
            got[name].append(tuple(map(int, request.range.removeprefix("bytes=").split("-"))))
    for name, ranges in got.items():
        if name.endswith(".safetensors"):
            ranges.sort()
            assert [first for first, _ in ranges] == [0, *(last + 1 for _, last in ranges[:-1])]
            assert ranges[-1][1] + 1 == hub.repos["org/sharded"]["main"][name].size


def test_a_large_float32_tensor_and_its_sample(measured, tmp_path, monkeypatch):
    """Its counts cost precision, which is measured on values that came by."""
    values = np.random.default_rng(0).standard_normal((2050, 2048)).astype(np.float32)
    content = save({"a.weight": values})
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "model.safetensors").write_bytes(content)
    expected = tmp_path / "expected"
    spec = ModelSpec("net", "file", str(tmp_path / "local" / "model.safetensors"))
    measure_model(spec, expected, tmp_path)
    with FakeHub({"org/large": {"main": {"model.safetensors": content}}}) as large:
        monkeypatch.setattr(constants, "ENDPOINT", large.url)
        monkeypatch.setattr(streams.Stream.__init__, "__defaults__", (3, 1 << 20, 4))
        measured("org/large", threads=3, revision=large.commit("org/large"))
    assert tables(tmp_path / "out") == tables(expected)


FAULTS = {
    "busy": {"match": "/", "status": 429, "headers": {"Retry-After": "1"}, "times": 4},
    "broken": {"match": "/", "status": 500, "times": 5},
    "cut": {"match": "/cdn/", "cut": 1000, "times": 4},
    "cut at once": {"match": "/cdn/", "cut": 0, "times": 4},
    "wrong range": {
        "match": "/cdn/",
        "headers": {"Content-Range": "bytes 0-1/2"},
        "times": 3,
        "method": "GET",
    },
    "packed": {
        "match": "/cdn/",
        "headers": {"Content-Encoding": "gzip"},
        "times": 3,
        "method": "GET",
    },
    "no JSON": {"match": "/api/", "status": 200, "times": 3},
    "expired": {"match": "/cdn/", "status": 403, "times": 5, "method": "GET"},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("access", [HubAccess(), CACHED], ids=["stream", "cache"])
@pytest.mark.parametrize("repo", ["org/bfloat16", "org/gguf", "org/torch"])
def test_what_passes_changes_nothing(hub, measured, local, tmp_path, fault, access, repo):
    if access == CACHED and fault == "expired":
        pytest.skip("a download asks for one address and uses it at once")
    hub.fault(**FAULTS[fault])
    assert measured(repo, access).status == "ok"
    assert tables(tmp_path / "out") == local(repo)


def test_an_address_that_expires_in_mid_file_is_asked_for_again(hub, measured):
    hub.fault("/cdn/.*", status=403)
    hub.faults[0].times = 0
    asked = threading.Semaphore(3)
    take = hub.take_fault

    def expire_after_three(method, path):
        if path.startswith("/cdn/") and not asked.acquire(blocking=False):
            hub.faults[0].times, asked._value = 1, 10**6
        return take(method, path)

    hub.take_fault = expire_after_three
    assert measured("org/float32").status == "ok"
    assert sum(request.status == 403 for request in hub.log) == 1
    assert sum(request.status == 302 for request in hub.log) >= 2


def remove(hub, repo):
    del hub.repos[repo]


def gate(hub, repo):
    hub.meta[repo] = {"gated": "manual"}


def disable(hub, repo):
    hub.meta[repo] = {"disabled": True}


def alter(hub, repo):
    (blob,) = hub.repos[repo]["main"].values()
    blob.source = blob.source[:-9] + b"\x01" + blob.source[-8:]


def ignore_ranges(hub, repo):
    hub.ranges = False


@pytest.mark.parametrize("access", [HubAccess(), ONCE], ids=["stream", "cache"])
@pytest.mark.parametrize(
    ("change", "status"),
    [(remove, "not_found"), (gate, "gated"), (disable, "unavailable"), (alter, "hash_mismatch")],
)
@pytest.mark.parametrize("repo", ["org/float32", "org/gguf"])
def test_what_does_not_pass_is_a_status(hub, measured, tmp_path, change, status, access, repo):
    change(hub, repo)
    record = measured(repo, access)
    assert record.status == status
    assert repo in record.reason
    assert record.n_weights == 0
    empty_ledger, empty_values = tables(tmp_path / "out")
    assert not re.search(b"up_proj|attn_q", empty_ledger + empty_values)
    assert not weights_on_disk(tmp_path)


def test_a_server_that_ignores_ranges_is_no_source_of_a_stream(hub, measured, tmp_path):
    ignore_ranges(hub, "org/float32")
    record = measured("org/float32")
    assert record.status == "unsupported"
    assert "weights: cache" in record.reason
    assert measured("org/float32", CACHED).status == "ok"


def test_a_commit_that_is_gone(measured):
    assert measured("org/float32", revision="f" * 40).status == "revision_not_found"


def test_a_renamed_repository(hub, measured, local, tmp_path):
    assert measured("old/name").status == "ok"
    assert tables(tmp_path / "out") == local("new/name")


def test_a_repository_without_weights(measured):
    record = measured("org/nothing")
    assert record.status == "unsupported"
    assert "README.md" in record.reason


def test_a_server_that_stays_broken_is_an_error_to_try_again_after(hub, measured, tmp_path):
    hub.fault("/cdn/", status=503, times=10**6)
    with pytest.raises(AtlasError, match="answers 503"):
        measured("org/float32")
    assert not list((tmp_path / "out").glob("*"))


LASTING = {
    "refused": ({"match": "/cdn/", "status": 503}, "answers 503"),
    "hung up": ({"match": "/cdn/", "cut": 0}, "no complete answer|ends early|no answer"),
    "no metadata": ({"match": "/api/", "status": 500}, "answers 500"),
    "metadata of another kind": ({"match": "/api/", "status": 200}, "makes no sense"),
    "a wait of an hour": (
        {"match": "/api/", "status": 429, "headers": {"Retry-After": "3600"}},
        "answers 429",
    ),
}


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("access", [HubAccess(), CACHED], ids=["stream", "cache"])
def test_a_server_that_is_broken_at_the_last_attempt_is_a_status(
    hub, measured, tmp_path, fault, access
):
    kind, message = LASTING[fault]
    hub.fault(**kind, times=10**6)
    record = measured("org/float32", access, is_last_attempt=True)
    assert record.status == "unreachable"
    assert record.reason.startswith("org/float32@")
    assert re.search(message, record.reason)
    assert f"--forcerun {tmp_path / 'out' / 'model.json'}" in record.reason
    assert record.n_weights == 0
    assert b"up_proj" not in b"".join(tables(tmp_path / "out"))
    hub.faults.clear()
    assert measured("org/float32", access).status == "ok"


def test_what_is_in_no_cache_is_unreachable_offline(hub, measured, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(AtlasError, match="make prefetch"):
        measured("org/float32")
    record = measured("org/float32", is_last_attempt=True)
    assert record.status == "unreachable"
    assert "make prefetch" in record.reason
    assert not hub.log


def test_which_files_are_the_weights(hub, measured):
    assert [file.name for file in measured("org/both").files] == ["model.safetensors"]
    record = measured("org/both", file="fp16/*.safetensors")
    assert record.status == "ok"
    assert record.files[0].sha256 == hub.repos["org/both"]["main"]["fp16/model.safetensors"].sha256
    with pytest.raises(AtlasError, match="no file fits"):
        measured("org/both", file="*.gguf")


def test_the_token_opens_what_is_gated_and_goes_nowhere_else(
    hub, measured, caplog, capfd, monkeypatch
):
    hub.meta["org/sharded"] = {"gated": "manual"}
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    hub.fault("/cdn/", status=403, times=2)
    hub.fault("/cdn/", cut=100, times=2)
    with caplog.at_level(logging.DEBUG):
        for access in (HubAccess(), CACHED):
            assert measured("org/sharded", access).status == "ok"
    logged = caplog.text + "".join(capfd.readouterr())
    at_hub = [request.token for request in hub.log if "/cdn/" not in request.path]
    elsewhere = [request.token for request in hub.log if "/cdn/" in request.path]
    assert "hf_good" in at_hub
    assert set(elsewhere) == {""}
    assert "hf_good" not in logged
    assert SIGNATURE not in logged


@pytest.mark.parametrize("access", [HubAccess(), CACHED], ids=["stream", "cache"])
@pytest.mark.parametrize("at", ["/api/", "/resolve/"])
@pytest.mark.parametrize("address", ["http://{other}/x", "http://{other}\\@{hub}/x"])
def test_a_redirect_takes_the_token_nowhere_else(hub, measured, monkeypatch, address, at, access):
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    with FakeHub({}) as other:
        hosts = {"other": urlsplit(other.url).netloc, "hub": urlsplit(hub.url).netloc}
        hub.fault(at, status=302, headers={"Location": address.format(**hosts)}, times=10**6)
        assert measured("org/float32", access, is_last_attempt=True).status != "ok"
        assert {request.token for request in other.log} <= {""}


def test_a_token_that_is_none_is_an_error(measured, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_€")
    with pytest.raises(AtlasError, match="HF_TOKEN is no token"):
        measured("org/float32")


def test_no_secret_is_in_an_error(hub, measured, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_bad")
    hub.meta["org/float32"] = {"gated": "manual"}
    record = measured("org/float32")
    assert record.status == "gated"
    assert "hf_bad" not in record.reason
    hub.meta.clear()
    hub.fault("/cdn/", cut=0, times=10**6)
    for access in (HubAccess(), CACHED):
        with pytest.raises(AtlasError) as caught:
            measured("org/float32", access)
        assert "hf_bad" not in str(caught.value)
        assert SIGNATURE not in str(caught.value)


def test_a_full_disk_is_an_error(measured, monkeypatch):
    def fill(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub_api, "hf_hub_download", fill)
    with pytest.raises(AtlasError, match=r"No space left on device, in the Hub cache"):
        measured("org/float32", CACHED)


def test_one_shard_is_on_the_disk_at_a_time(hub, measured, tmp_path, monkeypatch):
    monkeypatch.setattr(counting, "_BLOCK", 1)  # every tensor is read and counted by itself
    seen = []
    download = hub_api.download

    def watched(*place):
        path = download(*place)
        seen.append(len(weights_on_disk(tmp_path)))
        return path

    monkeypatch.setattr(hub_api, "download", watched)
    assert measured("org/deep", ONCE, threads=1).status == "ok"
    assert seen == [1, 2, 2]  # the next one comes while the last tensor of the one before waits
    assert weights_on_disk(tmp_path) == []


def test_offline_the_cache_serves_both_ways(hub, measured, local, tmp_path, monkeypatch):
    measured("org/sharded", CACHED)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked = len(hub.log)
    for access in (HubAccess(), CACHED):
        assert measured("org/sharded", access).status == "ok"
    assert len(hub.log) == asked
    assert tables(tmp_path / "out") == local("org/sharded")
    with pytest.raises(AtlasError, match="make prefetch"):
        measured("org/float32")


def test_commit_of(hub):
    assert hub_api.commit_of("org/float32") == hub.commit("org/float32")
    with pytest.raises(WeightsUnavailable) as caught:
        hub_api.commit_of("org/float32", "nothing")
    assert caught.value.status == "revision_not_found"


def test_commit_of_a_branch_in_the_cache(hub, monkeypatch):
    hf_hub_download("org/float32", "model.safetensors", endpoint=hub.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub_api.commit_of("org/float32") == hub.commit("org/float32")
    with pytest.raises(AtlasError, match="does not tell the commit"):
        hub_api.commit_of("org/float16")


@pytest.mark.parametrize("repo", ["org/sharded", "org/float32"])
def test_prefetched_weights_need_no_network(hub, measured, tmp_path, repo, monkeypatch):
    spec = ModelSpec("net", "hub", repo, hub.commit(repo))
    assert "files" in prefetch(spec, tmp_path)
    asked = len(hub.log)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert measured(repo).status == "ok"
    assert len(hub.log) == asked


def test_prefetching_says_what_it_finds(hub, tmp_path):
    hub.meta["org/float32"] = {"gated": "manual"}
    spec = ModelSpec("net", "hub", "org/float32", hub.commit("org/float32"))
    assert prefetch(spec, tmp_path).startswith("gated")


def test_a_matrix_larger_than_the_window_is_read_whole(hub, tmp_path, monkeypatch):
    """As taking its singular values does: entry by entry, in the order of the files."""
    spec = ModelSpec("net", "hub", "org/sharded", hub.commit("org/sharded"))
    monkeypatch.setattr(streams.Stream.__init__, "__defaults__", (2, 1024, 3))
    with fetch(spec, tmp_path) as files:
        arrays = {e.name: e.tensor.array() for e in open_weights(files).counted("stored")}
    for name, blob in hub.repos["org/sharded"]["main"].items():
        (tmp_path / name).write_bytes(blob.source)
    on_disk = open_weights([tmp_path / "model.safetensors.index.json"]).counted("stored")
    assert arrays.keys() == {entry.name for entry in on_disk}
    for entry in on_disk:
        assert arrays[entry.name].tobytes() == entry.tensor.array().tobytes()


@pytest.mark.parametrize("access", [HubAccess(), ONCE], ids=["stream", "once"])
@pytest.mark.parametrize(
    ("repo", "files"), [("org/deep", "model-*.safetensors"), ("org/gguf", "*.gguf")]
)
def test_spectra_are_those_of_a_local_file(hub, tmp_path, access, repo, files):
    for name, blob in hub.repos[repo]["main"].items():
        (tmp_path / name).write_bytes(blob.source)
    remote = ModelSpec("net", "hub", repo, hub.commit(repo))
    local = ModelSpec("net", "file", str(tmp_path / files))
    for spec, out in ((remote, tmp_path / "out"), (local, tmp_path / "expected")):
        measure_model(spec, out, tmp_path, threads=2, access=access, spectra_up_to=10**6)
    for name in ("tensors", "values", "spectra", "codes"):
        file = f"{name}.parquet"
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "expected" / file).read_bytes()
    assert not weights_on_disk(tmp_path)
