"""Results files of the Open LLM Leaderboard v1 (2023-05 to 2024-06), one run of one model each.

`results` maps "harness|arc:challenge|25" to metrics as fractions; early files lack the prefix.
The board's protocol is fixed: EleutherAI's harness at commit b281b092, MMLU as the macro mean of 57
subjects, which the file does not print. A file may hold some of the tasks only; the pseudo-task
"all" averages whatever is there. `start_time` is a monotonic clock, so there is no date.
"""

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources import mmlu
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    model_from_path,
    pointer,
    precision,
    read_json,
    whole,
)

HARNESS = "lm-evaluation-harness"
HARNESS_VERSION = "b281b0921b636bc36ad05c0b0b0763bd6dd43463"


def parse(content: bytes, name: str) -> Parsed:
    """Parse `<org>/<model>/results_<time>.json`."""
    document = read_json(content)
    if not isinstance(document, dict) or not isinstance(document.get("results"), dict):
        raise Unusable("not_a_score", f"{name}: no object `results`")
    findings = Findings()
    config = document.get("config_general")
    run = _run(config if isinstance(config, dict) else {}, name)
    versions = document.get("versions")
    for task, metrics in document["results"].items():
        if task == "all" or not isinstance(metrics, dict):
            reason = "incomplete_average" if task == "all" else "broken_record"
            findings.reject(pointer("results", task), reason, metrics)
            continue
        version = versions.get(task) if isinstance(versions, dict) else None
        _add_task(findings, run, task, metrics, "" if version is None else str(version))
    means = mmlu.macro_mean(findings.reported, pointer("results", f"{mmlu.GROUP}-*"))
    findings.reported.extend(means)
    return findings.parsed()


def _run(config: dict, name: str) -> dict:
    return {
        "model_raw": str(config.get("model_name") or model_from_path(name)),
        "model_revision": str(config.get("model_sha") or ""),
        "precision": precision(str(config.get("model_dtype") or "")),
        "harness": HARNESS,
        "harness_version": HARNESS_VERSION,
    }


def _add_task(findings: Findings, run: dict, task: str, metrics: dict, version: str) -> None:
    parts = [part for part in task.split("|") if part != "harness"]
    benchmark, subtask = mmlu.split_subject(parts[0])
    for metric, value in metrics.items():
        if metric.endswith("_stderr"):
            continue
        findings.score(
            **run,
            locator=pointer("results", task, metric),
            benchmark_raw=benchmark,
            subtask_raw=subtask,
            metric_raw=metric,
            value_raw=str(value),
            scale="fraction",
            n_shot=whole(parts[1]) if len(parts) > 1 else None,
            stderr_raw=str(metrics.get(f"{metric}_stderr", "")),
            task_version=version,
        )
