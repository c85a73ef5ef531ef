import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from complexity_atlas import matrix_pass
from complexity_atlas.contracts import CODES, SPECTRA, read_table
from complexity_atlas.matrix_pass import MatrixPass
from complexity_atlas.measure import measure_model
from complexity_atlas.spectra.saved import read_spectra
from complexity_atlas.spectra.singular_values import singular_values_on
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.sources import ModelSpec

RNG = np.random.default_rng(0)
NETWORK = {
    "layers.0.mlp.weight": RNG.standard_normal((150, 120)).astype(ml_dtypes.bfloat16),
    "layers.1.mlp.weight": RNG.standard_normal((150, 120)).astype(ml_dtypes.bfloat16),
    "conv.weight": RNG.standard_normal((16, 8, 3, 3)).astype(np.float32),
    "lm_head.weight": np.where(np.eye(40, 30) > 0, np.nan, 1).astype(np.float32),
    "zeros.weight": np.zeros((30, 20), np.float32),
    "layers.1.mlp.bias": np.ones(150, np.float32),
    "float8.weight": RNG.standard_normal((9, 8)).astype(ml_dtypes.float8_e4m3fn),
}


def measure(tmp_path, name="out", **settings):
    save_file(NETWORK, tmp_path / "net.safetensors")
    spec = ModelSpec("net", "file", str(tmp_path / "net.safetensors"), "", "")
    measure_model(spec, tmp_path / name, tmp_path, **settings)
    return tmp_path / name


def test_spectra_of_a_network_are_those_of_its_matrices(tmp_path):
    out = measure(tmp_path, spectra_up_to=100_000)
    spectra = read_table(out / "spectra.parquet", SPECTRA).set_index("tensor")
    assert set(spectra.index) == {name for name in NETWORK if not name.endswith("bias")}
    for name, row in spectra.iterrows():
        matrix = NETWORK[name].reshape(len(NETWORK[name]), -1).astype(np.float64)
        assert (row.rows, row.columns) == matrix.shape
        if not row.note:
            expected = np.linalg.svd(matrix, compute_uv=False)
            np.testing.assert_allclose(row.singular_values, expected, rtol=1e-9, atol=1e-12)
    notes = spectra.note[spectra.note != ""]
    assert notes["lm_head.weight"] == "has values that are not finite"
    assert notes["float8.weight"].startswith("only counted: codes of float8_e4m3fn")
    assert len(notes) == 2
    assert spectra["columns"]["conv.weight"] == 72
    codes = read_table(out / "codes.parquet", CODES).set_index(["tensor", "type"])
    assert codes.counts["lm_head.weight", "nf4"].sum() == 40 * 30 - 30
    read = read_spectra(out / "tensors.parquet", out / "spectra.parquet")
    (matrix,) = [matrix for matrix in read if matrix.name == "layers.1.mlp.weight"]
    assert matrix.layer == 1
    assert matrix.width == pytest.approx(1, rel=0.02)


def test_threads_and_spectra_change_no_count(tmp_path):
    plain = measure(tmp_path, "plain")
    one = measure(tmp_path, "one", spectra_up_to=100_000)
    three = measure(tmp_path, "three", spectra_up_to=100_000, threads=3)
    for name in ("tensors.parquet", "values.parquet"):
        assert (plain / name).read_bytes() == (one / name).read_bytes()
    for name in ("tensors.parquet", "values.parquet", "spectra.parquet", "codes.parquet"):
        assert (one / name).read_bytes() == (three / name).read_bytes()
    assert read_table(plain / "spectra.parquet", SPECTRA).empty
    assert read_table(plain / "codes.parquet", CODES).empty


def test_a_large_tensor_is_only_counted_and_says_so(tmp_path):
    out = measure(tmp_path, spectra_up_to=2000)
    spectra = read_table(out / "spectra.parquet", SPECTRA).set_index("tensor")
    large = spectra.loc["layers.0.mlp.weight"]
    assert large.note == "only counted: more than 2,000 weights (spectra.max_weights)"
    assert (large.rows, large["columns"], len(large.singular_values)) == (150, 120, 0)
    assert len(spectra.singular_values["conv.weight"]) == 16
    assert "layers.0.mlp.weight" not in set(read_table(out / "codes.parquet", CODES).tensor)


def test_a_device_takes_matrices_of_one_shape_together(tmp_path, monkeypatch):
    batches = []

    def on_device(device, matrices):
        batches.append((device, len(matrices), matrices[0].shape))
        return singular_values_on("cpu", matrices)

    monkeypatch.setattr(matrix_pass, "singular_values_on", on_device)
    save_file(NETWORK, tmp_path / "net.safetensors")
    entries = open_weights([tmp_path / "net.safetensors"]).counted("stored")
    found = {}
    for device in ("cuda", "cpu"):
        with MatrixPass(100_000, device=device) as beside:
            list(beside.loading(entries))
            found[device] = beside.tables()
    assert ("cuda", 2, (150, 120)) in batches
    assert sum(n for _, n, _ in batches) == 5
    for on_cuda, on_cpu in zip(found["cuda"], found["cpu"], strict=True):
        assert len(on_cuda) == len(on_cpu)
    pairs = zip(found["cuda"][0].singular_values, found["cpu"][0].singular_values, strict=True)
    for on_cuda, on_cpu in pairs:
        np.testing.assert_allclose(on_cuda, on_cpu, rtol=1e-9, atol=1e-12)


def test_an_error_in_a_thread_ends_the_measurement(tmp_path, monkeypatch):
    def fail(matrix):
        raise RuntimeError("no convergence")

    monkeypatch.setattr(matrix_pass, "singular_values", fail)
    with pytest.raises(RuntimeError, match="no convergence"):
        measure(tmp_path, spectra_up_to=100_000)
    assert not (tmp_path / "out" / "model.json").exists()
