"""Published scores through the rules: a source of files, and the real ones where they are."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import spearmanr

from .conftest import PROJECT, environment

REAL = PROJECT.parent / "shared" / "data" / "scores"
EXPLAIN = [sys.executable, "-m", "complexity_atlas", "scores", "explain"]


def test_a_source_is_fetched_curated_preferred_drawn_and_explained(finished):
    view = pd.read_parquet(finished / "results/scores/view.parquet").set_index("model_id")
    view = view[view.benchmark_id == "quiz"]
    assert set(view.source_id) == {"lab"}
    assert view.value["bee"] == pytest.approx(0.471)
    accounts = pd.read_csv(finished / "results/scores/sources.csv").set_index("source_id")
    lab = accounts.loc["lab"]
    assert (lab.rows_in, lab.ok, lab.rejected, lab.unresolved) == (14, 7, 7, 1)
    log = (finished / "results/logs/curate_scores.log").read_text()
    assert "lab: 14 rows in = 7 ok + 0 superseded + 0 copies + 0 quarantined + 7 rejected" in log
    page = (finished / "results/report.html").read_text()
    for fact in ("Where the scores come from", "What sources say of the same thing", ">Lab<"):
        assert fact in page
    explained = subprocess.run(
        [*EXPLAIN, "bee", "quiz", "--config", "."],
        cwd=finished.folder,
        env=environment() | {"PYTHONPATH": str(PROJECT / "workflow" / "scripts")},
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    assert "cell       /results/quiz/acc" in explained
    assert "lab goes before test" in explained


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real score files in ../shared")
def test_real_sources_through_the_rules_give_the_known_baseline(new_study):
    new_study.configure(
        scores={
            "benchmarks": str(PROJECT / "config/scores/benchmarks.csv"),
            "curated": [],
            "sources": ["obsscaling", "eleuther_harness", "timm"],
            "local": [os.path.relpath(REAL, new_study.folder)],
        }
    )
    new_study.run("results/scores/view.parquet")
    scores = Path(new_study / "results/scores")
    view = pd.read_parquet(scores / "view.parquet")
    models = pd.read_parquet(scores / "models.parquet").set_index("model_id")
    mmlu = view[view.benchmark_id == "mmlu"].set_index("model_id").value
    size = models.n_params[mmlu.index]
    assert len(mmlu) == 148
    assert spearmanr(size, mmlu).statistic == pytest.approx(0.68, abs=0.01)
    flops = models.train_flops[mmlu.index].dropna()
    assert spearmanr(flops, mmlu[flops.index]).statistic == pytest.approx(0.85, abs=0.01)
    assert mmlu["meta-llama/Llama-2-7b-hf"] == 0.4379609636092418
    assert "Nothing to be done" in new_study.run("results/scores/view.parquet").stdout
