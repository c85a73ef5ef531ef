import json
import struct
import threading
import tracemalloc
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from damaged import opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.files import LocalFile
from complexity_atlas.weights.formats.safetensors import read_header
from complexity_atlas.weights.formats.shards import Shards, find_shards
from complexity_atlas.weights.tensors import StoredTensor

MATRIX = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def raw(path: Path, header: object, data: bytes = b"", announced: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if announced is None else announced
    path.write_bytes(struct.pack("<Q", length) + text + data)
    return path


def failure(*paths: Path) -> WeightsUnavailable:
    with pytest.raises(WeightsUnavailable) as caught:
        open_weights(list(paths))
    return caught.value


def index(folder: Path, weight_map: dict[str, str], name="model.safetensors.index.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return path


def two_shards(folder: Path) -> list[Path]:
    paths = [folder / f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    save_file({"a.weight": np.ones((2, 2), "f4"), "b.weight": np.ones((2, 3), "f4")}, paths[0])
    save_file({"c.weight": np.ones((4, 2), "f4")}, paths[1])
    return paths


MAP = {
    "a.weight": "model-00001-of-00002.safetensors",
    "b.weight": "model-00001-of-00002.safetensors",
    "c.weight": "model-00002-of-00002.safetensors",
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shapes=st.lists(array_shapes(min_dims=2, max_dims=4, max_side=5), min_size=1, max_size=5),
    dtype=st.sampled_from(
        ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_tensors_are_those_that_were_saved(tmp_path, shapes, dtype, seed):
    rng = np.random.default_rng(seed)
    saved = {
        f"layers.{i}.weight": rng.normal(size=shape).astype(dtype) for i, shape in enumerate(shapes)
    }
    save_file(saved, tmp_path / "x.safetensors")
    weights = open_weights([tmp_path / "x.safetensors"])
    assert weights.format == "safetensors"
    assert {e.name for e in weights.counted("stored")} == saved.keys()
    for entry in weights.entries:
        assert entry.view == "both"
        assert (entry.dtype, entry.shape) == (dtype, saved[entry.name].shape)
        assert entry.tensor.array().tobytes() == saved[entry.name].tobytes()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_and_nothing_is_accepted_that_the_reference_refuses(
    tmp_path, data
):
    path = tmp_path / "x.safetensors"
    save_file({"a.weight": np.ones((2, 3), "f4"), "b.weight": np.ones((3, 1), "f2")}, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.sampled_from(list(b'0123456789,:[]{}"\\FBI8aw. \x00\xff')))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    if weights := opened(path):
        with safe_open(path, "numpy") as reference:  # its SafetensorError would fail the test
            assert {entry.name for entry in weights.entries} == set(reference.keys())


def test_a_reference_file_that_is_cut_short_is_refused_by_the_reference_too(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"a.weight": np.ones((20, 30), "f4")}, path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(SafetensorError), safe_open(path, "numpy"):
        pass
    error = failure(path)
    assert error.status == "unreadable"
    assert str(path) in str(error)
    assert "truncated" in str(error)
    assert "'a.weight'" in str(error)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (MATRIX | {"dtype": "F31"}, "unknown dtype 'F31'"),
        (MATRIX | {"dtype": 3}, "unknown dtype 3"),
        (MATRIX | {"shape": [2, -3]}, "shape"),
        (MATRIX | {"shape": [2, 3.0]}, "shape"),
        (MATRIX | {"shape": [2, True]}, "shape"),
        (MATRIX | {"shape": 6}, "shape"),
        (MATRIX | {"shape": [2, 4]}, "24 bytes of data"),
        (MATRIX | {"data_offsets": [24, 0]}, "data_offsets"),
        (MATRIX | {"data_offsets": [0, 12, 24]}, "data_offsets"),
        (MATRIX | {"data_offsets": [0, 10**30]}, "bytes of data"),
        (MATRIX | {"data_offsets": [8, 32]}, "gap of 8 bytes"),
        (MATRIX | {"more": 1}, "not described"),
        ({"dtype": "F32"}, "not described"),
        ([1, 2], "not described"),
    ],
)
def test_a_tensor_that_is_described_wrongly(tmp_path, entry, said):
    error = failure(raw(tmp_path / "x.safetensors", {"w": entry}, bytes(24)))
    assert error.status == "unreadable"
    assert "x.safetensors: tensor 'w'" in str(error)
    assert said in str(error)


@pytest.mark.parametrize(
    ("header", "data", "announced", "said"),
    [
        ({"w": MATRIX}, bytes(24), 10**6, "announces a header of 1000000 bytes, the file has"),
        ({"w": MATRIX}, bytes(24), 2**63, "too long"),
        (b"{", b"", None, "not valid JSON"),
        (b'{"\\ud800": 1}', b"", None, "not valid JSON"),
        (b"[" * 100_000, b"", None, "not valid JSON"),
        (b"[]", b"", None, "JSON list"),
        (b"\xff\xfe{}", b"", None, "not valid JSON"),
        (b'{"w": 1, "w": 2}', b"", None, "names 'w' twice"),
        ({"w": MATRIX}, bytes(30), None, "6 bytes after the last tensor"),
        ({"w": MATRIX, "v": MATRIX}, bytes(24), None, "overlaps"),
    ],
)
def test_a_header_that_does_not_fit_the_file(tmp_path, header, data, announced, said):
    error = failure(raw(tmp_path / "x.safetensors", header, data, announced))
    assert error.status == "unreadable"
    assert "x.safetensors" in str(error)
    assert said in str(error)


def test_a_file_without_a_header(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"abc")
    assert "3 bytes" in str(failure(path))


def test_what_is_left_out_has_a_reason(tmp_path):
    save_file(
        {
            "h.0.mlp.weight": np.ones((2, 2), "f4"),
            "h.0.mlp.bias": np.ones(2, "f4"),
            "h.0.attn.bias": np.ones((1, 1, 2, 2), "f4"),
            "h.0.ln_1.weight": np.ones(2, "f4"),
            "scale": np.ones(3, "f4"),
            "ids": np.ones((2, 2), "i8"),
            "mask": np.ones((2, 2), "?"),
            "empty.weight": np.ones((0, 2), "f4"),
            "wave.weight": np.ones((2, 2), "c8"),
            "odd.weight": np.ones((2, 2), ml_dtypes.float8_e4m3fnuz),
        },
        tmp_path / "x.safetensors",
    )
    reasons = {e.name: e.reason for e in open_weights([tmp_path / "x.safetensors"]).entries}
    assert reasons == {
        "h.0.mlp.weight": "",
        "h.0.mlp.bias": "bias",
        "h.0.attn.bias": "bias",
        "h.0.ln_1.weight": "parameter or statistic of a normalisation",
        "scale": "fewer than two axes",
        "ids": "integer tensor (int64)",
        "mask": "integer tensor (bool)",
        "empty.weight": "no elements",
        "wave.weight": "complex64 is not supported",
        "odd.weight": "float8_e4m3fnuz is not supported",
    }


def test_sub_byte_types_are_listed(tmp_path):
    header = {"w": {"dtype": "F4", "shape": [4, 4], "data_offsets": [0, 8]}}
    (entry,) = open_weights([raw(tmp_path / "x.safetensors", header, bytes(8))]).entries
    assert (entry.dtype, entry.reason) == (
        "float4_e2m1fn",
        "float4_e2m1fn is not supported",
    )
    assert entry.tensor is None


def test_opening_reads_no_tensor_data(tmp_path):
    gigabytes = 8 * 2**30
    header = {"w": {"dtype": "F32", "shape": [2**15, 2**16], "data_offsets": [0, gigabytes]}}
    path = raw(tmp_path / "x.safetensors", header)
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size + gigabytes)  # sparse: takes no disk
    tracemalloc.start()
    weights = open_weights([path])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6
    assert weights.bytes == path.stat().st_size
    assert weights.entries[0].tensor.nbytes == gigabytes


@pytest.mark.parametrize("with_index", [True, False])
def test_shards(tmp_path, with_index):
    shards = two_shards(tmp_path)
    given_paths = [index(tmp_path, MAP), *shards] if with_index else shards
    weights = open_weights(given_paths)
    assert {e.name for e in weights.counted("folded")} == MAP.keys()
    assert [file.path for file in weights.files] == shards
    if with_index:
        assert open_weights([given_paths[0]]) == weights


def test_a_shard_that_is_missing(tmp_path):
    first, second = two_shards(tmp_path)
    listing = index(tmp_path, MAP)
    second.unlink()
    assert f"{second}: is missing, and {listing.name} lists it" in str(failure(listing))
    assert f"{second}: is missing" in str(failure(first))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"d.weight": "model-00002-of-00002.safetensors"}, "lacks tensor 'd.weight'"),
        ({"c.weight": "model-00001-of-00002.safetensors"}, "00002-of-00002.safetensors: is not"),
        ({"c.weight": "../model-00002-of-00002.safetensors"}, "outside of its own folder"),
        ({"c.weight": "/etc/passwd"}, "outside of its own folder"),
        ({"c.weight": 7}, "names no file for tensor 'c.weight'"),
        ({"d.weight": "model-00003-of-00003.safetensors"}, "is missing"),
    ],
)
def test_an_index_that_does_not_fit_the_shards(tmp_path, change, said):
    two_shards(tmp_path)
    error = failure(index(tmp_path, MAP | change))
    assert said in str(error)
    assert str(tmp_path) in str(error)


def test_a_tensor_or_shard_that_the_index_does_not_list(tmp_path):
    _, second = two_shards(tmp_path)
    without_b = {name: file for name, file in MAP.items() if name != "b.weight"}
    assert "holds tensor 'b.weight'" in str(failure(index(tmp_path, without_b)))
    without_c = {name: file for name, file in MAP.items() if name != "c.weight"}
    assert f"{second}: " in str(failure(index(tmp_path, without_c)))
    other = tmp_path / "other.safetensors"
    save_file({"z.weight": np.ones((2, 2), "f4")}, other)
    listing = index(tmp_path, MAP)
    assert f"{other}: is not listed" in str(failure(listing, other))


def test_two_shards_with_the_same_tensor(tmp_path):
    paths = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for path in paths:
        save_file({"w.weight": np.ones((2, 2), "f4")}, path)
    error = failure(*paths)
    assert f"{paths[1]}: holds tensor 'w.weight', and so does {paths[0]}" in str(error)


def test_two_indexes_and_a_repeated_name_in_an_index(tmp_path):
    two_shards(tmp_path)
    first = index(tmp_path, MAP)
    second = index(tmp_path, MAP, "other.safetensors.index.json")
    assert "second index" in str(failure(first, second))
    first.write_text('{"weight_map": {"a": "x", "a": "y"}}')
    assert "names 'a' twice" in str(failure(first))
    first.write_text('{"weight_map": {}}')
    assert "weight_map" in str(failure(first))


def test_formats_are_not_mixed_or_guessed(tmp_path):
    error = failure(tmp_path / "a.safetensors", tmp_path / "b.onnx")
    assert error.status == "unsupported"
    assert "several formats" in str(error)
    error = failure(tmp_path / "model.h5")
    assert error.status == "unsupported"
    assert "model.h5" in str(error)
    assert failure(tmp_path / "absent.safetensors").status == "unavailable"
    assert failure().status == "empty"


class SlowFile(LocalFile):
    """A file that opens only while another one does."""

    together = threading.Barrier(2, timeout=10)

    def read(self, offset, nbytes):
        if offset == 0:
            self.together.wait()
        return super().read(offset, nbytes)


def test_shards_are_opened_together_and_come_in_order(tmp_path):
    shards = two_shards(tmp_path)
    files = find_shards([SlowFile(path) for path in shards]).files
    names = Shards(files, None).read(lambda file: [StoredTensor(file.name, "float32", (), None)])
    assert [tensor.name for tensor in names] == [path.name for path in shards]
    for path in shards:
        path.unlink()
    with pytest.raises(FileNotFoundError, match=shards[0].name):
        Shards(files, None).read(read_header)
