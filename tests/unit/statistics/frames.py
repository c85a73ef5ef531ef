"""Analysis frames for tests, from as little as a test wants to say."""

from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.statistics.design import ANALYSIS

BASE_MODELS = Path("data/scores/obsscaling/base_llm_benchmark_eval.csv")
BENCHMARKS = (
    "MMLU",
    "ARC-C",
    "HellaSwag",
    "Winograd",
    "TruthfulQA",
    "GSM8K",
    "XWinograd",
    "HumanEval",
)


def analysis(**columns) -> pd.DataFrame:
    """One row per model on one benchmark, unless columns say otherwise; the rest is unknown."""
    frame = pd.DataFrame(columns)
    defaults = {
        "model": [f"model-{number:03d}" for number in range(len(frame))],
        "family": [f"family-{number:03d}" for number in range(len(frame))],
        "benchmark": "benchmark",
        "measure": "lmc",
        "variant": "window",
        "view": "folded",
        "aggregate": "pooled",
        "run": "",
        "control": "",
        "log_n": np.nan,
    }
    frame = frame.assign(**{name: v for name, v in defaults.items() if name not in frame})
    unknown = [name for name in ANALYSIS if name not in frame]
    return frame.assign(**dict.fromkeys(unknown, np.nan))[list(ANALYSIS)]


def base_models(shared: Path) -> pd.DataFrame:
    """148 language models of 47 families with parameters and FLOPs as if they were measures."""
    table = pd.read_csv(shared / BASE_MODELS)
    parts = [
        analysis(
            model=table["Model"],
            family=table["Model Family"],
            log_n=np.log(table["Model Size (B)"]),
            log_d=np.log(table["Pretraining Data Size (T)"]),
            benchmark=benchmark,
            score=table[benchmark],
            measure=measure,
            value=table[column],
        )
        for benchmark in BENCHMARKS
        for measure, column in (("parameters", "Model Size (B)"), ("flops", "FLOPs (1E21)"))
    ]
    return pd.concat(parts, ignore_index=True)


def families_of(sizes: list[int]) -> np.ndarray:
    """Codes of families of the given sizes."""
    return np.repeat(np.arange(len(sizes)), sizes)
