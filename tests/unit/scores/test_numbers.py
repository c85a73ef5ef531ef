import math
import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_files import fuzz

from complexity_atlas.scores.dates import read_date
from complexity_atlas.scores.numbers import (
    NoNumber,
    plain_text,
    read_interval,
    read_number,
    read_quantity,
)

decimals = st.decimals(-1000000, 1000000, places=3).map(str)


def outcome(text, **options):
    """The value, or the reason why there is none."""
    try:
        return read_number(text, **options).value
    except NoNumber as error:
        return error.reason


def test_nasty_01_thousands_separators():
    assert read_quantity("1,013.01", "million") == 1.01301e9
    assert read_number("1,014,450").value == 1014450
    assert read_number("1\u202f014\u202f450.5").value == 1014450.5


@pytest.mark.parametrize(
    "text", ["1.013,01", "1.013.014", "12,5", "0,621", "1'013", "1 013", "1,01,3"]
)
def test_nasty_01_european_numbers_are_refused(text):
    assert outcome(text) == "ambiguous_number"


def test_nasty_01_one_group_needs_a_source_that_groups():
    assert outcome("1,013") == "ambiguous_number"
    assert read_number("1,013", grouped=True).value == 1013


def test_nasty_02_a_number_keeps_its_printed_scale():
    printed = [read_number(text) for text in ("62.1", "0.621", "1.0", "1.52", "0.45")]
    assert [number.value for number in printed] == [62.1, 0.621, 1.0, 1.52, 0.45]
    assert [number.decimals for number in printed] == [1, 3, 1, 2, 2]
    assert not any(number.percent for number in printed)


@pytest.mark.parametrize(
    "text", ["77.0%", "77.0 %", "77.0％", "７７．０％", "77.0\u2009%", "77.0﹪"]
)
def test_nasty_03_percent_signs(text):
    number = read_number(text)
    assert (number.value, number.percent, number.decimals) == (77.0, True, 1)


@pytest.mark.parametrize(
    ("text", "value", "spread"),
    [("85.0 ± 0.02", 85.0, 0.02), ("20.0±1.2", 20.0, 1.2), ("20.0 +/- 1.2", 20.0, 1.2)],
)
def test_nasty_03_spread_after_plus_minus(text, value, spread):
    number = read_number(text)
    assert (number.value, number.spread, number.percent) == (value, spread, False)


def test_nasty_03_percent_sign_after_the_spread_covers_both():
    number = read_number("77.0 ± 1.2%")
    assert (number.value, number.spread, number.percent) == (77.0, 1.2, True)


@pytest.mark.parametrize(
    "text", ["N/A", "n/a", "-", "—", "–", "−", "", "  ", "null", "error", "offline", "\u200b"]
)
def test_nasty_04_missing_is_not_zero(text):
    assert outcome(text) == "missing"


@pytest.mark.parametrize("text", ["NaN", "nan", "Infinity", "-inf", "1e999"])
def test_nasty_04_not_finite(text):
    assert outcome(text) == "not_finite"


@pytest.mark.parametrize("text", ["-1", "0", "-1.0"])
def test_nasty_04_sizes_that_are_not_positive_are_missing(text):
    with pytest.raises(NoNumber) as caught:
        read_quantity(text)
    assert caught.value.reason == "missing"


def test_nasty_19_quantities_are_floats_from_the_start():
    parameters, tokens = read_quantity("6,900", "million"), read_quantity("2.0", "trillion")
    assert 6 * parameters * tokens == pytest.approx(8.28e22)
    assert read_quantity("84.0", "1e21") == 8.4e22


@pytest.mark.parametrize(
    ("unit", "ones"),
    [("one", 2.5), ("mega", 2.5e6), ("million", 2.5e6), ("giga", 2.5e9), ("billion", 2.5e9)],
)
def test_a_quantity_is_in_ones(unit, ones):
    assert read_quantity("2.5", unit) == ones


def test_nasty_20_leading_zero_and_21_minus_and_thin_spaces():
    assert read_number("07.6").value == 7.6
    assert read_number("−3.2").value == -3.2
    assert read_number("\u2009 71.2\u00a0").value == 71.2


@pytest.mark.parametrize("text", ["71.2²", "71.2*", "71.2[^8]", "0x10", "1_000", "٣", "1e", "=1+1"])
def test_nasty_21_marks_never_become_digits(text):
    assert outcome(text) == "not_a_number"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("17 November 2025 4:28pm", "2025-11-17T16:28:00Z"),
        ("17 Nov 2025, 12:05 am", "2025-11-17T00:05:00Z"),
        ("2026-01-21T03-44-18.458309", "2026-01-21T03:44:18Z"),
        ("2026-01-21T03:44:18", "2026-01-21T03:44:18Z"),
    ],
)
def test_nasty_26_times_without_a_zone_are_missing_unless_the_source_means_utc(text, utc):
    assert read_date(text) == ""
    assert read_date(text, utc=True) == utc


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1683504000000", "2023-05-08T00:00:00Z"),
        ("1683504000.25", "2023-05-08T00:00:00Z"),
        ("1781075.6", ""),
        ("2025-06-13", "2025-06-13"),
        ("2024/12/21", "2024-12-21"),
        ("3 March 2024", "2024-03-03"),
        ("2025-01-01T00:30:00+02:00", "2024-12-31T22:30:00Z"),
        ("2025-01-01T00-30-00.5Z", "2025-01-01T00:30:00Z"),
        ("2025-02-30", ""),
        ("03/04/2024", ""),
        ("17 Brumaire 2025", ""),
        ("13 May 2025 13:00pm", ""),
    ],
)
def test_nasty_26_dates_are_utc_or_missing(text, date):
    assert read_date(text) == date


def test_nasty_31_the_time_zone_of_the_machine_does_not_matter(monkeypatch):
    texts = ["1683504000", "17 November 2025 4:28pm", "2025-01-01T00:30:00+02:00"]
    here = [read_date(text, utc=True) for text in texts]
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    there = [read_date(text, utc=True) for text in texts]
    monkeypatch.undo()
    time.tzset()
    assert there == here


def test_nasty_27_asymmetric_intervals():
    assert read_interval("+3/-5", 1200) == (1195, 1203)
    assert read_interval("+3/−5", 1200) == (1195, 1203)
    assert read_interval("±4", 1200) == (1196, 1204)
    assert read_interval("[1190, 1204]", 1200) == (1190, 1204)
    assert read_number("62.1 (60.0–64.2)").low == 60.0


@pytest.mark.parametrize("text", ["[1, 2]", "3", "+3/-", "+3-5"])
def test_nasty_27_intervals_that_do_not_hold_the_value_are_refused(text):
    with pytest.raises(NoNumber):
        read_interval(text, 1200.0)


def test_nasty_30_invisible_characters_are_dropped():
    assert plain_text("\ufeff １.5\u200b ") == "1.5"
    assert read_number("\u200b62.1\u00a0").value == 62.1


@fuzz
@given(decimals)
def test_plain_decimals_read_as_python_reads_them(text):
    number = read_number(text)
    assert number.value == float(text)
    assert number.decimals == 3


@fuzz
@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_grouping_changes_nothing(whole, hundredths):
    plain, grouped = f"{whole}.{hundredths:02d}", f"{whole:,}.{hundredths:02d}"
    assert read_number(grouped).value == read_number(plain).value


@fuzz
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_survives_its_own_representation(value):
    assert read_number(repr(value)).value == value


@fuzz
@given(decimals, st.sampled_from(["\u2009", "\u00a0", " ", ""]), st.booleans())
def test_sign_space_and_percent_do_not_change_the_value(text, space, percent):
    number = read_number(space + text.replace("-", "−") + space + "%" * percent)
    assert (number.value, number.percent) == (float(text), percent)


@fuzz
@given(st.text() | st.text("0123456789.,-+±%eE[]() \u2009"))
def test_any_text_is_a_finite_number_or_a_outcome(text):
    assert outcome(text) in {"missing", "not_finite", "ambiguous_number", "not_a_number"} or (
        math.isfinite(outcome(text))
    )


@fuzz
@given(st.text())
def test_any_text_is_an_iso_date_or_nothing(text):
    date = read_date(text)
    assert date == "" or read_date(date) == date


@fuzz
@given(st.datetimes(min_value=datetime(2002, 1, 1)))
def test_iso_times_in_utc_survive(when):
    text = when.replace(microsecond=0).isoformat() + "Z"
    assert read_date(text) == text
