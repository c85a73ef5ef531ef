import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from complexity_atlas import METHOD_VERSION, measure
from complexity_atlas.__main__ import main
from complexity_atlas.contracts import LEDGER, VALUES, read_table
from complexity_atlas.counts.saved import read_counts
from complexity_atlas.errors import AtlasError
from complexity_atlas.measure import measure_model
from complexity_atlas.records import read_record
from complexity_atlas.weights.sources import ModelSpec

GOLDEN = {"1": "e396bd4d65f0179f"}
"""Digest of what is measured of the network below, by method version."""


def network() -> dict[str, np.ndarray]:
    grid = np.sin(np.arange(64 * 48, dtype=np.float64)).reshape(64, 48)
    special = grid.astype(np.float32).copy()
    special[0, :6] = [np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-30]
    return {
        "layers.0.mlp.weight": special,
        "layers.1.mlp.weight": grid.astype(ml_dtypes.bfloat16),
        "layers.1.self_attn.q_proj.weight": grid.astype(np.float16),
        "layers.1.norm.weight": np.ones(48, np.float32),
        "lm_head.weight": np.full((48, 64), 0.5, np.float32),
        "nothing": np.empty((0, 8), np.float32),
        "position_ids": np.arange(9),
    }


def spec(path, model="net", **changes) -> ModelSpec:
    fields = {"source": "file", "location": str(path), "file": "", "sha256": ""}
    return ModelSpec(model=model, **(fields | changes))


@pytest.fixture
def measured(tmp_path):
    save_file(network(), tmp_path / "net.safetensors")
    record = measure_model(spec(tmp_path / "net.safetensors"), tmp_path / "out", tmp_path)
    return record, tmp_path / "out"


def test_every_tensor_is_in_the_ledger_counted_or_with_a_reason(measured):
    record, out = measured
    ledger = read_table(out / "tensors.parquet", LEDGER).set_index("tensor")
    assert set(ledger.index) == set(network())
    assert (ledger.counted == (ledger.reason == "")).all()
    assert not ledger.counted[["nothing", "position_ids", "layers.1.norm.weight"]].any()
    row = ledger.loc["layers.0.mlp.weight"]
    assert (row.n_nan, row.n_inf, row.n_zero, row.n_dead) == (1, 2, 2, 1)
    assert row.layer == 0
    assert record.n_weights == 4 * 64 * 48
    assert record.status == "ok"


def test_saved_counts_are_those_of_numpy(measured):
    _, out = measured
    counted = {tensor.name: tensor.counts for tensor in read_counts(*paths(out))}
    for name, counts in counted.items():
        weights = network()[name].astype(np.float64).ravel()
        values, count = np.unique(weights[np.isfinite(weights)] + 0.0, return_counts=True)
        np.testing.assert_array_equal(counts.lower, values)
        np.testing.assert_array_equal(counts.count, count)
        assert counts.n_nan == np.isnan(weights).sum()
    read_table(out / "values.parquet", VALUES)


def test_moments_of_the_ledger_are_those_of_the_weights(measured):
    _, out = measured
    ledger = read_table(out / "tensors.parquet", LEDGER).set_index("tensor")
    weights = network()["layers.1.self_attn.q_proj.weight"].astype(np.float64)
    row = ledger.loc["layers.1.self_attn.q_proj.weight"]
    assert row["mean"] == pytest.approx(weights.mean(), rel=1e-12, abs=1e-15)
    assert row["std"] == pytest.approx(weights.std(), rel=1e-12)
    assert row.iqr == pytest.approx(np.subtract(*np.percentile(weights, [75, 25])), rel=1e-12)


def test_threads_and_repetition_change_nothing(measured, tmp_path):
    _, out = measured
    measure_model(spec(tmp_path / "net.safetensors"), tmp_path / "again", tmp_path, threads=3)
    for name in ("tensors.parquet", "values.parquet", "model.json"):
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_numbers_change_only_with_the_method_version(measured):
    _, out = measured
    ledger = pd.read_parquet(out / "tensors.parquet").drop(columns=["reason", "role", "layer"])
    text = ledger.to_csv(index=False, float_format="%.12g")
    text += pd.read_parquet(out / "values.parquet").to_csv(index=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    assert digest == GOLDEN.get(METHOD_VERSION), "raise METHOD_VERSION and note the new digest"


@pytest.mark.parametrize(
    ("content", "changes", "status"),
    [
        (None, {}, "unavailable"),
        (b"\x00" * 4, {}, "unreadable"),
        (b"\xff" * 64, {}, "unreadable"),
        (b"", {}, "unreadable"),
        (b"x" * 64, {"sha256": "0" * 64}, "hash_mismatch"),
    ],
)
def test_expected_failures_are_a_status_with_a_reason(tmp_path, content, changes, status):
    path = tmp_path / "net.safetensors"
    if content is not None:
        path.write_bytes(content)
    record = measure_model(spec(path, **changes), tmp_path / "out", tmp_path)
    assert record.status == status
    assert "net.safetensors" in record.reason
    assert read_record(tmp_path / "out" / "model.json") == record
    assert read_table(tmp_path / "out" / "tensors.parquet", LEDGER).empty
    assert read_counts(*paths(tmp_path / "out")) == []


def test_a_file_without_weights_is_empty(tmp_path):
    save_file({"bias": np.zeros(3, np.float32)}, tmp_path / "net.safetensors")
    record = measure_model(spec(tmp_path / "net.safetensors"), tmp_path / "out", tmp_path)
    assert record.status == "empty"
    assert "net.safetensors: no tensor counts as weights" in record.reason
    ledger = read_table(tmp_path / "out" / "tensors.parquet", LEDGER)
    assert ledger.reason[0]


def test_an_unexpected_error_leaves_no_record_of_success(measured, tmp_path, monkeypatch):
    _, out = measured

    def fail(*arguments, **keywords):
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(measure, "count_many", fail)
    with pytest.raises(RuntimeError, match="disk on fire"):
        measure_model(spec(tmp_path / "net.safetensors"), out, tmp_path)
    assert not (out / "model.json").exists()
    assert not list(out.glob("*.part"))


def test_counts_of_another_model_are_refused(measured, tmp_path):
    _, out = measured
    save_file({"w.weight": np.ones((9, 9), np.float32)}, tmp_path / "other.safetensors")
    measure_model(spec(tmp_path / "other.safetensors"), tmp_path / "other", tmp_path)
    with pytest.raises(AtlasError, match="do not match the ledger beside them"):
        read_counts(out / "tensors.parquet", tmp_path / "other" / "values.parquet")


def test_the_command_measures_and_reports_progress(tmp_path, capfd):
    save_file(network(), tmp_path / "net.safetensors")
    rows = [vars(spec(tmp_path / "net.safetensors", model)) for model in ("net", "twin")]
    folders = ["--out", str(tmp_path / "out"), "--cache", str(tmp_path)]
    assert main(["measure-models", "--specs", json.dumps(rows), *folders]) == 0
    shown = capfd.readouterr()
    assert "net: ok, 12,288 weights counted" in shown.out
    assert read_record(tmp_path / "out" / "twin" / "model.json").n_weights == 12288
    assert "B/s" in shown.err


def paths(out):
    return out / "tensors.parquet", out / "values.parquet"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_is_bounded_where_counts_are_largest(tmp_path):
    # Just under the most values that are counted one by one, and all of them different.
    rng = np.random.default_rng(0)
    rows = [2047, 2047, 1023, 1023, 1023]
    noise = {f"w.{i}": rng.standard_normal((n, 2048), dtype=np.float32) for i, n in enumerate(rows)}
    save_file(noise, tmp_path / "model.safetensors")
    script = f"""
from pathlib import Path
from complexity_atlas.measure import measure_model
from complexity_atlas.weights.sources import ModelSpec
spec = ModelSpec("model", "file", {str(tmp_path / "model.safetensors")!r})
record = measure_model(spec, Path({str(tmp_path)!r}), Path({str(tmp_path)!r}), threads=2)
assert record.n_weights == {sum(rows) * 2048}
print(Path("/proc/self/status").read_text())
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stdout.decode())
    assert int(peak) * 1024 < 480e6
