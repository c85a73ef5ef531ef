"""The companion experiments through the workflow, in a tiny form."""

from bs4 import BeautifulSoup

SETTINGS = {
    "include": True,
    "superposition": {"bits": [2, 16], "features": [16, 64]},
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
    assert len(section.select("figure")) == len(planned_figures(planned))


def planned_figures(planned: dict[str, int]) -> list[str]:
    return [rule for rule in planned if rule.startswith("plot_")]
