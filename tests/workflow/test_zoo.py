"""A tiny zoo through the whole workflow."""

import json

import pandas as pd
import pytest

from .parts import RUNS


def test_every_network_is_measured_scored_and_in_the_analysis(finished):
    models = pd.read_parquet(finished / "results/models.parquet")
    networks = models[models.run != ""]
    assert set(networks.run) == RUNS
    assert len(networks) == 5 * len(RUNS)
    assert (networks.status == "ok").all()
    scores = pd.read_parquet(finished / "results/scores/scores.parquet")
    of_zoo = scores[scores.source_id == "zoo"]
    assert set(of_zoo.model_id) == set(networks.model)
    assert (of_zoo.evaluator == "first_party").all()
    assert of_zoo.stderr.notna().all()
    assert of_zoo.n_items.notna().all()
    analysis = pd.read_parquet(finished / "results/statistics/analysis.parquet")
    assert {"lmc", "epiplexity"} <= set(analysis.measure[analysis.run != ""])


def test_every_question_is_reported(finished):
    tables = (finished / "results/statistics").glob("*.csv")
    rows = pd.concat([pd.read_csv(path, keep_default_na=False) for path in tables])
    of_zoo = rows[rows.benchmark == "zoo_bits_per_character"]
    asked = set(zip(of_zoo.question, of_zoo.covariates, strict=True))
    assert asked >= {
        ("raw", ""),
        ("size_adjusted", "log_n"),
        ("size_adjusted_over_checkpoints", "log_n+log_d"),
        ("trajectories", ""),
        ("trajectories", "log_d"),
    }
    html = (finished / "results/report.html").read_text()
    for text in ("A zoo with a known history", "zoo-questions", "zoo-controls", "Unterthiner"):
        assert text in html


def test_shuffled_controls_have_the_counts_and_complexities_of_the_trained(finished):
    complexity = pd.read_parquet(finished / "results/complexity/models.parquet")
    tensors = pd.read_parquet(finished / "results/complexity/tensors.parquet")
    for run in RUNS:
        trained, shuffled = f"zoo-{run}-step30", f"zoo-{run}-step30-shuffled"
        tables = [
            pd.read_parquet(finished / f"results/models/{model}/values.parquet")
            for model in (trained, shuffled)
        ]
        pd.testing.assert_frame_equal(*tables)
        for table in (complexity, tensors):
            of_values = table.variant != "spectrum"
            one, other = (
                table[of_values & (table.model == model)]
                .drop(columns="model")
                .reset_index(drop=True)
                for model in (trained, shuffled)
            )
            assert len(one)
            pd.testing.assert_frame_equal(one, other)


def test_shuffling_changes_singular_values(finished):
    complexity = pd.read_parquet(finished / "results/complexity/models.parquet")
    spectral = complexity[
        (complexity.variant == "spectrum") & (complexity.measure == "spectral_norm")
    ]
    for run in RUNS:
        trained, shuffled = (
            spectral[spectral.model == f"zoo-{run}-step30{end}"]["value"].iloc[0]
            for end in ("", "-shuffled")
        )
        assert trained != shuffled


def test_one_more_size_trains_its_own_runs_only(study):
    study.configure(zoo={"sizes": [8000, 9000]})
    planned = study.planned()
    assert planned["train_zoo"] == planned["measure_zoo"] == len(RUNS)
    assert planned["compute_complexity"] == len(RUNS)
    assert "prepare_zoo_text" not in planned
    assert "measure_weights" not in planned


@pytest.mark.slow
def test_training_again_gives_the_same_bytes(study):
    run = sorted(RUNS)[0]
    record = study / f"results/zoo/runs/{run}/run.json"
    before = json.loads(record.read_text())["sha256"]
    study.run(
        "--forcerun", "train_zoo", "--until", "train_zoo", str(record.relative_to(study.folder))
    )
    assert json.loads(record.read_text())["sha256"] == before
