import pandas as pd
import pytest
from desk import reported, says, source

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.view import Protocols, analysis_view, load_protocols

FIVE = {"mmlu": {"n_shot": (5,)}}


def view(desk, *said, **protocols):
    scores = desk.curate(*said).scores
    return analysis_view(scores, desk.reviewed.benchmarks, Protocols(**protocols))


def test_one_declared_protocol_and_nothing_averaged(desk):
    rows = says(
        reported("org/net", "0.44", "a", n_shot=5),
        reported("org/net", "0.38", "b", n_shot=0),
        reported("org/net", "0.41", "c"),
        reported("org/net", "0.99", "d", n_shot=5, subtask_raw="anatomy"),
        reported("org/net", "0.98", "e", n_shot=5, flags=("partial",)),
        reported("org/net", "0.97", "f", n_shot=5, precision="int4"),
        reported("org/net", "0.96", "g", n_shot=5, normalization="chance_rescaled"),
        reported("org/net", "0.95", "h", n_shot=5, metric_raw="acc_norm"),
    )
    assert list(view(desk, (source("s"), rows), benchmarks=FIVE).scores.value) == [0.44]


def test_null_in_a_protocol_stands_for_not_stated(desk):
    said = source("s"), says(reported("org/a", "0.4", n_shot=5), reported("org/b", "0.5"))
    both = view(desk, said, benchmarks={"mmlu": {"n_shot": (5, None)}})
    assert list(both.scores.model_id) == ["org/a", "org/b"]
    assert list(view(desk, said, benchmarks=FIVE).scores.model_id) == ["org/a"]


def test_sources_by_precedence_then_third_before_first_party(desk):
    first = source("a_maker", evaluator="first_party")
    third = source("z_lab", evaluator="third_party")
    said = [(one, says(reported("org/net", v))) for one, v in ((first, "0.5"), (third, "0.4"))]
    mmlu = {"mmlu": {}}
    assert list(view(desk, *said, benchmarks=mmlu).scores.source_id) == ["z_lab"]
    named = view(desk, *said, benchmarks=mmlu, precedence=("a_maker",))
    assert list(named.scores.source_id) == ["a_maker"]


def test_checkpoints_are_models_of_their_own_but_the_last_is_the_model(desk):
    rows = says(
        reported("E/pythia-1b", "0.3", "a", model_revision="step1000"),
        reported("E/pythia-1b", "0.4", "b", model_revision="step143000"),
    )
    found = view(desk, (source("s"), rows), last_steps={"E/pythia-*": "step143000"}).scores
    assert found.set_index("model_id").value.to_dict() == {
        "E/pythia-1b": 0.4,
        "E/pythia-1b--step1000": 0.3,
    }


def test_what_is_left_out_says_why(desk):
    rows = says(
        reported("org/a", "0.4", n_shot=5),
        reported("org/b", "0.4", n_shot=0),
        *(reported(f"org/{i}", "0.3654", benchmark_raw="wsc") for i in range(4)),
        reported("org/a", "0.7", benchmark_raw="piqa"),
        reported("org/a", "0.7", benchmark_raw="sciq", n_shot=3),
    )
    out = view(desk, (source("s"), rows), min_models=2, benchmarks={"sciq": {"n_shot": (0,)}})
    assert out.scores.empty
    assert out.excluded.set_index("benchmark_id").reason.to_dict() == {
        "mmlu": "2 protocols, and none is declared in protocols.yaml",
        "wsc": "the same score, 0.3654, for all 4 models",
        "piqa": "1 models, of 2 that protocols.yaml asks for",
        "sciq": "no score by the protocol that is asked for",
    }


def test_the_project_declares_known_benchmarks_and_sources(project, desk):
    declared = load_protocols(project / "config" / "scores" / "protocols.yaml")
    assert set(declared.benchmarks) <= set(desk.reviewed.benchmarks.benchmark_id)
    assert declared.benchmarks["mmlu"] == {
        "metric_id": ("accuracy",),
        "n_shot": (5,),
        "aggregation": ("macro",),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("benchmarks: {mmlu: {shots: 5}}", "benchmark mmlu: unknown shots; a protocol constrains"),
        ("protocols: {}", "expected the keys benchmarks, last_steps, min_models, precedence"),
        ("benchmarks: [", "not YAML"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "protocols.yaml"
    path.write_text(text)
    with pytest.raises(AtlasError, match=message):
        load_protocols(path)


def test_an_empty_score_table_has_an_empty_view(desk):
    empty = view(desk, (source("s"), says()))
    assert isinstance(empty.scores, pd.DataFrame)
    assert empty.scores.empty
    assert empty.excluded.empty
