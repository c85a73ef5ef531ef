"""Leaderboards and tables: ObsScaling, Open LLM Leaderboard v1 and v2, Epoch, Arena, HELM, MTEB."""

import io
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyarrow import Table
from score_files import FIXTURES, by_locator, parse, parse_fixture, reasons

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.numbers import read_number, read_quantity


def test_obsscaling_scores_are_fractions_with_the_boards_protocol():
    parsed = parse_fixture("obsscaling", "obsscaling.csv")
    mmlu = by_locator(parsed)["2,6"]
    assert (mmlu.model_raw, mmlu.benchmark_raw, mmlu.value_raw) == (
        "org/base-7b",
        "MMLU",
        "0.4379609636",
    )
    assert (mmlu.scale, mmlu.n_shot, mmlu.aggregation) == ("fraction", 5, "macro")
    assert reasons(parsed)["3,11"] == "missing"


def test_nasty_18_a_size_whose_meaning_a_source_mixes_is_neither_total_nor_active():
    parsed = parse_fixture("obsscaling", "obsscaling.csv")
    sizes = [a for a in parsed.attributes if a.value_raw == "45.0"]
    assert [(a.attribute, a.unit) for a in sizes] == [("n_params", "billion")]


def test_nasty_19_unknown_tokens_are_not_a_number_of_tokens():
    parsed = parse_fixture("obsscaling", "obsscaling.csv")
    assert reasons(parsed)["3,4"] == "not_finite"
    assert not any(
        a.attribute in ("n_train_tokens", "train_flops") and a.model_raw == "org/moe-8x7b"
        for a in parsed.attributes
    )


def test_nasty_07_a_missing_required_column_stops_the_parser():
    with pytest.raises(AtlasError, match="no column MMLU"):
        parse("obsscaling", "Model,ARC-C\nm,0.5\n")


def test_nasty_07_an_unknown_column_is_noted_and_harms_nothing():
    text = (FIXTURES / "obsscaling.csv").read_text()
    lines = [f"{line},{'New' if i == 0 else 1}" for i, line in enumerate(text.splitlines())]
    parsed = parse("obsscaling", "\n".join(lines))
    assert any("unknown columns New" in note for note in parsed.notes)
    assert parsed.reported == parse("obsscaling", text).reported


@pytest.mark.parametrize("title", ["ARC (25-shot)", "ARC(25-shot)", "arc", "\ufeffARC (25-shot)"])
def test_nasty_06_and_07_headers_drift(title):
    text = f"{title},Model,HellaSwag,MMLU,TruthfulQA,Average\n61.6,org/m,84.4,54.1,52.5,63.2\n"
    row = by_locator(parse("openllm_v1_board", text))["2,1"]
    assert (row.benchmark_raw, row.n_shot, row.metric_raw) == ("ARC", 25, "acc_norm")


def test_nasty_02_a_board_in_percent_keeps_small_numbers_percent():
    rows = by_locator(parse_fixture("openllm_v1_board", "openllm_v1_dump.csv"))
    small = [rows[f"4,{column}"] for column in (5, 6, 7, 8)]
    assert [row.value_raw for row in small] == ["1.52", "0.45", "62.1", "1.0"]
    assert {row.scale for row in small} == {"percent"}


def test_nasty_04_sizes_that_are_not_known_are_rejected():
    rejects = reasons(parse_fixture("openllm_v1_board", "openllm_v1_dump.csv"))
    assert [rejects[place] for place in ("3,17", "3,19", "4,17", "4,19")] == ["missing"] * 4


def test_nasty_10_the_average_of_an_incomplete_row_is_no_score():
    parsed = parse_fixture("openllm_v1_board", "openllm_v1_dump.csv")
    assert reasons(parsed)["3,4"] == "incomplete_average"
    assert by_locator(parsed)["2,4"].aggregation == "composite"
    assert [r.value_raw for r in parsed.reported if r.model_raw == "org/half-run"] == [
        "50.0",
        "75.0",
        "47.5",
    ]


def test_v1_marks_of_the_board_become_flags_and_precision():
    merge = by_locator(parse_fixture("openllm_v1_board", "openllm_v1_dump.csv"))["4,5"]
    assert (merge.flags, merge.precision) == (("disputed", "merge"), "gptq")


def test_v1_results_file():
    name = "openllm_v1/results_2023-09-01T12:00:00.000000.json"
    parsed = parse_fixture("openllm_v1", name)
    rows = by_locator(parsed)
    arc = rows["/results/harness|arc:challenge|25/acc_norm"]
    assert (arc.model_raw, arc.benchmark_raw, arc.n_shot) == ("org/base-7b", "arc:challenge", 25)
    assert (arc.value_raw, arc.stderr_raw, arc.precision) == ("0.5307", "0.01458", "bf16")
    anatomy = rows["/results/harness|hendrycksTest-anatomy|5/acc"]
    assert (anatomy.benchmark_raw, anatomy.subtask_raw) == ("hendrycksTest", "anatomy")
    assert rows["/results/truthfulqa:mc|0/mc2"].n_shot == 0


def test_nasty_12_the_pseudo_task_all_is_no_benchmark():
    parsed = parse_fixture("openllm_v1", "openllm_v1/results_2023-09-01T12:00:00.000000.json")
    assert reasons(parsed) == {"/results/all": "incomplete_average"}
    assert not any(row.aggregation == "macro" for row in parsed.reported)


def test_nasty_12_mmlu_is_the_macro_mean_of_all_57_subjects():
    tasks = {
        f"harness|hendrycksTest-s{i}|5": {"acc": i / 100, "acc_stderr": 0.03} for i in range(57)
    }
    document = {"config_general": {"model_name": "org/m"}, "results": tasks}
    [mean] = [r for r in parse("openllm_v1", json.dumps(document)).reported if not r.subtask_raw]
    assert float(mean.value_raw) == pytest.approx(0.28, rel=1e-12)
    assert float(mean.stderr_raw) == pytest.approx(0.03 / 57**0.5, rel=1e-12)
    assert (mean.aggregation, mean.flags, mean.n_shot) == ("macro", ("derived",), 5)


def test_nasty_26_a_monotonic_clock_is_no_date():
    parsed = parse_fixture("openllm_v1", "openllm_v1/results_2023-09-01T12:00:00.000000.json")
    assert {row.eval_date for row in parsed.reported} == {""}


def test_nasty_05_zeros_are_kept_and_flagged():
    parsed = parse_fixture("openllm_v1", "openllm_v1/results_2023-09-01T12:00:00.000000.json")
    gsm8k = by_locator(parsed)["/results/harness|gsm8k|5/acc"]
    assert (gsm8k.value_raw, gsm8k.flags) == ("0.0", ("below_floor",))
    zeros = "Model,ARC,HellaSwag,MMLU,TruthfulQA\norg/m,0.0,0,0.00,0\norg/n,0.0,50,50,50\n"
    rows = parse("openllm_v1_board", zeros).reported
    assert {r.flags for r in rows if r.model_raw == "org/m"} == {
        ("below_floor", "suspect_placeholder")
    }
    assert next(r.flags for r in rows if r.model_raw == "org/n") == ("below_floor",)


def test_nasty_08_a_model_cell_in_html_gives_the_first_links_id():
    rows = parse_fixture("openllm_v2", "openllm_v2.csv").reported
    assert {row.model_raw for row in rows} == {"org/twin"}
    text = (FIXTURES / "openllm_v2.csv").read_text().replace(",org/twin,abc1", ",,abc1")
    assert {row.model_raw for row in parse("openllm_v2", text).reported} == {"org/twin"}


def test_nasty_09_one_model_in_two_precisions_is_two_records():
    rows = parse_fixture("openllm_v2", "openllm_v2.csv").reported
    ifeval = [(r.precision, r.chat_template, r.value_raw) for r in rows if r.locator[1:] == ",20"]
    assert ifeval == [("bf16", True, "67.5"), ("fp16", False, "4.9")]


def test_nasty_07_signs_in_headers_and_an_inverted_column():
    text = (FIXTURES / "openllm_v2.csv").read_text()
    assert by_locator(parse("openllm_v2", text))["2,10"].benchmark_raw == "Average"
    assert not parse("openllm_v2", text).notes
    merged = [r.flags for r in parse("openllm_v2", text).reported if r.locator == "3,19"]
    inverted = text.replace(",Merged,", ",Not_Merged,")
    not_merged = [r.flags for r in parse("openllm_v2", inverted).reported if r.locator == "2,19"]
    assert merged == not_merged == [("merge",)]


def test_nasty_22_rescaled_and_raw_scores_stay_apart_and_clipped_ones_are_marked():
    rows = by_locator(parse_fixture("openllm_v2", "openllm_v2.csv"))
    raw, rescaled = rows["2,25"], rows["2,26"]
    assert (raw.benchmark_raw, raw.scale, raw.normalization) == ("GPQA", "fraction", "none")
    assert (rescaled.scale, rescaled.normalization) == ("percent", "chance_rescaled")
    expected = (read_number(raw.value_raw).value - 0.25) / 0.75 * 100
    assert read_number(rescaled.value_raw).value == pytest.approx(expected)
    assert "clipped" in rows["3,26"].flags
    assert rows["2,20"].normalization == "none"


def test_v2_parquet_reads_like_csv():
    text = (FIXTURES / "openllm_v2.csv").read_text()
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    buffer = io.BytesIO()
    pq.write_table(Table.from_pandas(frame), buffer)
    assert parse("openllm_v2", buffer.getvalue()).reported == parse("openllm_v2", text).reported


def test_nasty_33_typed_columns_and_the_text_nan():
    text = (FIXTURES / "openllm_v2.csv").read_text()
    frame = pd.read_csv(io.StringIO(text), dtype_backend="numpy_nullable")
    frame.loc[0, "fullname"] = "nan"
    buffer = io.BytesIO()
    pq.write_table(Table.from_pandas(frame), buffer)
    rows = parse("openllm_v2", buffer.getvalue()).reported
    assert {r.model_raw for r in rows} == {"nan", "org/twin"}
    assert read_number(by_locator(parse("openllm_v2", buffer.getvalue()))["2,20"].value_raw).value


def test_nasty_03_scorers_are_several_records_and_their_maximum_is_marked():
    rows = parse_fixture("epoch", "epoch_runs.csv", scale="fraction").reported
    assert [(r.metric_raw, r.value_raw) for r in rows] == [
        ("choice", "0.85±0.02"),
        ("model_graded", "0.81±0.03"),
        ("best", "0.85"),
    ]
    assert "best_of_scorers" in rows[-1].flags
    assert read_number(rows[0].value_raw).spread == 0.02
    assert len({r.locator for r in rows}) == 3


def test_nasty_26_epochs_time_without_a_zone_is_missing():
    assert parse_fixture("epoch", "epoch_runs.csv").reported[0].eval_date == ""


def test_nasty_06_and_03_epoch_byte_order_mark_percent_signs_and_multiline_cells():
    parsed = parse_fixture("epoch", "epoch_mmlu.csv")
    rows = by_locator(parsed)
    assert [rows[f"{i},3"].value_raw for i in (2, 3, 4)] == ["77.0%", "63.3 %", "66.7％"]
    assert {row.scale for row in parsed.reported} == {"percent"}
    assert [rows[f"{i},3"].model_raw for i in (2, 3)] == ["nova-lite-v1:0", "Chat 34B"]
    assert [rows[f"{i},3"].n_shot for i in (2, 3)] == [5, 0]
    assert reasons(parsed) == {"5,3": "no_model", "6,3": "missing"}


def test_nasty_02_an_undeclared_scale_is_flagged_not_guessed():
    text = "id,Model version,Score\n1,m-1,62.1\n2,m-2,0.621\n"
    undeclared = parse("epoch", text, "external_benchmark_x.csv").reported
    assert {(r.scale, r.flags) for r in undeclared} == {("fraction", ("scale_undeclared",))}
    declared = parse("epoch", text, "external_benchmark_x.csv", scale={"Score": "percent"})
    assert {(r.scale, r.flags) for r in declared.reported} == {("percent", ())}


def test_nasty_27_arena_ratings_are_points_of_one_snapshot():
    text = "rank,model,arena_score,95_pct_ci,votes\n1,m-1,1470,+3/-5,26019\n"
    row = parse("arena", text, "lmarena_text.csv", snapshot="2025-08-01").reported[0]
    assert (row.scale, row.ci_raw, row.task_version) == ("unscaled", "+3/-5", "2025-08-01")
    document = {"full": {"m-1": {"rating": 1470.5, "rating_q975": 1475.0, "rating_q025": 1466.0}}}
    row = parse("arena", json.dumps(document), "leaderboard-text.json").reported[0]
    assert (row.value_raw, row.ci_raw, row.subtask_raw) == ("1470.5", "[1466.0, 1475.0]", "full")


def test_helm_table_reads_the_id_from_the_run_names():
    parsed = parse_fixture("helm", "helm_group.json")
    rows = by_locator(parsed)
    mmlu = rows["/0/rows/0/2/value"]
    assert (mmlu.model_raw, mmlu.benchmark_raw) == ("openai_gpt-4o-2024-05-13", "MMLU")
    assert (mmlu.metric_raw, mmlu.aggregation, mmlu.value_raw) == ("EM", "macro", "0.748")
    assert len(rows) == 2
    assert reasons(parsed) == {
        "/0/rows/0/1/value": "set_dependent",
        "/0/rows/0/4/value": "missing",
        "/0/rows/1": "ragged_row",
        "/0/rows/1/1/value": "set_dependent",
        "/0/rows/2": "ragged_row",
    }


def test_helm_statistics_without_perturbation_from_the_test_split():
    def stat(name, mean, split, perturbation=None):
        key = {"name": name, "split": split} | (
            {"perturbation": {"name": perturbation}} if perturbation else {}
        )
        return {"name": key, "count": 1, "mean": mean}

    statistics = [
        stat("exact_match", 0.111, "test"),
        stat("exact_match", 0.1, "test", "robustness"),
        stat("exact_match", 0.0, "valid"),
        stat("num_instances", 9.0, "test"),
        stat("inference_runtime", 0.3, "test"),
    ]
    name = "mmlu-subject=philosophy,method=joint,model=openai_gpt2/stats.json"
    [row] = parse("helm", json.dumps(statistics), name).reported
    assert (row.value_raw, row.n_items, row.split) == ("0.111", 9, "test")
    assert (row.model_raw, row.benchmark_raw, row.subtask_raw) == (
        "openai_gpt2",
        "mmlu",
        "philosophy",
    )


def test_mteb_keeps_split_and_subset_and_takes_the_model_from_the_path():
    parsed = parse_fixture("mteb", "mteb/Task.json", "results/org__m_v2/abc/Task.json")
    rows = parsed.reported
    assert [(r.split, r.subtask_raw, r.value_raw) for r in rows] == [
        ("test", "en", "0.8"),
        ("validation", "en", "0.7"),
    ]
    assert {(r.model_raw, r.model_revision) for r in rows} == {("org/m_v2", "abc")}
    assert reasons(parsed) == {"/scores/test/1/main_score": "missing"}


def test_mteb_model_metadata():
    document = {"name": "org/m", "n_parameters": 109000000, "release_date": "2024-02-08"}
    parsed = parse("mteb", json.dumps(document), "org__m/abc/model_meta.json")
    assert [(a.attribute, a.value_raw) for a in parsed.attributes] == [
        ("n_params_total", "109000000"),
        ("release_date", "2024-02-08"),
    ]


def test_nasty_01_timm_parameters_have_separators_for_thousands():
    parsed = parse_fixture("timm", "timm_results-imagenet.csv", "results-imagenet.csv")
    giant = parsed.attributes[0]
    assert read_quantity(giant.value_raw, giant.unit) == 1.01301e9


def test_timm_golden_numbers_by_image_size():
    rows = parse_fixture("timm", "timm_results-imagenet.csv", "results-imagenet.csv").reported
    top1 = {(r.model_raw, r.filter_raw): r.value_raw for r in rows if r.metric_raw == "top1"}
    assert top1["resnet50.a1_in1k", "img_size=224"] == "80.382"
    assert top1["resnet50.a1_in1k", "img_size=288"] == "81.240"
    assert {(r.scale, r.n_items) for r in rows} == {("percent", 50000)}


def test_nasty_33_an_image_size_printed_as_a_float_is_the_same_size():
    text = "model,img_size,top1,top5\nm.t,224.0,80.0,95.0\n"
    assert parse("timm", text, "results-imagenet.csv").reported[0].filter_raw == "img_size=224"


def test_timm_inference_benchmarks_describe_architectures():
    text = "model,infer_gmacs,infer_macts,param_count\nresnet50,4.11,11.11,25.56\n"
    parsed = parse("timm", text, "benchmark-infer-amp.csv")
    assert not parsed.reported
    assert [a.attribute for a in parsed.attributes] == [
        "n_params_total",
        "inference_macs",
        "inference_activations",
    ]


def test_nasty_04_torchvision_nan_is_missing_and_23_errors_are_unscaled():
    parsed = parse_fixture("torchvision", "torchvision_weights.csv")
    rows = by_locator(parsed)
    assert reasons(parsed) == {"3,6": "not_finite"}
    assert (rows["2,6"].model_raw, rows["2,6"].scale) == ("VGG16_Weights.IMAGENET1K_V1", "percent")
    assert rows["4,6"].scale == "unscaled"


def test_torchvision_modules_are_read_and_never_run():
    text = """
raise SystemExit("was run")
class VGG16_Weights(WeightsEnum):
    IMAGENET1K_V1 = Weights(url="u", meta={**_COMMON, "num_params": 138357544, "_ops": 15.47,
        "_metrics": {"ImageNet-1K": {"acc@1": 71.592, "acc@5": 90.382}}})
    FEATURES = Weights(meta={"_metrics": {"ImageNet-1K": {"acc@1": float("nan")}}})
    DEFAULT = IMAGENET1K_V1
"""
    parsed = parse("torchvision", text, "torchvision/models/vgg.py")
    assert [(r.model_raw, r.metric_raw, r.value_raw) for r in parsed.reported] == [
        ("VGG16_Weights.IMAGENET1K_V1", "acc@1", "71.592"),
        ("VGG16_Weights.IMAGENET1K_V1", "acc@5", "90.382"),
    ]
    assert [r.reason for r in parsed.rejects] == ["not_finite"]
    assert {a.value_raw for a in parsed.attributes} == {"138357544", "15.47"}
