"""The tables that figures draw agree with the statistics beside them."""

import numpy as np
import pytest
from planted import hostile_studies, study
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from complexity_atlas.contracts import PREDICTIONS, SIZE_GAPS
from complexity_atlas.statistics import leave_family_out, matched_pairs
from complexity_atlas.statistics.primary import pairs_by_size_gap, predictions
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=99)


@pytest.fixture(scope="module")
def frame():
    return study(3, effect=0.5, benchmarks=("a", "b"), measures=("lmc", "entropy"))


def test_predictions_are_those_of_scikit_learn(frame):
    found = PREDICTIONS.check(predictions(frame, SETTINGS))
    assert len(found) == frame.model.nunique() * 2
    here = frame[(frame.benchmark == "a") & (frame.measure == "lmc")].sort_values("model")
    for column, x in (
        ("baseline", here[["log_n"]]),
        ("predicted", here[["log_n"]].assign(x=np.log(here.value))),
    ):
        expected = cross_val_predict(
            LinearRegression(),
            x.to_numpy(),
            here.score,
            groups=here.family,
            cv=LeaveOneGroupOut(),
        )
        shown = found.loc[found.benchmark == "a", column].to_numpy()
        np.testing.assert_allclose(shown, expected, rtol=0, atol=1e-9)


def test_the_gain_in_the_table_is_that_of_the_points(frame):
    found = predictions(frame, SETTINGS)
    rows = leave_family_out.question(frame, SETTINGS)
    gain = rows[
        (rows.statistic == leave_family_out.GAIN)
        & (rows.measure == "lmc")
        & (rows.covariates == "log_n")
    ].set_index("benchmark")
    for benchmark, here in found.groupby("benchmark"):
        spread = ((here.score - here.score.mean()) ** 2).sum()
        errors = [((here.score - here[name]) ** 2).sum() for name in ("baseline", "predicted")]
        assert gain.estimate[benchmark] == pytest.approx((errors[0] - errors[1]) / spread)


def test_the_limit_of_the_settings_is_among_the_size_gaps_and_pairs_only_grow(frame):
    gaps = SIZE_GAPS.check(pairs_by_size_gap(frame, SETTINGS))
    assert set(gaps.measure) == {"lmc"}
    counts = gaps[gaps.statistic == "pairs"].pivot(
        index="size_ratio", columns="benchmark", values="estimate"
    )
    assert (counts.diff().dropna() >= 0).all(axis=None)
    alone = matched_pairs.question(frame[frame.measure == "lmc"], SETTINGS)
    shown = gaps[gaps.size_ratio == SETTINGS.size_ratio]
    np.testing.assert_array_equal(
        np.sort(shown.estimate.dropna()), np.sort(alone.estimate.dropna())
    )


@pytest.mark.parametrize("case", hostile_studies())
def test_hostile_studies_give_tables_that_meet_their_contracts(case):
    frame = hostile_studies()[case]
    PREDICTIONS.check(predictions(frame, SETTINGS))
    SIZE_GAPS.check(pairs_by_size_gap(frame, SETTINGS, ratios=(2.0,)))
