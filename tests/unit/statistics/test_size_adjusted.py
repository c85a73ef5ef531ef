import numpy as np
import pandas as pd
import pytest
from frames import analysis, base_models, families_of
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import study

from complexity_atlas import contracts
from complexity_atlas.statistics import size_adjusted
from complexity_atlas.statistics.settings import Settings
from complexity_atlas.statistics.size_adjusted import PARTIAL, RANK, WITHIN

SETTINGS = Settings(resamples=499)
RESULTS = ["estimate", "ci_low", "ci_high", "p"]


def ask(frame: pd.DataFrame, covariates: str = "log_n", measure: str = "lmc") -> pd.DataFrame:
    results = size_adjusted.question(frame, SETTINGS)
    chosen = results[(results.covariates == covariates) & (results.measure == measure)]
    return chosen.set_index("statistic")


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one[RESULTS], other[RESULTS], atol=1e-7, rtol=1e-7)


def test_flops_beyond_parameters(shared):
    results = size_adjusted.question(base_models(shared), SETTINGS)
    ranks = results[(results.statistic == RANK) & (results.measure == "flops")]
    ranks = ranks[ranks.covariates == "log_n"].set_index("benchmark")["estimate"]
    for benchmark, rho in {"MMLU": 0.73, "ARC-C": 0.57, "GSM8K": 0.76}.items():
        assert ranks[benchmark] == pytest.approx(rho, abs=0.01)
    itself = results[(results.measure == "parameters") & (results.benchmark == "MMLU")]
    assert itself["estimate"].isna().all()
    assert itself["note"].str.contains("measure does not vary given log_n").all()


def test_a_planted_effect_is_found_by_both_questions():
    rows = ask(study(1, effect=1.0, models=80, families=20))
    for statistic in (PARTIAL, WITHIN):
        assert rows.loc[statistic, "estimate"] > 0.5
        assert rows.loc[statistic, "ci_low"] > 0
        assert rows.loc[statistic, "p"] == pytest.approx(1 / 500)


def test_training_data_is_taken_out_too():
    frame = study(1, models=80)
    data = frame.assign(score=frame["log_d"] + 0.1 * frame["score"], value=np.exp(frame["log_d"]))
    data["value"] *= np.exp(np.random.default_rng(0).normal(size=len(data)))
    assert ask(data, "log_n").loc[PARTIAL, "p"] < 0.05
    assert ask(data, "log_n+log_d").loc[PARTIAL, "p"] > 0.05


def test_inside_families_nothing_of_the_family_counts():
    """Score and measure share their family means, and nothing else."""
    rng = np.random.default_rng(0)
    family = families_of([4] * 15)
    common = rng.normal(size=15)[family]
    score, log_measure, log_n = rng.normal(size=(3, 60))
    frame = analysis(
        family=family,
        log_n=log_n,
        score=3 * common + score,
        value=np.exp(3 * common + log_measure),
    )
    rows = ask(frame)
    assert rows.loc[PARTIAL, "p"] < 0.01
    assert rows.loc[WITHIN, "p"] > 0.05
    shifted = frame.assign(score=frame["score"] + 100 * rng.normal(size=15)[family])
    same(rows.loc[[WITHIN]], ask(shifted).loc[[WITHIN]])


def test_opposite_relations_are_told_apart():
    """Between families the score rises with the measure, inside each it falls."""
    rng = np.random.default_rng(0)
    family = families_of([5] * 12)
    inside, log_n = rng.normal(size=(2, 60))
    between = 4 * rng.normal(size=12)[family]
    frame = analysis(
        family=family, log_n=log_n, score=between - inside, value=np.exp(between + inside)
    )
    rows = ask(frame)
    assert rows.loc[PARTIAL, "ci_low"] > 0.5
    assert rows.loc[WITHIN, "ci_high"] < -0.99


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 999), factor=st.floats(1e-3, 1e3))
def test_units_rows_and_names_change_nothing(seed, factor):
    frame = study(5, effect=0.3, measures=("lmc", "sdl"))
    rng = np.random.default_rng(seed)
    names = frame["family"].unique()
    renamed = dict(zip(names, rng.permutation(names), strict=True))
    changed = frame.sample(frac=1, random_state=rng).assign(
        family=lambda f: f["family"].map(renamed),
        value=lambda f: f["value"] * factor,
        log_n=lambda f: f["log_n"] + np.log(factor),
        score=lambda f: 100 * f["score"] - factor,
    )
    for measure in ("lmc", "sdl"):
        same(ask(frame, measure=measure), ask(changed, measure=measure))


def test_a_benchmark_does_not_depend_on_the_others():
    frame = study(5, benchmarks=("a", "b"), measures=("lmc", "sdl"))
    together = size_adjusted.question(frame, SETTINGS)
    apart = [size_adjusted.question(part, SETTINGS) for _, part in frame.groupby("benchmark")]
    key = ["benchmark", "measure", "covariates", "statistic"]
    pd.testing.assert_frame_equal(
        together.sort_values(key, ignore_index=True),
        pd.concat(apart).sort_values(key, ignore_index=True),
        check_exact=True,
    )


def test_controls_are_no_models():
    frame = study(5, effect=0.3)
    control = frame.assign(
        model=frame["model"] + "-shuffled", control="shuffled", score=0.25, value=7.0
    )
    same(ask(frame), ask(pd.concat([frame, control])))


def test_an_excess_enters_without_logarithm():
    frame = study(5, measures=("lmc_same_n_excess", "lmc"))
    centred = frame.assign(value=np.log(frame["value"]))
    kept = pd.concat([frame[frame.measure == "lmc"], centred[centred.measure != "lmc"]])
    excess = ask(kept, measure="lmc_same_n_excess")
    assert excess["note"].str.contains("not logged: an excess may be negative").all()
    logged = frame.assign(measure=frame["measure"].replace({"lmc_same_n_excess": "other"}))
    same(excess, ask(logged, measure="other"))


def test_rank_correlation_is_never_tested():
    row = ask(study(1, effect=2.0)).loc[RANK]
    assert row[["ci_low", "ci_high", "p"]].isna().all()
    assert row.note == "description only, no test"


@pytest.mark.filterwarnings("error")
def test_a_measure_in_the_order_of_size_has_no_rank_correlation():
    frame = study(1)
    frame["value"] = np.exp(frame["log_n"] ** 2)
    row = ask(frame).loc[RANK]
    assert np.isnan(row.estimate)
    assert row.note == "measure has the order of log_n"


@pytest.mark.filterwarnings("error")
def test_one_family_answers_only_the_question_inside_families():
    rows = ask(study(1, families=1, models=12))
    for statistic in (PARTIAL, WITHIN):
        assert "one family: no interval over families" in rows.loc[statistic, "note"]
        assert rows.loc[statistic, ["ci_low", "ci_high"]].isna().all()
    assert np.isnan(rows.loc[PARTIAL, "p"])
    assert 0 < rows.loc[WITHIN, "p"] <= 1
    assert rows.loc[PARTIAL, "estimate"] == pytest.approx(rows.loc[WITHIN, "estimate"], abs=1e-9)


@pytest.mark.filterwarnings("error")
def test_single_models_say_nothing_inside_families():
    rows = ask(study(1, families=30, models=30))
    assert "0 degrees of freedom inside families" in rows.loc[WITHIN, "note"]
    assert np.isfinite(rows.loc[PARTIAL, "p"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("column", "statistic", "reason"),
    [
        ("value", WITHIN, "measure does not vary inside families given log_n"),
        ("score", WITHIN, "score does not vary inside families given log_n"),
        ("log_n", WITHIN, ""),
    ],
)
@pytest.mark.parametrize("unit", [0.1, 1000.0])  # logarithms of values below 1 and above
def test_columns_that_are_constant_inside_families(column, statistic, reason, unit):
    frame = study(1)
    frame[column] = frame.groupby("family")[column].transform("mean")
    frame["value"] *= unit / frame["value"].max()
    row = ask(frame).loc[statistic]
    assert row.note == reason
    assert np.isnan(row.estimate) == bool(reason)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "columns",
    [
        {"score": [1, 1, 1, 2, 2, 2, 2, 2]},
        {"value": [1, 1, 1, 1, 1, 1, 1, 2]},
        {"value": [np.nan, np.inf, 1, 2, 3, 4, 5, 6]},
        {"family": [*"aaaaaaab"]},
        {"score": [1, 2], "value": [1, 2], "log_n": [1, 2]},
        {"score": np.arange(8.0), "log_n": np.arange(8.0)},
        {"value": 1.0},
        {"log_n": np.inf},
        {"log_n": [20.0, 20, 20, 20, 20, 20, 20, 21]},
        {"score": [], "value": [], "log_n": []},
    ],
)
def test_odd_data_gives_rows_without_complaint(columns):
    rng = np.random.default_rng(0)
    plain = {name: rng.uniform(1, 2, 8) for name in ("score", "value", "log_n")}
    results = size_adjusted.question(analysis(**(plain | columns)), SETTINGS)
    contracts.STATISTICS.check(results)
    assert (results["estimate"].notna() | (results["note"] != "")).all()
    assert (results["p"].isna() | results["estimate"].notna()).all()
