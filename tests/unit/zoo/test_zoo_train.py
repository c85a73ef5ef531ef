import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from invented import WINDOW
from safetensors.torch import load_file

from complexity_atlas.contracts import read_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.cloze import items_table
from complexity_atlas.experiments.zoo.evaluate import (
    make_exam,
    predict,
)
from complexity_atlas.experiments.zoo.networks import build
from complexity_atlas.experiments.zoo.settings import FAMILIES
from complexity_atlas.experiments.zoo.tables import EPIPLEXITY, LOSS_CURVE, RESPONSES, SCORES
from complexity_atlas.experiments.zoo.text import ALPHABET, build_corpus
from complexity_atlas.experiments.zoo.train import Trainer, train_run


@pytest.fixture(scope="module")
def finished(corpus, exam, tmp_path_factory):
    """Folders of one tiny run of each family, saved as bfloat16."""
    from complexity_atlas.experiments.zoo.settings import RunSpec

    folder = tmp_path_factory.mktemp("runs")
    runs = [RunSpec(family, 4000, 1, "bfloat16", 12, 8, WINDOW) for family in FAMILIES]
    for run in runs:
        train_run(run, corpus, exam, folder / run.name)
    return {run: folder / run.name for run in runs}


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def test_a_run_leaves_every_network_and_table(finished):
    tables = {"loss_curve.csv", "epiplexity.csv", "scores.csv", "responses.parquet", "run.json"}
    for run, folder in finished.items():
        networks = {run.file(step, control) for step, control in run.networks}
        assert {path.name for path in folder.iterdir()} == tables | networks
        assert {path.name for path in folder.parent.iterdir()} == {r.name for r in finished}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_run_gives_the_same_bytes(finished, corpus, exam, tmp_path, family):
    run = next(run for run in finished if run.family == family)
    train_run(run, corpus, exam, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(finished[run])


def test_hashes_in_the_record_are_those_of_the_files(finished):
    for folder in finished.values():
        record = json.loads((folder / "run.json").read_text())
        found = digests(folder)
        assert record["sha256"] == {name: found[name] for name in record["sha256"]}


def test_scores_belong_to_the_weights_on_disk(finished, exam):
    for run, folder in finished.items():
        scores = read_table(folder / "scores.csv", SCORES)
        network = build(run.family, run.size, len(ALPHABET), 99)
        for step, control in run.networks:
            weights = load_file(folder / run.file(step, control))
            assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
            network.load_state_dict(weights)
            bits, _ = predict(network, exam.windows)
            row = scores[(scores.model_id == run.model(step, control))].set_index("benchmark_id")
            assert row.value["zoo_bits_per_character"] == pytest.approx(bits.mean(), rel=1e-6)
            error = bits.mean(axis=1).std(ddof=1) / len(bits) ** 0.5
            assert row.stderr["zoo_bits_per_character"] == pytest.approx(error, rel=1e-6)


def test_scores_agree_with_the_responses(finished, exam):
    items = items_table(exam.items)
    for folder in finished.values():
        scores = read_table(folder / "scores.csv", SCORES)
        responses = read_table(folder / "responses.parquet", RESPONSES)
        assert set(responses.item_uid) == set(items.item_uid)
        shares = responses.groupby("model_id").score.mean()
        cloze = scores[scores.benchmark_id == "zoo_cloze"].set_index("model_id").value
        pd.testing.assert_series_equal(shares.sort_index(), cloze.sort_index(), check_names=False)
        assert (responses.trials.str.count("1") == responses.n_correct).all()
        assert (responses.trials.str.len() == 10).all()


def test_scores_carry_size_data_and_text(finished, corpus):
    for run, folder in finished.items():
        scores = read_table(folder / "scores.csv", SCORES)
        assert set(scores.text_sha256) == {corpus.sha256}
        assert (scores.characters == scores.step * run.batch * run.window).all()
        network = build(run.family, run.size, len(ALPHABET), 0)
        assert set(scores.n_parameters) == {sum(p.numel() for p in network.parameters())}
        initial = scores[(scores.step == 0) & (scores.benchmark_id == "zoo_bits_per_character")]
        assert initial.value.item() == pytest.approx(np.log2(len(ALPHABET)), rel=0.05)


def test_the_loss_curve_starts_at_nothing_and_feeds_epiplexity(finished):
    for run, folder in finished.items():
        curve = read_table(folder / "loss_curve.csv", LOSS_CURVE)
        assert curve.step.tolist() == list(range(run.steps))
        assert curve.loss[0] == pytest.approx(np.log2(len(ALPHABET)), rel=0.05)
        areas = read_table(folder / "epiplexity.csv", EPIPLEXITY)
        assert set(areas.step) == set(run.checkpoints) - {0}
        assert (areas.k_auc > 0).all()


def test_controls_hold_the_values_of_the_last_network(finished):
    for run, folder in finished.items():
        trained = load_file(folder / run.file(run.steps))
        control = load_file(folder / run.file(run.steps, "shuffled"))
        for name in trained:
            assert torch.equal(trained[name].flatten().sort()[0], control[name].flatten().sort()[0])


def test_a_killed_run_leaves_nothing_and_starts_again(
    corpus, exam, tiny_run, tmp_path, monkeypatch
):
    run, out = tiny_run(), tmp_path / "run"
    monkeypatch.setattr(Trainer, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_run(run, corpus, exam, out)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    (tmp_path / ".run.part").mkdir()  # as after SIGKILL
    (tmp_path / ".run.part" / "step_0.safetensors").write_bytes(b"half")
    out.mkdir()  # as Snakemake makes it for its outputs
    train_run(run, corpus, exam, out)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("family", FAMILIES)
def test_it_learns(corpus, exam, tiny_run, family):
    run = tiny_run(family, steps=150, size=20_000)
    trainer = Trainer(run, corpus.encoded("train"))
    losses = [trainer.step() for _ in range(run.steps)]
    entropy, _ = exam.floor
    assert np.mean(losses[-10:]) < entropy - 0.5
    bits, _ = predict(trainer.network.eval(), exam.windows)
    assert bits.mean() < entropy - 0.5


def test_one_pass_reads_every_window_once(tiny_run):
    from complexity_atlas.experiments.zoo.train import _batches

    run = tiny_run()
    text = torch.arange(run.window * 24 + 1)
    batches = _batches(text, run)
    starts = torch.cat([next(batches)[:, 0] for _ in range(3)])
    assert starts.sort()[0].tolist() == list(range(0, run.window * 24, run.window))
    again = torch.cat([next(batches)[:, 0] for _ in range(3)])
    assert again.sort()[0].tolist() == starts.sort()[0].tolist()
    assert again.tolist() != starts.tolist()


def test_too_short_a_text_names_the_key(corpus, exam, tiny_run, tmp_path):
    with pytest.raises(AtlasError, match=r"zoo\.window"):
        Trainer(tiny_run(), corpus.encoded("train")[:20]).step()
    with pytest.raises(AtlasError, match=r"zoo\.test_windows"):
        make_exam(corpus, (), 10**6, WINDOW, 1)


def test_topics_alone_make_a_small_zoo(tiny_run):
    from complexity_atlas.experiments.zoo.text import collect_documents

    corpus = build_corpus(collect_documents(["topics"]), 0.2)
    assert len(corpus.encoded("train")) > 50_000


def interrupt(self):
    raise KeyboardInterrupt
