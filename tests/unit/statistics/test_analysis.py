"""The analysis frame: what the table of models and the zoo bring to it."""

import numpy as np
import pandas as pd
import pytest

from complexity_atlas.experiments.zoo.models import zoo_models
from complexity_atlas.experiments.zoo.settings import RunSpec
from complexity_atlas.statistics.analysis import analysis_frame, in_focus
from complexity_atlas.statistics.settings import Primary

RUN = RunSpec("mlp", 10_000, 0, "float32", steps=10, batch=2, window=24)


@pytest.fixture
def frame():
    models = zoo_models((RUN,), "runs").assign(status="ok", n_weights=9_000)
    scores = pd.DataFrame(
        {
            "model_id": models.model,
            "benchmark_id": "zoo_bits_per_character",
            "value": 3.0,
            "status": "ok",
            "higher_is_better": False,
            "stderr": 0.1,
            "chance_level": np.nan,
            "n_items": 100,
        }
    )
    complexity = pd.DataFrame(
        {
            "model": models.model,
            "scope": "model",
            "measure": "lmc",
            "variant": "window",
            "view": "folded",
            "aggregate": "pooled",
            "null_kind": "same_n",
            "value": 0.02,
            "excess": 0.01,
        }
    )
    epiplexity = pd.DataFrame({"model_id": [RUN.model(10)], "k_auc": [55.0]})
    return analysis_frame(scores, complexity, models, epiplexity).set_index(["model", "measure"])


def test_steps_of_a_run_have_their_place_and_their_data(frame):
    first, last = frame.loc[(RUN.model(0), "lmc")], frame.loc[(RUN.model(10), "lmc")]
    assert (first.run, first.step, first.control) == (RUN.name, 0, "")
    assert np.isnan(first.log_d)
    assert last.log_d == pytest.approx(np.log(10 * 2 * 24))
    assert last.flops == pytest.approx(6 * 10_000 * 480)
    assert last.score == -3
    assert frame.loc[(RUN.model(10, "shuffled"), "lmc")].control == "shuffled"


def test_epiplexity_is_a_predictor_of_the_networks_that_have_one(frame):
    found = frame[frame.index.get_level_values("measure") == "epiplexity"]
    assert list(found.index) == [(RUN.model(10), "epiplexity")]
    assert found.value.iloc[0] == 55
    assert (found[["variant", "view", "aggregate"]] == "").all(axis=None)


def test_focus_keeps_what_differs_from_the_primary_in_binning_or_in_measure():
    rows = [
        ("lmc", "window", "folded", "pooled"),
        ("lmc", "rice", "folded", "pooled"),
        ("entropy", "window", "folded", "pooled"),
        ("epiplexity", "", "", ""),
        ("entropy", "rice", "folded", "pooled"),
        ("lmc", "window", "stored", "pooled"),
        ("lmc", "window", "folded", "mean"),
    ]
    names = ["measure", "variant", "view", "aggregate"]
    kept = in_focus(pd.DataFrame(rows, columns=names), Primary())
    assert list(map(tuple, kept.to_numpy())) == rows[:4]
