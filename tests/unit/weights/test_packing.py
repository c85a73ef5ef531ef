"""Codes of packed types against the packages that pack them."""

import numpy as np
import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize
from hypothesis import given, settings
from hypothesis import strategies as st

from complexity_atlas.counts import counting
from complexity_atlas.counts.counting import count, count_many
from complexity_atlas.counts.formats import FORMATS
from complexity_atlas.errors import AtlasError
from complexity_atlas.weights.packing import PACKINGS, SIGNED
from complexity_atlas.weights.tensors import FileSegment, Tensor

ONE = np.float16(1).tobytes()
NONE = np.float16(0).tobytes()

# Bytes of a block that set every scale to 1 and every minimum to 0, by their first byte; and what
# the type subtracts from the code. Scales of 6 bits: see `get_scale_min` and Q3_K in gguf.quants.
UNIT_SCALES = {
    "q4_0": ({0: ONE}, 8),
    "q4_1": ({0: ONE + NONE}, 0),
    "q5_0": ({0: ONE}, 16),
    "q5_1": ({0: ONE + NONE}, 0),
    "q8_0": ({0: ONE}, 0),
    "q2_k": ({0: b"\x01" * 16, 80: ONE + NONE}, 0),
    "q3_k": ({96: b"\x11" * 8 + b"\xaa" * 4 + ONE}, 4),
    "q4_k": ({0: ONE + NONE + b"\x01" * 4 + b"\x00" * 4 + b"\x01" * 4}, 0),
    "q5_k": ({0: ONE + NONE + b"\x01" * 4 + b"\x00" * 4 + b"\x01" * 4}, 0),
    "q6_k": ({192: b"\x01" * 16 + ONE}, 32),
}


def blocks(dtype: str, n: int, seed: int = 0) -> np.ndarray:
    shape = (n, PACKINGS[dtype].block_bytes)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def packed(dtype: str, data: np.ndarray) -> Tensor:
    return Tensor("w", dtype, (len(data), PACKINGS[dtype].n), data.reshape(-1))


def codes(dtype: str, data: np.ndarray) -> np.ndarray:
    """Unpacked with numpy, as numbers."""
    found = PACKINGS[dtype].unpack(data)
    return (found.view(np.int8) if dtype in SIGNED else found).astype(np.int64)


@pytest.mark.parametrize("dtype", UNIT_SCALES)
def test_codes_are_those_that_gguf_dequantises(dtype):
    kind = GGMLQuantizationType[dtype.upper()]
    packing = PACKINGS[dtype]
    assert GGML_QUANT_SIZES[kind] == (packing.n, packing.block_bytes)
    data = blocks(dtype, 200)
    places, offset = UNIT_SCALES[dtype]
    for first, values in places.items():
        data[:, first : first + len(values)] = np.frombuffer(values, np.uint8)
    assert sum(map(len, places.values())) == packing.scale_bytes
    np.testing.assert_array_equal(dequantize(data, kind), codes(dtype, data) - offset)


@pytest.mark.parametrize("dtype", PACKINGS)
def test_counts_are_those_of_the_unpacked_codes(dtype):
    data = blocks(dtype, 500)
    values, n = np.unique(codes(dtype, data), return_counts=True)
    counted = count(packed(dtype, data))
    assert counted.exact
    assert counted.values().codes == dtype
    np.testing.assert_array_equal(counted.values().lower, values)
    np.testing.assert_array_equal(counted.values().count, n)
    histogram = counted.values().code_histogram()
    assert len(histogram) == FORMATS[dtype].alphabet == 1 << PACKINGS[dtype].width
    assert histogram.sum() == data.shape[0] * PACKINGS[dtype].n


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(PACKINGS)), st.integers(0, 40), st.integers(1, 3), st.data())
def test_pieces_and_blocks_cut_nothing(dtype, n, threads, data):
    unit = PACKINGS[dtype].block_bytes
    tensor = packed(dtype, blocks(dtype, n, seed=n))
    whole = count(tensor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_BLOCK", -(-data.draw(st.integers(unit, 4 * unit)) // 8) * 8)
        patch.setattr(counting, "_PIECE", data.draw(st.integers(unit, 9 * unit)))
        (cut,) = count_many([tensor], threads)
    np.testing.assert_array_equal(cut.keys, whole.keys)
    np.testing.assert_array_equal(cut.counts, whole.counts)
    assert (cut.minimum, cut.maximum) == pytest.approx((whole.minimum, whole.maximum), nan_ok=True)


def test_packed_codes_in_a_file_are_counted_and_never_read_as_numbers(tmp_path):
    data = blocks("q4_k", 30)
    (tmp_path / "weights").write_bytes(b"header" + data.tobytes())
    tensor = Tensor("w", "q4_k", (30, 256), FileSegment(tmp_path / "weights", 6, data.nbytes))
    assert count(tensor).counts.sum() == 30 * 256
    with pytest.raises(AtlasError, match="holds codes of q4_k"):
        tensor.array()
    with pytest.raises(AtlasError, match="needs"):
        Tensor("w", "q4_k", (30, 255), FileSegment(tmp_path / "weights", 6, data.nbytes))


def test_a_type_of_eight_bits_or_less_is_an_alphabet():
    floats = {"float8_e4m3fn": 253, "float8_e5m2": 247}
    for dtype, size in floats.items():
        finite = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float64)
        assert len(np.unique(finite[np.isfinite(finite)])) == size == FORMATS[dtype].alphabet
    assert [FORMATS[d].alphabet for d in ("nf4", "q6_k", "int8", "bfloat16")] == [16, 64, 256, 0]
