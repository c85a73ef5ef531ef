"""The companion experiments through the workflow, in a tiny form."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from .parts import add_companions


def test_companions_run_by_themselves(new_study):
    add_companions(new_study)
    planned = new_study.planned("--", "companions")
    assert {"plot_superposition", "plot_routing"} <= set(planned)
    assert not {"answer_question", "compute_complexity", "write_report"} & set(planned)


def test_companions_are_in_the_report(study):
    assert "Nothing to be done" in study.run("companions").stdout
    page = BeautifulSoup((study / "results/report.html").read_text(), "lxml")
    section = page.select_one("#companions")
    for experiment in ("Superposition", "Routing", "Ceilings"):
        assert experiment in section.get_text()
    planned = study.planned("--forceall", "--", "companions")
    assert len(section.select("figure")) == sum(rule.startswith("plot_") for rule in planned)
    routed = pd.read_csv(study / "results/companions/routing_evaluation.csv")
    routed = routed.set_index("ladder").accuracy
    assert routed["made_up"] == 1.0
    models = pd.read_csv(study / "results/companions/routing_models.csv").set_index("model")
    assert "never run" in models.loc["idle", "flag"]


@pytest.mark.slow
def test_the_full_form_checks_every_input(study):
    study.run("companions_full")
    table = pd.read_csv(study / "results/companions/superposition_exhaustive.csv")
    assert table.n_inputs.sum() == 1 + 256 + 256 * 255 // 2
