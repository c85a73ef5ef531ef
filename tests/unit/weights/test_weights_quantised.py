"""Quantised state dicts: what is counted as codes, what is listed apart, what is refused."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from complexity_atlas.complexity.outcomes import evaluate
from complexity_atlas.counts.counting import count
from complexity_atlas.weights import Entry, open_weights

RNG = np.random.default_rng(5)

INT8_CONFIG = {
    "quantization_config": {
        "quant_method": "compressed-tensors",
        "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "int"}}},
    }
}


def ledger(folder: Path, tensors: dict, config: dict | None = None) -> dict[str, Entry]:
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return {e.name: e for e in open_weights([folder / "model.safetensors"]).entries}


def assert_codes(entry: Entry, dtype: str, codes: np.ndarray) -> None:
    """The entry counts, and its counts are those of the codes."""
    assert (entry.reason, entry.dtype, entry.shape) == ("", dtype, codes.shape)
    values, n = np.unique(codes, return_counts=True)
    counted = count(entry.tensor).values()
    np.testing.assert_array_equal(counted.lower, values)
    np.testing.assert_array_equal(counted.count, n)


def gptq(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes (in, out) packed along the input, as AutoGPTQ does with shifts of 32-bit words."""
    words = torch.zeros(codes.shape[0] * bits // 32, codes.shape[1], dtype=torch.int64)
    for row in range(codes.shape[0]):
        shifted = torch.from_numpy(codes[row].astype(np.int64)) << (bits * (row % (32 // bits)))
        words[row * bits // 32] |= shifted
    return words.numpy().astype(np.uint32).view(np.int32)


@pytest.mark.parametrize("bits", [4, 8])
def test_gptq(bits, tmp_path):
    codes = RNG.integers(0, 1 << bits, (64, 32))
    entries = ledger(
        tmp_path,
        {
            "model.layers.0.mlp.up_proj.qweight": gptq(codes, bits),
            "model.layers.0.mlp.up_proj.qzeros": np.zeros((2, 32 * bits // 32), "i4"),
            "model.layers.0.mlp.up_proj.scales": np.ones((2, 32), "f2"),
            "model.layers.0.mlp.up_proj.g_idx": np.zeros(64, "i4"),
            "model.layers.0.mlp.up_proj.bias": np.zeros(32, "f2"),
        },
    )
    name = "model.layers.0.mlp.up_proj.qweight"
    assert_codes(entries[name], f"gptq_int{bits}", codes)
    assert entries[name].role == "mlp"
    for end in ("qzeros", "scales", "g_idx"):
        assert entries[f"model.layers.0.mlp.up_proj.{end}"].reason == f"scales of {name}"
    assert entries["model.layers.0.mlp.up_proj.bias"].reason == "bias"


def test_awq_packs_along_the_output(tmp_path):
    codes = RNG.integers(0, 16, (64, 32))
    order = np.array([0, 2, 4, 6, 1, 3, 5, 7])  # of AutoAWQ, within a word
    words = (codes.reshape(64, 4, 8)[..., order] << (4 * np.arange(8))).sum(axis=-1)
    tensors = {
        "x.q_proj.qweight": words.astype(np.uint32).view(np.int32),
        "x.q_proj.qzeros": np.zeros((2, 4), "i4"),
        "x.q_proj.scales": np.ones((2, 32), "f2"),
    }
    assert_codes(ledger(tmp_path, tensors)["x.q_proj.qweight"], "awq_int4", codes)


def nf4(codes: np.ndarray, kind: str = "nf4") -> dict[str, np.ndarray]:
    """As bitsandbytes saves a 4-bit layer: the first code of a pair in the high half."""
    flat = codes.reshape(-1, 2).astype(np.uint8)
    state = json.dumps({"quant_type": kind, "blocksize": 64, "shape": list(codes.shape)})
    name = "model.layers.3.self_attn.k_proj.weight"
    return {
        name: (flat[:, :1] << 4 | flat[:, 1:]),
        f"{name}.absmax": np.ones(4, "u1"),
        f"{name}.quant_map": np.ones(16, "f4"),
        f"{name}.nested_absmax": np.ones((1, 1), "f4"),
        f"{name}.quant_state.bitsandbytes__{kind}": np.frombuffer(state.encode(), "u1").copy(),
    }


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_bitsandbytes_in_4_bits(kind, tmp_path):
    codes = RNG.integers(0, 16, (16, 24))
    tensors = nf4(codes, kind)
    entries = ledger(tmp_path, tensors)
    name, *_ = tensors
    assert_codes(entries[name], kind, codes)
    assert (entries[name].role, entries[name].layer) == ("attention_k", 0)
    assert {entries[other].reason for other in tensors if other != name} == {f"scales of {name}"}


# Levels of NF4 (arXiv 2305.14314, appendix E), from which codes count.
NF4 = (
    *(-1, -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.0910500, 0),
    *(0.0795803, 0.1609302, 0.2461123, 0.3379152, 0.4407098, 0.5626170, 0.7229568, 1),
)


def test_gaussian_weights_in_nf4_have_the_complexity_of_their_alphabet(tmp_path):
    weights = np.random.default_rng(0).normal(size=(1 << 14, 64))
    scaled = weights / np.abs(weights).max(axis=1, keepdims=True)
    codes = np.searchsorted(np.convolve(NF4, (0.5, 0.5), "valid"), scaled)
    name, *_ = tensors = nf4(codes)
    entry = ledger(tmp_path, tensors)[name]
    measured = evaluate(count(entry.tensor).values(), [])["codes"].values
    # Code-level C of blocks of 64 (METHODS section 5), by other draws.
    assert measured["lmc"] == pytest.approx(0.00834, rel=0.02)


def test_a_damaged_quantisation_state_is_a_reason(tmp_path):
    for number, state in enumerate((b"{", b"[]", b'{"shape": [-1, 2]}', b'{"shape": [999, 2]}')):
        tensors = nf4(np.zeros((4, 8), int))
        first, *_, last = tensors
        tensors[last] = np.frombuffer(state, "u1").copy()
        entry = ledger(tmp_path / str(number), tensors)[first]
        assert "bitsandbytes (nf4)" in entry.reason or "do not hold" in entry.reason


def test_8_bit_integers_are_codes_where_a_scale_and_the_config_say_so(tmp_path):
    codes = RNG.integers(-128, 128, (32, 48)).astype("i1")
    tensors = {"a.fc1.weight": codes, "a.fc1.weight_scale": np.ones((32, 1), "f4")}
    entries = ledger(tmp_path / "said", tensors, INT8_CONFIG)
    assert_codes(entries["a.fc1.weight"], "int8_scaled", codes)
    assert entries["a.fc1.weight_scale"].reason == "scales of a.fc1.weight"
    # ChatGLM keeps two codes of 4 bits in such a byte.
    for number, config in enumerate((None, {}, {"quantization_bit": 4})):
        entries = ledger(tmp_path / str(number), tensors, config)
        assert "no config.json says" in entries["a.fc1.weight"].reason

    tensors = {"a.fc1.weight": codes, "a.fc1.SCB": np.ones(32, "f4")}
    assert_codes(ledger(tmp_path / "llm", tensors)["a.fc1.weight"], "llm_int8", codes)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_8_bit_floats_are_codes_and_their_scales_are_listed_apart(dtype, tmp_path):
    weights = RNG.normal(size=(48, 32)).astype(dtype)
    tensors = {
        "x.down_proj.weight": torch.from_numpy(weights.view("u1")).view(getattr(torch, dtype)),
        "x.down_proj.weight_scale_inv": torch.ones(2, 2),
    }
    torch.save(tensors, tmp_path / "model.bin")
    entries = {e.name: e for e in open_weights([tmp_path / "model.bin"]).entries}
    assert_codes(entries["x.down_proj.weight"], dtype, weights.astype(np.float64))
    assert count(entries["x.down_proj.weight"].tensor).values().codes == dtype
    reason = entries["x.down_proj.weight_scale_inv"].reason
    assert reason == "scales of x.down_proj.weight"


REFUSED = {
    "MXFP4": {
        "x.experts.down_proj_blocks": np.zeros((2, 8, 4, 16), "u1"),
        "x.experts.down_proj_scales": np.zeros((2, 8, 4), "u1"),
    },
    "compressed-tensors": {
        "x.fc1.weight_packed": np.zeros((8, 4), "i4"),
        "x.fc1.weight_scale": np.zeros((8, 2), "f4"),
    },
    "exl2": {
        "x.fc1.q_weight": np.zeros((8, 4), "i4"),
        "x.fc1.q_scale": np.zeros((2, 4), "i4"),
        "x.fc1.q_scale_max": np.zeros((2, 2), "f2"),
    },
    "HQQ": {"x.fc1.W_q": np.zeros((8, 4), "u1"), "x.fc1.scale": np.zeros((8, 2), "f2")},
    "vector quantisation": {
        "x.fc1.codes": np.zeros((8, 4, 1), "i2"),
        "x.fc1.codebooks": np.zeros((1, 16, 1, 8), "f2"),
    },
    "gptq_int3": {
        "x.fc1.qweight": np.zeros((6, 32), "i4"),
        "x.fc1.qzeros": np.zeros((1, 3), "i4"),
        "x.fc1.scales": np.zeros((1, 32), "f2"),
    },
    "quanto": {
        "x.fc1.weight._data": np.zeros((8, 4), "i1"),
        "x.fc1.weight._scale": np.ones((8, 1), "f2"),
    },
    "Marlin": {"x.fc1.B": np.zeros((8, 4), "i4"), "x.fc1.s": np.ones((2, 8), "f2")},
    "other words": {
        "x.fc1.qweight": np.zeros((8, 4), "i8"),
        "x.fc1.scales": np.ones((2, 4), "f2"),
    },
    "without scales": {"x.fc1.qweight": np.zeros((6, 32), "i4")},
    "unknown width": {  # NVFP4, with two codes in a byte
        "x.fc1.weight": np.zeros((8, 4), "u1"),
        "x.fc1.weight_scale": np.zeros((8, 1), ml_dtypes.float8_e4m3fn).view("u1"),
    },
    "integer tensor": {"x.fc1.weight": np.zeros((8, 4), "i1"), "ids": np.zeros((8, 4), "i8")},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_read_is_refused_with_the_reason_and_never_a_number(what, tmp_path):
    entries = ledger(tmp_path, REFUSED[what])
    assert all(entry.reason for entry in entries.values())
    assert what in next(iter(REFUSED[what])) or any(what in e.reason for e in entries.values())
