"""CSV tables of Epoch AI's Benchmarking Hub (epoch.ai/data, CC-BY-4.0).

One file per benchmark, each with its own title for the score; `benchmarks_runs.csv` holds the hub's
own runs, with a maximum over several scorers, which is biased upwards, beside the scorers' own
numbers. A model's effort ("_medium") is part of its version. Most files print percent signs; where
one does not, the scale is a setting, or undeclared.
"""

import re

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Row,
    Unusable,
    read_rows,
    whole,
)
from complexity_atlas.scores.sources.scales import Declared, scale_of_printed

_SCORE_TITLES = re.compile(
    r"EM|F1|Score|Accuracy|Average|Overall.*|Percent correct|Global average|.* score|.* accuracy|"
    r"mean_score|.*\(%\)|(Haus|Vol)\. Pass|pass@[0-9]+|.*% correct.*"
)
_SCORER = re.compile(r"\s*([^:,]+):([^,]+)(?:,|$)")
_MODEL_ATTRIBUTES = {
    "Version release date": ("release_date", "date"),
    "Model": ("family", "text"),
    "Hugging Face developer id": ("developer", "text"),
}


def parse(content: bytes, name: str, scale: Declared = None) -> Parsed:
    """Parse one of the hub's files; `scale` is one for all columns, or by column title."""
    findings = Findings()
    stem = name.rpartition("/")[2].removesuffix(".csv")
    for row in read_rows(content, name, findings):
        if "Version release date" in row.columns:
            _add_model(findings, row)
        elif "Best score (across scorers)" in row.columns:
            _add_run(findings, row, scale)
        else:
            _add_scores(findings, row, name, stem, scale)
    return findings.parsed()


def _add_model(findings: Findings, row: Row) -> None:
    model = row.get("id")
    for column, (attribute, unit) in _MODEL_ATTRIBUTES.items():
        if column in row.columns:
            value = row.get(column)
            value = read_date(value) if unit == "date" else value
            findings.attribute(row.locator(column), model, attribute, value, unit)


def _add_scores(findings: Findings, row: Row, name: str, stem: str, declared: Declared) -> None:
    columns = [column for column in row.columns if _SCORE_TITLES.fullmatch(column)]
    if "optimized_for" in row.columns:
        raise Unusable("not_a_score", f"{name}: a list of benchmarks")
    if not columns or not {"Model version", "Name"} & set(row.columns):
        raise AtlasError(f"{name}: no column of models or of scores in {', '.join(row.columns)}")
    for column in columns:
        value = row.get(column)
        scale, flags = scale_of_printed(value, column, declared)
        if "%" in column and not flags and scale == "fraction":
            scale = "percent"
        findings.score(
            locator=row.locator(column),
            model_raw=row.get("Model version") or row.get("Name"),
            benchmark_raw=re.sub(r"^external_benchmark_|_external$", "", stem),
            metric_raw=column,
            value_raw=value,
            scale=scale,
            n_shot=whole(row.get("Shots")),
            flags=flags,
        )


def _add_run(findings: Findings, row: Row, declared: Declared) -> None:
    """Add a run's numbers: one per scorer, and their maximum, flagged."""
    best = "Best score (across scorers)"
    common = {
        "model_raw": row.get("model"),
        "benchmark_raw": row.get("task"),
        "task_version": row.get("task version"),
        "eval_date": read_date(row.get("started_at")),
        "model_url": row.get("logs"),
        "harness": "inspect",
    }
    for metric, value, place in [
        *((scorer, value, "Scores") for scorer, value in _SCORER.findall(row.get("Scores"))),
        ("best", row.get(best), best),
    ]:
        scale, flags = scale_of_printed(value, metric, declared)
        kind = "best_of_scorers" if metric == "best" else "several_scorers"
        suffix = "" if metric == "best" else f"/{metric}"
        findings.score(
            **common,
            locator=row.locator(place) + suffix,
            metric_raw=metric,
            value_raw=value.strip(),
            scale=scale,
            flags=(*flags, kind),
        )
