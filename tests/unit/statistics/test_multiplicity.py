import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from complexity_atlas import contracts
from complexity_atlas.statistics.design import Row, rows_to_frame
from complexity_atlas.statistics.multiplicity import adjust, is_primary
from complexity_atlas.statistics.settings import Primary, Settings

SETTINGS = Settings()
PRIMARY = {
    **vars(SETTINGS.primary),
    "question": "size_adjusted",
    "statistic": "partial_correlation",
}


def results_of(primary=(0.01, 0.04, 0.03), exploratory=(0.001, 0.2, 0.04, 0.03)) -> pd.DataFrame:
    rows = [Row(benchmark=f"b{i}", p=p, **PRIMARY) for i, p in enumerate(primary)]
    rows += [
        Row("raw", f"b{i}", "entropy", statistic="spearman", p=p) for i, p in enumerate(exploratory)
    ]
    rows.append(Row("raw", "b0", "entropy", statistic="spearman_iid", p=1e-9))
    rows.append(Row("size_adjusted", "b9", "entropy", note="no p"))
    return rows_to_frame(rows)


def test_holm_for_the_primary_effect_and_bh_for_the_rest():
    adjusted = adjust(results_of(), SETTINGS)
    np.testing.assert_allclose(adjusted["p_holm"].iloc[:3], [0.03, 0.06, 0.06])
    assert adjusted["p_holm"].iloc[3:].isna().all()
    oracle = multipletests([0.001, 0.2, 0.04, 0.03], method="fdr_bh")[1]
    np.testing.assert_allclose(adjusted["q_bh"].iloc[3:7], oracle)
    assert adjusted["q_bh"].iloc[[0, 1, 2, 7, 8]].isna().all()
    contracts.STATISTICS.check(adjusted)


def test_the_exploratory_rest_does_not_weaken_the_primary_effect():
    few = adjust(results_of(exploratory=()), SETTINGS)
    many = adjust(results_of(exploratory=[0.5] * 50), SETTINGS)
    assert few["p_holm"].iloc[:3].tolist() == many["p_holm"].iloc[:3].tolist()


def test_the_frame_that_was_given_stays_as_it_was():
    given = results_of()
    before = given.copy()
    adjust(given, SETTINGS)
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize("column", [*vars(SETTINGS.primary), "question", "statistic"])
def test_a_row_that_differs_in_one_thing_is_not_primary(column):
    frame = results_of()
    frame.loc[0, column] = "other"
    assert is_primary(frame, SETTINGS).tolist() == [False, True, True, *[False] * 6]


def test_a_primary_effect_without_covariates_is_the_raw_one():
    settings = Settings(primary=Primary("entropy", "", "", "", covariates=""))
    assert is_primary(results_of(), settings).tolist() == [*[False] * 3, *[True] * 4, False, False]


def test_nothing_tested_is_nothing_adjusted():
    assert adjust(rows_to_frame([]), SETTINGS).empty
    untested = adjust(rows_to_frame([Row("raw")]), SETTINGS)
    assert untested[["p_holm", "q_bh"]].isna().all(axis=None)
