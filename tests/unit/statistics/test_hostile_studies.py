"""What no question may do, whatever the table: crash, warn, or leave a gap without a word."""

import importlib
import warnings

import numpy as np
import pytest
from planted import hostile_studies, study

from complexity_atlas.contracts import STATISTICS
from complexity_atlas.statistics.settings import Settings

QUESTIONS = (
    "raw",
    "size_adjusted",
    "power",
    "targets",
    "leave_family_out",
    "matched_pairs",
    "mixed_model",
    "trajectories",
    "ceilings",
    "relation",
    "guidance",
)
SETTINGS = Settings(resamples=99)


def ask(name, frame):
    module = importlib.import_module(f"complexity_atlas.statistics.{name}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return module.question(frame, SETTINGS)


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("case", hostile_studies())
def test_a_row_with_a_reason_is_all_that_goes_wrong(name, case):
    rows = STATISTICS.check(ask(name, hostile_studies()[case]))
    silent = rows["estimate"].isna() & (rows["note"] == "")
    assert not silent.any(), rows[silent].to_string()
    numbers = rows[["estimate", "ci_low", "ci_high"]].to_numpy()
    assert not np.isinf(numbers).any()
    known = rows.dropna(subset=["estimate", "ci_low", "ci_high"])
    assert (known["ci_low"] <= known["ci_high"]).all()
    assert case == "empty" or len(rows) > 0


@pytest.mark.parametrize("name", QUESTIONS)
def test_neither_the_order_of_rows_nor_names_of_families_matter(name):
    frame = study(3, effect=0.5, models=30, families=8, benchmarks=("a", "b"))
    rows = ask(name, frame)
    renamed = frame.assign(family="z" + frame["family"].str[::-1])
    shuffled = renamed.sample(frac=1, random_state=0)
    again = ask(name, shuffled)
    if name == "ceilings":
        again["statistic"] = rows["statistic"] = "slope"
    columns = ["estimate", "ci_low", "ci_high", "p"]
    key = ["benchmark", "covariates", "statistic", "estimate"]
    np.testing.assert_allclose(
        rows.sort_values(key)[columns], again.sort_values(key)[columns], rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_same_input_gives_the_same_bytes(name):
    frame = study(4, models=30, families=8)
    assert ask(name, frame).equals(ask(name, frame.copy()))


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_frame_given_is_left_as_it_was(name):
    frame = study(5, models=20, families=6)
    before = frame.copy()
    ask(name, frame)
    assert frame.equals(before)
