"""How long curation takes: 7,000 rows of a leaderboard and 2,000 files of the harness, made up.

Writes results/benchmark/curation.csv. Each file has 65 tasks, 57 of them of MMLU, with two metrics;
the leaderboard has six scores a row, on a tenth of which the harness reports the same model.
"""

import csv
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.contracts import replacing
from complexity_atlas.scores.catalogue import Source
from complexity_atlas.scores.curation import curate_reports, load_reviewed
from complexity_atlas.scores.fetch import Fetching, fetch_locked
from complexity_atlas.scores.reports import read_sources
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.view import analysis_view, load_protocols

ROWS, FILES = 7000, 2000
CONFIG = Path(__file__).parents[1] / "config" / "scores"
OUT = Path("results", "benchmark", "curation.csv")
TASKS = [
    *["arc_easy", "arc_challenge", "lambada_openai", "logiqa", "piqa", "sciq", "winogrande", "wsc"],
    *(f"hendrycksTest-subject_{i:02d}" for i in range(57)),
]


def main() -> None:
    """Measure and write the table."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        sources = make_sources(Path(folder), rng)
        how = Fetching(RawStore(Path(folder, "raw")))
        timings = {}
        started = time.perf_counter()
        snapshots = fetch_locked(sources, {}, how)
        timings["hash and keep"] = lap = time.perf_counter() - started
        reports = read_sources(snapshots, sources, how.store)
        timings["parse"] = time.perf_counter() - started - lap
        lap = time.perf_counter()
        reviewed = load_reviewed(
            {n: CONFIG / f"{n}.csv" for n in ("benchmarks", "metrics", "aliases", "corrections")}
        )
        result = curate_reports([], reports, sources, reviewed)
        timings["curate"] = time.perf_counter() - lap
        lap = time.perf_counter()
        protocols = load_protocols(CONFIG / "protocols.yaml")
        view = analysis_view(result.scores, reviewed.benchmarks, protocols)
        timings["view"] = time.perf_counter() - lap
    timings["all"] = sum(timings.values())
    table = pd.DataFrame({"step": timings.keys(), "seconds": timings.values()}).round(2)
    print(table.to_string(index=False))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{len(result.scores):,} scores, {len(view.scores):,} used, {memory:.0f} MB at the peak")
    with replacing(OUT) as temporary:
        table.to_csv(temporary, index=False)


def make_sources(folder: Path, rng: np.random.Generator) -> list[Source]:
    """Write the made-up files and return their sources."""
    board = folder / "board"
    board.mkdir()
    models = [f"lab{i % 400}/net-{i}-{i % 13}b" for i in range(ROWS)]
    with open(board / "board.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Model", "ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"])
        writer.writerows([model, *rng.uniform(25, 90, 6).round(2)] for model in models)
    harness = folder / "harness"
    harness.mkdir()
    for i in range(FILES):
        results = {
            task: {"acc": a, "acc_stderr": 0.01, "acc_norm": b, "acc_norm_stderr": 0.01}
            for task, (a, b) in zip(TASKS, rng.uniform(0.25, 0.9, (len(TASKS), 2)), strict=True)
        }
        config = {"model_args": f"pretrained={models[i // 3]},revision=step{i % 3}000"}
        content = {"results": results, "config": config | {"num_fewshot": 5}}
        (harness / f"{i}.json").write_text(json.dumps(content))
    common = {"licence": "none", "model_ids": "hub"}
    return [
        Source("board", "Board", "openllm_v1_board", files=("*",), path=str(board), **common),
        Source("harness", "Harness", "harness", files=("*",), path=str(harness), **common),
    ]


if __name__ == "__main__":
    main()
