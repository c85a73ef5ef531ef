"""Ratings of LMArena: Bradley-Terry points, comparable only within one published snapshot.

CSV as collected by fboulnois/llm-leaderboard-csv ("+5/-5" is a 95 % interval), or the JSON of
lmarena/arena-catalog (category, model, rating with its 2.5 % and 97.5 % quantiles).
"""

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.reading import (
    Findings,
    Unusable,
    pointer,
    read_json,
    read_rows,
    whole,
)

_KNOWN = frozenset(
    {"rank", "rank_stylectrl", "model", "arena_score", "95_pct_ci", "votes", "organization"}
    | {"license", "knowledge_cutoff", "url"}
)


def parse(content: bytes, name: str, snapshot: str = "") -> Parsed:
    """Parse one board; `snapshot` names its date of publication and becomes the task version.

    The board is the file's name, the category its subtask.
    """
    findings = Findings()
    stem = name.rpartition("/")[2].rpartition(".")[0]
    common = {
        "benchmark_raw": stem,
        "task_version": snapshot,
        "scale": "unscaled",
        "aggregation": "single",
        "harness": "lmarena",
    }
    if content.lstrip().startswith(b"{"):
        _parse_catalog(findings, content, common)
        return findings.parsed()
    required = ("model", "arena_score", "95_pct_ci")
    for row in read_rows(content, name, findings, required, _KNOWN):
        findings.score(
            **common,
            locator=row.locator("arena_score"),
            model_raw=row.get("model"),
            model_url=row.get("url"),
            metric_raw="arena_score",
            value_raw=row.get("arena_score"),
            ci_raw=row.get("95_pct_ci"),
            n_items=whole(row.get("votes")),
        )
        for column, attribute in (("organization", "developer"), ("license", "licence")):
            if column in row.columns:
                place = row.locator(column)
                findings.attribute(place, row.get("model"), attribute, row.get(column))
    return findings.parsed()


def _parse_catalog(findings: Findings, content: bytes, common: dict) -> None:
    document = read_json(content)
    for category, models in document.items():
        if not isinstance(models, dict):
            raise Unusable("broken_record", f"category {category} holds no models")
        for model, entry in models.items():
            if not isinstance(entry, dict) or "rating" not in entry:
                findings.reject(pointer(category, model), "broken_record", entry)
                continue
            low, high = entry.get("rating_q025"), entry.get("rating_q975")
            findings.score(
                **common,
                locator=pointer(category, model, "rating"),
                model_raw=model,
                subtask_raw=category,
                metric_raw="rating",
                value_raw=str(entry["rating"]),
                ci_raw="" if None in (low, high) else f"[{low}, {high}]",
            )
