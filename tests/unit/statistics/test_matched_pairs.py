from itertools import combinations

import numpy as np
import pytest
from frames import analysis, base_models
from planted import study

from complexity_atlas.statistics.design import blocks
from complexity_atlas.statistics.matched_pairs import question
from complexity_atlas.statistics.pairs import matched_pairs, share
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings(resamples=99)


def one(rows, statistic):
    chosen = rows[rows["statistic"] == statistic]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize(
    ("benchmark", "count", "share_"), [("MMLU", 472, 0.786), ("GSM8K", 471, 0.817)]
)
def test_known_pairs_of_base_models(shared, benchmark, count, share_):
    frame = base_models(shared)
    rows = question(
        frame[(frame["benchmark"] == benchmark) & (frame["measure"] == "flops")], SETTINGS
    )
    assert one(rows, "pairs")["estimate"] == count
    row = one(rows, "concordance")
    assert row["estimate"] == pytest.approx(share_, abs=0.0005)
    assert 0.6 < row["ci_low"] < share_ < row["ci_high"] < 0.95


def test_concordance_is_what_counting_by_hand_gives():
    frame = study(1, effect=0.5, families=6, models=30)
    frame.loc[::5, "flops"] = np.nan
    frame["value"] = frame["value"].round(4)
    right, flops_right, both = [], [], []
    for a, b in combinations(frame.to_dict("records"), 2):
        if a["family"] == b["family"] or abs(a["log_n"] - b["log_n"]) > np.log(1.5):
            continue
        lead = (a["value"] - b["value"]) * np.sign(a["score"] - b["score"])
        flops_lead = (a["flops"] - b["flops"]) * np.sign(a["score"] - b["score"])
        if lead != 0:
            right.append(lead > 0)
            if np.isfinite(flops_lead):
                flops_right.append(flops_lead > 0)
                both.append(lead > 0)
    rows = question(frame, Settings(resamples=99, size_ratio=1.5))
    assert one(rows, "pairs")["estimate"] == len(right) > 20
    assert one(rows, "concordance")["estimate"] == pytest.approx(np.mean(right))
    assert one(rows, "concordance_flops")["estimate"] == pytest.approx(np.mean(flops_right))
    assert one(rows, "over_flops")["estimate"] == pytest.approx(
        np.mean(both) - np.mean(flops_right)
    )


def test_ties_and_relatives_are_no_pairs():
    frame = analysis(
        family=["a", "a", "b", "c", "d"],
        log_n=np.log([1.0, 1.0, 1.1, 1.1, 1.3]),
        score=[0.1, 0.2, 0.2, 0.3, 0.9],
        value=[0.1, 0.2, 0.3, 0.3, 0.9],
    )
    rows = question(frame, SETTINGS)
    # Not a1-a2 (relatives), a2-b (same score), b-c (same measure), anything with d (size).
    assert one(rows, "pairs")["estimate"] == 3
    assert one(rows, "concordance")["estimate"] == 1
    assert one(rows, "concordance")["n_families"] == 3
    assert "differs in no pair" in one(rows, "concordance_flops")["note"]


def test_without_pairs_there_is_a_reason():
    frame = study(2, families=5, models=20)
    rows = question(frame.assign(log_n=np.arange(20.0)), SETTINGS)
    assert "no two models from different families" in one(rows, "concordance")["note"]


def test_the_error_is_the_jackknife_over_families():
    """Leaving one family out in turn gives the same error, up to terms of second order."""
    block = blocks(study(3, families=40, models=200), "", SETTINGS, "", "")[0][0]
    pairs = matched_pairs(block, 1.5)
    right = 1.0 * (pairs.lead(block.value[:, 0]) > 0)
    found = share(pairs.by_family(right), pairs.by_family(np.ones(len(pairs))))
    left = [right[(pairs.ends != code).all(axis=1)].mean() for code in range(40)]
    jackknife = np.sqrt(39 / 40 * np.sum((np.array(left) - right.mean()) ** 2))
    assert found.estimate == pytest.approx(right.mean())
    assert found.error == pytest.approx(jackknife, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("families", "models"), [(12, 48), (47, 148)])
@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_the_interval_covers(families, models, effect):
    rows = [
        one(question(study(seed, effect=effect, families=families, models=models), SETTINGS), what)
        for seed in range(200)
        for what in ("concordance",)
    ]
    estimate, low, high = (
        np.array([row[name] for row in rows]) for name in ("estimate", "ci_low", "ci_high")
    )
    truth = estimate.mean()
    # 200 studies: two standard errors of a coverage of .95 are .03.
    assert 0.9 <= np.mean((low <= truth) & (truth <= high)) <= 0.995
    if effect and families == 47:
        assert np.mean(low > 0.5) >= 0.8
    if not effect:
        assert truth == pytest.approx(0.5, abs=0.03)
