"""Reports made by hand, and their curation with the project's own reviewed data."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from complexity_atlas.contracts import BENCHMARKS, read_table, read_tables
from complexity_atlas.scores.catalogue import Source
from complexity_atlas.scores.curate import Curation, Reviewed, curate
from complexity_atlas.scores.curated import curated_reports
from complexity_atlas.scores.reported import ModelAttribute, Parsed, Reject, Reported
from complexity_atlas.scores.reports import Reports, tabulate
from complexity_atlas.scores.tables import ALIASES, CORRECTIONS, METRICS, SNAPSHOTS


def source(name: str, **changes) -> Source:
    kind = {"kind": "harness", "licence": "MIT", "files": ("f.json",), "url": "http://x/{file}"}
    return Source(id=name, name=name, **{**kind, "model_ids": "hub", **changes})


def reported(model: str, value: str, locator: str = "", **changes) -> Reported:
    fields = {"benchmark_raw": "mmlu", "metric_raw": "acc", "scale": "fraction"} | changes
    locator = locator or f"{model}/{fields['benchmark_raw']}/{fields['metric_raw']}"
    return Reported(locator=locator, model_raw=model, value_raw=value, **fields)


@dataclass(frozen=True)
class Desk:
    """Curates what sources report, given as Parsed by source."""

    reviewed: Reviewed

    def curate(self, *said: tuple[Source, Parsed]) -> Curation:
        curated = curated_reports([], self.reviewed.benchmarks)
        return curate(curated, reports(*said), [one for one, _ in said], self.reviewed)

    def with_aliases(self, *rows: tuple[str, str, str, str]) -> "Desk":
        columns = ["kind", "raw", "canonical", "source"]
        aliases = pd.DataFrame(rows, columns=columns).assign(reason="a test")
        return Desk(replace(self.reviewed, aliases=ALIASES.check(aliases)))

    def with_corrections(self, **row: str) -> "Desk":
        corrections = CORRECTIONS.check(pd.DataFrame([row]).assign(reason="a test"))
        return Desk(replace(self.reviewed, corrections=corrections))


def reports(*said: tuple[Source, Parsed]) -> Reports:
    rows = []
    for one, parsed in said:
        snapshot = SNAPSHOTS.check(
            pd.DataFrame(
                {"source_id": [one.id], "file": "f.json", "sha256": "0" * 64, "bytes": 1}
                | {"url": "http://x/f.json", "revision": "", "retrieved_at": "", "state": "locked"}
                | {"reason": ""}
            )
        )
        rows.append((one, next(snapshot.itertuples(index=False)), parsed))
    return tabulate(rows)


def says(*numbers: Reported, rejects: tuple[Reject, ...] = ()) -> Parsed:
    return Parsed(reported=numbers, rejects=rejects)


def attribute(model: str, name: str, value: str, unit: str = "text") -> ModelAttribute:
    return ModelAttribute(f"{model}/{name}", model, name, value, unit)


def project_desk(project: Path) -> Desk:
    """The desk with the reviewed data that the project ships, but no corrections."""
    folder = project / "config" / "scores"
    return Desk(
        Reviewed(
            read_table(folder / "benchmarks.csv", BENCHMARKS),
            read_table(folder / "metrics.csv", METRICS),
            read_table(folder / "aliases.csv", ALIASES),
            read_tables([], CORRECTIONS),
        )
    )
