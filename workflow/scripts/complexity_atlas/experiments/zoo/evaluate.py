"""What a network of the zoo can do: four scores, each with its standard error.

zoo_bits_per_character  of held-out text, in windows that start from nothing
zoo_top1                share of held-out characters that are the most likely ones
zoo_cloze               share of cloze items answered rightly among four words
zoo_cloze_greedy        share of cloze items whose word greedy decoding writes by itself

The first two are means over windows, whose characters depend on each other: their standard error
is that of the window means. The others are proportions of items, with binomial standard errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.cloze import CLOZE, OPTIONS, Item, answer
from complexity_atlas.experiments.zoo.networks import LanguageModel
from complexity_atlas.experiments.zoo.settings import ZOO_VERSION
from complexity_atlas.experiments.zoo.text import ALPHABET, Corpus

BITS, TOP1, GREEDY = "zoo_bits_per_character", "zoo_top1", "zoo_cloze_greedy"
PRECISIONS = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}
METRICS = {
    BITS: "bits_per_character",
    TOP1: "accuracy",
    CLOZE: "accuracy",
    GREEDY: "exact_match",
}
"""Benchmark -> what is measured in it."""

_BATCH = 32  # windows at once: what a CPU's cache holds


@dataclass(frozen=True, eq=False)
class Exam:
    """The questions that every network of a zoo answers.

    `windows` is int64[n, window + 1], held-out text of which all but the first character of a
    window are predicted; `trials` is the number of answers drawn per cloze item.
    """

    windows: torch.Tensor
    items: tuple[Item, ...]
    trials: int

    @cached_property
    def floor(self) -> tuple[float, float]:
        """What needs no context: unigram entropy (bits) and top-1 of the best constant guess."""
        share = np.bincount(self.windows[:, 1:].flatten(), minlength=len(ALPHABET))
        share = share[share > 0] / share.sum()
        return float(-(share * np.log2(share)).sum()), float(share.max())


@dataclass(frozen=True)
class Score:
    """One number: the best that can be had without context is `chance_level`."""

    benchmark_id: str
    value: float
    stderr: float
    stderr_kind: str
    n_items: int
    chance_level: float


def make_exam(
    corpus: Corpus, items: Sequence[Item], windows: int, window: int, trials: int
) -> Exam:
    """Spread `windows` windows evenly over the held-out text, none overlapping.

    Raises AtlasError when the text is too short.
    """
    held_out = torch.from_numpy(corpus.encoded("test"))
    possible = (len(held_out) - 1) // window
    if possible < windows:
        raise AtlasError(
            f"zoo.test_windows: {windows} of {window} characters wanted, the held-out text has "
            f"{possible}; ask for fewer or raise zoo.test_share"
        )
    chosen = torch.arange(windows) * possible // windows
    return Exam(held_out.unfold(0, window + 1, window)[chosen].long(), tuple(items), trials)


def evaluate(
    network: LanguageModel, exam: Exam, seed: Sequence[int], device: str = "cpu"
) -> tuple[list[Score], pd.DataFrame]:
    """Scores of a network, and its answer to every cloze item (RESPONSES without model_id)."""
    network.eval()
    bits, hits = predict(network, exam.windows, device)
    answers = answer(network, exam.items, device)
    right = np.array([item.answer for item in exam.items])
    chosen = answers.log_likelihood.argmax(axis=1) == right
    trials = answers.trials(right, exam.trials, seed)
    entropy, most_frequent = exam.floor
    scores = [
        _mean_of_windows(BITS, bits, entropy),
        _mean_of_windows(TOP1, hits, most_frequent),
        _proportion(CLOZE, chosen, 1 / OPTIONS),
        _proportion(GREEDY, answers.completed, 0.0),
    ]
    responses = pd.DataFrame(
        {
            "item_uid": [item.uid for item in exam.items],
            "protocol_id": "four_words_log_likelihood",
            "score": chosen.astype(float),
            "probability": answers.probability[np.arange(len(right)), right],
            "n_correct": trials.sum(axis=1),
            "n_attempts": exam.trials,
            "trials": ["".join(map(str, row)) for row in trials.astype(int)],
            "completed": answers.completed,
            "evaluated": True,
            "source": "zoo",
        }
    )
    return scores, responses


def curated_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores (contract SCORES) as rows of a curated score file, as text."""
    return pd.DataFrame(
        {
            "model_id": scores.model_id,
            "precision": scores.precision.map(PRECISIONS),
            "benchmark_id": scores.benchmark_id,
            "split": "test",
            "metric_id": scores.benchmark_id.map(METRICS),
            "value_raw": scores.value.map("{:.6f}".format),
            "scale_raw": np.where(scores.benchmark_id == BITS, "unscaled", "fraction"),
            "n_items": scores.n_items.astype("string"),
            # A binomial error follows from the share and the number of items.
            "stderr": scores.stderr.map("{:.6f}".format).where(
                scores.stderr_kind == "reported", ""
            ),
            "evaluator": "first_party",
            "harness": "complexity_atlas.experiments.zoo",
            "harness_version": ZOO_VERSION,
            "source_id": "zoo",
            "source_revision": scores.text_sha256,
            "raw_locator": scores.run + "/scores.csv",
        }
    )


@torch.inference_mode()
def predict(
    network: LanguageModel, windows: torch.Tensor, device: str = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """Bits of each character given those before it in its window, and whether it was the likeliest.

    `windows` is int64[n, window + 1]; both results are float64[n, window].
    """
    bits, hits = [], []
    for part in windows.split(_BATCH):
        part = part.to(device)
        logits, _ = network(part[:, :-1])
        following = part[:, 1:]
        losses = functional.cross_entropy(
            logits.flatten(0, 1), following.flatten(), reduction="none"
        )
        bits.append(losses.view_as(following).double().cpu().numpy() / log(2))
        hits.append((logits.argmax(-1) == following).cpu().numpy().astype(float))
    return np.concatenate(bits), np.concatenate(hits)


def _mean_of_windows(benchmark: str, values: np.ndarray, chance: float) -> Score:
    means = values.mean(axis=1)
    stderr = float(means.std(ddof=1) / sqrt(len(means)))
    return Score(benchmark, float(means.mean()), stderr, "reported", values.size, chance)


def _proportion(benchmark: str, right: np.ndarray, chance: float) -> Score:
    share = float(right.mean())
    stderr = sqrt(share * (1 - share) / len(right))
    return Score(benchmark, share, stderr, "binomial", len(right), chance)
