"""Metrics that torchvision declares for its pretrained weights.

Either a table of them, or the package's own `torchvision/models/**.py`, which is read as a syntax
tree and never run. Accuracies, box and mask average precision and IoU are percent; end-point errors
are not. A weight without a measured accuracy says `nan`.
"""

import ast
import re
from collections.abc import Iterator

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    decode,
    read_rows,
)

_REQUIRED = ("entrypoint_class", "weights", "dataset", "metric", "value")
_KNOWN = frozenset({*_REQUIRED, "module", "num_params", "gmacs_ops", "file_size_mb", "url"})
_UNSCALED = re.compile(r"epe")


def parse(content: bytes, name: str) -> Parsed:
    """Parse a CSV of one row per weight and metric, or a Python module of torchvision."""
    findings = Findings()
    if name.endswith(".py"):
        _parse_module(findings, content, name)
    else:
        _parse_table(findings, content, name)
    return findings.parsed()


def _parse_table(findings: Findings, content: bytes, name: str) -> None:
    described = set()
    for row in read_rows(content, name, findings, _REQUIRED, _KNOWN):
        model = f"{row.get('entrypoint_class')}_Weights.{row.get('weights')}"
        place, metric = row.locator("value"), row.get("metric")
        _add_score(findings, place, model, row.get("dataset"), metric, row.get("value"))
        if model in described:
            continue
        described.add(model)
        for column, attribute, unit in (
            ("num_params", "n_params_total", "one"),
            ("gmacs_ops", "inference_macs", "giga"),
        ):
            if column in row.columns:
                findings.attribute(row.locator(column), model, attribute, row.get(column), unit)


def _parse_module(findings: Findings, content: bytes, name: str) -> None:
    try:
        tree = ast.parse(decode(content), filename=name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unusable("undecodable", f"{name}: not Python: {error}") from None
    for model, meta, line in _weights(tree):
        metrics = meta.get("_metrics")
        if not isinstance(metrics, dict):
            findings.reject(f"line {line}", "broken_record", model)
            continue
        for dataset, values in metrics.items():
            for metric, value in (values if isinstance(values, dict) else {}).items():
                place = f"line {line}/{dataset}/{metric}"
                _add_score(findings, place, model, str(dataset), str(metric), str(value))
        params, operations = meta.get("num_params"), meta.get("_ops")
        findings.attribute(f"line {line}", model, "n_params_total", params, "one")
        findings.attribute(f"line {line}", model, "inference_macs", operations, "giga")


def _weights(tree: ast.Module) -> Iterator[tuple[str, dict, int]]:
    """Yield (name, meta, line) of every `Weights(...)` in an enumeration of weights."""
    for enumeration in tree.body:
        if not isinstance(enumeration, ast.ClassDef):
            continue
        for statement in enumeration.body:
            if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
                continue
            meta = next((k.value for k in statement.value.keywords if k.arg == "meta"), None)
            target = statement.targets[0]
            if isinstance(meta, ast.Dict) and isinstance(target, ast.Name):
                yield f"{enumeration.name}.{target.id}", _literal(meta), statement.lineno


def _literal(node: ast.expr) -> object:
    """Return constants and mappings of them; whatever would have to be run is None."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Dict):
        return {
            key.value: _literal(value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        }
    if isinstance(node, ast.Call) and ast.unparse(node) in ("float('nan')", 'float("nan")'):
        return "nan"
    return None


def _add_score(
    findings: Findings, place: str, model: str, dataset: str, metric: str, value: str
) -> None:
    findings.score(
        locator=place,
        model_raw=model,
        benchmark_raw=dataset,
        metric_raw=metric,
        value_raw=value,
        scale="unscaled" if _UNSCALED.search(metric) else "percent",
        n_items=50000 if dataset == "ImageNet-1K" else None,
        harness="torchvision",
    )
