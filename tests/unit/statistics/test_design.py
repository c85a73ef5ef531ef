import hypothesis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from frames import analysis
from hypothesis import given
from hypothesis import strategies as st
from planted import study

from complexity_atlas import contracts
from complexity_atlas.errors import AtlasError
from complexity_atlas.statistics.design import (
    Row,
    at_chance,
    blocks,
    residuals,
    rows_to_frame,
)
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings()


def split(frame, covariates=""):
    return blocks(frame, covariates, SETTINGS, "question", "statistic")


def varied(n=8, **columns):
    """A frame on which everything can be computed."""
    rng = np.random.default_rng(0)
    given = {
        "score": rng.normal(size=n),
        "value": rng.uniform(1, 2, n),
        "log_n": np.arange(n) + 1.0,
    }
    return analysis(**given | columns)


def only_reason(frame, covariates=""):
    found, failed = split(frame, covariates)
    assert not found
    assert len(failed) == 1
    return failed[0].note


def test_rows_meet_the_contract():
    row = Row("raw", "benchmark", "lmc", statistic="pearson", n_models=3, estimate=np.inf)
    frame = rows_to_frame([row])
    checked = contracts.STATISTICS.check(frame)
    assert list(frame) == list(contracts.STATISTICS.columns)
    assert checked.loc[0, ["benchmark", "n_models"]].tolist() == ["benchmark", 3]
    assert np.isnan(checked.loc[0, "estimate"])


def test_no_rows_meet_the_contract():
    assert contracts.STATISTICS.check(rows_to_frame([])).empty


def test_predictors_of_the_same_models_share_a_block():
    two = pd.concat([varied(), varied(measure="entropy")])
    gap = varied(measure="sdl", value=[np.nan, *range(1, 8)])
    found, failed = split(pd.concat([two, gap]))
    names = [[predictor.measure for predictor in block.predictors] for block in found]
    assert names == [["entropy", "lmc"], ["sdl"]]
    assert found[0].x.shape == (8, 2)
    assert found[1].x.shape == (7, 1)
    assert not failed


def test_models_are_in_order_of_size_with_their_own_values():
    frame = varied().sample(frac=1, random_state=1)
    block = split(frame, "log_n")[0][0]
    expected = frame.sort_values("log_n")
    assert block.models["model"].tolist() == expected["model"].tolist()
    np.testing.assert_array_equal(block.score, expected["score"])
    np.testing.assert_array_equal(block.value[:, 0], expected["value"])
    np.testing.assert_array_equal(block.x[:, 0], np.log(expected["value"]))
    np.testing.assert_array_equal(block.design[:, 1], expected["log_n"])


@given(seed=st.integers(0, 2**32 - 1))
@hypothesis.settings(max_examples=10, deadline=None)
def test_order_of_rows_and_names_of_families_change_nothing(seed):
    frame = study(3, measures=("lmc", "sdl"), benchmarks=("a", "b"))
    rng = np.random.default_rng(seed)
    names = frame["family"].unique()
    renamed = dict(zip(names, rng.permutation(len(names)).astype(str), strict=True))
    shuffled = frame.sample(frac=1, random_state=rng).assign(family=lambda f: f.family.map(renamed))
    for one, other in zip(split(frame)[0], split(shuffled)[0], strict=True):
        assert one.predictors == other.predictors
        for name in ("family", "score", "design", "value", "x"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_benchmark_does_not_depend_on_the_others():
    frame = study(3, benchmarks=("a", "b"))
    together = split(frame, "log_n")[0][1]
    alone = split(frame[frame.benchmark == "b"], "log_n")[0][0]
    np.testing.assert_array_equal(together.x, alone.x)
    np.testing.assert_array_equal(together.family, alone.family)


def test_incomplete_models_are_left_out_and_counted():
    frame = varied(
        score=[np.nan, 3, 1, 4, 1, 5, 9, 2],
        value=[1, np.inf, np.nan, 2, 3, 4, 5, 6],
        log_n=[np.nan, *np.arange(7.0)],
    )
    block = split(frame, "log_n")[0][0]
    assert block.models["model"].tolist() == [f"model-{i:03d}" for i in range(3, 8)]
    assert block.left_out[0] == (
        "models left out: 1 without score, 1 without log_n, 1 without a value, "
        "1 with an infinite value"
    )
    assert block.rows("q", "s", "and more")[0].note == block.left_out[0] + "; and more"


@pytest.mark.parametrize(
    ("measure", "value", "note"),
    [
        ("lmc", [1, 2, 3, 4, 5], ""),
        ("lmc", [0, 2, 3, 4, 5], "not logged: has values <= 0"),
        ("lmc_same_n_excess", [1, 2, 3, 4, 5], "not logged: an excess may be negative"),
        ("log_condition", [1, 2, 3, 4, 5], "not logged: a logarithm already"),
    ],
)
def test_logarithm_of_what_is_positive(measure, value, note):
    block = split(varied(5, measure=measure, value=np.array(value, float)))[0][0]
    np.testing.assert_array_equal(block.x[:, 0], value if note else np.log(value))
    assert block.unlogged[0] == block.rows("q", "s")[0].note == note
    assert block.as_measured.rows("q", "s")[0].note == ""
    np.testing.assert_array_equal(block.as_measured.x[:, 0], value)


def test_whether_to_log_is_the_same_on_every_benchmark():
    one = varied(benchmark="one")
    other = varied(benchmark="other", value=[-1.0, *range(1, 8)])
    assert [block.unlogged for block in split(pd.concat([one, other]))[0]] == [
        ("not logged: has values <= 0",)
    ] * 2


@pytest.mark.parametrize(
    ("columns", "covariates", "reason"),
    [
        ({"n": 2}, "", "2 complete models, at least 5 are needed"),
        ({"n": 5}, "log_n+log_d", "0 complete models"),
        ({"score": 0.1}, "", "every model has the same score"),
        ({"value": 0.1}, "", "measure does not vary"),
        ({"value": np.nan}, "", "8 without a value; 0 complete models"),
        ({"value": -np.inf}, "", "8 with an infinite value; 0 complete models"),
        ({"score": np.nan}, "log_n", "8 without score; 0 complete models"),
        ({"log_n": 20.0}, "log_n", "log_n cannot be told apart"),
        ({"log_d": 2 * np.arange(8) + 1.0}, "log_n+log_d", "log_n+log_d cannot be told apart"),
        ({"value": np.exp(np.arange(8) / 3)}, "log_n", "measure does not vary given log_n"),
        ({"score": np.arange(8) / 3}, "log_n", "score does not vary given log_n"),
        ({"score": 0.25, "chance_level": 0.25}, "", "every model has the same score"),
        ({"score": np.linspace(0.24, 0.26, 8), "chance_level": 0.25}, "", "at chance"),
    ],
)
def test_what_cannot_be_tested_has_a_reason(columns, covariates, reason):
    assert reason in only_reason(varied(**columns), covariates)


def test_enough_models_for_the_covariates():
    frame = varied(5, log_d=[3.0, 1, 4, 1, 5])
    assert "5 complete models, at least 6 are needed" in only_reason(frame, "log_n+log_d")


def test_chance_needs_both_margins():
    def reason(scores, se=np.nan):
        return at_chance(analysis(score=scores, chance_level=0.25, score_se=se), SETTINGS)

    assert reason([0.24, 0.25, 0.264, 0.3, 0.6])
    assert not reason([0.24, 0.25, 0.266, 0.3, 0.6])
    assert reason([0.24, 0.25, 0.266, 0.3, 0.6], se=0.01)
    assert not at_chance(analysis(score=[0.0, 0.1]), SETTINGS)


def test_the_way_from_chance_ends_at_0_for_a_loss_whose_sign_is_turned():
    def reason(loss):
        return at_chance(analysis(score=[-loss] * 3, chance_level=-4.0), SETTINGS)

    assert reason(3.93)
    assert not reason(3.91)  # 2 % of the way from 4 to 0, not to 1


def test_only_trained_models_and_last_steps_count():
    frame = varied(
        control=["shuffled", "reinitialised", *[""] * 6],
        run=["", "", "run", "run", "run", "", "", ""],
        step=[np.nan, np.nan, 1, 3, 2, 9, np.nan, np.nan],
    )
    frame = pd.concat([frame, varied(n=9).iloc[8:]])
    block = split(frame)[0][0]
    assert block.models["model"].tolist() == [f"model-{i:03d}" for i in (3, 5, 6, 7, 8)]


def test_the_last_step_is_that_of_the_benchmark():
    columns = {"run": ["run", "run", *[""] * 6], "step": [1, 2, *[np.nan] * 6]}
    unscored = varied(benchmark="other", **columns).drop(index=1)
    found, _ = split(pd.concat([varied(**columns), unscored]))
    assert [block.models["model"][0] for block in found] == ["model-001", "model-000"]


def test_a_model_of_unknown_family_is_its_own_family():
    block = split(varied(family=["a", "a", "", "", None, "model-004", "b", "b"]))[0][0]
    assert block.family.tolist() == [0, 0, 1, 2, 3, 4, 5, 5]
    assert block.n_families == 6


def test_a_missing_column_is_named():
    with pytest.raises(AtlasError, match="column log_d, score_se is missing"):
        split(varied().drop(columns=["log_d", "score_se"]))


def test_two_rows_for_one_cell_are_named():
    with pytest.raises(AtlasError, match="more than one row for model 'model-000', benchmark"):
        split(pd.concat([varied(), varied()]))


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 4), scale=st.floats(1e-150, 1e150))
def test_residuals_are_those_of_least_squares(seed, k, scale):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(12), rng.normal(size=(12, k)) * scale])
    y = rng.normal(size=12)
    expected = sm.OLS(y, design / np.abs(design).max(axis=0)).fit().resid
    np.testing.assert_allclose(residuals(design, y), expected, atol=1e-9)
    collinear = np.column_stack([design, 3 * design[:, -1]])
    np.testing.assert_allclose(residuals(collinear, y), expected, atol=1e-9)
