import numpy as np
import pytest
from frames import analysis, base_models
from planted import study
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.special import expit

from complexity_atlas.statistics.design import blocks
from complexity_atlas.statistics.guidance import question
from complexity_atlas.statistics.pairs import matched_pairs
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=99)


def one(rows, statistic):
    chosen = rows[rows["statistic"] == statistic]
    assert len(chosen) == 1
    return chosen.iloc[0]


def numbers(rows, *names):
    return (np.array([row[name] for row in rows]) for name in names)


def test_flops_pick_the_better_base_model(shared):
    frame = base_models(shared)
    frame = frame[(frame["benchmark"] == "MMLU") & (frame["measure"] == "flops")]
    rows = question(frame, SETTINGS)
    # 472 pairs differ in FLOPs (test_matched_pairs), and other families agree that more is better.
    assert one(rows, "accuracy")["estimate"] == pytest.approx(0.786, abs=0.01)
    assert one(rows, "smallest_difference")["estimate"] > 0


def test_the_direction_is_learnt_from_other_families():
    """A measure whose direction differs in the one pair left out is wrong there, not right."""
    frame = analysis(
        family=["a", "b", "c", "d"],
        log_n=[1.0, 1.0, 5.0, 5.0],
        score=[0.1, 0.2, 0.3, 0.4],
        value=[1.0, 2.0, 4.0, 3.0],
    )
    many = Settings(resamples=99, min_models=4)
    assert one(question(frame, many), "accuracy")["estimate"] == 0
    agreeing = frame.assign(value=[1.0, 2.0, 3.0, 4.0])
    assert one(question(agreeing, many), "accuracy")["estimate"] == 1


def test_three_families_have_no_others_to_learn_the_direction_from():
    frame = analysis(
        family=["a", "a", "b", "b", "c", "c"],
        score=[1.0, 2, 3, 4, 5, 6],
        value=[1.0, 3, 2, 4, 6, 5],
    )
    rows = question(frame.assign(log_n=20.0), SETTINGS)
    row = one(rows, "accuracy")
    assert np.isnan(row["estimate"])
    assert "to learn the direction from" in row["note"]
    assert one(rows, "accuracy_log_n")["estimate"] == 0.5
    assert "over_log_n" not in set(rows["statistic"])


def test_a_pair_without_others_is_a_coin():
    """Networks in a row by size: the pair in the middle touches both others."""
    frame = analysis(
        family=["a", "b", "c", "d"],
        log_n=[0.0, 0.09, 0.18, 0.27],
        score=[0.1, 0.2, 0.3, 0.4],
        value=[1.0, 2.0, 3.0, 4.0],
    )
    rows = question(frame, Settings(resamples=99, min_models=4))
    assert one(rows, "accuracy")["estimate"] == pytest.approx((1 + 0.5 + 1) / 3)


def test_the_interval_is_that_of_leaving_out_each_family():
    frame = study(1, effect=0.5, families=20, models=100)
    row = one(question(frame, SETTINGS), "accuracy")
    assert row["n_families"] == 20
    left = [
        one(question(frame[frame["family"] != family], SETTINGS), "accuracy")["estimate"]
        for family in frame["family"].unique()
    ]
    error = np.sqrt(np.sum((np.array(left) - row["estimate"]) ** 2) * 19 / 20)
    reach = stats.t.ppf(0.975, 19) * error
    assert 0 < row["ci_low"] == pytest.approx(row["estimate"] - reach)


def test_less_may_be_better():
    frame = study(1, effect=1.0, families=20, models=100, noise=0.1, head_start=0.1)
    up = question(frame, SETTINGS)
    down = question(frame.assign(value=1 / frame["value"]), SETTINGS)
    for statistic in ("accuracy", "smallest_difference"):
        expected = one(up, statistic)["estimate"]
        assert one(down, statistic)["estimate"] == pytest.approx(expected, rel=1e-6)
    assert one(down, "odds_slope")["estimate"] < 0 < one(up, "odds_slope")["estimate"]


def test_the_slope_is_the_maximum_of_the_likelihood():
    frame = study(2, effect=0.5, families=20, models=100)
    block = blocks(frame, "", SETTINGS, "", "")[0][0]
    lead = matched_pairs(block, SETTINGS.size_ratio).lead(block.x[:, 0])
    oracle = minimize_scalar(
        lambda beta: -np.log(expit(beta * lead)).sum(), bounds=(-100, 100), method="bounded"
    ).x
    rows = question(frame, SETTINGS)
    assert one(rows, "odds_slope")["estimate"] == pytest.approx(oracle, rel=1e-4)
    expected = np.log(3) / abs(oracle)
    assert one(rows, "smallest_difference")["estimate"] == pytest.approx(expected, rel=1e-4)


def test_there_may_be_no_smallest_difference():
    rows = question(study(3, families=20, models=100), SETTINGS)
    row = one(rows, "smallest_difference")
    assert np.isnan(row["estimate"])
    assert row["note"].startswith("none: ")
    strict = Settings(resamples=99, pick_accuracy=0.9999)
    rows = question(study(3, effect=0.5, families=40, models=200), strict)
    assert "no pair differs by more than" in one(rows, "smallest_difference")["note"]


def test_a_coin_decides_ties():
    frame = study(4, families=10, models=40)
    rows = question(frame.assign(log_n=20.0), SETTINGS)
    assert one(rows, "accuracy_log_n")["estimate"] == 0.5
    unknown = question(frame.assign(log_n=20.0, flops=np.nan), SETTINGS)
    assert "known for no pair" in one(unknown, "accuracy_flops")["note"]


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.5])
@pytest.mark.parametrize(("families", "models"), [(12, 48), (47, 148)])
def test_a_planted_effect_is_found_and_covered(families, models, effect):
    studies = [
        question(study(seed, effect=effect, families=families, models=models), SETTINGS)
        for seed in range(150)
    ]
    for statistic, coin in (("accuracy", 0.5), ("odds_slope", 0.0)):
        estimate, low, high = numbers(
            [one(rows, statistic) for rows in studies], "estimate", "ci_low", "ci_high"
        )
        truth = estimate.mean()
        assert np.mean((low <= truth) & (truth <= high)) >= 0.9
        if effect == 0:
            assert np.mean((low > coin) | (high < coin)) <= 0.08
        elif families == 47:
            assert np.mean(low > coin) >= 0.8
