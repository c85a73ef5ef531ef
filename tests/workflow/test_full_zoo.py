"""What must hold of the zoo of the default study; reads a finished run, trains nothing.

The run is that of this clone, or of the folder that COMPLEXITY_ATLAS_STUDY names.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from complexity_atlas.experiments.zoo.text import ALPHABET

from .conftest import PROJECT

pytestmark = pytest.mark.slow

BITS, TOP1, CLOZE = "zoo_bits_per_character", "zoo_top1", "zoo_cloze"


@pytest.fixture(scope="module")
def results() -> Path:
    folder = Path(os.environ.get("COMPLEXITY_ATLAS_STUDY", PROJECT), "results")
    if not (folder / "zoo" / "weight_features.csv").is_file():
        pytest.skip(f"{folder} has no finished zoo; run `make results` first")
    return folder


@pytest.fixture(scope="module")
def scores(results) -> pd.DataFrame:
    return pd.read_csv(results / "zoo" / "scores.csv", keep_default_na=False)


def of(scores, benchmark, control=""):
    return scores[(scores.benchmark_id == benchmark) & (scores.control == control)]


def last(table):
    return table[table.step == table.groupby("run").step.transform("max")]


def test_every_run_learns(scores):
    for run, steps in of(scores, BITS).query("step > 0").groupby("run"):
        assert spearmanr(np.log(steps.characters), steps.value).statistic <= -0.9, run


def test_larger_networks_learn_more(scores):
    final = last(of(scores, BITS)).groupby(["family", "size"]).value.mean()
    for family, by_size in final.groupby(level="family"):
        assert by_size.iloc[0] - by_size.iloc[-1] >= 0.3, family


def test_networks_start_from_nothing_and_the_best_gets_far(scores):
    bits, cloze = of(scores, BITS), last(of(scores, CLOZE))
    initial = bits.value[bits.step == 0]
    assert (abs(initial / np.log2(len(ALPHABET)) - 1) <= 0.05).all()
    assert bits.value.min() < 2.3
    best = cloze.loc[cloze.value.idxmax()]
    assert best.value - 3 * best.stderr > 0.25


@pytest.mark.parametrize("control", ["shuffled", "reinitialised"])
def test_controls_have_no_capability(scores, control):
    bits, top1 = of(scores, BITS, control), of(scores, TOP1, control)
    assert len(bits) == len(top1) == scores.run.nunique()
    assert (bits.value >= bits.chance_level - 3 * bits.stderr).all()
    assert (top1.value <= top1.chance_level + 3 * top1.stderr).all()


def test_shuffled_controls_have_the_counts_and_complexities_of_the_trained(results, scores):
    pairs = last(of(scores, BITS))[["model_id"]].assign(other=lambda f: f.model_id + "-shuffled")
    pairs = pairs.set_index("model_id").other
    for model, other in pairs.items():
        values = [results / "models" / name / "values.parquet" for name in (model, other)]
        assert pd.read_parquet(values[0]).equals(pd.read_parquet(values[1])), model
    table = pd.read_parquet(results / "complexity" / "models.parquet")
    table = table[table.variant != "spectrum"]  # shuffling changes singular values
    trained = table[table.model.isin(pairs.index)]
    shuffled = table[table.model.isin(pairs)]
    trained = trained.assign(model=trained.model + "-shuffled")
    pd.testing.assert_frame_equal(
        trained.reset_index(drop=True), shuffled.reset_index(drop=True), check_exact=True
    )


def test_the_report_says_what_complexity_adds_to_weight_features(results):
    page = (results / "report.html").read_text()
    assert "A zoo with a known history" in page
    assert "LMC complexity adds" in page
