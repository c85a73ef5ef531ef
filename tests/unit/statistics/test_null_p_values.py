"""The null studies of the report: families permuted keep the level, models permuted do not."""

import pandas as pd
import pytest
from scipy import stats

from complexity_atlas.contracts import CALIBRATION
from complexity_atlas.statistics.calibration import FAMILIES, MODELS, null_p_values, rejected
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=199)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return CALIBRATION.check(null_p_values(SETTINGS, studies=500))


def test_p_is_uniform_where_families_are_moved_and_too_small_where_models_are(table):
    p = {name: rows.p for name, rows in table.groupby("permuted")}
    assert stats.kstest(p[FAMILIES], "uniform").pvalue > 0.01
    rates = rejected(table, SETTINGS)
    assert rates[FAMILIES] == pytest.approx(0.05, abs=0.03)
    assert 0.15 < rates[MODELS] < 0.30


def test_the_seed_decides_everything():
    one, two = (null_p_values(SETTINGS, studies=3) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(null_p_values(Settings(resamples=199, seed=2), studies=3))
