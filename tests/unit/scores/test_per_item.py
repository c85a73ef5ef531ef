"""Results item by item: what makes an item, what each format says, and what never ran."""

import hashlib
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.cloze import CLOZE, Item
from complexity_atlas.scores.per_item import (
    CONTRADICTORY,
    NEVER_RUN,
    item_uid,
    merge,
    parser,
    problem_id,
)
from complexity_atlas.scores.per_item.live_code_bench import NOT_RUN


def router_file(records) -> bytes:
    return json.dumps([{"question": q, "scores": s} for q, s in records]).encode()


def test_an_item_is_its_benchmark_and_prompt_whatever_the_white_space_and_form():
    assert item_uid("b", "é  a\n\tb") == item_uid("b", "e\u0301 a b ")
    assert item_uid("b", "a") != item_uid("c", "a")
    assert len(item_uid("b", "")) == 64


def test_items_of_the_zoo_have_the_same_identity():
    item = Item("d", "the quick  brown ", ("fox", "dog", "cat", "cow"), 0)
    digest = hashlib.sha256(f"{CLOZE}|the quick brown [fox|dog|cat|cow]".encode()).hexdigest()
    assert item.uid == item_uid(CLOZE, "the quick  brown  [fox|dog|cat|cow]") == digest


def test_a_problem_is_one_with_other_numbers():
    assert problem_id("b", "Add 2 and 13") == problem_id("b", "add 44 and 5")
    assert problem_id("b", "Add 2 and 13") != problem_id("b", "Sum 2 and 13")


def test_llm_router_files():
    parse = parser("llm_router")
    found = parse(router_file([("Add 1", {"a": 1, "b": 0.25}), ("Add 2", {"a": 0.0, "b": 0})]), "t")
    assert len(found.items) == 2
    assert found.items["group_id"].nunique() == 1
    assert sorted(found.responses["score"]) == [0, 0, 0.25, 1]
    assert found.responses["evaluated"].all()


def test_a_model_that_is_wrong_throughout_was_never_run():
    content = router_file([("p", {"a": 1, "b": 0}), ("q", {"a": 0, "b": 0})])
    found = parser("llm_router")(content, "t")
    idle = found.responses[found.responses["model_id"] == "b"]
    assert not idle["evaluated"].any()
    assert set(idle["flag"]) == {NEVER_RUN}
    assert found.responses[found.responses["model_id"] == "a"]["evaluated"].all()


def test_files_are_joined_in_any_order_and_contradictions_do_not_count():
    parse = parser("llm_router")
    train = parse(router_file([("p", {"a": 1, "b": 1}), ("q", {"a": 0, "b": 1})]), "x/train.json")
    test = parse(router_file([("p", {"a": 1, "b": 0}), ("r", {"a": 1, "b": 1})]), "x/test.json")
    joined, other = merge([train, test]), merge([test, train])
    assert joined.items.equals(other.items)
    assert joined.responses.equals(other.responses)
    assert joined.items.set_index("text")["split"].to_dict() == {
        "p": "test",
        "q": "train",
        "r": "test",
    }
    disputed = joined.responses[~joined.responses["evaluated"]]
    assert disputed["model_id"].tolist() == ["b"]
    assert disputed["flag"].tolist() == [CONTRADICTORY]
    assert disputed["score"].isna().all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b'{"question": 1}', "a list of questions was expected"),
        (b'[{"question": "p"}]', "record 0: no question with scores"),
        (router_file([("p", {"a": 1.5})]), "the score of a is 1.5"),
        (router_file([("p", {"a": "1"})]), "the score of a is '1'"),
        (b'[{"question": "p", "scores": {"a": NaN}}]', "the score of a is nan"),
    ],
)
def test_what_is_no_llm_router_file_is_refused_with_its_place(content, message):
    with pytest.raises(AtlasError, match=r"t\.json") as error:
        parser("llm_router")(content, "t.json")
    assert message in str(error.value)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    for kind, name in (
        ("llm_router", "t.json"),
        ("live_code_bench", "t.csv"),
        ("lm_eval_samples", "m/samples_t.jsonl"),
    ):
        with suppress(AtlasError):
            parser(kind)(content, name)


def test_live_code_bench_matrices():
    table = b"sample_id,a,b,c\ns0,0.5,-0.01,0\ns1,1.0,-0.01,0\n"
    found = parser("live_code_bench")(table, "x/execution.csv")
    flags = found.responses.groupby("model_id")["flag"].first()
    assert flags.to_dict() == {"a": "", "b": NOT_RUN, "c": NEVER_RUN}
    assert found.responses[found.responses["model_id"] == "b"]["score"].isna().all()
    assert set(found.items["text"]) == {""}
    assert set(found.responses["protocol_id"]) == {"execution"}


@pytest.mark.parametrize("table", [b"s,a\nx,2\n", b"s,a\nx,what\n", b"s,a\nx,1\nx,0\n", b""])
def test_what_is_no_matrix_is_refused(table):
    with pytest.raises(AtlasError, match=r"t\.csv"):
        parser("live_code_bench")(table, "t.csv")


def sample(**fields) -> dict:
    return {
        "doc_id": 0,
        "doc": {"question": "q", "source": "s"},
        "arguments": {"gen_args_0": {"arg_0": "Q: q", "arg_1": {}}},
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": "h",
        "exact_match": 1.0,
        **fields,
    }


def log(*samples) -> bytes:
    return "\n".join(map(json.dumps, samples)).encode()


NAME = "org__model/samples_math_2026-01-21T03-44-18.458309.jsonl"


def test_sample_logs_of_the_harness():
    content = log(sample(), sample(doc_id=1, doc_hash="i", exact_match=0.0))
    found = parser("lm_eval_samples")(content, NAME)
    assert set(found.responses["model_id"]) == {"org/model"}
    assert set(found.items["benchmark_id"]) == {"math"}
    assert set(found.items["text"]) == {"Q: q"}
    assert sorted(found.responses["n_correct"]) == [0, 1]
    assert set(found.responses["n_attempts"]) == {1}
    grouped = parser("lm_eval_samples")(content, NAME, group_by="source")
    assert grouped.items["group_id"].nunique() == 1


def test_a_filter_must_be_chosen_where_the_log_has_two():
    strict, loose = sample(filter="strict"), sample(filter="flexible", exact_match=0.0)
    with pytest.raises(AtlasError, match="flexible, strict; choose one"):
        parser("lm_eval_samples")(log(strict, loose), NAME)
    found = parser("lm_eval_samples")(log(strict, loose), NAME, filter="flexible")
    assert found.responses["score"].tolist() == [0]


def test_old_logs_have_lists_of_arguments_and_no_hash():
    old = {"doc_id": 0, "doc": {"a": 1}, "arguments": [["Q: a", " yes"]], "acc": 1.0}
    found = parser("lm_eval_samples")(log(old), NAME)
    assert found.items["text"].tolist() == ["Q: a"]
    assert found.responses["protocol_id"].tolist() == ["acc,none"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (log(sample()), "m/results.jsonl", "task is unknown"),
        (log(sample()), "samples_t.jsonl", "names no model"),
        (b"", NAME, "no samples"),
        (b"[]", NAME, "line 1: no sample"),
        (log(sample(), sample(exact_match="yes")), NAME, "exact_match is 'yes'"),
        (log(sample(exact_match=2)), NAME, "exact_match is 2"),
    ],
)
def test_what_is_no_sample_log_is_refused(content, name, message):
    with pytest.raises(AtlasError) as error:
        parser("lm_eval_samples")(content, name)
    assert message in str(error.value)


def test_the_published_files(shared):
    folder = shared / "data/scores/per_item"
    names = ("train.json", "test.json")
    found = merge(
        [
            parser("llm_router")((folder / "llmrouter/dcrouter_preprocessed" / n).read_bytes(), n)
            for n in names
        ]
    )
    # 5,608 and 500 records, of which 119 questions are in both files.
    assert len(found.items) == 5989
    assert len(found.responses) == 5989 * 9
    assert (found.responses["flag"] == CONTRADICTORY).sum() == 82
    matrix = folder / "_derived/lcb_execution_Pass1_COT.csv"
    answers = parser("live_code_bench")(matrix.read_bytes(), matrix.name).responses
    assert answers["item_uid"].nunique() == 479
    assert answers[~answers["evaluated"]]["model_id"].nunique() == 6
    samples = next((shared / "data/scores/lmeval_v04").glob("samples_*"))
    log = parser("lm_eval_samples")(samples.read_bytes(), f"a__b/{samples.name}").responses
    assert log["evaluated"].all()
    assert log["score"].eq(0).all()
