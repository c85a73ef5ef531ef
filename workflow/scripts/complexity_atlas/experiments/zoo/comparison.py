"""What does complexity add to the weight features of the literature? The blocks to compare."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from complexity_atlas.counts.saved import CountedTensor
from complexity_atlas.experiments.zoo.weight_features import compare, weight_features

BENCHMARK = "zoo_bits_per_character"


def compare_with_complexity(
    counts: Iterable[tuple[str, list[CountedTensor]]],
    complexity: pd.DataFrame,
    scores: pd.DataFrame,
    epiplexity: pd.DataFrame,
    seed: int,
    confidence: float,
) -> pd.DataFrame:
    """Rows of COMPARISON for held-out bits per character of every trained step after the first.

    counts      model -> its tensors, of every trained network
    complexity  by model: `value` and `excess` of the primary complexity
    scores      contract SCORES of the zoo;  epiplexity  contract EPIPLEXITY

    Blocks in order: weight_features, lmc (value and excess), epiplexity, and size_and_data (the
    logarithms of parameters and of training characters).
    """
    features = pd.DataFrame({model: weight_features(tensors) for model, tensors in counts}).T
    rows = scores[
        (scores.benchmark_id == BENCHMARK) & (scores.control == "") & (scores.step > 0)
    ].set_index("model_id")
    blocks = {
        "weight_features": features,
        "lmc": complexity[["value", "excess"]],
        "epiplexity": epiplexity.set_index("model_id")[["k_auc"]],
        "size_and_data": np.log(rows[["n_parameters", "characters"]]),
    }
    blocks = {name: block.reindex(rows.index) for name, block in blocks.items()}
    return compare(blocks, rows.value, rows.run, seed, confidence=confidence)
