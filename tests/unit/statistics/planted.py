"""Studies in which it is known what complexity does to the score."""

import numpy as np
import pandas as pd

from complexity_atlas.statistics.design import ANALYSIS


def study(
    seed: int,
    *,
    effect: float = 0.0,
    models: int = 48,
    families: int = 12,
    benchmarks: tuple[str, ...] = ("a",),
    measures: tuple[str, ...] = ("lmc",),
    between: float = 0.5,
    head_start: float = 0.5,
    noise: float = 0.5,
) -> pd.DataFrame:
    """Analysis frame in which the score rises by size + effect · complexity + family + noise.

    effect      per standard deviation of the first measure's logarithm at given size; the others
                know nothing
    between     share of a measure's variance, at given size, that lies between families
    head_start  standard deviation of the families' head starts; noise that of a single model
    Size has standard deviation 1, and measures follow it with slope .5; scores lie within (0, 1).
    """
    rng = np.random.default_rng(seed)
    family = np.sort(np.r_[np.arange(families), rng.integers(0, families, models - families)])
    size = rng.uniform(-np.sqrt(3), np.sqrt(3), models)
    log_d = 28 + 0.5 * size + rng.normal(size=models)
    known = pd.DataFrame(
        {
            "model": [f"model-{i:03d}" for i in range(models)],
            "family": [f"family-{code:03d}" for code in family],
            "log_n": 20 + 2 * size,
            "log_d": log_d,
            "flops": 6 * np.exp(20 + 2 * size + log_d),
        }
    )
    z = np.sqrt(between) * rng.normal(size=(len(measures), families))[:, family]
    z += np.sqrt(1 - between) * rng.normal(size=(len(measures), models))
    parts = []
    for benchmark in benchmarks:
        start = head_start * rng.normal(size=families)[family]
        score = size + effect * z[0] + start + noise * rng.normal(size=models)
        parts += [
            known.assign(
                benchmark=benchmark,
                score=0.5 + 0.08 * score,
                measure=measure,
                value=np.exp(0.1 * (0.5 * size + column) - 4),
            )
            for measure, column in zip(measures, z, strict=True)
        ]
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.assign(variant="window", view="folded", aggregate="pooled", run="", control="")
    missing = [name for name in ANALYSIS if name not in frame]
    return frame.assign(**dict.fromkeys(missing, np.nan))[list(ANALYSIS)]
