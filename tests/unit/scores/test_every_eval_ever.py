import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import PureWindowsPath
from types import SimpleNamespace

import jsonschema
import pandas as pd
import pytest
from desk import reported, says, source
from hypothesis import example, given
from hypothesis import strategies as st

from complexity_atlas import contracts
from complexity_atlas.__main__ import main
from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.accounts import source_accounts
from complexity_atlas.scores.every_eval_ever import Record, evaluation_records
from complexity_atlas.scores.exporting import write_records
from complexity_atlas.scores.tables import SCORED_MODELS, SNAPSHOTS, SOURCES

LAB = source("lab", github="lab/board", url="", evaluator="third_party")
PRECISE = {
    "n_shot": 5,
    "cot": False,
    "precision": "bf16",
    "chat_template": True,
    "model_revision": "main-1",
    "harness": "lm-eval",
    "harness_version": "0.4.3",
    "eval_date": "2024-06-01T00:00:00Z",
    "split": "test",
}


def tables(desk, *said) -> SimpleNamespace:
    made = desk.curate(*said)
    none = SNAPSHOTS.check(pd.DataFrame(columns=list(SNAPSHOTS.columns)))
    sources = [one for one, _ in said]
    accounts = source_accounts(made.scores, made.rejects, made.rows_in, none, sources)
    return SimpleNamespace(
        scores=made.scores,
        models=made.models,
        sources=accounts,
        benchmarks=desk.reviewed.benchmarks,
    )


def records(made: SimpleNamespace, **options) -> list[Record]:
    return list(
        evaluation_records(made.scores, made.models, made.sources, made.benchmarks, **options)
    )


def record(desk, *numbers, **options) -> dict:
    (only,) = records(tables(desk, (LAB, says(*numbers))), **options)
    return only.content


@pytest.fixture
def varied(desk) -> SimpleNamespace:
    """Sources of all relationships; errors, intervals, odd names, and numbers set aside."""
    board = says(
        reported("org/net", "45.1", scale="percent", stderr_raw="0.4", **PRECISE),
        reported("org/net", "0.61", benchmark_raw="sciq", **PRECISE),
        reported("org/net", "44", "again", scale="percent", **PRECISE | {"precision": "fp16"}),
        reported("../..", "0.5"),
        reported("CON/data", "0.5"),
        reported("нет такой:модели ", "0.5"),
        reported("org/out of bounds", "1.4"),
    )
    rated = reported(
        "Some Chat", "1287", benchmark_raw="arena_text", metric_raw="rating", scale="unscaled"
    )
    copy = says(reported("org/net", "45.1", scale="percent", **PRECISE))
    return tables(
        desk,
        (LAB, board),
        (source("maker", evaluator="first_party"), says(reported("org/other", "0.3"))),
        (source("arena"), says(rated)),
        (source("copier", repeats=("lab",)), copy),
    )


def test_a_record_holds_what_the_source_says(desk):
    said = reported("org/net", "45.1", "row 7", scale="percent", stderr_raw="0.4", **PRECISE)
    made = tables(desk, (LAB, says(said)))
    (only,) = records(made)
    found = only.content
    assert only.path.parts[:-1] == ("data", "lab", "org", "net")
    assert found["evaluation_timestamp"] == "2024-06-01T00:00:00Z"
    assert found["eval_library"] == {"name": "lm-eval", "version": "0.4.3"}
    assert found["source_metadata"]["source_organization_name"] == "lab"
    assert found["source_metadata"]["evaluator_relationship"] == "third_party"
    assert found["source_metadata"]["additional_details"]["sha256"] == "0" * 64
    assert found["model_info"]["name"] == found["model_info"]["id"] == "org/net"
    assert found["model_info"]["additional_details"]["revision"] == "main-1"
    (result,) = found["evaluation_results"]
    assert result["evaluation_result_id"] == made.scores.record_id.iloc[0]
    assert result["source_data"] == {
        "dataset_name": "MMLU",
        "source_type": "hf_dataset",
        "hf_repo": "cais/mmlu",
        "hf_split": "test",
    }
    assert result["metric_config"]["metric_parameters"]["chance_level"] == 0.25
    assert result["metric_config"]["max_score"] == 1
    assert result["metric_config"]["lower_is_better"] is False
    assert result["score_details"]["score"] == pytest.approx(0.451)
    assert result["score_details"]["uncertainty"] == {
        "standard_error": {"value": pytest.approx(0.004)}
    }
    assert result["score_details"]["details"]["value_as_printed"] == "45.1"
    assert result["generation_config"] == {
        "generation_args": {"reasoning": False},
        "additional_details": {"n_shot": "5", "chat_template": "true"},
    }


def test_what_is_not_known_is_left_out_or_unknown(desk):
    found = record(desk, reported("Some Net", "31", "a", scale="percent", aggregation="macro"))
    assert found["retrieved_timestamp"] == "unknown"
    assert found["eval_library"] == {"name": "unknown", "version": "unknown"}
    assert found["model_info"]["id"] == "Some Net"
    assert not {"evaluation_timestamp", "developer"} & {*found, *found["model_info"]}
    (result,) = found["evaluation_results"]
    assert "generation_config" not in result
    assert "hf_split" not in result["source_data"]


@pytest.mark.parametrize(
    ("place", "provider"),
    [
        ({"dataset": "hub-owner/board"}, "hub-owner"),
        ({"url": "https://scores.example.org/board/{file}"}, "scores.example.org"),
        ({"url": "https://huggingface.co/{file}"}, "huggingface.co"),
        ({"path": "a folder"}, "unknown"),
    ],
)
def test_who_provides_a_source_is_told_by_its_address(desk, place, provider):
    lab = source("lab", **{"url": ""} | place)
    (only,) = records(tables(desk, (lab, says(reported("org/net", "0.5", split="dev")))))
    found = only.content
    assert found["source_metadata"]["source_organization_name"] == provider
    assert found["source_metadata"]["evaluator_relationship"] == "other"
    (result,) = found["evaluation_results"]
    assert result["source_data"]["additional_details"]["split"] == "dev"


def test_a_computed_error_says_so_and_counts_the_items(desk):
    (result,) = record(desk, reported("org/net", "0.5", n_items=100))["evaluation_results"]
    found = result["score_details"]["uncertainty"]
    assert found["standard_error"]["method"] == "analytic, binomial"
    assert found["num_samples"] == 100


def test_a_metric_without_bounds_says_infinity(desk):
    words = {"metric_raw": "perplexity", "benchmark_raw": "lambada_openai", "scale": "unscaled"}
    (result,) = record(desk, reported("org/net", "12.5", **words))["evaluation_results"]
    assert result["metric_config"]["max_score"] == "Infinity"
    assert result["metric_config"]["lower_is_better"] is True


def test_the_time_of_retrieval_is_noted_or_given_and_never_made_up(desk):
    said = reported("org/net", "0.5")
    given_time = record(desk, said, retrieved="2026-01-31T12:00:00Z")
    assert given_time["retrieved_timestamp"] == "1769860800"
    made = tables(desk, (LAB, says(said)))
    made.scores = made.scores.assign(retrieved_at="2026-01-01T00:00:00Z")
    (noted,) = records(made, retrieved="2026-01-31")
    assert noted.content["retrieved_timestamp"] == "1767225600"
    with pytest.raises(AtlasError, match="'yesterday' is no"):
        record(desk, said, retrieved="yesterday")


def test_two_runs_of_a_model_are_two_records(varied):
    net = [r for r in records(varied) if r.path.parts[:4] == ("data", "lab", "org", "net")]
    assert sorted(len(r.content["evaluation_results"]) for r in net) == [1, 2]
    assert {r.content["model_info"]["additional_details"]["precision"] for r in net} == {
        "bf16",
        "fp16",
    }
    assert len({r.content["evaluation_id"] for r in net}) == len({r.path for r in net}) == 2


def test_only_scores_that_may_be_relied_upon_are_exported(varied):
    exported = {
        result["evaluation_result_id"]
        for one in records(varied)
        for result in one.content["evaluation_results"]
    }
    assert {"copy", "quarantined"} <= set(varied.scores.status)
    assert exported == set(varied.scores.record_id[varied.scores.status == "ok"])


def test_equal_scores_in_any_order_are_equal_records(varied):
    expected = [(r.path, r.text) for r in records(varied)]
    varied.scores = varied.scores.sample(frac=1, random_state=0)
    varied.models, varied.sources = varied.models[::-1], varied.sources[::-1]
    assert [(r.path, r.text) for r in records(varied)] == expected


def test_an_alias_changes_who_a_model_is_but_not_the_ids_of_its_record(desk):
    said = (source("lab", model_ids="names"), says(reported("Net v1", "0.5")))
    (before,) = records(tables(desk, said))
    named = ("model", "Net v1", "org/net-1", "lab"), ("metric", "acc", "accuracy", "")
    (after,) = records(tables(desk.with_aliases(*named), said))
    assert (before.content["model_info"]["id"], after.content["model_info"]["id"]) == (
        "Net v1",
        "org/net-1",
    )
    assert before.content["evaluation_id"] == after.content["evaluation_id"]
    assert before.path.name == after.path.name
    assert after.path.parts[2:4] == ("org", "net-1")


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.fixture(scope="module")
def plain(desk) -> SimpleNamespace:
    return tables(desk, (LAB, says(reported("org/net", "0.5"))))


@given(NAMES, NAMES)
@example("../../etc", "/etc/passwd")
@example("data", "..")
@example("a\\..\\b", "nul.txt/C:\\x")
@example("\x00", "org/" + "é" * 300)
def test_no_name_leads_out_of_its_folder(plain, source_id, model):
    scores = plain.scores.assign(source_id=source_id, model_id=model, model_raw=model)
    sources = plain.sources.assign(source_id=source_id)
    (only,) = evaluation_records(scores, plain.models, sources, plain.benchmarks)
    first, *names, file = only.path.parts
    assert first == "data"
    assert len(names) == 3
    for name in names:
        assert name not in {"", ".", "..", "data"}
        assert not set(name) & set('<>:"\\|?*/\x00')
        assert not PureWindowsPath(name).is_reserved()
        assert len(name.encode()) < 255
    assert file.endswith(".json")


def test_all_records_are_written_or_none(varied, tmp_path):
    def broken():
        yield from records(varied)
        raise AtlasError("the table ends here")

    with pytest.raises(AtlasError, match="ends here"):
        write_records(broken(), tmp_path)
    assert list(tmp_path.iterdir()) == []
    written = write_records(records(varied), tmp_path)
    assert len(written) == len(list(tmp_path.glob("data/*/*/*/*.json")))
    with pytest.raises(AtlasError, match="is there already"):
        write_records(records(varied), tmp_path)


def test_the_command_exports_and_accounts(varied, project, tmp_path, capsys):
    folder = tmp_path / "results" / "scores"
    contracts.write_table(varied.scores, folder / "scores.parquet", contracts.SCORES)
    contracts.write_table(varied.models, folder / "models.parquet", SCORED_MODELS)
    contracts.write_table(varied.sources, folder / "sources.csv", SOURCES)
    out = tmp_path / "out"
    command = ["scores", "export", "--out", str(out), "--results", str(folder.parent)]
    assert main([*command, "--config", str(project / "config" / "scores")]) == 0
    said = capsys.readouterr().out
    assert "maker: 1 scores in 1 records" in said
    assert "left out: 1 of status copy" in said
    texts = {str(path.relative_to(out)): path.read_text() for path in out.rglob("*.json")}
    assert texts == {str(r.path): r.text for r in records(varied)}
    (folder / "models.parquet").unlink()
    assert main([*command, "--out", str(tmp_path / "other")]) == 1
    assert "models.parquet: no such file" in capsys.readouterr().err


@pytest.fixture
def schema(tmp_path):
    """The published schema; its package is not installed, as it asks for Python 3.12."""
    wanted = "every_eval_ever==0.3.0"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--ignore-requires-python"]
    command += ["-d", str(tmp_path), wanted]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"{wanted} cannot be fetched from the package index")
    (wheel,) = tmp_path.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert digest == "564b8bc624c1f822f749a769dc69dc058a736e83d920cbeb147c3a30d3152317"
    with zipfile.ZipFile(wheel) as archive:
        return json.loads(archive.read("every_eval_ever/schemas/eval.schema.json"))


@pytest.mark.index
def test_every_record_meets_the_published_schema(schema, varied):
    validator = jsonschema.Draft7Validator(schema)
    found = [json.loads(one.text) for one in records(varied)]
    assert len(found) > 6
    for one in found:
        validator.validate(one)
    assert schema["version"] == found[0]["schema_version"]
    del found[0]["retrieved_timestamp"]
    assert not validator.is_valid(found[0])
