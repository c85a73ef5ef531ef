import csv
import math

import pytest

from complexity_atlas.contracts import BENCHMARKS, read_table
from complexity_atlas.errors import AtlasError
from curated_scores import curated_scores as curate

ROW = {
    "model_id": "m",
    "benchmark_id": "reading",
    "metric_id": "exact_match",
    "value_raw": "0.75",
    "scale_raw": "fraction",
    "source_id": "here",
    "n_items": "300",
}


@pytest.fixture
def benchmarks(tmp_path):
    path = tmp_path / "benchmarks.csv"
    path.write_text(
        "benchmark_id,name,metric_id,unit,proportion,higher_is_better,lower_bound,upper_bound,"
        "chance_level,n_items,n_choices,description,url\n"
        "reading,Reading,exact_match,fraction,true,true,0,1,0.25,300,,,\n"
        "loss,Loss,nll,nats,false,false,0,,,,,,\n"
    )
    return read_table(path, BENCHMARKS)


def write(path, *rows, encoding="utf-8"):
    with open(path, "w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_proportion_gets_a_binomial_standard_error(tmp_path, benchmarks):
    row = curate([write(tmp_path / "s.csv", ROW)], benchmarks).iloc[0]
    assert row.value == 0.75
    assert row.stderr == pytest.approx(math.sqrt(0.75 * 0.25 / 300))
    assert row.stderr_kind == "binomial"
    assert row.chance_level == 0.25
    assert row.raw_locator == "s.csv:2"


def test_a_reported_standard_error_is_kept_on_the_scale_of_the_value(tmp_path, benchmarks):
    row = ROW | {"value_raw": "75.0", "scale_raw": "percent", "stderr": "2"}
    found = curate([write(tmp_path / "s.csv", row)], benchmarks).iloc[0]
    assert found.value == pytest.approx(0.75)
    assert (found.stderr, found.stderr_kind) == (pytest.approx(0.02), "reported")
    assert (found.value_raw, found.decimals_raw) == ("75.0", 1)


def test_other_metrics_get_no_invented_standard_error(tmp_path, benchmarks):
    row = ROW | {
        "benchmark_id": "loss",
        "metric_id": "nll",
        "value_raw": "2.5",
        "scale_raw": "unscaled",
    }
    found = curate([write(tmp_path / "s.csv", row)], benchmarks).iloc[0]
    assert found.stderr_kind == "none"
    assert math.isnan(found.stderr)
    assert not found.higher_is_better


def test_order_of_files_and_a_byte_order_mark_change_nothing(tmp_path, benchmarks):
    a = write(tmp_path / "a.csv", ROW, encoding="utf-8-sig")
    b = write(tmp_path / "b.csv", ROW | {"model_id": "other"})
    assert curate([a, b], benchmarks).equals(curate([b, a], benchmarks))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value_raw": "1,013.5"}, r"s\.csv, line 2: value_raw '1,013\.5' is not a number"),
        ({"value_raw": "NaN"}, "is not a number"),
        ({"value_raw": "0.7_5"}, "is not a number"),
        ({"value_raw": "٠.٧"}, "is not a number"),
        (
            {"value_raw": "75"},
            r"is 75, outside \[0, 1\] of reading; correct value_raw or scale_raw",
        ),
        ({"value_raw": ""}, r"s\.csv, line 2: column value_raw is empty"),
        ({"scale_raw": "per mille"}, "scale_raw 'per mille' is none of fraction, percent"),
        ({"benchmark_id": "mmlu"}, "benchmark_id 'mmlu' is not in the benchmark table; known are"),
        ({"metric_id": "f1"}, "metric_id 'f1', but benchmark reading is scored by 'exact_match'"),
        ({"n_items": "many"}, "n_items 'many' is not a whole number"),
        ({"colour": "red"}, "unknown: colour"),
    ],
)
def test_bad_cells_are_named_with_file_line_and_remedy(tmp_path, benchmarks, change, message):
    with pytest.raises(AtlasError, match=message):
        curate([write(tmp_path / "s.csv", ROW | change)], benchmarks)


def test_ragged_rows_and_missing_columns_are_refused(tmp_path, benchmarks):
    path = write(tmp_path / "s.csv", ROW)
    path.write_text(path.read_text() + "too,few\n")
    with pytest.raises(AtlasError, match="line 3: the row has more or fewer cells"):
        curate([path], benchmarks)
    path.write_text("model_id,value_raw\nm,1\n")
    with pytest.raises(AtlasError, match="missing: benchmark_id"):
        curate([path], benchmarks)
    with pytest.raises(AtlasError, match="no such score file"):
        curate([tmp_path / "none.csv"], benchmarks)


def test_the_same_measurement_twice_is_refused(tmp_path, benchmarks):
    path = write(tmp_path / "s.csv", ROW, ROW | {"value_raw": "0.8"})
    with pytest.raises(AtlasError, match=r"m has several rows for reading.*s\.csv:2, s\.csv:3"):
        curate([path], benchmarks)


def test_the_default_study_has_its_published_scores(project):
    folder = project / "config" / "scores"
    benchmarks = read_table(folder / "benchmarks.csv", BENCHMARKS)
    scores = curate([folder / "curated" / "rapidocr.csv"], benchmarks).set_index("model_id").value
    assert scores.to_dict() == {
        "PP-OCRv2_rec": 0.6387,
        "PP-OCRv3_rec": 0.7097,
        "PP-OCRv4_mobile_rec": 0.8323,
        "PP-OCRv5_mobile_rec": 0.7355,
        "PP-OCRv6_tiny_rec": 0.6968,
        "PP-OCRv6_small_rec": 0.8419,
        "PP-OCRv2_det": 0.7788,
        "PP-OCRv3_det": 0.8234,
        "PP-OCRv4_mobile_det": 0.8476,
        "PP-OCRv5_mobile_det": 0.8058,
        "PP-OCRv6_tiny_det": 0.8263,
        "PP-OCRv6_small_det": 0.8492,
    }
