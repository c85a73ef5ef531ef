"""Which part of a network a tensor belongs to, told from its name.

The two tables below are data: to teach the program a new family, add a row. Names are matched
without regard to case, with "/" and "::" read as ".", so that names of state dicts and of ONNX
nodes go through the same rows.
"""

import re
from collections.abc import Iterable

ROLES = (
    "embedding",
    "attention_q",
    "attention_k",
    "attention_v",
    "attention_qkv",
    "attention_o",
    "mlp",
    "convolution",
    "recurrent",
    "norm",
    "bias",
    "head",
    "other",
)

ROLE_PATTERNS: tuple[tuple[str, str], ...] = (
    # Parameters and statistics of normalisations; before biases, since these have biases too.
    (r"(norm\w*|(^|[._])ln_?\w*|(^|\.)_?bn\d*|downsample\.1|shortcut\.1)\.(weight|bias)$", "norm"),
    (r"(^|[._])(gamma|beta|running_(mean|var)|num_batches_tracked)$", "norm"),
    (r"masked_bias$|causal_mask$|slopes$", "bias"),
    # Tables of learned biases are matrices that are looked up, not biases.
    (r"relative_(attention|position)_bias(_table)?(\.weight)?$", "embedding"),
    (r"(^|[._])bias(_[ih]h)?(_l\d+)?(_reverse)?$", "bias"),
    (r"lm_head|embed_out|(^|\.)_?head\.|classifier|(^|\.)score\.|predictions?\.decoder", "head"),
    (r"qa_outputs|cls\.seq_relationship|^(module\.)?_?fc\.|^output\.|project_out|pooler", "head"),
    (r"patch_embed|patch_embeddings?\.|conv_proj", "convolution"),
    (r"(^|\.)(wte|wpe|tok_?emb\w*|pos_?emb\w*)(\.|$)|embed|(^|\.)shared\.", "embedding"),
    (r"(token|position)_embd|token_types|project_in\.|inv_freq$", "embedding"),
    (r"(cls|mask|class|distill\w*|register)_tokens?$", "embedding"),
    # State spaces (Mamba), and what RWKV has beside its projections.
    (r"(mamba|^backbone\.layers\.\d+\.mixer)\.(\w+_proj|a_log|d)(\.|$)", "recurrent"),
    (r"(^|\.)ssm_(in|x|dt|out|a|d)(\.|$)|time_(mix|maa|decay|first|faaaa)", "recurrent"),
    (r"feed_forward\.(key|value|receptance)\.", "mlp"),
    # Attention: fused projections first, then single ones.
    (r"qkv|query_key_value|attn\.c_attn|in_proj_weight|kv_[ab]_proj|attn\.kv\.", "attention_qkv"),
    (r"attn_kv_[ab]|w_pack\.", "attention_qkv"),
    (r"(^|[._])(q_([ab]_)?proj|query|q_lin|to_q|wq)(\.|_|$)|(attn|attention)\.q\.", "attention_q"),
    (r"(^|\.)attn_q(_[ab])?\.|attention\.receptance\.", "attention_q"),
    (r"(^|[._])(k_proj|key|k_lin|to_k|wk)(\.|_|$)|(attn|attention)\.k\.", "attention_k"),
    (r"(^|\.)attn_k(_b)?\.", "attention_k"),
    (r"(^|[._])(v_proj|value|v_lin|to_v|wv)(\.|_|$)|(attn|attention)\.v\.", "attention_v"),
    (r"(^|\.)attn_v(_b)?\.", "attention_v"),
    (r"attn\w*\.(\w+\.)*(out_proj|o_proj|c_proj|proj|dense|wo|to_out)(\.|$)", "attention_o"),
    (r"attention\w*\.(\w+\.)*(out_proj|o_proj|out_lin|dense|wo|o|to_out)(\.|$)", "attention_o"),
    (
        r"(^|\.)(o_proj|to_out|attn_output|mixer\.out_proj)\.|attention\.output\.weight$",
        "attention_o",
    ),
    (r"mlp|ffn|feed_?forward|densereludense|experts?\.|block_sparse_moe|intermediate", "mlp"),
    (r"(^|\.)(fc_?\d|c_fc|lin[12]|linear[12]|w[123]|(gate|up|down|gate_up)_proj)\.", "mlp"),
    (r"\d\.output\.dense", "mlp"),
    (r"lstm|(^|[._])gru|(^|[._])rnn|weight_[ih]h(_l\d+)?(_reverse)?$", "recurrent"),
    (r"conv|(^|\.)stem\.|downsample\.0|shortcut\.0", "convolution"),
)
"""Rows of (regular expression, role), searched in order; the first that matches decides."""

OPERATOR_ROLES = {
    "Conv": "convolution",
    "ConvTranspose": "convolution",
    "LSTM": "recurrent",
    "GRU": "recurrent",
}
"""ONNX operators that decide the role of their weight whatever its name."""

BLOCK_PATTERNS: tuple[str, ...] = (
    # Stages of blocks: Swin, ConvNeXt, ResNet, EfficientNet.
    r"(?:^|\.)(?:stages|layers|levels)\.(\d+)\.(?:blocks|layers)\.(\d+)\.",
    r"(?:^|\.)_?blocks\.(\d+)\.(\d+)\.",
    r"(?:^|\.)layer(\d+)\.(\d+)\.",
    # Plain stacks: GPT-2 h, Llama layers, GGUF blk, BERT layer, T5 block, ViT blocks, torchvision
    # features.
    r"(?:^|\.)(?:h|_?layers?|_?blocks?|blk|resblocks|features|stages)[._](\d+)(?:\.|$)",
    # Parameters of torch's recurrent layers.
    r"(?:weight|bias)_[ih]h_l(\d+)(?:_reverse)?$",
)
"""Regular expressions whose groups are the numbers of a block; the first that matches decides."""

_ROLE_ROWS = tuple((re.compile(pattern), role) for pattern, role in ROLE_PATTERNS)
_BLOCK_ROWS = tuple(re.compile(pattern) for pattern in BLOCK_PATTERNS)


def role_of(name: str, shape: tuple[int, ...] = (), operator: str = "") -> str:
    """Role of a tensor, one of ROLES.

    `operator` is the ONNX operator that consumes the tensor, where there is a graph. A name that
    no row knows is a convolution if the tensor has four or five axes, and "other" if not.
    """
    if operator in OPERATOR_ROLES:
        return OPERATOR_ROLES[operator]
    plain = _plain(name)
    for pattern, role in _ROLE_ROWS:
        if pattern.search(plain):
            return role
    return "convolution" if len(shape) in (4, 5) else "other"


def layers_of(names: Iterable[str]) -> dict[str, int | None]:
    """Layer of each tensor: the rank of its block among all blocks of the network, from 0.

    In one plain stack the rank is the block's own number. Stacks follow each other (encoder before
    decoder, otherwise in the order of `names`), and so do the stages of a convolutional network.
    Names without a block number have None.
    """
    blocks = {name: _block(_plain(name)) for name in names}
    stacks: dict[str, int] = {}
    for block in blocks.values():
        if block:
            stacks.setdefault(block[0], len(stacks))

    def position(block: tuple[str, tuple[int, ...]]) -> tuple:
        stack, numbers = block
        return "decoder" in stack, stacks[stack], numbers

    ordered = sorted({block for block in blocks.values() if block}, key=position)
    rank = {block: layer for layer, block in enumerate(ordered)}
    return {name: rank[block] if block else None for name, block in blocks.items()}


def _block(name: str) -> tuple[str, tuple[int, ...]] | None:
    """The stack that holds a tensor (the name before its first number) and its block numbers."""
    matches = (pattern.search(name) for pattern in _BLOCK_ROWS)
    match = next((match for match in matches if match), None)
    if match is None:
        return None
    return name[: match.start(1)], tuple(int(number) for number in match.groups())


def _plain(name: str) -> str:
    return name.replace("::", ".").replace("/", ".").lower()
