import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from complexity_atlas.spectra.singular_values import singular_values, singular_values_on


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(1, user_api="blas"):
        yield


def with_condition(rows: int, columns: int, condition: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    u, _ = np.linalg.qr(rng.standard_normal((rows, columns)))
    v, _ = np.linalg.qr(rng.standard_normal((columns, columns)))
    return u * np.geomspace(condition, 1, columns) @ v.T


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(["float64", "float32", "float16", "bfloat16", "float8_e4m3fn"]),
    st.integers(0, 9),
)
def test_values_are_those_of_numpy(rows, columns, dtype, seed):
    matrix = np.random.default_rng(seed).standard_normal((rows, columns)).astype(dtype)
    found = singular_values(matrix)
    expected = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    assert found.note == ""
    np.testing.assert_allclose(found.values, expected, rtol=1e-6, atol=1e-12 * expected[0])


@pytest.mark.parametrize(
    ("shape", "condition", "method"),
    [
        ((150, 120), 10.0, "gram"),
        ((120, 150), 10.0, "gram"),
        ((150, 120), 1e7, "svd"),
        ((9000, 120), 1e7, "qr+svd"),
        ((90, 60), 1e7, "svd"),
    ],
)
def test_a_large_condition_number_is_not_taken_from_a_gram_matrix(shape, condition, method):
    matrix = with_condition(max(shape), min(shape), condition)
    found = singular_values(matrix if shape[0] > shape[1] else matrix.T)
    assert found.method == method
    assert found.values[0] / found.values[-1] == pytest.approx(condition, rel=1e-6)


def test_a_float32_gram_matrix_would_be_wrong():
    matrix = with_condition(200, 150, 1.9e4).astype(np.float32)
    squares = (matrix.T @ matrix).astype(np.float64)
    naive = np.sqrt(np.abs(np.linalg.eigvalsh(squares)[[-1, 0]]))
    found = singular_values(matrix).values
    assert found[0] / found[-1] == pytest.approx(1.9e4, rel=1e-2)
    assert naive[0] / naive[1] != pytest.approx(1.9e4, rel=0.1)


def test_zeros_a_rank_of_one_and_vectors_behave():
    np.testing.assert_array_equal(singular_values(np.zeros((150, 120))).values, 0)
    line = np.outer(np.arange(1.0, 200), np.arange(1.0, 130))
    found = singular_values(line).values
    assert found[0] == pytest.approx(np.linalg.norm(line))
    assert found[1:].max() < 1e-12 * found[0]
    assert singular_values(np.array([[3.0, 4.0]])).values == pytest.approx([5.0])
    assert singular_values(np.array([[3.0], [4.0]])).values == pytest.approx([5.0])


@pytest.mark.parametrize(
    ("shape", "value"), [((40, 30), np.inf), ((150, 120), np.nan), ((9000, 120), np.nan)]
)
def test_a_matrix_that_is_not_finite_has_no_values(shape, value):
    matrix = np.ones(shape, np.float32)
    matrix[-1, 3] = value
    found = singular_values(matrix)
    assert len(found.values) == 0
    assert found.note == "has values that are not finite"
    assert singular_values_on("cpu", [matrix])[0].note == found.note


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150])
def test_squares_that_over_or_underflow_cost_nothing(scale):
    matrix = np.random.default_rng(0).standard_normal((150, 120))
    expected = np.linalg.svd(matrix, compute_uv=False) * scale
    np.testing.assert_allclose(singular_values(matrix * scale).values, expected, rtol=1e-10)
    (on_device,) = singular_values_on("cpu", [matrix * scale])
    np.testing.assert_allclose(on_device.values, expected, rtol=1e-10)


def test_a_tall_embedding_takes_little_memory():
    # Row r has one weight, in column r % 1024: so columns are orthogonal, and known by their norms.
    rows = np.arange(50_000)
    weights = np.random.default_rng(0).uniform(0.5, 2, 50_000).astype(ml_dtypes.bfloat16)
    embedding = np.zeros((50_000, 1024), ml_dtypes.bfloat16)
    embedding[rows, rows % 1024] = weights
    norms = np.sqrt(np.bincount(rows % 1024, np.square(weights.astype(np.float64))))
    found = singular_values(embedding)
    assert found.method == "gram"
    np.testing.assert_allclose(found.values, np.sort(norms)[::-1], rtol=1e-9)


def test_values_do_not_depend_on_what_else_runs():
    matrix = np.random.default_rng(0).standard_normal((700, 300))
    found = [singular_values(matrix).values.tobytes() for _ in range(3)]
    assert len(set(found)) == 1


def test_only_matrices_have_singular_values():
    for shape in ((3,), (3, 0), (2, 2, 2)):
        with pytest.raises(ValueError, match="two axes"):
            singular_values(np.ones(shape))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float8_e5m2"])
@pytest.mark.parametrize("shape", [(150, 120), (60, 140)])
def test_a_device_of_torch_gives_the_same(dtype, shape):
    rng = np.random.default_rng(1)
    matrices = [rng.standard_normal(shape).astype(dtype) for _ in range(3)]
    for matrix, found in zip(matrices, singular_values_on("cpu", matrices), strict=True):
        np.testing.assert_allclose(found.values, singular_values(matrix).values, rtol=1e-9)


def test_a_device_turns_to_the_decomposition_too():
    found = singular_values_on("cpu", [with_condition(150, 120, 1e8), np.eye(150)[:, :120]])
    assert [one.method for one in found] == ["svd", "gram"]
    assert found[0].values[0] / found[0].values[-1] == pytest.approx(1e8, rel=1e-6)


def test_what_does_not_fit_on_a_device_is_computed_on_the_cpu(monkeypatch):
    batches = []

    def small(matrices, device):
        batches.append(len(matrices))
        if len(matrices) > 2 or matrices[0].size > 20_000:
            raise torch.OutOfMemoryError
        return [singular_values(matrix) for matrix in matrices]

    monkeypatch.setattr("complexity_atlas.spectra.singular_values._batch", small)
    matrices = [np.eye(100) * k for k in range(1, 6)]
    found = singular_values_on("cuda", matrices)
    assert [one.values[0] for one in found] == pytest.approx([1, 2, 3, 4, 5])
    assert batches == [5, 2, 3, 1, 2]
    (large,) = singular_values_on("cuda", [np.eye(150)])
    assert large.note == "too large for cuda: on the CPU"
    assert large.values == pytest.approx(np.ones(150))


@pytest.mark.gpu
def test_a_cuda_device_agrees_with_float64():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal((2048, 1024)).astype(ml_dtypes.bfloat16) for _ in range(4)]
    for matrix, found in zip(matrices, singular_values_on("cuda", matrices), strict=True):
        expected = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
        np.testing.assert_allclose(found.values, expected, rtol=1e-5)
