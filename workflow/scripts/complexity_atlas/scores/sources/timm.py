"""Results tables of PyTorch Image Models (huggingface/pytorch-image-models, folder results).

Percent; the data set stands in the file's name only. A model is listed once per image size, which
is part of how it was scored: it is the filter, "img_size=224". `top1_err` repeats `top1`.
Parameters are millions with separators for thousands. Inference benchmarks are keyed by
architecture, without the tag of the weights, and hold no scores.
"""

import re

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import Findings, Row, read_rows, whole

N_ITEMS = {
    "imagenet": 50000,
    "imagenetv2-matched-frequency": 10000,
    "imagenet-a": 7500,
    "imagenet-r": 30000,
}
"""Images per data set, as results/README.md states them; `-clean` are 200 classes of ImageNet."""

_METRICS = ("top1", "top5")
_KNOWN = frozenset(
    {"model", "img_size", "top1", "top1_err", "top5", "top5_err", "param_count", "crop_pct"}
    | {"interpolation", "top1_diff", "top5_diff", "rank_diff", "infer_gmacs", "infer_macts"}
    | {"infer_samples_per_sec", "infer_step_time", "infer_batch_size", "infer_img_size"}
)
_ATTRIBUTES = {
    "param_count": ("n_params_total", "million"),
    "infer_gmacs": ("inference_macs", "giga"),
    "infer_macts": ("inference_activations", "mega"),
}


def parse(content: bytes, name: str) -> Parsed:
    """Parse `results-<data set>.csv` or `benchmark-infer-*.csv`."""
    findings = Findings()
    stem = name.rpartition("/")[2].removesuffix(".csv")
    dataset = re.sub(r"^results-", "", stem)
    for row in read_rows(content, name, findings, ("model",), _KNOWN):
        if "top1" in row.columns:
            _add_scores(findings, row, dataset)
        elif "infer_gmacs" not in row.columns:
            raise AtlasError(f"{name}: neither top1 nor infer_gmacs among {', '.join(row.columns)}")
        for column, (attribute, unit) in _ATTRIBUTES.items():
            if column in row.columns:
                place = row.locator(column)
                findings.attribute(place, row.get("model"), attribute, row.get(column), unit)
    return findings.parsed()


def _add_scores(findings: Findings, row: Row, dataset: str) -> None:
    size = whole(row.get("img_size"))
    for metric in _METRICS:
        findings.score(
            locator=row.locator(metric),
            model_raw=row.get("model"),
            benchmark_raw=dataset,
            metric_raw=metric,
            value_raw=row.get(metric),
            filter_raw="none" if size is None else f"img_size={size}",
            scale="percent",
            n_items=N_ITEMS.get(dataset),
            harness="timm",
        )
