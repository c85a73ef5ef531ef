import numpy as np
import pandas as pd
import pingouin
import pytest
from frames import analysis, base_models, families_of
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import study
from scipy import stats

from complexity_atlas import contracts
from complexity_atlas.statistics import raw
from complexity_atlas.statistics.resampling import drawn_rows, family_draws
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=499)


def one(results: pd.DataFrame, statistic: str) -> pd.Series:
    rows = results[results.statistic == statistic]
    assert len(rows) == 1
    return rows.iloc[0]


def test_base_models_by_parameters_and_flops(shared):
    results = raw.question(base_models(shared), SETTINGS)
    found = results[results.statistic == "spearman"].set_index(["benchmark", "measure"])
    published = {
        "MMLU": (0.68, 0.85),
        "ARC-C": (0.80, 0.84),
        "HellaSwag": (0.83, 0.84),
        "Winograd": (0.82, 0.84),
        "XWinograd": (0.85, 0.89),
        "GSM8K": (0.68, 0.87),
        "HumanEval": (0.69, 0.82),
        "TruthfulQA": (0.22, 0.29),
    }
    for benchmark, expected in published.items():
        for measure, rho in zip(("parameters", "flops"), expected, strict=True):
            row = found.loc[(benchmark, measure)]
            assert row.estimate == pytest.approx(rho, abs=0.005)
            assert row.ci_low < row.estimate < row.ci_high
    assert found.loc[("MMLU", "parameters"), "n_families"] == 47
    assert found.loc[("MMLU", "flops"), "n_models"] == 123


def test_coefficients_and_textbook_results_are_those_of_pingouin():
    frame = study(1)
    results = raw.question(frame, SETTINGS)
    for method in ("pearson", "spearman"):
        expected = pingouin.corr(frame["score"], frame["value"], method=method).iloc[0]
        row = one(results, f"{method}_iid")
        assert one(results, method).estimate == pytest.approx(expected["r"], abs=1e-12)
        assert row.estimate == pytest.approx(expected["r"], abs=1e-12)
        assert row.p == pytest.approx(expected["p_val"], rel=1e-6)
        assert [row.ci_low, row.ci_high] == pytest.approx(list(expected["CI95"]), abs=0.005)


def test_six_models_get_an_exact_p():
    rng = np.random.default_rng(0)
    score, value = rng.uniform(1, 2, size=(2, 6))
    results = raw.question(analysis(score=score, value=value), SETTINGS)
    for method, coefficient in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        oracle = stats.permutation_test(
            (score,),
            lambda y, f=coefficient: abs(f(y, value)[0]),
            permutation_type="pairings",
            alternative="greater",
        )
        row = one(results, method)
        assert row.p == pytest.approx(oracle.pvalue, abs=1e-12)
        assert row.note == "p over all 720 arrangements"


def test_relatives_are_not_independent_evidence():
    """Four copies of ten models are ten models."""
    rng = np.random.default_rng(4)
    score, value = rng.uniform(1, 2, size=(2, 10))
    once = raw.question(analysis(score=score, value=value), SETTINGS)
    copied = analysis(
        score=np.repeat(score, 4), value=np.repeat(value, 4), family=families_of([4] * 10)
    )
    copied = raw.question(copied, SETTINGS)
    for method in ("pearson", "spearman"):
        single, fourfold = one(once, method), one(copied, method)
        assert fourfold.p == pytest.approx(single.p, abs=0.06)
        assert fourfold.ci_low == pytest.approx(single.ci_low, abs=0.02)
        assert one(copied, f"{method}_iid").p < one(once, f"{method}_iid").p


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_spearman_is_ranked_anew_in_every_sample(seed):
    rng = np.random.default_rng(seed)
    family = families_of([1, 2, 3, 4])
    score, x = rng.integers(0, 6, size=10), rng.integers(0, 4, size=(10, 2)) / 3
    draws = family_draws(4, 15, seed)
    found = raw.bootstrap_spearman(score, x, family, draws)
    for draw, row in zip(draws, found, strict=True):
        rows = drawn_rows(family, draw)
        for rho, column in zip(row, x.T, strict=True):
            if np.ptp(score[rows]) and np.ptp(column[rows]):
                expected = stats.spearmanr(score[rows], column[rows])[0]
                assert rho == pytest.approx(expected, abs=1e-9)
            else:
                assert np.isnan(rho)


def test_order_of_rows_and_names_of_families_change_nothing():
    frame = study(2, measures=("lmc", "sdl"))
    renamed = frame.assign(family=frame.family.str[::-1]).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        raw.question(frame, SETTINGS), raw.question(renamed, SETTINGS), check_exact=True
    )


def test_rank_correlation_knows_no_scale():
    frame = study(2)
    stretched = frame.assign(value=np.exp(900 * frame["value"]), score=frame["score"] ** 3)
    columns = ["estimate", "ci_low", "ci_high", "p"]
    pd.testing.assert_series_equal(
        one(raw.question(frame, SETTINGS), "spearman")[columns],
        one(raw.question(stretched, SETTINGS), "spearman")[columns],
        check_names=False,
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "columns",
    [
        {"score": [1, 1, 1, 2, 2, 2, 2, 2]},
        {"value": [0, 0, 0, 0, 0, 0, 0, 1]},
        {"value": np.arange(8) * 1e300},
        {"value": np.arange(8) * 1e-300},
        {"family": "all"},
        {"family": [*"aaaaaaab"]},
        {"score": np.arange(8.0), "value": np.arange(8.0)},
    ],
)
def test_odd_data_gives_estimates_without_complaint(columns):
    rng = np.random.default_rng(0)
    frame = analysis(**({"score": rng.normal(size=8), "value": rng.normal(size=8)} | columns))
    results = raw.question(frame, SETTINGS)
    contracts.STATISTICS.check(results)
    assert len(results) == 4
    assert np.isfinite(results["estimate"]).all()
    if "family" in columns and columns["family"] == "all":
        row = one(results, "spearman")
        assert row[["ci_low", "ci_high", "p"]].isna().all()
        assert row.note == "one family: no interval over families; nothing to rearrange: no p"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "columns",
    [{"score": np.nan}, {"value": np.inf}, {"value": 3.0}, {"score": 3.0}, {"n": 2}, {"n": 0}],
)
def test_what_cannot_be_computed_is_a_row_with_a_reason(columns):
    n = columns.pop("n", 8)
    rng = np.random.default_rng(0)
    frame = analysis(**({"score": rng.normal(size=n), "value": rng.normal(size=n)} | columns))
    results = raw.question(frame, SETTINGS)
    contracts.STATISTICS.check(results)
    assert len(results) == (n > 0)
    assert results["estimate"].isna().all()
    assert (results["note"] != "").all()
