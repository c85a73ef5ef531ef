"""Studies in which it is known what complexity does to the score."""

from functools import cache

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


@cache
def hostile_studies() -> dict[str, pd.DataFrame]:
    """Frames with everything that real tables contain and no test may stumble over."""
    base = study(1, effect=0.5, models=24, families=6)
    odd = np.arange(len(base)) % 2 == 1
    return {
        "plain": base,
        "empty": base.iloc[:0],
        "one model": base.iloc[:1],
        "two models": base.iloc[[0, -1]],
        "one family": base.assign(family="family"),
        "two families": base.assign(family=np.where(odd, "a", "b")),
        "families of one": base.assign(family=base["model"]),
        "unknown families": base.assign(family=""),
        "unknown size": base.assign(log_n=np.nan),
        "one size": base.assign(log_n=20.0),
        "two sizes": base.assign(log_n=np.where(odd, 20.0, 21.0)),
        "data follow size": base.assign(log_d=base["log_n"] + 3),
        "unknown data": base.assign(log_d=np.nan, flops=np.nan),
        "data of every second": base.assign(log_d=base["log_d"].where(odd)),
        "constant measure": base.assign(value=0.02),
        "nearly constant measure": base.assign(value=0.02 + 1e-15 * odd),
        "measure of two values": base.assign(value=np.where(odd, 0.02, 0.03)),
        "one family has another value": base.assign(
            value=np.where(base["family"] == base["family"].iloc[0], 0.02, 0.03)
        ),
        "measure is size": base.assign(value=base["log_n"]),
        "measure is score": base.assign(value=base["score"]),
        "measure below 0": base.assign(value=-base["value"]),
        "measure of 0": base.assign(value=base["value"].where(odd, 0.0)),
        "huge measure": base.assign(value=base["value"] * 1e300),
        "tiny measure": base.assign(value=base["value"] * 1e-300),
        "infinite measures": base.assign(value=base["value"].where(odd, np.inf)),
        "missing measures": base.assign(value=base["value"].where(odd)),
        "no measure": base.assign(value=np.nan),
        "constant score": base.assign(score=0.4),
        "score of two values": base.assign(score=np.where(odd, 0.4, 0.5)),
        "scores 0 and 1": base.assign(score=np.where(odd, 0.0, 1.0)),
        "scores below 0": base.assign(score=base["score"] - 1),
        "scores above 1": base.assign(score=base["score"] * 1000),
        "missing scores": base.assign(score=base["score"].where(odd)),
        "infinite scores": base.assign(score=base["score"].where(odd, -np.inf)),
        "at chance": base.assign(chance_level=0.9),
        "exact line": base.assign(score=0.1 * base["log_n"] - 1.5),
    }
