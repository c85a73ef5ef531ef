"""Three families of character-level language models, each in any size.

Tensors carry the names that published networks use, so that their roles are recognised. All start
from the same rule: matrices N(0, 1/fan-in), embeddings N(0, 1), biases 0, gains 1, and an output
layer so small that the first prediction is nearly uniform.
"""

from bisect import bisect_left
from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

State = tuple[Tensor, ...]
"""What a network remembers of the characters before, batch first."""


class LanguageModel(nn.Module):
    """Predicts the next character at every position.

    `forward(tokens, state)` takes int64[batch, time] and what an earlier call returned (nothing at
    the start of a text) and gives logits, float32[batch, time, symbols], and the state after them.
    Reading a text in pieces gives the logits of reading it at once.
    """

    learning_rate: float
    """Peak rate of AdamW, falling with width.

    Found by sweeps of four rates at three sizes on held-out text of Python 3.11, seed 0: scores
    compare networks within this recipe and say nothing of the best that a family can do.
    """

    @classmethod
    def sized(cls, size: int, symbols: int) -> "LanguageModel":
        """The network on the meta device whose number of parameters is nearest to `size`."""
        width = _nearest(lambda width: cls(symbols, width), size)
        return _meta(lambda: cls(symbols, width))

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read `tokens` after `state`: logits of the next characters, and the state after them."""
        raise NotImplementedError

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Set every parameter anew."""
        for name, parameter in self.named_parameters():
            if parameter.ndim == 1:
                parameter.fill_("norm" in name and name.endswith("weight"))
                continue
            scale = 1 if "embed" in name else 1 / sqrt(parameter.shape[1])
            if "lm_head" in name:
                scale *= 0.2
            nn.init.normal_(parameter, 0.0, scale, generator)


class Transformer(LanguageModel):
    """Decoder-only transformer: two pre-norm blocks, four heads, rotary positions, GELU."""

    BLOCKS, HEADS = 2, 4

    def __init__(self, symbols: int, width: int, hidden: int):
        super().__init__()
        self.learning_rate = 0.5 / width
        layers = nn.ModuleList(_Block(width, hidden, self.HEADS) for _ in range(self.BLOCKS))
        self.model = nn.ModuleDict(
            {
                "embed_tokens": nn.Embedding(symbols, width),
                "layers": layers,
                "norm": nn.LayerNorm(width),
            }
        )
        self.lm_head = nn.Linear(width, symbols, bias=False)

    @classmethod
    def sized(cls, size: int, symbols: int) -> "Transformer":
        """The width is a multiple of 8; the hidden layer, near 4 widths, takes up the rest."""
        width = _nearest(lambda width: cls(symbols, width, 4 * width), size, unit=8)
        hidden = _nearest(lambda hidden: cls(symbols, width, hidden), size)
        return _meta(lambda: cls(symbols, width, hidden))

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """State: keys and values of each block, float32[batch, heads, seen, width / heads]."""
        stream = self.model["embed_tokens"](tokens)
        past = state[0].shape[2] if state else 0
        rotation = self._rotation(past, tokens.shape[1], tokens.device)
        seen: list[Tensor] = []
        for i, layer in enumerate(self.model["layers"]):
            stream, cache = layer(stream, rotation, state and state[2 * i : 2 * i + 2])
            seen.extend(cache)
        return self.lm_head(self.model["norm"](stream)), tuple(seen)

    def _rotation(self, past: int, time: int, device: torch.device) -> Tensor:
        """Rotary phases (Su et al. 2021), complex64[time, pairs]; base 100 for short windows."""
        pairs = self.lm_head.in_features // self.HEADS // 2
        frequency = 100.0 ** -(torch.arange(pairs, device=device) / pairs)
        angle = torch.outer(torch.arange(past, past + time, device=device), frequency)
        return torch.polar(torch.ones_like(angle), angle)


class _Block(nn.Module):
    def __init__(self, width: int, hidden: int, heads: int):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(width)
        self.self_attn = _Attention(width, heads)
        self.post_attention_layernorm = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            {"up_proj": nn.Linear(width, hidden), "down_proj": nn.Linear(hidden, width)}
        )

    def forward(
        self, stream: Tensor, rotation: Tensor, cache: State | None
    ) -> tuple[Tensor, State]:
        mixed, cache = self.self_attn(self.input_layernorm(stream), rotation, cache)
        stream = stream + mixed
        hidden = self.mlp["up_proj"](self.post_attention_layernorm(stream))
        return stream + self.mlp["down_proj"](functional.gelu(hidden, approximate="tanh")), cache


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            self.add_module(name, nn.Linear(width, width, bias=False))

    def forward(
        self, stream: Tensor, rotation: Tensor, cache: State | None
    ) -> tuple[Tensor, State]:
        batch, time, width = stream.shape
        q, k, v = (
            project(stream).view(batch, time, self.heads, -1).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = _rotate(q, rotation), _rotate(k, rotation)
        if cache is None:
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            seen = k.shape[2]
            visible = torch.ones(time, seen, dtype=torch.bool, device=q.device).tril(seen - time)
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, time, width)), (k, v)


def _rotate(vectors: Tensor, rotation: Tensor) -> Tensor:
    pairs = torch.view_as_complex(vectors.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * rotation).flatten(-2)


class LSTM(LanguageModel):
    """One LSTM layer with embeddings of a quarter of its width."""

    def __init__(self, symbols: int, width: int):
        super().__init__()
        self.learning_rate = 0.3 / sqrt(width)
        self.embed_tokens = nn.Embedding(symbols, max(4, width // 4))
        self.lstm = nn.LSTM(self.embed_tokens.embedding_dim, width)
        self.lm_head = nn.Linear(width, symbols)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Set every parameter anew, forget gates open (Jozefowicz et al. 2015)."""
        super().initialise(generator)
        width = self.lstm.hidden_size
        self.lstm.bias_ih_l0[width : 2 * width] = 1

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """State: hidden and cell vector, float32[batch, width] each."""
        before = None if state is None else tuple(part.unsqueeze(0).contiguous() for part in state)
        outputs, after = self.lstm(self.embed_tokens(tokens.t()), before)
        return self.lm_head(outputs).transpose(0, 1), tuple(part.squeeze(0) for part in after)


class MLP(LanguageModel):
    """Fixed context and one tanh layer over its embeddings (Bengio et al. 2003, no direct path)."""

    CONTEXT = 16

    def __init__(self, symbols: int, width: int):
        super().__init__()
        self.learning_rate = 0.17 / sqrt(width)
        self.start = symbols  # what stands before the first character
        self.embed_tokens = nn.Embedding(symbols + 1, max(8, width // 16))
        self.mlp = nn.ModuleDict(
            {"up_proj": nn.Linear(self.CONTEXT * self.embed_tokens.embedding_dim, width)}
        )
        self.lm_head = nn.Linear(width, symbols)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """State: the last CONTEXT - 1 tokens, int64."""
        if state is None:
            state = (tokens.new_full((len(tokens), self.CONTEXT - 1), self.start),)
        tokens = torch.cat([state[0], tokens], 1)
        contexts = self.embed_tokens(tokens).unfold(1, self.CONTEXT, 1)
        hidden = torch.tanh(self.mlp["up_proj"](contexts.transpose(2, 3).flatten(2)))
        return self.lm_head(hidden), (tokens[:, 1 - self.CONTEXT :],)


FAMILIES: dict[str, type[LanguageModel]] = {"transformer": Transformer, "lstm": LSTM, "mlp": MLP}


def build(family: str, size: int, symbols: int, seed: int) -> LanguageModel:
    """An untrained network of `family` with nearly `size` parameters, on the CPU."""
    network = FAMILIES[family].sized(size, symbols).to_empty(device="cpu")
    network.initialise(torch.Generator().manual_seed(seed))
    return network


def parameter_count(network: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in network.parameters())


def _meta(make: Callable[[], LanguageModel]) -> LanguageModel:
    with torch.device("meta"):
        return make()


def _nearest(make: Callable[[int], LanguageModel], size: int, unit: int = 1) -> int:
    """The multiple of `unit` for which `make` has the number of parameters nearest to `size`."""

    def count(number: int) -> int:
        return parameter_count(_meta(lambda: make(number)))

    widths = range(unit, 1 << 16, unit)
    above = bisect_left(widths, size, key=count)
    return min(widths[max(above - 1, 0) : above + 1], key=lambda width: abs(count(width) - size))
