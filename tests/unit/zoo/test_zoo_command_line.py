import json
from dataclasses import asdict

import pytest

from complexity_atlas.experiments.zoo.__main__ import main
from complexity_atlas.experiments.zoo.cloze import make_items, read_items
from complexity_atlas.experiments.zoo.text import read_corpus

TEXT = ["text", "--sources", "topics", "--test-share", "0.2", "--window", "32"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    paths = ["--corpus", str(folder / "text.parquet"), "--items", str(folder / "items.parquet")]
    assert main([*TEXT, "--cloze-items", "40", *paths]) == 0
    return paths


def test_text_and_train_make_a_run(tables, tiny_run, tmp_path):
    run, out = tiny_run("mlp", steps=2), tmp_path / "run"
    exam = ["--test-windows", "10", "--cloze-trials", "3"]
    spec = ["--spec", json.dumps(asdict(run)), "--out", str(out)]
    assert main(["train", *tables, *exam, *spec]) == 0
    assert json.loads((out / "run.json").read_text())["run"] == run.name


def test_items_on_disk_are_those_made_from_the_text(tables):
    _, corpus, _, items = tables
    made = make_items(read_corpus(corpus), 40, 32)
    assert sorted(made, key=lambda item: item.uid) == list(read_items(items))


def test_an_expected_error_is_one_line(tmp_path, capsys):
    paths = ["--corpus", str(tmp_path / "t.parquet"), "--items", str(tmp_path / "i.parquet")]
    assert main([*TEXT, "--cloze-items", "4000000", *paths]) == 1
    assert capsys.readouterr().err.startswith("error: zoo.cloze_items: 4000000 wanted")
    assert not list(tmp_path.iterdir())
