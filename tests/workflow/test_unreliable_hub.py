"""Thirty models on a Hub that fails at random, and a Snakemake that is killed in between."""

import re
import subprocess

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save

from fake_hub import FakeHub

from .conftest import environment

pytestmark = pytest.mark.slow

NAMES = [f"m{number:02}" for number in range(30)]
LOST = {
    "m03": "gated",
    "m07": "not_found",
    "m11": "revision_not_found",
    "m13": "hash_mismatch",
    "m17": "unreachable",
}
TARGET = "results/models.parquet"


def weights(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((2, 80, 60 + seed)).astype(np.float32)
    return save({f"layers.{i}.mlp.weight": layer for i, layer in enumerate(values)})


def faults(hub: FakeHub, rng: np.random.Generator) -> None:
    """Two or three troubles for every model, on either origin, in random order."""
    for name in hub.repos:
        blob = hub.repos[name]["main"]["model.safetensors"]
        kinds = [
            {"status": 429, "headers": {"Retry-After": "0"}},
            {"status": int(rng.choice([500, 502, 503, 504]))},
            {"cut": int(rng.integers(blob.size))},
        ]
        for kind in rng.permutation(kinds)[: rng.integers(2, 4)]:
            hub.fault(f"/cdn/{blob.sha256}", **kind)
        hub.fault(f"/{name}", status=int(rng.choice([500, 503])), times=int(rng.integers(2)))
        if rng.random() < 0.3:  # a signed address that has expired
            hub.fault(f"/cdn/{blob.sha256}", status=403)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    contents = {
        f"org/{name}": {"main": {"model.safetensors": weights(seed)}}
        for seed, name in enumerate(NAMES)
        if LOST.get(name) != "not_found"
    }
    with FakeHub(contents) as hub:
        hub.meta["org/m03"] = {"gated": "manual"}
        blob = hub.repos["org/m13"]["main"]["model.safetensors"]
        blob.source = blob.source[:-1] + bytes([blob.source[-1] ^ 1])
        faults(hub, np.random.default_rng(5))
        broken = hub.repos["org/m17"]["main"]["model.safetensors"].sha256
        hub.fault(f"/cdn/{broken}", status=500, headers={"Retry-After": "0"}, times=10**6)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


@pytest.fixture
def study(new_study, hub):
    rows = ["model\tsource\tlocation\trevision"]
    for name in NAMES:
        known = f"org/{name}" in hub.repos and name != "m11"
        commit = hub.commit(f"org/{name}") if known else "0" * 40
        rows.append(f"{name}\thub\torg/{name}\t{commit}")
    (new_study / "models.tsv").write_text("\n".join(rows) + "\n")
    return new_study


def test_every_model_is_measured_once_or_has_a_status(study, hub):
    study.kill_when_measured(8, TARGET, cores=4)
    study.run("--unlock")
    left = study.planned("--rerun-incomplete", TARGET)["measure_weights"]
    # A job that wrote its last file but had not been checked by Snakemake is run again, rightly.
    assert len(NAMES) - 8 - 2 <= left <= len(NAMES) - 8 + 2
    before = len(hub.log)
    done = subprocess.run(
        [*study.command(cores=4), "--rerun-incomplete", TARGET],
        cwd=study.folder,
        env=environment(),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked = re.findall(r"/api/models/org/(m\d\d)/", " ".join(r.path for r in hub.log[before:]))
    assert len(set(asked)) == left
    models = pd.read_parquet(study / TARGET).set_index("model")
    assert models.status.to_dict() == {name: LOST.get(name, "ok") for name in NAMES}
    for seed, name in enumerate(NAMES):
        if name not in LOST:
            assert models.n_weights[name] == 2 * 80 * (60 + seed)
            blob = hub.repos[f"org/{name}"]["main"]["model.safetensors"]
            assert blob.sha256 in models.files[name]
        else:
            assert models.n_weights[name] == 0
            assert f"org/{name}" in models.reason[name]
    assert np.mean([fault.times == 0 for fault in hub.faults]) > 0.8
    assert sum("/api/models/org/m17/" in request.path for request in hub.log) >= 3  # attempts
    hub.faults.clear()
    assert study.planned("--", TARGET) == {}
    study.run("--forcerun", "results/models/m17/model.json", "--", TARGET)
    assert pd.read_parquet(study / TARGET).set_index("model").status["m17"] == "ok"
