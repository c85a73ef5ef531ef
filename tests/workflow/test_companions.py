"""The companion experiments through the workflow, in a tiny form."""

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
}


def test_companions_run_by_themselves_and_are_in_the_report(study):
    study.configure(companions=SETTINGS)
    planned = study.planned("--rerun-incomplete", "companions")
    assert not {"answer_question", "compute_complexity", "write_report"} & set(planned)
    study.run()
    assert "Nothing to be done" in study.run("companions").stdout
    page = BeautifulSoup((study / "results/report.html").read_text(), "lxml")
    section = page.select_one("#companions")
    assert "Superposition" in section.get_text()
    figures = [rule for rule in planned if rule.startswith("plot_")]
    assert len(section.select("figure")) == len(figures)


@pytest.mark.slow
def test_the_full_form_checks_every_input(study):
    study.configure(companions=SETTINGS)
    study.run("companions_full")
    table = pd.read_csv(study / "results/companions/superposition_exhaustive.csv")
    assert table.n_inputs.sum() == 1 + 256 + 256 * 255 // 2
