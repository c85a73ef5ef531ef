"""GGUF files that the gguf package writes, and files that nobody should have written."""

import struct
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import quantize
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complexity_atlas.counts.counting import count
from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.packing import PACKINGS

RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=(64, 256)).astype(np.float32)


def write(path: Path, tensors: dict[str, tuple[np.ndarray, str]]) -> Path:
    """Tensors as (array, type of ggml); arrays of quantised types are the bytes of their blocks."""
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_token_list([b"a" * (i % 9) for i in range(5000)])
    writer.add_array("numbers", [1.5, 2.5])
    for name, (array, kind) in tensors.items():
        raw = None if kind in ("F32", "F16") else GGMLQuantizationType[kind]
        writer.add_tensor(name, array, raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def quantised(kind: str) -> np.ndarray:
    return quantize(WEIGHTS, GGMLQuantizationType[kind])


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    random = RNG.integers(0, 256, (64, 144), dtype=np.uint8)
    return write(
        tmp_path_factory.mktemp("gguf") / "model.gguf",
        {
            "token_embd.weight": (WEIGHTS.astype(np.float16), "F16"),
            "blk.0.attn_q.weight": (quantised("Q4_0"), "Q4_0"),
            "blk.0.attn_k.weight": (quantised("Q8_0"), "Q8_0"),
            "blk.0.attn_output.weight": (quantised("BF16"), "BF16"),
            "blk.1.ffn_up.weight": (random, "Q4_K"),
            "blk.1.ffn_down.weight": (random[:, :136], "IQ4_XS"),
            "blk.1.ffn_norm.weight": (WEIGHTS[0], "F32"),
            "output.weight": (WEIGHTS, "F32"),
        },
    )


def test_tensors_are_those_that_the_gguf_package_reads(model):
    entries = {e.name: e for e in open_weights([model]).entries}
    reader = GGUFReader(model)
    assert [n for n in entries if not n.endswith(".scales")] == [t.name for t in reader.tensors]
    for tensor in reader.tensors:
        entry = entries[tensor.name]
        assert entry.shape == tuple(tensor.shape[::-1].tolist())
        if entry.dtype not in PACKINGS and entry.tensor is not None:
            assert entry.tensor.array().tobytes() == tensor.data.tobytes()
        elif entry.dtype in PACKINGS:
            blocks = tensor.data.reshape(-1, PACKINGS[entry.dtype].block_bytes)
            codes = PACKINGS[entry.dtype].unpack(blocks)
            signed = codes.view(np.int8) if entry.dtype == "q8_0" else codes
            values, n = np.unique(signed, return_counts=True)
            counted = count(entry.tensor).values()
            np.testing.assert_array_equal(counted.lower, values)
            np.testing.assert_array_equal(counted.count, n)


def test_roles_layers_and_reasons(model):
    entries = {e.name: e for e in open_weights([model]).entries}
    assert {name: (e.role, e.layer) for name, e in entries.items() if not e.reason} == {
        "token_embd.weight": ("embedding", None),
        "blk.0.attn_q.weight": ("attention_q", 0),
        "blk.0.attn_k.weight": ("attention_k", 0),
        "blk.0.attn_output.weight": ("attention_o", 0),
        "blk.1.ffn_up.weight": ("mlp", 1),
        "output.weight": ("head", None),
    }
    assert entries["blk.1.ffn_down.weight"].reason == "GGUF type IQ4_XS is not read"
    scales = entries["blk.0.attn_k.weight.scales"]
    assert (scales.shape, scales.reason) == ((512, 2), "scales of blk.0.attn_k.weight")


def test_split_files_belong_together(tmp_path):
    first = write(tmp_path / "m-00001-of-00002.gguf", {"a.weight": (WEIGHTS, "F32")})
    with pytest.raises(WeightsUnavailable, match="00002"):
        open_weights([first])
    second = write(tmp_path / "m-00002-of-00002.gguf", {"b.weight": (WEIGHTS, "F32")})
    assert [e.name for e in open_weights([first, second]).entries] == ["a.weight", "b.weight"]
    write(second, {"a.weight": (WEIGHTS, "F32")})
    with pytest.raises(WeightsUnavailable, match=r"holds tensor 'a\.weight', and so does"):
        open_weights([first, second])


def header(*tensors: tuple[bytes, list[int], int, int], version=3, pairs=0, rest=b"") -> bytes:
    text = struct.pack("<4sIQQ", b"GGUF", version, len(tensors), pairs) + rest
    for name, shape, kind, offset in tensors:
        text += struct.pack(f"<Q{len(name)}sI", len(name), name, len(shape))
        text += struct.pack(f"<{len(shape)}QIQ", *shape, kind, offset)
    return text


F32, Q4_0 = 0, 2
HOSTILE = {
    "does not begin": b"GGML" + bytes(100),
    "version 9": header(version=9),
    "big-endian": header(version=3 << 24),
    "inside of its header": struct.pack("<4sIQQ", b"GGUF", 3, 2**63, 0),
    "ends inside": header(rest=struct.pack("<Q", 2**62), pairs=1),
    "unknown type 77": header(rest=struct.pack("<QI", 0, 77), pairs=1),
    "unknown type 9": header(rest=struct.pack("<QI", 0, 9) + struct.pack("<IQ", 9, 1) * 9, pairs=1),
    "no power of two": header(
        rest=struct.pack("<Q17sII", 17, b"general.alignment", 4, 24), pairs=1
    ),
    "axes": header((b"a", [1] * 9, F32, 0)),
    "is truncated": header((b"a", [2**40, 2**40], F32, 0)) + bytes(64),
    "no whole blocks": header((b"a", [31], Q4_0, 0)) + bytes(64),
    "twice": header((b"a", [1], F32, 0), (b"a", [1], F32, 32)) + bytes(128),
    "overlaps": header((b"a", [8], F32, 0), (b"b", [8], F32, 16)) + bytes(128),
}


@pytest.mark.parametrize("message", HOSTILE)
def test_a_hostile_header_is_refused(message, tmp_path):
    (tmp_path / "model.gguf").write_bytes(HOSTILE[message])
    with pytest.raises(WeightsUnavailable, match=message):
        open_weights([tmp_path / "model.gguf"])


SMALL = header((b"a.weight", [64, 16], Q4_0, 0), (b"b.weight", [8, 8], F32, 576)) + bytes(900)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(SMALL)), place=st.integers(0, 130), value=st.integers(0, 255))
def test_damage_is_found_or_harmless(cut, place, value, tmp_path):
    path = tmp_path / "model.gguf"
    data = bytearray(SMALL)
    del data[len(data) - cut :]
    if data:
        data[place % len(data)] = value
    path.write_bytes(data)
    try:
        weights = open_weights([path])
    except WeightsUnavailable:
        return
    for entry in weights.counted("stored"):
        count(entry.tensor)
