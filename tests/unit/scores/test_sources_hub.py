"""Model cards and structured results of the Hugging Face Hub, and YAML read as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_files import FIXTURES, by_locator, fuzz, parse, parse_fixture, reasons

from complexity_atlas.scores.sources.reading import Unusable, model_from_path
from complexity_atlas.scores.sources.yaml_text import read_yaml

CARD = "/model-index/0/results"


@pytest.fixture
def card():
    return parse_fixture("hub_card", "model_card.md", "org__chat-7b.README.md")


def test_leaderboard_records_of_a_card_are_percent(card):
    row = by_locator(card)[f"{CARD}/0/metrics/0"]
    assert (row.model_raw, row.benchmark_raw, row.value_raw) == (
        "org/chat-7b",
        "cais/mmlu",
        "25.45",
    )
    assert (row.scale, row.n_shot, row.flags) == ("percent", 5, ())


def test_nasty_02_a_cards_own_numbers_have_no_unit(card):
    row = by_locator(card)[f"{CARD}/1/metrics/0"]
    assert row.value_raw == "0.621"
    assert {"scale_undeclared", "self_reported", "few_shot_from_name"} <= set(row.flags)
    declared = parse_fixture(
        "hub_card", "model_card.md", "org__chat-7b.README.md", scale={"acc": "fraction"}
    )
    assert "scale_undeclared" not in by_locator(declared)[f"{CARD}/1/metrics/0"].flags


def test_nasty_03_percent_and_spread_in_a_card(card):
    rows = by_locator(card)
    assert (rows[f"{CARD}/1/metrics/2"].value_raw, rows[f"{CARD}/1/metrics/2"].scale) == (
        "62.1%",
        "percent",
    )
    assert rows[f"{CARD}/1/metrics/3"].value_raw == "20.0 ± 1.2"


def test_nasty_24_valid_records_stand_beside_rejected_ones(card):
    assert reasons(card) == {
        f"{CARD}/2": "other_model",
        f"{CARD}/3": "duplicate_key",
        f"{CARD}/4": "broken_record",
        f"{CARD}/5/metrics/0": "not_a_number",
        f"{CARD}/5/metrics/1": "not_a_number",
        f"{CARD}/5/metrics/2": "not_a_number",
        f"{CARD}/5/metrics/3": "broken_record",
        f"{CARD}/5/metrics/4": "broken_record",
        f"{CARD}/5/metrics/5": "not_a_number",
    }
    assert len(card.reported) == 5
    assert by_locator(card)[f"{CARD}/1/metrics/1"].value_raw == "1e-3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# no front matter\n", "not_a_score"),
        ("---\nlicense: mit\n---\n", "not_a_score"),
        ("---\nmodel-index: 3\n---\n", "not_a_score"),
        ("---\na: &a [x]\nmodel-index: [*a]\n---\n", "unsafe_yaml"),
        ("---\nmodel-index: !!python/object/apply:os.system ['true']\n---\n", "unsafe_yaml"),
        ("---\nmodel-index: [{{{\n---\n", "undecodable"),
        ("---\nmodel-index: " + "[" * 60 + "]" * 60 + "\n---\n", "too_deep"),
    ],
)
def test_nasty_24_cards_that_cannot_be_used(text, reason):
    parsed = parse("hub_card", text, "org/m/README.md")
    assert not parsed.reported
    assert [r.reason for r in parsed.rejects] == [reason]


def test_nasty_24_two_records_of_one_benchmark_are_both_kept():
    record = "{dataset: {type: d, name: D}, metrics: [{type: acc, value: %s}]}"
    text = f"---\nmodel-index: [{{name: m, results: [{record % 1}, {record % 2}]}}]\n---\n"
    assert [r.value_raw for r in parse("hub_card", text, "org/m/README.md").reported] == ["1", "2"]


def test_structured_results():
    parsed = parse_fixture("hub_eval_results", "eval_results.yaml", "org/m/.eval_results/hle.yaml")
    hle, gpqa = parsed.reported
    assert (hle.model_raw, hle.benchmark_raw, hle.value_raw) == ("org/m", "cais/hle", "20.90")
    assert (hle.filter_raw, hle.eval_date, hle.dataset_revision) == (
        "no-tools",
        "2025-03-01",
        "5503434d",
    )
    assert {"verified", "scale_undeclared"} <= set(hle.flags)
    assert {"self_reported", "scale_undeclared"} <= set(gpqa.flags)
    assert reasons(parsed) == {"/2": "broken_record", "/3": "broken_record"}


def test_structured_results_with_a_scale_by_data_set():
    scale = {"cais/hle": "percent", "Idavidrein/gpqa": "fraction"}
    parsed = parse_fixture("hub_eval_results", "eval_results.yaml", "org/m/x.yaml", scale=scale)
    assert [r.scale for r in parsed.reported] == ["percent", "fraction"]


def test_yaml_scalars_stay_text():
    assert read_yaml("a: no\nb: 12:30\nc: 2024-01-02\nd:\ne: 'x'\nf: 1_000") == {
        "a": "no",
        "b": "12:30",
        "c": "2024-01-02",
        "d": "",
        "e": "x",
        "f": "1_000",
    }


def test_nasty_24_a_yaml_bomb_is_refused_at_its_first_anchor():
    bomb = 'a: &a ["x","x"]\n' + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    with pytest.raises(Unusable) as caught:
        read_yaml(bomb)
    assert caught.value.reason == "unsafe_yaml"


@fuzz
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_yaml_is_text_or_unusable(text):
    try:
        value = read_yaml(text)
    except Unusable as error:
        value = error.reason
    assert isinstance(value, (str, list, dict))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("org__model-1.README.md", "org/model-1"),
        ("results/org__model__x/abc/Task.json", "org/model__x"),
        ("org/model/README.md", "org/model"),
        ("README.md", ""),
    ],
)
def test_a_path_may_carry_the_model(name, model):
    assert model_from_path(name) == model


def test_a_repositorys_id_may_be_a_setting():
    content = (FIXTURES / "eval_results.yaml").read_bytes()
    assert parse("hub_eval_results", content, model="a/b").reported[0].model_raw == "a/b"
