import pytest
from desk import reported, says, source

from complexity_atlas import contracts
from complexity_atlas.__main__ import main
from complexity_atlas.scores.tables import ANALYSIS_VIEW, EXCLUDED
from complexity_atlas.scores.view import Protocols, analysis_view


@pytest.fixture
def results(desk, project, tmp_path):
    rows = {"n_shot": 5, "aggregation": "macro"}
    lab = source("lab", evaluator="third_party")
    maker = source("maker", evaluator="first_party")
    copier = source("copier", evaluator="unknown")
    said = [
        (lab, says(reported("org/net", "0.43796096", "row 7, acc", **rows))),
        (maker, says(reported("org/net", "45.1", scale="percent", **rows))),
        (copier, says(reported("org/net", "0.43796096", **rows))),
        (source("other"), says(reported("org/net", "0.41", n_shot=0))),
    ]
    scores = desk.curate(*said).scores
    declared = {"mmlu": {"n_shot": (5,), "aggregation": ("macro",)}}
    view = analysis_view(scores, desk.reviewed.benchmarks, Protocols(declared))
    folder = tmp_path / "results" / "scores"
    contracts.write_table(scores, folder / "scores.parquet", contracts.SCORES)
    contracts.write_table(view.scores, folder / "view.parquet", ANALYSIS_VIEW)
    contracts.write_table(view.excluded, folder / "excluded.csv", EXCLUDED)
    return folder.parent


@pytest.fixture
def explain(results, project, capsys):
    def ask(model, benchmark):
        config = str(project / "config" / "scores")
        command = ["scores", "explain", model, benchmark]
        status = main([*command, "--results", str(results), "--config", config])
        printed = capsys.readouterr()
        return status, printed.out if status == 0 else printed.err

    return ask


def test_a_score_is_led_back_to_file_hash_and_cell_and_the_choice_is_explained(explain):
    status, said = explain("org__net", "mmlu")
    assert status == 0
    for fact in (
        "value      0.43796096 (fraction), printed 0.43796096",
        "file       f.json",
        "sha256     " + "0" * 64,
        "cell       row 7, acc",
        "lab goes before maker",
        "0.451 (+0.0130)  maker",
        "another source or run goes before it",
        "a copy of record",
        "not compared: aggregation item_mean, n_shot 0",
    ):
        assert fact in said


def test_what_is_not_there_is_named_with_what_is(explain):
    assert explain("org/nett", "mmlu")[1].startswith("error: no score of a model 'org/nett'")
    assert "has no score on 'piqa'; it has mmlu" in explain("org/net", "piqa")[1]
