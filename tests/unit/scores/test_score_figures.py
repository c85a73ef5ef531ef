import numpy as np
import pytest
from desk import reported, says, source

from complexity_atlas.figures import score_coverage, score_sources, style
from complexity_atlas.scores.view import Protocols, analysis_view


@pytest.fixture(scope="module")
def tables(desk):
    rng = np.random.default_rng(1)
    lab, other = source("lab", evaluator="third_party"), source("other")
    values = rng.uniform(0.3, 0.8, 12).round(5)
    mine = [reported(f"org/{i}", str(v), n_shot=5) for i, v in enumerate(values)]
    theirs = [
        reported(f"org/{i}", str(round(v + rng.normal(0, 0.03), 5)), n_shot=5 * (i % 2))
        for i, v in enumerate(values)
    ]
    mine.append(reported("org/0", "0.9", benchmark_raw="piqa", n_shot=3))
    scores = desk.curate((lab, says(*mine)), (other, says(*theirs))).scores
    protocols = Protocols({"mmlu": {"n_shot": (5,)}, "piqa": {"n_shot": (0,)}}, ("lab",))
    view = analysis_view(scores, desk.reviewed.benchmarks, protocols).scores
    return scores, view, desk.reviewed.benchmarks


def test_disagreements_are_other_sources_minus_what_is_used(tables):
    scores, view, _ = tables
    pairs = score_sources.disagreements(scores, view)
    assert len(pairs) == 12
    assert set(pairs.source_id) == {"lab"}
    assert pairs.same_shots.sum() == 6
    row = pairs.iloc[0]
    of_model = (scores.model_id == row.model_id) & (scores.benchmark_id == "mmlu")
    values = scores[of_model].set_index("source_id").value
    assert row.difference == pytest.approx(values["other"] - values["lab"])


def test_a_step_of_training_is_not_compared_with_the_released_model(desk):
    lab, other = source("lab"), source("other")
    mine = says(reported("org/net", "0.61111"))
    theirs = says(reported("org/net", "0.31111", model_revision="step1000"))
    scores = desk.curate((lab, mine), (other, theirs)).scores
    view = analysis_view(scores, desk.reviewed.benchmarks, Protocols({"mmlu": {}})).scores
    assert score_sources.disagreements(scores, view).empty


def test_coverage_tells_used_from_reported_from_none(tables):
    scores, view, _ = tables
    found = score_coverage.coverage(scores, view, ["org/0", "org/1", "org/none"])
    assert found.loc["org/0"].to_dict() == {"mmlu": 2, "piqa": 1}
    assert found.loc["org/1"].to_dict() == {"mmlu": 2, "piqa": 0}
    assert found.loc["org/none"].to_dict() == {"mmlu": 0, "piqa": 0}


def test_figures_are_drawn_and_equal_tables_are_equal_bytes(tables, tmp_path):
    scores, view, benchmarks = tables
    models = [*sorted(scores.model_id.unique()), "org/none"]
    for name in ("a", "b"):
        figure = score_sources.draw(scores, view, benchmarks)
        style.save(figure, tmp_path / f"{name}_sources.png")
        figure = score_coverage.draw(scores, view, benchmarks, models)
        style.save(figure, tmp_path / f"{name}_coverage.png")
    for kind in ("sources", "coverage"):
        one, other = ((tmp_path / f"{name}_{kind}.png").read_bytes() for name in ("a", "b"))
        assert one == other
        assert len(one) > 5000


def test_nothing_to_compare_is_said(tables):
    scores, view, benchmarks = tables
    figure = score_sources.draw(scores.iloc[:0], view.iloc[:0], benchmarks)
    assert figure.texts[0].get_text().startswith("No model has scores on one benchmark from two")
    figure = score_coverage.draw(scores, view, benchmarks, ["org/none"])
    assert figure.texts[0].get_text() == "No model of the study has a published score."
