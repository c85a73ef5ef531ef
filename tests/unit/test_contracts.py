import numpy as np
import pandas as pd
import pytest

from complexity_atlas.contracts import (
    BENCHMARKS,
    VALUES,
    Contract,
    count,
    number,
    read_table,
    read_tables,
    replacing,
    text,
    write_table,
)
from complexity_atlas.errors import AtlasError

CONTRACT = Contract(
    "people",
    {"name": text(), "note": text(nullable=True), "size": number(), "n": count(True)},
    ("name",),
)


def people(**columns) -> pd.DataFrame:
    return pd.DataFrame(
        {"name": ["b", "a"], "note": ["", None], "size": [1 / 3, np.nan], "n": [1, None]} | columns
    )


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz"])
def test_a_table_comes_back_as_it_was_written(tmp_path, suffix):
    path = tmp_path / f"people.{suffix}"
    write_table(people(), path, CONTRACT)
    table = read_table(path, CONTRACT)
    assert list(table.name) == ["a", "b"]
    assert table["size"][1] == 1 / 3
    assert pd.isna(table.n[0])


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz"])
def test_equal_tables_are_equal_bytes(tmp_path, suffix):
    first, second = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    write_table(people(), first, CONTRACT)
    write_table(people().iloc[::-1], second, CONTRACT)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz"])
def test_names_that_look_like_no_value_stay_names(tmp_path, suffix):
    contract = Contract("names", {"name": text(), "alias": text(nullable=True)}, ("name",))
    names = ["N/A", "NA", "None", "nan", "null"]
    table = pd.DataFrame({"name": names, "alias": ["NULL", None, "#N/A", "<NA>", None]})
    write_table(table, tmp_path / f"t.{suffix}", contract)
    back = read_table(tmp_path / f"t.{suffix}", contract)
    assert back.name.tolist() == names
    assert back.alias.fillna("").tolist() == ["NULL", "", "#N/A", "<NA>", ""]


def test_a_broken_contract_names_table_column_and_value(tmp_path):
    path = tmp_path / "people.parquet"
    with pytest.raises(AtlasError, match=r"people.*n: greater_than.*-1"):
        write_table(people(n=[1, -1]), path, CONTRACT)
    assert not path.exists()
    with pytest.raises(AtlasError, match="unique"):
        write_table(people(name=["a", "a"]), path, CONTRACT)
    with pytest.raises(AtlasError, match="column size is missing"):
        write_table(people().drop(columns="size"), path, CONTRACT)
    with pytest.raises(AtlasError, match="colour"):
        write_table(people(colour="red"), path, CONTRACT)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(AtlasError, match=r"none\.csv: no such file"):
        read_table(tmp_path / "none.csv", BENCHMARKS)
    damaged = tmp_path / "values.parquet"
    damaged.write_bytes(b"PAR1 not parquet")
    with pytest.raises(AtlasError, match=r"values\.parquet: not a readable table"):
        read_table(damaged, VALUES)


def test_tables_of_one_contract_join(tmp_path):
    write_table(people(), tmp_path / "1.csv", CONTRACT)
    write_table(people(name=["c", "d"]), tmp_path / "2.csv", CONTRACT)
    joined = read_tables([tmp_path / "2.csv", tmp_path / "1.csv"], CONTRACT)
    assert list(joined.name) == ["a", "b", "c", "d"]
    assert read_tables([], CONTRACT).empty


def test_an_interrupted_write_leaves_nothing_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_text_that_a_spreadsheet_would_execute_is_defused_in_csv_only(tmp_path):
    contract = Contract("names", {"name": text()}, ("name",))
    names = ["+1", "-0.5", "-x", "=cmd()", "@sum", "plain"]
    frame = pd.DataFrame({"name": names})
    write_table(frame, tmp_path / "t.csv", contract)
    assert (tmp_path / "t.csv").read_text().split() == [
        *("name", "+1", "-0.5", "'-x", "'=cmd()", "'@sum", "plain")
    ]
    write_table(frame, tmp_path / "t.parquet", contract)
    assert list(read_table(tmp_path / "t.parquet", contract).name) == names
