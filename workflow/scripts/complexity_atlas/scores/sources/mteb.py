"""Results of the Massive Text Embedding Benchmark (embeddings-benchmark/results).

`<org__model>/<revision>/<Task>.json` holds, by split and language subset, a `main_score` beside
other metrics, one of which it repeats. `model_meta.json` describes the model. The model stands in
the path only. Revision `external` is copied from model cards, `no_revision_available` says that
nobody noted one.
"""

from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import Findings, Unusable, pointer, read_json

_NO_REVISION = frozenset({"external", "no_revision_available"})
_ATTRIBUTES = {
    "n_parameters": ("n_params_total", "one"),
    "n_embedding_parameters": ("n_params_embedding", "one"),
    "release_date": ("release_date", "date"),
    "license": ("licence", "text"),
    "adapted_from": ("base_model", "text"),
}


def parse(content: bytes, name: str) -> Parsed:
    """Parse a task's results or a model's metadata."""
    document = read_json(content)
    if not isinstance(document, dict):
        raise Unusable("not_a_score", f"{name}: not an object")
    findings = Findings()
    parts = name.split("/")
    model, revision = "", ""
    if len(parts) >= 3:
        model, revision = parts[-3].replace("__", "/", 1), parts[-2]
    if isinstance(document.get("scores"), dict):
        _add_scores(findings, document, model, revision)
    elif "n_parameters" in document:
        _add_attributes(findings, document)
    else:
        raise Unusable("not_a_score", f"{name}: neither scores nor a model's description")
    return findings.parsed()


def _add_scores(findings: Findings, document: dict, model: str, revision: str) -> None:
    for split, subsets in document["scores"].items():
        if not isinstance(subsets, list):
            findings.reject(pointer("scores", split), "broken_record", subsets)
            continue
        for i, subset in enumerate(subsets):
            place = pointer("scores", split, i)
            if not isinstance(subset, dict) or "main_score" not in subset:
                findings.reject(place, "broken_record", subset)
                continue
            score = subset["main_score"]
            findings.score(
                locator=f"{place}/main_score",
                model_raw=model,
                model_revision="" if revision in _NO_REVISION else revision,
                benchmark_raw=str(document.get("task_name") or ""),
                subtask_raw=str(subset.get("hf_subset") or ""),
                split=split,
                metric_raw="main_score",
                value_raw="" if score is None else str(score),
                scale="fraction",
                harness="mteb",
                harness_version=str(document.get("mteb_version") or ""),
                dataset_revision=_stated(document.get("dataset_revision")),
                flags=("self_reported",) if revision == "external" else (),
            )


def _add_attributes(findings: Findings, document: dict) -> None:
    model = str(document.get("name") or "")
    for key, (attribute, unit) in _ATTRIBUTES.items():
        value = _stated(document.get(key))
        value = read_date(value) if unit == "date" else value
        findings.attribute(pointer(key), model, attribute, value, unit)


def _stated(value: object) -> str:
    return "" if value in (None, "None") else str(value)
