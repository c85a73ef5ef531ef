"""Export of the curated scores into a folder that other programs read."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from complexity_atlas.contracts import BENCHMARKS, SCORES, read_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.every_eval_ever import Record, evaluation_records
from complexity_atlas.scores.tables import SCORED_MODELS, SOURCES


def export_scores(results: Path, config: Path, folder: Path, retrieved: str = "") -> str:
    """Write the scores of status "ok" among the tables in `results` as records of Every Eval Ever.

    `config` is the folder of benchmarks.csv, `retrieved` as in `evaluation_records`. Returns, as
    text, how many of which source were written and what was left out. Raises AtlasError when a
    table is missing, `retrieved` is no time, or as `write_records` does.
    """
    scores = read_table(results / "scores.parquet", SCORES)
    records = evaluation_records(
        scores,
        read_table(results / "models.parquet", SCORED_MODELS),
        read_table(results / "sources.csv", SOURCES),
        read_table(config / "benchmarks.csv", BENCHMARKS),
        retrieved,
    )
    return "\n".join(_accounts(write_records(records, folder), scores))


def write_records(records: Iterable[Record], folder: Path) -> pd.DataFrame:
    """Write records below `folder`; all of them or none. Returns source_id and n_scores of each.

    Raises AtlasError when `folder`/data is there already: what it holds may be of another export.
    """
    if (folder / "data").exists():
        raise AtlasError(f"{folder / 'data'} is there already; remove it, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AtlasError(f"{folder} can be no folder: {error.strerror}; name another") from None
    written = []
    with TemporaryDirectory(dir=folder, prefix=".export-") as temporary:
        (Path(temporary) / "data").mkdir()
        for record in records:
            path = Path(temporary) / record.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(record.text, encoding="utf-8", newline="\n")
            source_id = record.content["source_metadata"]["additional_details"]["source_id"]
            written.append((source_id, len(record.content["evaluation_results"])))
        (Path(temporary) / "data").rename(folder / "data")
    return pd.DataFrame(written, columns=["source_id", "n_scores"])


def _accounts(written: pd.DataFrame, scores: pd.DataFrame) -> Iterator[str]:
    for source_id, sizes in written.groupby("source_id").n_scores:
        yield f"{source_id}: {sizes.sum()} scores in {len(sizes)} records"
    yield f"in all: {written.n_scores.sum()} scores in {len(written)} records"
    for status, n in scores.status[scores.status != "ok"].value_counts().sort_index().items():
        yield f"left out: {n} of status {status}"
