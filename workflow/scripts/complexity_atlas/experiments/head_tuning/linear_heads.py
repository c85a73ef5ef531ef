"""Head tuning on a real network: linear heads of growing width on a frozen transformer of the zoo.

The hidden vector before the output layer is all that a head sees, in two ways: `slice`, its first
p numbers; `random`, p random features max(0, hR) of it, as many as one likes. A head predicts the
next character as a one-hot vector from n samples of the training text, by least squares or, where
p > n, least norm; its risk is the mean squared error on held-out text. Derived here: the paper has
no such experiment, and no theory is drawn beside it, since the best head of a text is not known.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from threadpoolctl import threadpool_limits

from complexity_atlas.experiments.head_tuning.settings import HeadSettings
from complexity_atlas.experiments.head_tuning.tables import LINEAR_HEADS
from complexity_atlas.experiments.zoo.networks import LanguageModel, build
from complexity_atlas.experiments.zoo.settings import RunSpec
from complexity_atlas.experiments.zoo.text import ALPHABET, Corpus

_CONTEXT = 64
_HELD_OUT = 1000
"""Characters of context before every sample; number of held-out samples."""


def load_frozen(run: RunSpec, path: Path) -> LanguageModel:
    """A network as its run saved it, in float32, for reading only."""
    network = build(run.family, run.size, len(ALPHABET), run.seed)
    network.load_state_dict(load_file(path))
    return network.requires_grad_(False).eval()


def hidden_vectors(network: LanguageModel, windows: torch.Tensor) -> NDArray[np.float64]:
    """What enters the output layer after the last character of each window; float64[n, width]."""
    seen: list[torch.Tensor] = []
    hook = network.lm_head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        for part in windows.split(256):
            network(part)
    finally:
        hook.remove()
    return torch.cat([hidden[:, -1] for hidden in seen]).double().numpy()


@threadpool_limits.wrap(limits=1, user_api="blas")
def linear_heads_table(
    run: RunSpec,
    network: Path,
    corpus: Corpus,
    heads: HeadSettings,
    seed: int,
) -> pd.DataFrame:
    """Risk on held-out text of heads of every width, over training sets; contract LINEAR_HEADS.

    Slices end at the width of the network. Every repetition draws its own samples and features.
    """
    torch.set_num_threads(1)
    frozen = load_frozen(run, network)
    rng = np.random.default_rng(seed)
    samples, repetitions = heads.samples, heads.repetitions
    held_out, wanted = _samples(frozen, corpus.encoded("test"), _HELD_OUT, rng)
    hidden, following = _samples(frozen, corpus.encoded("train"), repetitions * samples, rng)
    rows = []
    for repetition in range(repetitions):
        own = slice(repetition * samples, (repetition + 1) * samples)
        for kind, width, features in _features(hidden.shape[1], heads.widths, rng):
            # Not through the Gram matrix: contexts may be alike.
            head = np.linalg.lstsq(features(hidden[own]), following[own], rcond=None)[0]
            predicted = features(held_out) @ head
            rows.append(
                {
                    "features": kind,
                    "width": width,
                    "risk": ((predicted - wanted) ** 2).sum(axis=1).mean(),
                    "top1": (predicted.argmax(axis=1) == wanted.argmax(axis=1)).mean(),
                }
            )
    return _summarised(pd.DataFrame(rows), run, samples)


def _samples(
    network: LanguageModel, text: NDArray[np.uint8], n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hidden vectors at n different places of a text, and the character after each as one-hot."""
    places = rng.choice(len(text) - _CONTEXT, n, replace=len(text) - _CONTEXT < n)
    windows = np.lib.stride_tricks.sliding_window_view(text, _CONTEXT + 1)[places].astype(np.int64)
    vectors = hidden_vectors(network, torch.from_numpy(windows[:, :-1]))
    return vectors, np.eye(len(ALPHABET))[windows[:, -1]]


def _features(full: int, widths: tuple[int, ...], rng: np.random.Generator):
    """Kind, width, and the function from hidden vectors to features."""
    for width in widths:
        if width <= full:
            yield "slice", width, lambda hidden, width=width: hidden[:, :width]
        directions = rng.normal(size=(full, width)) / np.sqrt(full)
        yield "random", width, lambda hidden, r=directions: np.maximum(hidden @ r, 0.0)


def _summarised(rows: pd.DataFrame, run: RunSpec, samples: int) -> pd.DataFrame:
    groups = rows.groupby(["features", "width"])
    quartiles = groups.risk.quantile([0.25, 0.5, 0.75]).unstack()
    quartiles.columns = ["risk_low", "risk", "risk_high"]
    table = quartiles.join(groups.top1.mean()).reset_index().round(6)
    return LINEAR_HEADS.check(table.assign(run=run.name, samples=samples))
