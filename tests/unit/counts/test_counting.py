import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complexity_atlas.complexity.count_error import count_error
from complexity_atlas.counts import counting, counting_torch, tallies
from complexity_atlas.counts.counting import count, count_many, count_sample
from complexity_atlas.counts.formats import FORMATS
from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.errors import AtlasError
from complexity_atlas.weights.packing import PACKINGS
from complexity_atlas.weights.tensors import FileSegment, Tensor

NUMBERS = [dtype for dtype in FORMATS if dtype not in PACKINGS]
WIDE = ("float32", "float64")
fuzz = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # a patch holds for all examples
)
fuzz_large = settings(fuzz, max_examples=8)  # a table of 23-bit keys takes a while to clear


def tensors(dtype: str, max_size: int = 60) -> st.SearchStrategy[Tensor]:
    """Tensors of any bit patterns, rich in zeros, subnormals, extremes, infinities and NaN."""
    width, top = FORMATS[dtype].width, FORMATS[dtype].largest + 1
    edges = {0, 1, 2, (1 << 12) + 1, top - 1, top, top + 1, top | (top >> 1), (1 << width - 1) - 1}
    special = sorted({p % (1 << width) for edge in edges for p in (edge, edge | 1 << (width - 1))})
    pattern = st.sampled_from(special) | st.integers(0, (1 << width) - 1)
    return st.lists(pattern, max_size=max_size).map(
        lambda patterns: Tensor.of("t", np.array(patterns, f"uint{width}").view(dtype))
    )


def float64_of(tensor: Tensor) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return tensor.data.astype(np.float64)


def assert_same(a: KeyCounts, b: KeyCounts):
    assert (a.dtype, a.key_bits, a.n_nan, a.n_inf) == (b.dtype, b.key_bits, b.n_nan, b.n_inf)
    np.testing.assert_array_equal(a.keys, b.keys)
    np.testing.assert_array_equal(a.counts, b.counts)
    np.testing.assert_array_equal([a.minimum, a.maximum], [b.minimum, b.maximum])


def assert_equals_unique(counts: KeyCounts, values: np.ndarray):
    finite = values[np.isfinite(values)]
    distinct, expected = np.unique(finite, return_counts=True)
    found = counts.values()
    assert found.exact
    np.testing.assert_array_equal(found.lower, distinct)
    np.testing.assert_array_equal(found.count, expected)
    assert counts.n_nan == np.isnan(values).sum()
    assert counts.n_inf == np.isinf(values).sum()
    ends = [finite.min(), finite.max()] if finite.size else [np.nan, np.nan]
    np.testing.assert_array_equal([counts.minimum, counts.maximum], ends)
    assert not np.signbit([counts.minimum, counts.maximum])[np.array(ends) == 0].any()


def use_tables(monkeypatch):
    """Make even small tensors go the way of large ones."""
    monkeypatch.setattr(counting, "_SORTED", 0)
    for module in (counting, counting_torch):
        monkeypatch.setattr(module, "EXACT_VALUES", 0)


@pytest.mark.parametrize("dtype", NUMBERS)
@fuzz
@given(data=st.data())
def test_counts_of_few_values_equal_numpy_unique(dtype, data):
    tensor = data.draw(tensors(dtype))
    assert_equals_unique(count(tensor), float64_of(tensor))


@pytest.mark.parametrize("dtype", [name for name in NUMBERS if name not in WIDE])
@fuzz
@given(data=st.data())
def test_counts_by_table_equal_numpy_unique(dtype, data, monkeypatch):
    use_tables(monkeypatch)
    tensor = data.draw(tensors(dtype))
    assert_equals_unique(count(tensor), float64_of(tensor))


def test_all_patterns_of_a_16_bit_type_at_once():
    patterns = np.tile(np.arange(1 << 16, dtype=np.uint16), 3)
    for dtype in ("float16", "bfloat16"):
        tensor = Tensor.of("t", patterns.view(dtype))
        assert_equals_unique(count(tensor), float64_of(tensor))


def test_runs_of_equal_patterns_are_counted():
    weights = np.repeat(np.arange(-50, 51).astype(ml_dtypes.bfloat16), 1001)
    assert_equals_unique(count(Tensor.of("t", weights)), weights.astype(np.float64))


@pytest.mark.parametrize("dtype", WIDE)
@fuzz_large
@given(data=st.data())
def test_every_value_lies_in_its_cell(dtype, data, monkeypatch):
    use_tables(monkeypatch)
    tensor = data.draw(tensors(dtype))
    counts, values = count(tensor), float64_of(tensor)
    finite = np.sort(values[np.isfinite(values)])
    assert (counts.n_nan, counts.n_inf) == (np.isnan(values).sum(), np.isinf(values).sum())
    found = counts.values()
    assert all(found.upper[:-1] < found.lower[1:])
    cell = np.searchsorted(found.upper, finite)
    np.testing.assert_array_equal(np.bincount(cell, minlength=len(found.count)), found.count)
    assert (found.lower[cell] <= finite).all()
    assert (finite <= found.upper[cell]).all()
    assert found.n_zero == (finite == 0).sum()
    if finite.size:
        assert (found.minimum, found.maximum) == (finite[0], finite[-1])


@pytest.mark.parametrize("dtype", WIDE)
def test_cells_are_as_narrow_as_the_key_allows(dtype, monkeypatch):
    use_tables(monkeypatch)
    weights = np.random.default_rng(0).normal(size=1000).astype(dtype)
    found = count(Tensor.of("t", weights)).values()
    assert not found.exact
    assert (found.upper - found.lower <= 2.0**-11 * np.abs(found.upper + found.lower)).all()


@pytest.mark.parametrize("source", [ml_dtypes.bfloat16, np.float16])
def test_16_bit_weights_stored_as_float32_are_exact_whatever_their_number(source, monkeypatch):
    use_tables(monkeypatch)
    weights = np.random.default_rng(0).normal(size=5000).astype(source)
    counts = count(Tensor.of("t", weights.astype(np.float32)))
    assert counts.key_bits == 32
    assert_equals_unique(counts, weights.astype(np.float64))


@pytest.mark.parametrize("large", [False, True], ids=["few", "many"])
@pytest.mark.parametrize("dtype", NUMBERS)
@fuzz_large
@given(data=st.data())
def test_torch_counts_bit_for_bit_as_the_cpu_kernel(dtype, large, data, monkeypatch):
    torch = pytest.importorskip("torch")
    if large:
        use_tables(monkeypatch)
    tensor = data.draw(tensors(dtype))
    signed = np.ascontiguousarray(tensor.data).view(f"i{tensor.itemsize}")
    resident = torch.from_numpy(signed).view(getattr(torch, dtype))
    assert_same(counting_torch.count(resident), count(tensor))
    assert_same(count(tensor, device="cpu:0"), count(tensor))


@pytest.mark.gpu
def test_cuda_counts_bit_for_bit_as_the_cpu_kernel(monkeypatch):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    rng = np.random.default_rng(0)
    for dtype in NUMBERS:
        kind = FORMATS[dtype]
        patterns = rng.integers(0, 1 << kind.width, 100_003, dtype=f"uint{kind.width}")
        tensor = Tensor.of("t", patterns.view(dtype))
        assert_same(count(tensor, device="cuda"), count(tensor))
        with monkeypatch.context() as patch:
            use_tables(patch)
            assert_same(count(tensor, device="cuda"), count(tensor))


@pytest.fixture
def mixed(tmp_path) -> list[Tensor]:
    """Tensors of every type and many sizes, one after the other in one file."""
    rng = np.random.default_rng(1)
    found, path = [], tmp_path / "weights.bin"
    with open(path, "wb") as file:
        for size in (0, 1, 7, 999):
            for dtype in NUMBERS:
                weights = (rng.normal(size=size) * 40).clip(0, 200).astype(dtype)
                name = f"{dtype}.{size}"
                found.append(
                    Tensor(name, dtype, (size,), FileSegment(path, file.tell(), weights.nbytes))
                )
                file.write(weights.tobytes())
    return found


def test_neither_threads_nor_pieces_nor_blocks_change_the_counts(mixed, monkeypatch):
    use_tables(monkeypatch)
    whole = list(count_many(mixed))
    for tensor, counts in zip(mixed, whole, strict=True):
        assert counts.counts.sum() == tensor.n
    monkeypatch.setattr(counting, "_PIECE", 1 << 11)
    monkeypatch.setattr(counting, "_BLOCK", 1 << 5)
    monkeypatch.setattr(counting, "_PENDING", 1 << 12)
    for threads in (1, 2, 5):
        for counts, expected in zip(count_many(mixed, threads), whole, strict=True):
            assert_same(counts, expected)


def test_results_come_in_order_and_progress_adds_up(mixed):
    advanced = []
    found = count_many(mixed, threads=3, progress=advanced.append)
    for tensor, counts in zip(mixed, found, strict=True):
        assert counts.dtype == tensor.dtype
        assert_equals_unique(counts, tensor.array().astype(np.float64))
    assert sum(advanced) == sum(tensor.nbytes for tensor in mixed)


def test_few_results_wait_to_be_taken_away(monkeypatch):
    taken = []

    def source():
        for index in range(1000):
            taken.append(index)
            yield Tensor.of("t", np.arange(1 << 17, dtype=np.float32))

    monkeypatch.setattr(counting, "_PENDING", 8 << 20)
    results = count_many(source(), threads=2)
    next(results)
    assert len(taken) <= 6
    results.close()


def test_a_file_that_is_too_short_is_named_with_the_byte(tmp_path):
    path = tmp_path / "short.bin"
    path.write_bytes(bytes(5000))
    segment = FileSegment(path, 1000, 8000)
    for tensor in (
        Tensor("w", "float32", (2000,), segment),
        Tensor("w", "float64", (10, 100), segment),
    ):
        with pytest.raises(AtlasError, match=r"short\.bin: ends at byte 5000.*truncated"):
            count(tensor, threads=2)
        with pytest.raises(AtlasError, match="truncated"):
            tensor.array()


def test_an_error_in_the_middle_reaches_the_caller_after_what_came_before(mixed, tmp_path):
    bad = Tensor("bad", "int8", (4,), FileSegment(tmp_path / "weights.bin", 1 << 40, 4))
    results = count_many([mixed[-1], bad, mixed[-2]], threads=2)
    with pytest.raises(AtlasError, match="truncated"):
        list(results)


def test_types_that_cannot_be_counted_are_refused():
    with pytest.raises(AtlasError, match=r"'ids'.*int64 cannot be counted, only int8"):
        count(Tensor.of("ids", np.arange(3)))
    torch = pytest.importorskip("torch")
    with pytest.raises(AtlasError, match="int64 cannot be counted"):
        counting_torch.count(torch.arange(3))


def test_shape_and_bytes_must_agree():
    with pytest.raises(AtlasError, match=r"shape \[3\] of float32 needs 12 bytes, but 8"):
        Tensor("w", "float32", (3,), FileSegment(Path("w.bin"), 0, 8))
    with pytest.raises(AtlasError, match="shape"):
        Tensor("w", "int8", (-2, -2), FileSegment(Path("w.bin"), 0, 4))
    with pytest.raises(AtlasError, match="'float7' is not a type"):
        Tensor("w", "float7", (3,), FileSegment(Path("w.bin"), 0, 8))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (5,), (2, 3, 4)])
def test_a_tensor_is_read_as_it_was_written(tmp_path, shape):
    weights = np.random.default_rng(0).normal(size=shape).astype(ml_dtypes.bfloat16)
    path = tmp_path / "w.bin"
    path.write_bytes(b"head" + weights.tobytes())
    tensor = Tensor("w", "bfloat16", shape, FileSegment(path, 4, weights.nbytes))
    array = tensor.array()
    assert (array.dtype, array.shape) == (weights.dtype, shape)
    np.testing.assert_array_equal(array, weights)
    np.testing.assert_array_equal(Tensor.of("w", weights).array(), weights)


def test_views_that_are_not_contiguous_are_counted():
    weights = np.arange(24, dtype=np.float32).reshape(4, 6)
    assert_equals_unique(count(Tensor.of("t", weights[::2, ::3])), weights[::2, ::3].astype(float))


def test_a_sample_is_spread_over_the_tensor_and_counted_by_keys():
    weights = np.arange(1, 100_001, dtype=np.float32)
    values, counts = count_sample(Tensor.of("t", weights), 6400)
    assert len(values) == counts.counts.sum() == 6400
    assert (values[0], values[-1]) == (1, 100_000)
    assert np.diff(values).max() < 1600
    assert (counts.key_bits, counts.minimum, counts.maximum) == (20, 1, 100_000)
    everything, _ = count_sample(Tensor.of("t", weights), 1 << 20)
    np.testing.assert_array_equal(everything, weights)


def test_the_error_of_counting_by_keys_is_small_near_zero_and_large_far_from_it():
    noise = np.random.default_rng(0).normal(size=200_000)
    near = Tensor.of("near", (0.02 * noise).astype(np.float32))
    far = Tensor.of("far", (1000 + noise).astype(np.float32))
    subnormal = Tensor.of("subnormal", (1e-42 * noise).astype(np.float32))
    assert 0 < count_error(near) < 1e-4
    assert count_error(far) > 1e-3
    assert count_error(subnormal) > 0.1
    assert np.isnan(count_error(Tensor.of("same", np.ones(100, np.float32))))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_stays_low_and_torch_is_not_imported(tmp_path):
    path = tmp_path / "sparse.bin"
    with open(path, "wb") as file:
        file.truncate(600 << 20)
    script = f"""
import sys
from pathlib import Path
from complexity_atlas.counts.counting import count
from complexity_atlas.weights.tensors import FileSegment, Tensor
tensor = Tensor("w", "bfloat16", (300 << 20,), FileSegment(Path({str(path)!r}), 0, 600 << 20))
counts = count(tensor, threads=2)
assert counts.counts.tolist() == [300 << 20]
assert not {{"torch", "pandas", "pyarrow"}} & set(sys.modules)
print(Path("/proc/self/status").read_text())
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stdout.decode())
    assert int(peak) < 400 * 1000


def test_pieces_of_a_tensor_add_up_in_any_order():
    weights = np.random.default_rng(0).normal(size=300).astype(np.float32)
    parts = [
        tallies.tally_of_sorted("float32", np.sort(p)) for p in weights.view("u4").reshape(3, 100)
    ]
    forwards, backwards = parts[0] + parts[1] + parts[2], parts[2] + (parts[1] + parts[0])
    assert_same(forwards.total(), backwards.total())
    assert all(a < b for a, b in pairwise(forwards.total().keys))
