import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import entropy, sem

from complexity_atlas.contracts import BENCHMARKS, read_table
from complexity_atlas.experiments.zoo.evaluate import (
    METRICS,
    Exam,
    curated_rows,
    evaluate,
    make_exam,
    predict,
)
from complexity_atlas.experiments.zoo.networks import LanguageModel, build
from complexity_atlas.experiments.zoo.text import ALPHABET
from curated_scores import curated_scores


class Constant(LanguageModel):
    """Predicts the same distribution everywhere."""

    def __init__(self, probability):
        super().__init__()
        self.logits = torch.tensor(probability).log().float()

    def forward(self, tokens, state=None):
        return self.logits.expand(*tokens.shape, -1), ()


def frequencies(windows):
    return np.bincount(windows[:, 1:].flatten(), minlength=len(ALPHABET)) / windows[:, 1:].numel()


def test_windows_do_not_overlap_and_spread_over_the_text():
    class Numbered:
        def encoded(self, split):
            return np.arange(10_000, dtype=np.int32)

    windows = make_exam(Numbered(), (), windows=100, window=30, trials=1).windows
    assert windows.shape == (100, 31)
    starts = windows[:, 0].numpy()
    assert min(np.diff(starts)) >= 30
    assert max(starts) > 0.95 * 10_000
    assert (windows == windows[:, :1] + torch.arange(31)).all()


def test_the_floor_is_what_the_best_constant_reaches(exam):
    share = frequencies(exam.windows)
    bits, hits = predict(Constant(np.maximum(share, 1e-12)), exam.windows)
    assert exam.floor == pytest.approx((entropy(share, base=2), share.max()))
    assert (bits.mean(), hits.mean()) == pytest.approx(exam.floor, rel=1e-5)


def test_a_uniform_guess_costs_the_logarithm_of_the_alphabet(exam):
    bits, _ = predict(Constant(np.full(len(ALPHABET), 1 / len(ALPHABET))), exam.windows)
    assert bits == pytest.approx(np.full(bits.shape, np.log2(len(ALPHABET))), rel=1e-6)


def test_standard_errors_are_those_of_windows_and_items(exam):
    network = build("mlp", 4000, len(ALPHABET), 0)
    bits, hits = predict(network, exam.windows)
    scores, responses = evaluate(network, exam, [0])
    found = {score.benchmark_id: score for score in scores}
    assert set(found) == set(METRICS)
    assert found["zoo_bits_per_character"].stderr == pytest.approx(sem(bits.mean(axis=1)))
    assert found["zoo_top1"].stderr == pytest.approx(sem(hits.mean(axis=1)))
    share, n = responses.score.mean(), len(exam.items)
    assert found["zoo_cloze"].stderr == pytest.approx((share * (1 - share) / n) ** 0.5)


def test_trials_differ_between_seeds_and_scores_do_not(exam):
    network = build("mlp", 4000, len(ALPHABET), 0)
    (first, one), (second, other) = (evaluate(network, exam, [seed]) for seed in (0, 1))
    assert first == second
    assert (one.trials != other.trials).any()


def test_batching_changes_nothing(exam):
    network = build("lstm", 4000, len(ALPHABET), 0)
    whole, _ = predict(network, exam.windows)
    parts = [predict(network, part)[0] for part in exam.windows.split(7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_scores_enter_the_score_table_like_any_other_source(exam, tmp_path, project):
    network = build("mlp", 4000, len(ALPHABET), 0)
    scores, _ = evaluate(network, exam, [0])
    frame = pd.DataFrame([vars(score) for score in scores]).assign(
        model_id="zoo-mlp-4000-seed0-step0", precision="float32", run="r", text_sha256="0" * 64
    )
    curated_rows(frame).to_csv(tmp_path / "zoo.csv", index=False)
    benchmarks = read_table(project / "config" / "scores" / "benchmarks.csv", BENCHMARKS)
    table = curated_scores([tmp_path / "zoo.csv"], benchmarks).set_index("benchmark_id")
    for score in scores:
        row = table.loc[score.benchmark_id]
        assert row.value == pytest.approx(score.value, abs=1e-6)
        assert row.stderr == pytest.approx(score.stderr, abs=1e-4)
        assert row.n_items == score.n_items
        expected = "binomial" if score.stderr_kind == "binomial" else "reported"
        assert row.stderr_kind == expected


def test_one_trial_is_enough(exam):
    single = Exam(exam.windows, exam.items, 1)
    _, responses = evaluate(build("mlp", 4000, len(ALPHABET), 0), single, [0])
    assert set(responses.trials) <= {"0", "1"}
