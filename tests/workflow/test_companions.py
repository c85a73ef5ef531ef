"""The companion experiments through the workflow, in a tiny form."""

import json

import pandas as pd
import pytest
from bs4 import BeautifulSoup

SETTINGS = {
    "include": True,
    "superposition": {
        "bits": [2, 16],
        "features": [256, 320],
        "sampled_pairs": 100,
        "example": {"features": 256, "channel": 17},
        "trained": {"features": [16], "neurons": [4], "steps": 3},
    },
    "head_tuning": {
        "samples": 20,
        "states": 4,
        "widths": [5, 15, 40],
        "repetitions": 3,
        "heads": {"samples": 20, "widths": [5, 20, 60], "repetitions": 3},
    },
    "routing": {
        "sources": {
            "made_up": {
                "format": "llm_router",
                "files": ["answers.json"],
                "cost": {"small": 1, "large": 10},
            }
        }
    },
}
ANSWERS = [
    {
        "question": f"{topic} about {topic}{i}",
        "scores": {"small": int(topic == "sum"), "large": 1, "idle": 0},
    }
    for i in "abcdefghijkl"
    for topic in ("sum", "proof")
]


def test_companions_run_by_themselves_and_are_in_the_report(study):
    (study / "answers.json").write_text(json.dumps(ANSWERS))
    study.configure(companions=SETTINGS)
    planned = study.planned("--rerun-incomplete", "companions")
    assert not {"answer_question", "compute_complexity", "write_report"} & set(planned)
    study.run()
    assert "Nothing to be done" in study.run("companions").stdout
    page = BeautifulSoup((study / "results/report.html").read_text(), "lxml")
    section = page.select_one("#companions")
    for experiment in ("Superposition", "Routing", "Ceilings"):
        assert experiment in section.get_text()
    routed = pd.read_csv(study / "results/companions/routing_evaluation.csv")
    assert routed.ladder.tolist() == ["made_up"]
    assert routed.accuracy.tolist() == [1.0]
    models = pd.read_csv(study / "results/companions/routing_models.csv").set_index("model")
    assert "never run" in models.loc["idle", "flag"]
    figures = [rule for rule in planned if rule.startswith("plot_")]
    assert len(section.select("figure")) == len(figures)


@pytest.mark.slow
def test_the_full_form_checks_every_input(study):
    (study / "answers.json").write_text(json.dumps(ANSWERS))
    study.configure(companions=SETTINGS)
    study.run("companions_full")
    table = pd.read_csv(study / "results/companions/superposition_exhaustive.csv")
    assert table.n_inputs.sum() == 1 + 256 + 256 * 255 // 2
