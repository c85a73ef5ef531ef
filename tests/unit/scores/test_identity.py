import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.identity import Identity, Models, Task, Vocabulary, key
from complexity_atlas.scores.tables import ALIASES


def aliases(*rows):
    table = pd.DataFrame(rows, columns=["kind", "raw", "canonical", "source"])
    return ALIASES.check(table.assign(reason="a test"))


@pytest.fixture
def project_aliases(desk):
    return desk.reviewed.aliases


@pytest.fixture
def ids(shared):
    with open(shared / "data" / "llm_models.csv", newline="") as file:
        return [row["model"] for row in csv.DictReader(file)]


def test_the_chain_is_exact_alias_normalised_unresolved():
    models = Models(aliases(("model", "Llama 2 7B", "meta/Llama-2-7b", "")), ["org/Net-1.5b"])
    assert models.resolve("org/Net-1.5b") == Identity("org/Net-1.5b", "exact")
    assert models.resolve("Llama 2 7B") == Identity("meta/Llama-2-7b", "alias")
    assert models.resolve("ORG__net-1-5B ") == Identity("org/Net-1.5b", "normalized")
    assert models.resolve("Net-1.5b") == Identity(None, "unresolved")


def test_an_alias_of_a_source_goes_before_the_id_itself():
    models = Models(aliases(("model", "org/net", "org/net-v0", "old")), ["org/net"])
    assert models.resolve("org/net", "old") == Identity("org/net-v0", "alias")
    assert models.resolve("org/net", "new") == Identity("org/net", "exact")


def test_aliases_do_not_chain():
    chained = aliases(("model", "a", "b", ""), ("model", "b", "c", ""))
    with pytest.raises(AtlasError, match="'b' is the canonical name of one row and the raw name"):
        Models(chained, [])


def test_ids_that_differ_in_case_only_are_one_model_and_a_listed_spelling_is_canonical():
    models = Models(aliases(), ["Org/Net"], ["org/net", "ORG/NET"])
    assert models.resolve("ORG/NET") == Identity("Org/Net", "normalized")
    unlisted = Models(aliases(), [], ["org/net", "ORG/NET"])
    assert unlisted.resolve("org/net") == Identity("ORG/NET", "normalized")


def test_ids_that_the_hub_tells_apart_stay_apart():
    models = Models(aliases(), [], ["org/a-b", "org/a_b"])
    assert models.resolve("org/a-b") == Identity("org/a-b", "exact")
    assert models.resolve("org/a_b") == Identity("org/a_b", "exact")
    assert models.resolve("org a b").how == "unresolved"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt-4.1", "gpt-4.1-mini"),
        ("HumanEval", "HumanEval+"),
        ("Yi-6B", "Yi-6B-200K"),
        ("Mistral-7B-v0.1", "Mistral-7B-Instruct-v0.1"),
        ("CodeLlama-70b-hf", "CodeLlama-70b-Instruct-hf"),
        ("resnet50.a1_in1k", "resnet50.tv_in1k"),
        ("arc", "arc_agi"),
        ("pythia-1.4b", "pythia-14b"),
        ("pythia-70m", "pythia-70m-v0"),
        ("gpt2", "gpt2-xl"),
    ],
)
def test_what_must_not_merge_stays_apart(project_aliases, one, other):
    assert key(one) != key(other)
    models = Models(project_aliases, [f"org/{one}"])
    assert models.resolve(f"org/{other}").how == "unresolved"


@pytest.mark.parametrize(
    "spelling",
    [
        "Mistral-7B-v0.1 ",
        "Mistral\u20117B\u2011v0.1",
        "Mistral\u20137B-v0.1",
        "Mistral\u200b-7B-v0.1",
        "\uff2distral-7B-v0.1",
        "mistral_7b_v0-1",
        "Mistral 7B v0.1",
    ],
)
def test_spellings_of_one_name_have_one_key(spelling):
    assert key(spelling) == key("Mistral-7B-v0.1")


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(name):
    assert key(key(name)) == key(name)


def test_the_148_real_ids_resolve_to_themselves_in_every_spelling(ids, project_aliases):
    models = Models(project_aliases, ids)
    assert len(ids) == len({key(name) for name in ids}) == 148
    for name in ids:
        assert models.resolve(name) == Identity(name, "exact")
        for spelling in (name.replace("/", "__"), name.lower(), f" {name.upper()}"):
            assert models.resolve(spelling).model_id == name
        for longer in (f"{name}-instruct", f"{name}-GPTQ", name[:-1]):
            assert models.resolve(longer).model_id in {None, *set(ids) - {name}}


@pytest.mark.parametrize(
    ("raw", "model_id"),
    [
        ("EleutherAI/pythia-v1.1-6.9b", "EleutherAI/pythia-6.9b"),
        ("openai_gpt2", "openai-community/gpt2"),
        ("gpt2-xl", "openai-community/gpt2-xl"),
        ("Llama 2 7B", "meta-llama/Llama-2-7b-hf"),
        ("meta-llama/Llama-3-8B", "meta-llama/Meta-Llama-3-8B"),
        ("/gaueko1/hizkuntza-ereduak/LLaMA/lm/huggingface/7B", "huggyllama/llama-7b"),
        ("/gaueko1/somewhere/else/7B", None),
    ],
)
def test_reviewed_names(project_aliases, raw, model_id):
    assert Models(project_aliases, []).resolve(raw).model_id == model_id


def test_likeness_only_suggests():
    models = Models(aliases(), ["mistralai/Mistral-7B-v0.1"])
    lost = pd.DataFrame({"source_id": ["s"], "model_raw": ["Mistral 7B v1"], "n_rows": [3]})
    found = models.suggestions(lost).iloc[0]
    assert (found.suggestion, found.n_rows) == ("mistralai/Mistral-7B-v0.1", 3)
    assert 60 <= found.similarity < 100
    assert models.resolve("Mistral 7B v1").model_id is None


def test_tasks_and_their_parts():
    words = Vocabulary(
        aliases(
            ("benchmark", "hendrycksTest-*", "mmlu/*", ""),
            ("benchmark", "mmlu_*", "mmlu/*", ""),
            ("benchmark", "ARC", "arc_challenge", ""),
            ("benchmark", "ARC", "arc_agi", "puzzles"),
            ("metric", "acc", "accuracy", ""),
            ("metric", "gsm8k:acc", "exact_match", ""),
        ),
        ["mmlu", "mmlu_pro", "arc_challenge", "arc_agi", "gsm8k"],
        ["accuracy", "exact_match"],
    )
    assert words.task("hendrycksTest-high_school_biology") == Task("mmlu", "high-school-biology")
    assert words.task("mmlu", "anatomy") == Task("mmlu", "anatomy")
    assert words.task("MMLU_Pro") == Task("mmlu_pro")
    assert words.task("ARC") == Task("arc_challenge")
    assert words.task("ARC", source="puzzles") == Task("arc_agi")
    assert words.task("arc_agi_2") is None
    assert words.metric("acc") == "accuracy"
    assert words.metric("acc", benchmark="gsm8k") == "exact_match"
    assert words.metric("bleu") is None
