import json

import numpy as np
import pandas as pd
import pytest
from frames import analysis
from scipy import stats

from complexity_atlas.statistics.ceilings import ceilings, operating_characteristic, question
from complexity_atlas.statistics.settings import Settings

SETTINGS = Settings()
PYTHIA = np.log([70e6, 160e6, 410e6, 1.0e9, 1.4e9, 2.8e9, 6.9e9, 12e9])
OPT = {
    "125m": 125e6,
    "350m": 350e6,
    "1.3b": 1.3e9,
    "2.7b": 2.7e9,
    "6.7b": 6.7e9,
    "13b": 13e9,
    "30b": 30e9,
    "66b": 66e9,
}
MATHEMATICS = ("abstract_algebra", "college_mathematics", "high_school_mathematics")


def family(score, log_n=PYTHIA, **columns):
    return analysis(
        model=[f"m{i}" for i in range(len(log_n))],
        family="pythia",
        log_n=log_n,
        score=score,
        **columns,
    )


def falling(models, seed=0):
    noise = np.random.default_rng(seed).normal(scale=0.01, size=len(models))
    return pd.DataFrame({"model": models["model"], "loss": 4 - 0.1 * models["log_n"] + noise})


@pytest.mark.parametrize("seed", range(3))
def test_the_slope_and_its_tests_are_those_of_scipy(seed):
    scores = family(0.25 + np.random.default_rng(seed).normal(scale=0.01, size=8))
    row = ceilings(scores, SETTINGS).iloc[0]
    fit = stats.linregress(PYTHIA / np.log(10), scores["score"])
    assert row["slope"] == pytest.approx(fit.slope)
    one_sided = [
        stats.t.sf((fit.slope + 0.02) / fit.stderr, 6),
        stats.t.cdf((fit.slope - 0.02) / fit.stderr, 6),
    ]
    assert row["p"] == pytest.approx(max(one_sided))
    assert row["flat"] == (max(one_sided) < 0.05)
    assert row["high"] - row["slope"] == pytest.approx(stats.t.ppf(0.975, 6) * fit.stderr)


def test_a_ceiling_is_flat_while_the_loss_falls():
    flat = family(0.7 + 0.002 * np.tile([1.0, -1.0], 4))
    rising = family(0.2 + 0.05 * PYTHIA / np.log(10) - 0.35)
    loss = falling(flat)
    assert ceilings(flat, SETTINGS, loss).iloc[0]["ceiling"]
    stalled = ceilings(flat, SETTINGS, loss.assign(loss=loss["loss"].to_numpy()[::-1])).iloc[0]
    assert stalled["flat"]
    assert not stalled["falls"]
    assert not stalled["ceiling"]
    assert not ceilings(rising, SETTINGS, loss).iloc[0]["ceiling"]
    unknown = ceilings(flat, SETTINGS).iloc[0]
    assert not unknown["ceiling"]
    assert "no decision" in unknown["note"]


def test_a_family_at_chance_is_flagged():
    score = 0.25 + 0.002 * np.tile([1.0, -1.0], 4)
    guesses = family(score, chance_level=0.25, score_se=0.014)
    row = ceilings(guesses, SETTINGS, falling(guesses)).iloc[0]
    assert row["flat"]
    assert row["falls"]
    assert not row["ceiling"]
    assert row["chance"].startswith("at chance")
    assert ceilings(family(score + 0.4, chance_level=0.25), SETTINGS).iloc[0]["chance"] == ""


def test_identical_scores_are_flat_and_an_exact_rise_is_not():
    assert ceilings(family(np.full(8, 0.4)), SETTINGS).iloc[0]["p"] == 0
    assert ceilings(family(0.1 * PYTHIA), SETTINGS).iloc[0]["p"] > 0.99


def test_three_sizes_are_needed():
    scores = family([0.3, 0.4, 0.5, 0.5], log_n=np.array([1.0, 2.0, 2.0, np.nan]))
    assert ceilings(scores, SETTINGS).iloc[0]["note"] == "2 sizes, at least 3 are needed"
    rows = question(scores, SETTINGS)
    assert rows["note"].tolist() == ["1 family has fewer than 3 sizes and no slope"]


def test_rows_of_the_question():
    scores = pd.concat([family(np.full(8, 0.4)).assign(benchmark=name) for name in ("a", "b")])
    rows = question(pd.concat([scores, scores.assign(measure="c_js")]), SETTINGS)
    assert rows["statistic"].tolist() == ["slope:pythia"] * 2
    assert rows["note"].tolist() == ["flat"] * 2
    assert (rows["n_models"] == 8).all()


def test_the_rule_finds_flat_truth_and_spares_a_rise():
    table = operating_characteristic(PYTHIA, level=0.25, n_items=1000, settings=SETTINGS)
    declared = table.set_index("slope")["declared_flat"]
    assert 0.6 <= declared[0.0] <= 0.85
    assert declared[0.05] < 0.05
    # At the margin itself the rate of false claims is the level of the test.
    assert declared[0.02] == pytest.approx(0.05, abs=0.01)


def test_the_operating_characteristic_is_that_of_the_table():
    """The vectorised simulation and the rule for one family agree on the same studies."""
    rng = np.random.default_rng(1)
    scores = rng.binomial(1000, 0.25, (200, 8)) / 1000
    flat = [ceilings(family(row), SETTINGS).iloc[0]["flat"] for row in scores]
    assert np.mean(flat) == pytest.approx(0.68, abs=0.1)


def opt_scores(shared):
    rows = []
    for name, size in OPT.items():
        path = shared / "data/scores/pythia/opt" / f"opt-{name}.json"
        results = json.loads(path.read_text())["results"]
        tasks = [results[f"hendrycksTest-{task}"] for task in MATHEMATICS]
        known = {"model": name, "family": "opt", "log_n": np.log(size)}
        rows += [
            {
                **known,
                "benchmark": "lambada",
                "score": results["lambada_openai"]["acc"],
                "score_se": results["lambada_openai"]["acc_stderr"],
                "chance_level": 0.0,
                "loss": np.log(results["lambada_openai"]["ppl"]),
            },
            {
                **known,
                "benchmark": "mathematics",
                "score": np.mean([task["acc"] for task in tasks]),
                "score_se": np.sqrt(np.sum([task["acc_stderr"] ** 2 for task in tasks])) / 3,
                "chance_level": 0.25,
            },
        ]
    return pd.DataFrame(rows)


def test_opt_rises_on_lambada_and_is_at_chance_on_mathematics(shared):
    scores = opt_scores(shared)
    losses = scores[["model", "loss"]].dropna()
    table = ceilings(scores, SETTINGS, losses).set_index("benchmark")
    assert table.loc["lambada", "slope"] > 0.05
    assert not table.loc["lambada", "ceiling"]
    assert table["falls"].all()
    assert table.loc["lambada", "chance"] == ""
    assert table.loc["mathematics", "chance"].startswith("at chance")
    assert abs(table.loc["mathematics", "slope"]) < 0.05
