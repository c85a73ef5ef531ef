"""Results files of lm-evaluation-harness."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_files import by_locator, fuzz, parse, parse_fixture, reasons

from complexity_atlas.scores.sources.harness_model import read_arguments, read_model

NEW = "harness/results_2025-01-21T03-44-18.458309.json"
OLD = "harness/base-7b_gsm8k_8-shot.json"


def test_nasty_11_only_metrics_are_scores_and_filters_stay_apart():
    parsed = parse_fixture("harness", NEW)
    found = [(r.locator.split("/")[2], r.metric_raw, r.filter_raw) for r in parsed.reported]
    assert found == [
        ("mmlu", "acc", "none"),
        ("mmlu_stem", "acc", "none"),
        ("mmlu_anatomy", "acc", "none"),
        ("gsm8k", "exact_match", "strict-match"),
        ("gsm8k", "exact_match", "flexible-extract"),
        ("wikitext", "word_perplexity", "none"),
    ]


def test_nasty_11_a_standard_error_that_is_no_number_is_absent():
    rows = by_locator(parse_fixture("harness", NEW))
    assert rows["/results/mmlu/acc,none"].stderr_raw == ""
    assert rows["/results/mmlu_anatomy/acc,none"].stderr_raw == "0.03"


def test_nasty_04_bare_nan_in_json_is_not_a_value():
    assert reasons(parse_fixture("harness", NEW)) == {"/results/wikitext/broken,none": "not_finite"}


def test_nasty_12_groups_and_subtasks_are_told_apart():
    rows = by_locator(parse_fixture("harness", NEW))
    group, stem = rows["/results/mmlu/acc,none"], rows["/results/mmlu_stem/acc,none"]
    subject = rows["/results/mmlu_anatomy/acc,none"]
    assert (group.benchmark_raw, group.subtask_raw, group.aggregation) == ("mmlu", "", "micro")
    assert (stem.benchmark_raw, stem.subtask_raw, stem.aggregation) == (
        "mmlu",
        "mmlu_stem",
        "macro",
    )
    assert (subject.benchmark_raw, subject.subtask_raw) == ("mmlu", "mmlu_anatomy")
    assert subject.aggregation == "item_mean"


def test_nasty_13_a_part_of_the_items_is_partial():
    rows = by_locator(parse_fixture("harness", NEW))
    gsm8k, subject = (
        rows["/results/gsm8k/exact_match,strict-match"],
        rows["/results/mmlu_anatomy/acc,none"],
    )
    assert ("partial" in gsm8k.flags, gsm8k.n_items) == (True, 10)
    assert ("partial" in subject.flags, subject.n_items) == (False, 135)


@pytest.mark.parametrize(("limit", "partial"), [(10, True), (0.5, True), (None, False)])
def test_nasty_13_a_limit_makes_a_run_partial(limit, partial):
    document = {"results": {"sciq": {"acc": 0.6}}, "config": {"model_args": "pretrained=m"}}
    document["config"]["limit"] = limit
    [row] = parse("harness", json.dumps(document)).reported
    assert ("partial" in row.flags) is partial


@pytest.mark.parametrize(
    "arguments",
    [
        "use_accelerate=True,pretrained=org/m-v1.1,revision=step143000",
        "revision=step143000,pretrained='org/m-v1.1'",
        'pretrained="org/m-v1.1",revision=step143000,device_map_option=auto',
        {"pretrained": "org/m-v1.1", "revision": "step143000"},
    ],
)
def test_nasty_14_model_arguments_in_any_shape(arguments):
    model = read_model({"model": "hf-causal", "model_args": arguments})
    assert (model.name, model.revision) == ("org/m-v1.1", "step143000")


def test_nasty_14_values_with_equal_signs_and_local_paths():
    assert read_arguments("pretrained=/data/x=1/7B,base_url=http://h/?a=b,c") == {
        "pretrained": "/data/x=1/7B",
        "base_url": "http://h/?a=b,c",
    }


def test_an_adapter_is_another_model_than_its_base():
    model = read_model({"model_args": "pretrained=org/base,peft=org/lora,load_in_4bit=True"})
    assert (model.name, model.precision) == ("org/base + org/lora", "int4")


def test_a_moving_revision_is_replaced_by_the_commit():
    row = parse_fixture("harness", NEW).reported[0]
    assert (row.model_raw, row.model_revision) == ("org/chat-7b", "fedcba9876543210")
    assert (row.precision, row.chat_template) == ("bf16", True)


def test_nasty_15_the_file_name_is_the_fallback_for_shots():
    rows = parse_fixture("harness", OLD).reported
    assert {(r.n_shot, "few_shot_from_name" in r.flags) for r in rows} == {(8, True)}


def test_nasty_15_the_configuration_wins_over_the_file_name():
    document = {
        "results": {"sciq": {"acc": 0.6}},
        "config": {"num_fewshot": 0, "model_args": "pretrained=org/m"},
    }
    [row] = parse("harness", json.dumps(document), "dir/1b-5shot_step143000.json").reported
    assert (row.n_shot, row.flags) == (0, ("few_shot_disagrees",))


def test_nasty_23_perplexities_are_no_proportions():
    rows = by_locator(parse_fixture("harness", OLD))
    assert rows["/results/lambada_openai/ppl"].scale == "unscaled"
    assert rows["/results/lambada_openai/acc"].scale == "fraction"
    assert (
        by_locator(parse_fixture("harness", NEW))["/results/wikitext/word_perplexity,none"].scale
        == "unscaled"
    )


def test_nasty_26_the_date_is_the_epoch_and_not_the_clock():
    assert {r.eval_date for r in parse_fixture("harness", NEW).reported} == {"2025-01-21T03:26:40Z"}


def test_versions_are_kept():
    new, old = parse_fixture("harness", NEW).reported[3], parse_fixture("harness", OLD).reported[0]
    assert (new.harness_version, new.task_version, new.split) == ("0.4.12", "3.0", "test")
    assert (old.harness_version, old.task_version) == ("0.3", "0")
    assert (
        by_locator(parse_fixture("harness", NEW))["/results/mmlu_anatomy/acc,none"].dataset_revision
        == "d0"
    )


@pytest.mark.parametrize("text", ["{}", "[]", '{"results": []}', "1", '{"results": {"a": 1}}'])
def test_files_without_results_are_rejected(text):
    parsed = parse("harness", text)
    assert not parsed.reported
    assert {r.reason for r in parsed.rejects} <= {"not_a_score", "broken_record"}
    assert parsed.rejects


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)


@fuzz
@given(json_values, json_values, json_values)
def test_any_json_is_scores_or_rejects(results, config, shots):
    document = {"results": {"t": results}, "config": config, "n-shot": shots, "configs": config}
    parsed = parse("harness", json.dumps(document))
    assert all(r.model_raw for r in parsed.reported)
