import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.tensors import FileSegment

torch = pytest.importorskip("torch")

FLOATS = ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]
OLD = FLOATS[:4]  # torch itself cannot read 8-bit floats from the format before 1.6


def save(path: Path, value: object, **options: object) -> Path:
    torch.save(value, path, **options)
    return path


def entries(path: Path) -> dict:
    return {entry.name: entry for entry in open_weights([path]).entries}


def failure(*paths: Path) -> WeightsUnavailable:
    with pytest.raises(WeightsUnavailable) as caught:
        open_weights(list(paths))
    return caught.value


def codes(tensor: "torch.Tensor") -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


class Code:
    """Unpickling it would create the file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    ("dtype", "zipped"), [(dtype, True) for dtype in FLOATS] + [(dtype, False) for dtype in OLD]
)
def test_tensors_are_those_that_were_saved(tmp_path, dtype, zipped):
    state = {f"h.{i}.weight": torch.randn(3, 4 + i).to(getattr(torch, dtype)) for i in range(3)}
    path = save(tmp_path / "x.pt", state, _use_new_zipfile_serialization=zipped)
    weights = open_weights([path])
    assert weights.format == "torch"
    for entry in weights.entries:
        assert (entry.dtype, entry.shape, entry.reason) == (dtype, state[entry.name].shape, "")
        assert entry.tensor.array().tobytes() == codes(state[entry.name])
        assert isinstance(entry.tensor.data, FileSegment) == zipped
    assert [entry.layer for entry in weights.entries] == [0, 1, 2]


def test_values_that_are_not_contiguous_are_in_the_order_of_their_shape(tmp_path):
    tensor = torch.randn(4, 6)
    path = save(tmp_path / "x.pt", {"w": tensor.t(), "v": torch.randn(5, 8)[:, ::2]})
    found = entries(path)
    np.testing.assert_array_equal(found["w"].tensor.array(), tensor.t().numpy())
    assert found["v"].shape == (5, 4)
    assert found["v"].tensor.n == 20


def test_parts_of_one_storage(tmp_path):
    flat = torch.randn(10, 4)
    path = save(tmp_path / "x.pt", {"first": flat[:6], "second": flat[6:]})
    found = entries(path)
    assert [e.reason for e in found.values()] == ["", ""]
    np.testing.assert_array_equal(found["second"].tensor.array(), flat[6:].numpy())


@pytest.mark.parametrize("zipped", [True, False])
def test_tied_tensors_count_once(tmp_path, zipped):
    table = torch.randn(6, 4)
    state = {
        "wte.weight": table,
        "lm_head.weight": table,
        "part": table[:3],
        "turned": table.t(),
        "copy": table.clone(),
    }
    found = entries(save(tmp_path / "x.pt", state, _use_new_zipfile_serialization=zipped))
    assert {name: entry.reason for name, entry in found.items()} == {
        "wte.weight": "",
        "lm_head.weight": "tied to wte.weight",
        "part": "shares memory with wte.weight",
        "turned": "tied to wte.weight",
        "copy": "",
    }


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_a_nested_state_dict(tmp_path, key):
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    path = save(tmp_path / "x.ckpt", {key: module.state_dict(), "epoch": 3, "optimizer": {}})
    weights = open_weights([path])
    assert [entry.name for entry in weights.counted("stored")] == ["0.weight"]
    assert weights.notes == ["x.ckpt: keys beside the state dict: epoch, optimizer"]


def test_what_is_left_out_has_a_reason(tmp_path):
    state = {
        "a.weight": torch.randn(2, 2),
        "a.bias": torch.randn(2),
        "bn.running_mean": torch.randn(2),
        "ids": torch.zeros(2, 2, dtype=torch.int64),
        "empty": torch.randn(0, 3),
        "sparse": torch.eye(3).to_sparse(),
        "wave": torch.zeros(2, 2, dtype=torch.complex64),
    }
    found = entries(save(tmp_path / "x.pt", state))
    assert {name: entry.reason for name, entry in found.items()} == {
        "a.weight": "",
        "a.bias": "bias",
        "bn.running_mean": "parameter or statistic of a normalisation",
        "ids": "integer tensor (int64)",
        "empty": "no elements",
        "sparse": "sparse_coo tensor is not supported",
        "wave": "complex64 is not supported",
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, zipped):
    trap = tmp_path / "trap"
    path = save(
        tmp_path / "x.pt",
        {"w": torch.ones(2, 2), "code": Code(trap)},
        _use_new_zipfile_serialization=zipped,
    )
    error = failure(path)
    assert error.status == "unsupported"
    assert f"{path}: the pickle wants to call posix.mkdir" in str(error)
    assert "safetensors" in str(error)
    assert not trap.exists()


def test_a_plain_pickle_with_code_is_refused_and_not_run(tmp_path):
    trap = tmp_path / "trap"
    path = tmp_path / "x.bin"
    path.write_bytes(pickle.dumps(Code(trap), protocol=2))
    assert failure(path).status in ("unsupported", "unreadable")
    assert not trap.exists()


def test_a_whole_module_is_refused(tmp_path):
    error = failure(save(tmp_path / "x.pt", torch.nn.Linear(2, 2)))
    assert error.status == "unsupported"
    assert "torch.nn.modules.linear.Linear" in str(error)
    assert "state_dict()" in str(error)


@pytest.mark.parametrize("value", [[torch.ones(2, 2)], {"a": 1}, {}, torch.ones(2, 2)])
def test_what_is_not_a_state_dict(tmp_path, value):
    error = failure(save(tmp_path / "x.pt", value))
    assert error.status == "unsupported"
    assert str(tmp_path / "x.pt") in str(error)


def test_a_name_that_is_no_text_is_refused(tmp_path):
    error = failure(save(tmp_path / "x.pt", {"\ud800": torch.ones(2, 2)}))
    assert (error.status, "no text" in str(error)) == ("unreadable", True)


@pytest.mark.parametrize("kept", [0, 3, 100, 700, 1500])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_checkpoint(tmp_path, kept, zipped):
    state = {"w": torch.ones(20, 20)}
    path = save(tmp_path / "x.pt", state, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:kept])
    error = failure(path)
    assert error.status == "unreadable"
    assert str(path) in str(error)


def test_garbage(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    assert failure(path).status == "unreadable"


def rewrite(path: Path, change) -> Path:
    """The same archive with each record's (name, content, compression) changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for record in old.infolist():
            name, content, compression = change(record.filename, old.read(record))
            new.writestr(name, content, compression)
    path.write_bytes(buffer.getvalue())
    return path


def test_a_record_that_is_shorter_than_its_tensor(tmp_path):
    def shorten(name, content):
        content = content[:100] if name.endswith("data/0") else content
        return name, content, zipfile.ZIP_STORED

    path = rewrite(save(tmp_path / "x.pt", {"w": torch.ones(20, 20)}), shorten)
    assert failure(path).status == "unreadable"


def test_compressed_records_are_not_read_as_numbers(tmp_path):
    def compress(name, content):
        packed = zipfile.ZIP_DEFLATED if "data/" in name else zipfile.ZIP_STORED
        return name, content, packed

    path = rewrite(save(tmp_path / "x.pt", {"w": torch.randn(20, 20)}), compress)
    assert failure(path).status == "unreadable"


def test_a_torchscript_program_is_refused(tmp_path):
    path = save(tmp_path / "x.pt", {"w": torch.ones(2, 2)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x/constants.pkl", b"")  # this is how torch tells a program
    error = failure(path)
    assert error.status == "unsupported"
    assert "TorchScript" in str(error)


def test_big_endian_is_refused(tmp_path):
    def swap(name, content):
        content = b"big" if name.endswith("byteorder") else content
        return name, content, zipfile.ZIP_STORED

    path = rewrite(save(tmp_path / "x.pt", {"w": torch.randn(20, 20)}), swap)
    error = failure(path)
    assert error.status == "unsupported"
    assert "big-endian" in str(error)


def test_shards(tmp_path):
    names = [f"pytorch_model-0000{i}-of-00002.bin" for i in (1, 2)]
    save(tmp_path / names[0], {"a.weight": torch.ones(2, 2)})
    save(tmp_path / names[1], {"b.weight": torch.ones(3, 2)})
    listing = tmp_path / "pytorch_model.bin.index.json"
    listing.write_text(
        json.dumps({"weight_map": dict(zip(("a.weight", "b.weight"), names, strict=True))})
    )
    assert {e.name for e in open_weights([listing]).entries} == {"a.weight", "b.weight"}
    save(tmp_path / names[1], {"c.weight": torch.ones(3, 2)})
    assert "lacks tensor 'b.weight'" in str(failure(listing))
