from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted import study

from complexity_atlas.contracts import VERDICTS, read_table, write_table
from complexity_atlas.statistics import (
    leave_family_out,
    multiplicity,
    power,
    raw,
    size_adjusted,
)
from complexity_atlas.statistics.design import Row, rows_to_frame
from complexity_atlas.statistics.settings import Primary, Settings
from complexity_atlas.statistics.verdict import headline, verdict_frame, verdicts, verdicts_of

SETTINGS = Settings(resamples=199)
PRIMARY = vars(SETTINGS.primary)


def results(*benchmarks):
    """Rows of a study with these (name, effect, low, high, p, gain, gain_low, gain_high)."""
    rows = []
    for name, effect, low, high, p, gain, gain_low, gain_high in benchmarks:
        rows += [
            Row(
                size_adjusted.QUESTION,
                name,
                statistic=size_adjusted.PARTIAL,
                n_models=40,
                n_families=12,
                estimate=effect,
                ci_low=low,
                ci_high=high,
                p=p,
                note="" if np.isfinite(effect) else "at chance: the median model is lost",
                **PRIMARY,
            ),
            Row(
                leave_family_out.QUESTION,
                name,
                statistic=leave_family_out.GAIN,
                estimate=gain,
                ci_low=gain_low,
                ci_high=gain_high,
                note="" if np.isfinite(gain) else "families: 2, at least 3 are needed",
                **PRIMARY,
            ),
        ]
    return multiplicity.adjust(rows_to_frame(rows), SETTINGS)


GOOD = ("a", 0.5, 0.3, 0.7, 0.001, 0.1, 0.02, 0.2)
ALSO = ("b", 0.4, 0.1, 0.6, 0.01, 0.05, -0.01, 0.1)
NAN = float("nan")


def first(*benchmarks):
    return verdicts(results(*benchmarks), SETTINGS)[0]


def altered(**changes):
    names = ("name", "effect", "low", "high", "p", "gain", "gain_low", "gain_high")
    return tuple({**dict(zip(names, GOOD, strict=True)), **changes}.values())


def test_supported_needs_everything():
    found = first(GOOD, ALSO)
    assert found.verdict == "supported"
    assert found.sentence == (
        "a: supported. The effect is +0.50 (95% CI +0.30 to +0.70) in 40 models of 12 families; "
        "its p is 0.002 after Holm over the benchmarks; it has the same sign on 2 of 2 "
        "benchmarks; predictions of unseen families gain in R² +0.100 (95% CI +0.02 to +0.20)."
    )


@pytest.mark.parametrize(
    ("benchmarks", "reason"),
    [
        ((altered(low=-0.1), ALSO), "may be 0"),
        ((altered(p=0.04), altered(name="b", p=0.04)), "after Holm over the benchmarks"),
        ((altered(p=NAN), ALSO), "has no p"),
        ((GOOD,), "with one benchmark, agreement of signs cannot be shown"),
        ((GOOD, ("b", -0.4, -0.6, -0.1, 0.01, 0.1, 0, 0.2)), "no other of 2 benchmarks agrees"),
        ((altered(gain=-0.01, gain_low=-0.1), ALSO), "gain nothing: R² -0.010"),
        ((altered(gain=NAN, gain_low=NAN, gain_high=NAN), ALSO), "at least 3 are needed"),
        ((altered(low=NAN, high=NAN), ALSO), "may be 0"),
    ],
)
def test_undecided_says_what_is_missing_and_what_could_have_been_seen(benchmarks, reason):
    found = first(*benchmarks)
    assert found.verdict == "undecided"
    assert reason in found.sentence
    assert "40 independent models would show an effect of 0.43" in found.sentence


def test_a_handful_of_models_has_no_detectable_effect():
    few = results(altered(low=-0.9, high=0.9), ALSO)
    few["n_models"] = 5
    found = verdicts(few, SETTINGS)[0]
    assert "5 models are too few to show an effect of any size" in found.sentence
    assert np.isnan(found.detectable)


def test_a_benchmark_without_an_effect_is_undecided():
    found = first(altered(effect=NAN, low=NAN, high=NAN, p=NAN), ALSO)
    assert found.verdict == "undecided"
    assert "at chance" in found.sentence
    assert np.isnan(found.effect)


@pytest.mark.parametrize(
    ("benchmark", "reason"),
    [
        (altered(effect=0.02, low=-0.1, high=0.15, p=0.5), "smaller than the smallest of interest"),
        # Surely not 0, and surely too small to matter.
        (altered(effect=0.1, low=0.05, high=0.15), "smaller than the smallest of interest"),
        (altered(gain=-0.1, gain_low=-0.2, gain_high=-0.01), "makes predictions"),
    ],
)
def test_contradicted(benchmark, reason):
    found = first(benchmark, ALSO)
    assert found.verdict == "contradicted"
    assert reason in found.sentence


def test_few_families_neither_support_nor_contradict_by_a_small_interval():
    for low in (-0.1, 0.05):
        small = results(altered(effect=0.1, low=low, high=0.15), ALSO)
        small["n_families"] = 5
        found = verdicts(small, SETTINGS)[0]
        assert found.verdict == "undecided"
        assert "5 families cannot tell whether it is too small to matter" in found.sentence


def test_the_edge_of_the_smallest_effect_is_no_contradiction():
    assert first(altered(effect=0.1, low=-0.05, high=0.2, p=0.5), ALSO).verdict == "undecided"


def test_a_primary_predictor_that_was_not_measured():
    other = replace(SETTINGS, primary=Primary(measure="c_js"))
    found = verdicts(results(GOOD, ALSO), other)
    assert [one.verdict for one in found] == ["undecided"] * 2
    assert "not in the results" in found[0].sentence


def test_the_first_line_says_what_was_chosen_in_advance():
    found = verdicts(results(GOOD, ALSO), SETTINGS)
    chosen = headline(found, SETTINGS)
    assert chosen.startswith("The primary effect was chosen before any score was seen: lmc (window")
    assert "Of 2 benchmarks, the thesis is supported on 2" in chosen
    changed = headline(found, replace(SETTINGS, primary=Primary(variant="rice")))
    assert changed.startswith("NOT THE PRE-REGISTERED CHOICE: the verdicts rest on lmc (rice, ")
    assert "no benchmark" in headline((), SETTINGS)


def test_the_first_line_says_when_the_data_cannot_tell():
    open_ones = results(altered(low=-0.9, high=0.9), altered(name="b", low=-0.9, high=0.9))
    found = verdicts(open_ones, SETTINGS)
    assert headline(found, SETTINGS).endswith("undecided on 2. These data cannot tell.")
    assert "cannot tell" not in headline(verdicts(results(GOOD, ALSO), SETTINGS), SETTINGS)


def test_the_table_holds_what_the_sentences_say():
    found = verdicts(results(GOOD, ALSO), SETTINGS)
    table = verdict_frame(found)
    assert table["verdict"].tolist() == ["supported"] * 2
    assert table.loc[0, ["effect", "low", "high", "gain"]].tolist() == [0.5, 0.3, 0.7, 0.1]
    assert list(verdict_frame(()).columns) == list(table.columns)


def test_a_verdict_written_down_and_read_again_says_the_same(tmp_path):
    found = verdicts(results(GOOD, altered(name="b", gain=NAN)), SETTINGS)
    write_table(verdict_frame(found), tmp_path / "verdict.csv", VERDICTS)
    again = verdicts_of(read_table(tmp_path / "verdict.csv", VERDICTS))
    assert [one.sentence for one in again] == [one.sentence for one in found]
    assert headline(again, SETTINGS) == headline(found, SETTINGS)
    assert verdicts_of(VERDICTS.check(verdict_frame(()))) == ()


def judged(seed, **kinds):
    frame = study(seed, benchmarks=("a", "b", "c"), **kinds)
    parts = [
        module.question(frame, SETTINGS) for module in (raw, size_adjusted, power, leave_family_out)
    ]
    rows = multiplicity.adjust(pd.concat(parts, ignore_index=True), SETTINGS)
    return [one.verdict for one in verdicts(rows, SETTINGS)]


@pytest.mark.slow
def test_a_strong_effect_is_supported():
    studies = [judged(seed, effect=0.8, families=24, models=96) for seed in range(25)]
    assert np.mean([one == "supported" for found in studies for one in found]) >= 0.8
    assert not any(one == "contradicted" for found in studies for one in found)


@pytest.mark.slow
def test_a_null_study_seldom_supports_anything():
    studies = [judged(seed, families=20, models=80) for seed in range(100)]
    # On any of its benchmarks: .05 and a standard error and a half of 100 studies.
    assert np.mean(["supported" in found for found in studies]) <= 0.08
