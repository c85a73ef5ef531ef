"""Heads on a frozen network: what they see, and where their risk peaks."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from complexity_atlas.experiments.head_tuning import linear_heads
from complexity_atlas.experiments.head_tuning.settings import HeadSettings
from complexity_atlas.experiments.zoo.networks import build
from complexity_atlas.experiments.zoo.settings import RunSpec
from complexity_atlas.experiments.zoo.text import ALPHABET, Corpus, Document

RUN = RunSpec("transformer", 8000, 0, "bfloat16", 10, 1, 32)


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "step_10.safetensors"
    state = build(RUN.family, RUN.size, len(ALPHABET), 3).state_dict()
    save_file({name: value.bfloat16() for name, value in state.items()}, path)
    return path


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    letters = ALPHABET[1:6]
    texts = ["".join(rng.choice(list(letters), 1500)) for _ in range(2)]
    return Corpus((Document("a", "train", texts[0]), Document("b", "test", texts[1])))


def test_hidden_vectors_are_what_the_output_layer_reads(network):
    frozen = linear_heads.load_frozen(RUN, network)
    windows = torch.randint(len(ALPHABET), (5, 12), generator=torch.Generator().manual_seed(0))
    hidden = linear_heads.hidden_vectors(frozen, windows)
    logits, _ = frozen(windows)
    read = frozen.lm_head(torch.from_numpy(hidden).float())
    torch.testing.assert_close(read, logits[:, -1])
    assert not any(parameter.requires_grad for parameter in frozen.parameters())


def test_risk_peaks_where_features_are_as_many_as_samples(network, corpus):
    heads = HeadSettings(samples=16, widths=(4, 16, 200), repetitions=5)
    table = linear_heads.linear_heads_table(RUN, network, corpus, heads, seed=0)
    risk = table.set_index(["features", "width"]).risk
    assert risk["random", 4] < risk["random", 16] > risk["random", 200]
    assert risk["slice", 4] < risk["slice", 16]
    assert ("slice", 200) not in risk.index
    assert (table.risk_low <= table.risk).all()
    assert (table.risk <= table.risk_high).all()
    assert table.equals(linear_heads.linear_heads_table(RUN, network, corpus, heads, seed=0))
