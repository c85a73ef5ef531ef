"""Networks of a zoo as rows of the table of models."""

import json
import subprocess
import sys

import numpy as np
import pytest

from complexity_atlas.experiments.zoo.models import zoo_models
from complexity_atlas.experiments.zoo.settings import ZooSettings


def test_every_saved_network_is_a_row_with_its_file():
    runs = ZooSettings(sizes=(1000,), seeds=(3,)).runs
    models = zoo_models(runs, "results/zoo/runs").set_index("model")
    assert len(models) == len(runs) * 8
    row = models.loc["zoo-lstm-1000-seed3-step1000-shuffled"]
    assert row.location == "results/zoo/runs/lstm-1000-seed3/step_1000_shuffled.safetensors"
    assert (row.run, row.step, row.control) == ("lstm-1000-seed3", 1000, "shuffled")
    assert row.training_tokens == 640_000
    assert row.training_flops == pytest.approx(6 * 1000 * 640_000)
    assert np.isnan(models.training_tokens["zoo-lstm-1000-seed3-step0"])


def test_files_are_named_by_what_follows_the_run():
    run = ZooSettings().runs[0]
    assert {f"zoo-{run.name}-{end}": file for end, file in run.files.items()} == {
        run.model(*saved): run.file(*saved) for saved in run.networks
    }


def test_no_runs_are_no_rows():
    assert zoo_models((), "runs").empty


def test_what_the_workflow_imports_needs_no_torch():
    code = (
        "import sys, json, complexity_atlas.experiments.zoo.models, complexity_atlas.archive, "
        "complexity_atlas.experiments.zoo.tables, complexity_atlas.report; "
        "print(json.dumps('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
