"""Matrices that a network keeps in one tensor: query, key and value; gate and up projection.

How they lie in it is not told by names or shapes: GPT-2 has them side by side, GPT-NeoX head by
head, InternLM2 and Falcon by groups of heads that share a key. The model's config.json tells, by
its `model_type` and numbers of heads, and the table below says how each model type does it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

_ROWS, _COLUMNS = -2, -1


@dataclass(frozen=True)
class Segment:
    """One of the fused matrices: the end of its name, its role, and its width in every group."""

    name: str
    role: str
    width: int


@dataclass(frozen=True)
class Fused:
    """Fused matrices along one axis (-2: rows, -1: columns) of a tensor.

    The axis is `groups` equal stretches; each holds all segments one after another. A segment's
    matrix is its stretches of all groups together.
    """

    axis: int
    groups: int
    segments: tuple[Segment, ...]

    @property
    def size(self) -> int:
        """Length of the fused axis."""
        return self.groups * sum(segment.width for segment in self.segments)

    def split(self, matrix: np.ndarray) -> Iterator[tuple[Segment, np.ndarray]]:
        """The segments of a matrix (rows, columns), each (rows', columns) or (rows, columns')."""
        rows = matrix if self.axis == _ROWS else matrix.T
        grouped = rows.reshape(self.groups, -1, rows.shape[1])
        start = 0
        for segment in self.segments:
            part = grouped[:, start : start + segment.width].reshape(-1, rows.shape[1])
            yield segment, part if self.axis == _ROWS else part.T
            start += segment.width


def fused_layout(name: str, shape: tuple[int, ...], config: Mapping | None) -> Fused | None:
    """How the matrices in a tensor of two or three axes are fused; None where they are not.

    `config` is the content of the model's config.json. None also where it is absent, of a model
    type that no row knows, or does not fit the tensor's shape: it is hostile input.
    """
    if config is None or len(shape) not in (2, 3):
        return None
    config = config.get("text_config") or config
    if not isinstance(config, Mapping):
        return None
    model_type = config.get("model_type")
    for types, pattern, layout in _LAYOUTS:
        if model_type in types and re.search(pattern, name):
            fused = layout(shape, config)
            return fused if fused and _fits(fused, shape) else None
    return None


def _fits(fused: Fused, shape: tuple[int, ...]) -> bool:
    widths = [segment.width for segment in fused.segments]
    return min(fused.groups, *widths) > 0 and fused.size == shape[fused.axis]


def _number(config: Mapping, *keys: str) -> int | None:
    """The first of the keys that holds a positive number; families name the same thing apart."""
    for key in keys:
        value = config.get(key)
        if type(value) is int and value > 0:
            return value
    return None


def _heads(config: Mapping) -> int:
    return _number(config, "num_attention_heads", "n_head", "n_heads", "num_heads") or 0


def _kv_heads(config: Mapping) -> int:
    """Heads of keys and values; as many as there are of queries where the config is silent."""
    attention = config.get("attn_config")
    nested = attention if isinstance(attention, Mapping) else {}
    found = _number(config, "num_key_value_heads", "num_kv_heads", "n_head_kv")
    return found or _number(nested, "kv_n_heads") or _heads(config)


def _qkv(axis: int, groups: int, q: int, k: int, v: int) -> Fused:
    segments = Segment("q", "attention_q", q), Segment("k", "attention_k", k)
    return Fused(axis, groups, (*segments, Segment("v", "attention_v", v)))


def _side_by_side(shape: tuple[int, ...], config: Mapping, axis: int = _ROWS) -> Fused | None:
    """All queries, then all keys, then all values."""
    heads, kv_heads = _heads(config), _kv_heads(config)
    head = shape[axis] // max(heads + 2 * kv_heads, 1)
    return _qkv(axis, 1, heads * head, kv_heads * head, kv_heads * head)


def _columns_side_by_side(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """As above, in a matrix that stands (in, out)."""
    third = shape[_COLUMNS] // 3
    return _qkv(_COLUMNS, 1, third, third, third)


def _head_by_head(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """Query, key and value of the first head, then of the second, …"""
    heads = _heads(config)
    head = shape[_ROWS] // max(3 * heads, 1)
    return _qkv(_ROWS, heads, head, head, head)


def _by_key(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """The queries that share the first key, this key, its value; then the next key's, …"""
    kv_heads = _kv_heads(config)
    queries = _heads(config) // max(kv_heads, 1)
    head = shape[_ROWS] // max(kv_heads * (queries + 2), 1)
    return _qkv(_ROWS, kv_heads, queries * head, head, head)


def _falcon(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    if config.get("new_decoder_architecture") or config.get("model_type") == "RefinedWeb":
        return _by_key(shape, config)
    if config.get("multi_query", True):
        return _by_key(shape, {**config, "num_key_value_heads": 1})
    return _head_by_head(shape, config)


def _bigcode(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    if config.get("multi_query", True):
        return _side_by_side(shape, {**config, "num_key_value_heads": 1})
    return _head_by_head(shape, config)


def _codegen(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """Four shards, from training on as many devices; in each, queries, values, keys."""
    width = shape[_ROWS] // 12
    order = (("q", "attention_q"), ("v", "attention_v"), ("k", "attention_k"))
    return Fused(_ROWS, 4, tuple(Segment(name, role, width) for name, role in order))


def _latent_in(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """Multi-head latent attention: the latent of keys and values, and the shared rotary key."""
    latent = _number(config, "kv_lora_rank") or 0
    rotary = _number(config, "qk_rope_head_dim") or 0
    segments = Segment("kv_latent", "attention_qkv", latent), Segment("k", "attention_k", rotary)
    return Fused(_ROWS, 1, segments)


def _latent_out(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """Multi-head latent attention: from the latent to key and value of the first head, …"""
    key, value = _number(config, "qk_nope_head_dim"), _number(config, "v_head_dim")
    segments = Segment("k", "attention_k", key or 0), Segment("v", "attention_v", value or 0)
    return Fused(_ROWS, _heads(config), segments)


def _halves(first: str, second: str, axis: int = _ROWS) -> Callable:
    def layout(shape: tuple[int, ...], config: Mapping) -> Fused | None:
        half = shape[axis] // 2
        return Fused(axis, 1, (Segment(first, "mlp", half), Segment(second, "mlp", half)))

    return layout


def _alternating(shape: tuple[int, ...], config: Mapping) -> Fused | None:
    """Gate and up projection column by column in turn."""
    segments = Segment("gate", "mlp", 1), Segment("up", "mlp", 1)
    return Fused(_COLUMNS, shape[_COLUMNS] // 2, segments)


_FALCON = ("falcon", "RefinedWeb", "RefinedWebModel")
_MLA = ("deepseek_v2", "deepseek_v3")

_LAYOUTS: tuple[tuple[tuple[str, ...], str, Callable], ...] = (
    (("gpt2", "btlm"), r"attn\.c_attn\.weight$", _columns_side_by_side),
    (("gpt_neox", "bloom"), r"query_key_value\.weight$", _head_by_head),
    (_FALCON, r"query_key_value\.weight$", _falcon),
    (("gpt_bigcode",), r"attn\.c_attn\.weight$", _bigcode),
    (("codegen",), r"qkv_proj\.weight$", _codegen),
    (("mpt", "dbrx", "phi-msft"), r"Wqkv\.weight$", _side_by_side),
    (("qwen",), r"attn\.c_attn\.weight$", _side_by_side),
    (("phi3", "stablelm_alpha"), r"qkv_proj\.weight$", _side_by_side),
    (("baichuan",), r"W_pack\.weight$", _side_by_side),
    (("internlm2",), r"wqkv\.weight$", _by_key),
    (_MLA, r"kv_a_proj_with_mqa\.weight$", _latent_in),
    (_MLA, r"kv_b_proj\.weight$", _latent_out),
    (("stablelm_alpha",), r"mlp\.gate_proj\.weight$", _halves("up", "gate")),
    (("phi3", "glm", "glm4"), r"gate_up_proj\.weight$", _halves("gate", "up")),
    (("llama4", "llama4_text"), r"experts\.gate_up_proj$", _halves("gate", "up", _COLUMNS)),
    (("gpt_oss",), r"experts\.gate_up_proj$", _alternating),
    (
        ("mixtral", "qwen2_moe", "qwen3_moe", "jamba", "deepseek_v2", "deepseek_v3"),
        r"experts\.gate_up_proj$",
        _halves("gate", "up"),
    ),
)
"""Rows of (model types, end of the tensor's name, layout); the first that matches decides."""
