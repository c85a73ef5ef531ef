import numpy as np
import pandas as pd
import pytest
from frames import analysis, base_models

from complexity_atlas import contracts
from complexity_atlas.statistics import targets
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings()


def ask(scores: np.ndarray, **columns) -> pd.DataFrame:
    parts = [
        analysis(score=column, value=np.arange(len(column)), benchmark=f"b{i}", **columns)
        for i, column in enumerate(np.asarray(scores, float).T)
    ]
    results = targets.question(pd.concat(parts), SETTINGS)
    contracts.STATISTICS.check(results)
    return results.set_index("statistic")


def test_base_models_have_one_dominant_component(shared):
    results = targets.question(base_models(shared), SETTINGS).set_index("statistic")
    share = results.loc["first_component_share"]
    assert share.estimate == pytest.approx(0.78, abs=0.005)
    assert share.n_models == 124
    assert 1 < results.loc["effective_targets", "estimate"] < 2


def test_unrelated_benchmarks_are_as_many_as_they_are():
    scores = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 5)))[0]
    centred = np.linalg.qr(scores - scores.mean(axis=0))[0]
    rows = ask(centred)
    assert rows.loc["effective_targets", "estimate"] == pytest.approx(5)
    assert rows.loc["first_component_share", "estimate"] == pytest.approx(0.2)


def test_one_thing_measured_four_times_is_one_target():
    score = np.random.default_rng(0).normal(size=12)
    rows = ask(np.column_stack([score, 5 * score + 3, -score, score / 9]))
    assert rows.loc["effective_targets", "estimate"] == pytest.approx(1)
    assert rows.loc["first_component_share", "estimate"] == pytest.approx(1)


def test_share_is_the_largest_eigenvalue_of_the_correlation_matrix():
    scores = np.random.default_rng(0).normal(size=(25, 3)) @ np.array(
        [[1, 1, 0], [0, 1, 1], [1, 0, 2]]
    )
    values = np.linalg.eigvalsh(np.corrcoef(scores.T))
    rows = ask(scores)
    assert rows.loc["first_component_share", "estimate"] == pytest.approx(values[-1] / 3)
    assert rows.loc["effective_targets", "estimate"] == pytest.approx(9 / (values @ values))


def test_models_without_some_score_and_constant_benchmarks_are_left_out():
    scores = np.random.default_rng(0).normal(size=(9, 3))
    scores[0, 0], scores[1, 1] = np.nan, np.inf
    rows = ask(np.column_stack([scores, np.full(9, 0.3654)]), family=["a"] * 4 + ["b"] * 5)
    assert rows.loc["effective_targets", ["n_models", "n_families"]].tolist() == [7, 2]
    assert "constant, left out: b3" in rows.loc["effective_targets", "note"]


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        (np.ones((8, 3)), "0 benchmarks that vary, at least 2 are needed"),
        (np.arange(8.0)[:, None], "1 benchmarks that vary, at least 2 are needed"),
        (np.eye(4), "4 models with every score, at least 5 are needed"),
        (np.full((8, 2), np.nan), "0 models with every score, at least 5 are needed"),
    ],
)
def test_what_cannot_be_computed_has_a_reason(scores, reason):
    rows = ask(scores)
    assert rows["note"].tolist() == [reason]
    assert rows["estimate"].isna().all()
