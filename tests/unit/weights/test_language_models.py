import json

import numpy as np
import pandas as pd
import pytest
from language_models import ARCHITECTURES
from safetensors.numpy import save_file

from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.study import load_models
from complexity_atlas.weights import matrices, open_weights
from complexity_atlas.weights.fused import fused_layout
from complexity_atlas.weights.roles import layers_of, role_of

FUSED = {name: a for name, a in ARCHITECTURES.items() if a.fused_rows}

ROLE_OF_LETTER = {"q": "attention_q", "k": "attention_k", "v": "attention_v"}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_tensor_has_the_role_it_plays(name):
    architecture = ARCHITECTURES[name]
    found = {tensor: role_of(tensor, shape) for tensor, shape in architecture.shapes.items()}
    assert found == architecture.roles
    assert "other" not in found.values()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_layers_are_those_of_the_names(name):
    layers = layers_of(ARCHITECTURES[name].shapes)
    inside = {layer for layer in layers.values() if layer is not None}
    assert inside == set(range(len(inside)))
    assert len(inside) >= 2
    outside = {role_of(tensor) for tensor, layer in layers.items() if layer is None}
    assert outside <= {"embedding", "head", "norm", "bias"}


def numbered(rows: int, columns: int, axis: int) -> np.ndarray:
    """A matrix whose entries tell the place along the axis."""
    numbers = np.arange(rows if axis == -2 else columns)
    return np.broadcast_to(numbers[:, None] if axis == -2 else numbers, (rows, columns))


@pytest.mark.parametrize("name", FUSED)
def test_fused_projections_split_as_the_running_network_does(name):
    architecture = FUSED[name]
    (tensor, shape), *_ = [
        (tensor, shape)
        for tensor, shape in architecture.shapes.items()
        if architecture.roles[tensor] == "attention_qkv"
    ]
    layout = fused_layout(tensor, shape, architecture.config)
    across = 1 if layout.axis == -2 else 0
    split = {
        segment.name: part.take(0, axis=across).tolist()
        for segment, part in layout.split(numbered(*shape, layout.axis))
    }
    assert split == architecture.fused_rows
    assert {s.name: s.role for s in layout.segments} == ROLE_OF_LETTER


def first(name: str, end: str) -> tuple[str, tuple[int, ...]]:
    shapes = ARCHITECTURES[name].shapes
    return next((tensor, shape) for tensor, shape in shapes.items() if tensor.endswith(end))


def split_rows(name: str, end: str) -> dict[str, list[int]]:
    tensor, shape = first(name, end)
    layout = fused_layout(tensor, shape, ARCHITECTURES[name].config)
    return {s.name: part[:, 0].tolist() for s, part in layout.split(numbered(*shape, -2))}


def test_internlm2_keeps_a_key_and_a_value_behind_the_queries_that_share_them():
    # rearrange(qkv, "(h gs d) -> h gs d", gs=2 + 4/2, d=8): queries [:, :-2], key -2, value -1
    grouped = np.arange(64).reshape(2, 4, 8)
    assert split_rows("internlm2", "wqkv.weight") == {
        "q": grouped[:, :2].ravel().tolist(),
        "k": grouped[:, 2].ravel().tolist(),
        "v": grouped[:, 3].ravel().tolist(),
    }


def test_latent_attention_of_deepseek_v2():
    # kv_a: split [kv_lora_rank, qk_rope_head_dim]; kv_b: view(heads, qk_nope + v_head), split
    assert split_rows("deepseek_v2", "kv_a_proj_with_mqa.weight") == {
        "kv_latent": list(range(12)),
        "k": list(range(12, 16)),
    }
    heads = np.arange(56).reshape(4, 14)
    assert split_rows("deepseek_v2", "kv_b_proj.weight") == {
        "k": heads[:, :6].ravel().tolist(),
        "v": heads[:, 6:].ravel().tolist(),
    }


@pytest.mark.parametrize(
    ("name", "end"), [("qwen", "c_attn.weight"), ("stablelm_alpha", "qkv_proj.weight")]
)
def test_side_by_side_projections_of_published_code(name, end):
    thirds = np.arange(96).reshape(3, 32).tolist()
    assert split_rows(name, end) == dict(zip("qkv", thirds, strict=True))


def test_gate_and_up_projections():
    assert split_rows("phi3", "gate_up_proj.weight") == {
        "gate": list(range(48)),
        "up": list(range(48, 96)),
    }
    interleaved = fused_layout("x.experts.gate_up_proj", (2, 3, 8), {"model_type": "gpt_oss"})
    parts = dict(interleaved.split(np.broadcast_to(np.arange(8), (3, 8))))
    assert [part[0].tolist() for part in parts.values()] == [[0, 2, 4, 6], [1, 3, 5, 7]]


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"model_type": "llama"},
        {"model_type": ["gpt_neox"]},
        {"model_type": "gpt_neox"},
        {"model_type": "gpt_neox", "num_attention_heads": 5},
        {"model_type": "gpt_neox", "num_attention_heads": -4},
        {"model_type": "gpt_neox", "num_attention_heads": "4"},
        {"model_type": "gpt_neox", "num_attention_heads": 10**30},
        {"text_config": 3, "model_type": "gpt_neox"},
    ],
)
def test_a_config_that_does_not_fit_splits_nothing(config):
    assert fused_layout("attention.query_key_value.weight", (96, 32), config) is None


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_matrices_hold_every_weight_once(name, tmp_path):
    architecture = ARCHITECTURES[name]
    starts = np.cumsum([0, *[np.prod(shape) for shape in architecture.shapes.values()]])
    arrays = {
        tensor: (start + np.arange(np.prod(shape), dtype=np.float64)).reshape(shape)
        for start, (tensor, shape) in zip(starts, architecture.shapes.items(), strict=False)
    }
    save_file(arrays, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(architecture.config))
    entries = open_weights([tmp_path / "model.safetensors"]).counted("stored")
    for entry in entries:
        found = matrices(entry, entry.tensor.array())
        values = np.concatenate([matrix.values.ravel() for matrix in found] or [np.empty(0)])
        if sum(side > 1 for side in entry.shape) > 1:
            assert np.array_equal(np.sort(values), np.sort(arrays[entry.name].ravel()))
        assert all(matrix.values.ndim == 2 for matrix in found)
    roles = {matrix.role for entry in entries for matrix in matrices(entry, entry.tensor.array())}
    assert "other" not in roles
    if name != "deepseek_v2":  # its latent is key and value at once
        assert "attention_qkv" not in roles


def test_experts_are_taken_apart_and_convolutions_flattened(tmp_path):
    arrays = {
        "model.layers.0.mlp.experts.gate_up_proj": np.arange(48.0).reshape(2, 6, 4),
        "conv.weight": np.arange(54.0).reshape(3, 2, 3, 3),
        "cls_token": np.zeros((1, 1, 5)),
    }
    save_file(arrays, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3_moe"}))
    entries = {e.name: e for e in open_weights([tmp_path / "model.safetensors"]).entries}
    found = [m for e in entries.values() for m in matrices(e, e.tensor.array())]
    assert {matrix.name: matrix.values.shape for matrix in found} == {
        "model.layers.0.mlp.experts.gate_up_proj[0].gate": (3, 4),
        "model.layers.0.mlp.experts.gate_up_proj[0].up": (3, 4),
        "model.layers.0.mlp.experts.gate_up_proj[1].gate": (3, 4),
        "model.layers.0.mlp.experts.gate_up_proj[1].up": (3, 4),
        "conv.weight": (3, 18),
    }
    with pytest.raises(ValueError, match="is not"):
        matrices(entries["conv.weight"], np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("config", "counted"),
    [
        ({"model_type": "llama", "tie_word_embeddings": True}, False),
        ({"model_type": "gpt2"}, False),
        ({"model_type": "gpt2", "tie_word_embeddings": False}, True),
        ({"model_type": "llama"}, True),
        ({"model_type": ["gpt2"]}, True),
    ],
)
def test_a_tied_head_counts_once(config, counted, tmp_path):
    arrays = {"wte.weight": np.ones((8, 4), "f4"), "lm_head.weight": np.ones((8, 4), "f4")}
    save_file(arrays, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    head = {e.name: e for e in open_weights([*tmp_path.iterdir()]).entries}["lm_head.weight"]
    assert head.reason == ("" if counted else "tied to wte.weight")


def test_config_json_is_hostile_input(tmp_path):
    save_file({"w": np.ones((2, 2), "f4")}, tmp_path / "model.safetensors")
    for text in ("[", "[1]", '{"a": 1, "a": 2}', "x" * 11_000_000):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(WeightsUnavailable, match=r"config\.json"):
            open_weights([tmp_path / "model.safetensors"])


# The table of the language-model study.


@pytest.fixture
def listed(project) -> pd.DataFrame:
    return load_models(project / "config" / "llm_models.tsv")


def test_every_family_of_the_study_has_an_architecture_with_known_roles(listed):
    known = {family for architecture in ARCHITECTURES.values() for family in architecture.families}
    assert set(listed.family) <= known
    assert len(known) == 48  # 47 families, and Mamba


def test_models_are_pinned_and_sizes_are_plausible(listed):
    assert len(listed) == 140
    assert set(listed.source) == {"hub"}
    assert listed.revision.str.fullmatch("[0-9a-f]{40}").all()
    assert (listed.model == listed.location.str.replace("/", "--")).all()
    assert (listed.active_parameters <= listed.parameters).all()
    experts = listed[listed.active_parameters < listed.parameters]
    assert sorted(experts.family) == ["DeepSeek-MoE", "Jamba", "Mixtral", "Mixtral", "Qwen2"]
    bounds = {"sub1b": 1e9, "1b_to_4b": 4e9, "4b_to_10b": 1e10, "10b_to_40b": 4e10, "over40b": 1e12}
    assert list(bounds) == sorted(bounds, key=bounds.get)
    for row in listed.itertuples():
        assert row.size_group == next(name for name, end in bounds.items() if row.parameters < end)


def test_compute_is_six_operations_per_active_parameter_and_token(listed):
    known = listed.dropna(subset=["training_flops"])
    expected = 6 * known.active_parameters.astype(float) * known.training_tokens
    assert len(known) > 100
    np.testing.assert_allclose(known.training_flops, expected, rtol=1e-5)


def test_facts_are_those_of_the_sources(listed, shared):
    source = pd.read_csv(shared / "data" / "llm_models.csv")
    source = source[source.revision.notna()].reset_index(drop=True)
    assert listed.location.tolist() == source.model.tolist()
    assert listed.revision.tolist() == source.revision.tolist()
    assert listed.family.tolist() == source.family.tolist()
    tokens = (source.training_tokens_t * 1e12).to_numpy(float)
    np.testing.assert_allclose(listed.training_tokens, tokens, rtol=1e-5)
    same = listed.facts.str.contains("parameters: ObsScaling")
    assert (~same).sum() == 6
    sizes = (source.size_b_as_listed * 1e9).to_numpy(float)
    np.testing.assert_allclose(listed.parameters[same].astype(float), sizes[same], rtol=1e-9)
