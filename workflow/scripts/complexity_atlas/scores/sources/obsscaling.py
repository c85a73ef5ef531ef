"""ObsScaling's table of base language models (Ruan et al. 2024, github.com/ryoungj/ObsScaling).

The scores are fractions. Those of the Open LLM Leaderboard follow its first protocol, as the paper
says; the table itself states no shots. `Model Size (B)` mixes total and active parameters of
mixtures of experts (Mixtral-8x7B 45 total, Mixtral-8x22B 39 active), hence attribute `n_params`.
"""

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import Findings, read_rows

_PROTOCOLS = {
    "MMLU": ("acc", 5, "macro"),
    "ARC-C": ("acc_norm", 25, "item_mean"),
    "HellaSwag": ("acc_norm", 10, "item_mean"),
    "Winograd": ("acc", 5, "item_mean"),
    "TruthfulQA": ("mc2", 0, "item_mean"),
    "GSM8K": ("acc", 5, "item_mean"),
    "XWinograd": ("acc", None, "item_mean"),
    "HumanEval": ("pass@1", 0, "item_mean"),
}
_ATTRIBUTES = {
    "Model Family": ("family", "text"),
    "Model Size (B)": ("n_params", "billion"),
    "Pretraining Data Size (T)": ("n_train_tokens", "trillion"),
    "FLOPs (1E21)": ("train_flops", "1e21"),
}


def parse(content: bytes, name: str) -> Parsed:
    """Parse `base_llm_benchmark_eval.csv`."""
    findings = Findings()
    known = frozenset({"Model", *_PROTOCOLS, *_ATTRIBUTES})
    for row in read_rows(content, name, findings, ("Model", *_PROTOCOLS), known):
        model = row.get("Model")
        for column, (metric, n_shot, aggregation) in _PROTOCOLS.items():
            findings.score(
                locator=row.locator(column),
                model_raw=model,
                benchmark_raw=column,
                metric_raw=metric,
                value_raw=row.get(column),
                scale="fraction",
                n_shot=n_shot,
                aggregation=aggregation,
            )
        for column, (attribute, unit) in _ATTRIBUTES.items():
            if column in row.columns:
                findings.attribute(row.locator(column), model, attribute, row.get(column), unit)
    return findings.parsed()
