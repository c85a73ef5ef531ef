import ml_dtypes  # noqa: F401
import numpy as np
import pandas as pd
import pytest

from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.counts.saved import CountedTensor
from complexity_atlas.experiments.zoo.weight_features import compare, weight_features


def counted(name, values):
    values = np.sort(np.asarray(values, np.float32))
    keys, counts = np.unique(values.view(np.uint32).astype(np.uint64), return_counts=True)
    extremes = float(values.min()), float(values.max())
    counts = KeyCounts("float32", 32, keys, counts.astype(np.int64), 0, 0, *extremes)
    return CountedTensor("both", name, None, None, "mlp", counts.values())


@pytest.fixture(scope="module")
def population():
    """Forty networks of ten runs: the score follows `signal` and a little of `size`."""
    rng = np.random.default_rng(0)
    runs = np.repeat([f"run{i}" for i in range(10)], 12)
    signal, size = rng.normal(size=120), np.repeat(rng.normal(size=10), 12)
    score = pd.Series(signal + 0.3 * size + 0.1 * rng.normal(size=120))
    frame = pd.DataFrame({"signal": signal, "size": size, "noise": rng.normal(size=120)})
    return frame, score, pd.Series(runs)


def test_features_are_quantiles_over_layers_of_numpys_statistics():
    rng = np.random.default_rng(0)
    layers = [rng.normal(i, 1 + i, 500).astype(np.float32) for i in range(3)]
    features = weight_features([counted(f"w{i}", layer) for i, layer in enumerate(layers)])
    assert len(features) == 35
    medians = [np.quantile(layer.astype(float), 0.5) for layer in layers]
    variances = [layer.astype(float).var() for layer in layers]
    assert features["q50_25"] == pytest.approx(np.quantile(medians, 0.25))
    assert features["variance_100"] == pytest.approx(max(variances))
    assert features["q100_100"] == max(layer.max() for layer in layers)


def test_features_have_one_length_whatever_the_depth():
    shallow = weight_features([counted("w", [1.0, 2.0])])
    deep = weight_features([counted(f"w{i}", [1.0, 2.0, i]) for i in range(9)])
    assert list(shallow) == list(deep) == list(weight_features([]))
    assert np.isnan(list(weight_features([]).values())).all()


def test_a_block_that_knows_more_is_seen_to_add(population):
    frame, score, runs = population
    blocks = {"size": frame[["size"]], "lmc": frame[["signal"]]}
    table = compare(blocks, score, runs, folds=4, resamples=200).set_index("predictors")
    assert table.r2["size+lmc"] > 0.7
    assert table.ci_low["size+lmc"] > 0.3
    assert table.added["size+lmc"] == "lmc"
    assert table.r2_gain["size+lmc"] == pytest.approx(table.r2["size+lmc"] - table.r2["size"])


def test_a_block_of_noise_is_seen_to_add_nothing(population):
    frame, score, runs = population
    blocks = {"signal": frame[["signal"]], "lmc": frame[["noise"]]}
    table = compare(blocks, score, runs, folds=4, resamples=200).set_index("predictors")
    assert table.r2["lmc"] < 0.1
    assert table.ci_low["signal+lmc"] < 0.02


def test_no_network_is_predicted_from_its_own_run(population):
    """What identifies a run predicts nothing when whole runs are held out."""
    _, _, runs = population
    codes = pd.DataFrame({"run": pd.factorize(runs)[0].astype(float)})
    score = pd.Series(np.random.default_rng(1).normal(size=10)[pd.factorize(runs)[0]])
    table = compare({"run": codes}, score, runs, folds=5).set_index("predictors")
    assert table.r2["run"] < 0.3


def test_a_column_without_any_value_is_left_out(population):
    frame, score, runs = population
    empty = frame[["signal"]].assign(nothing=np.nan)
    table = compare({"signal": empty}, score, runs, folds=2)
    assert table.n_features.item() == 1
    assert table.r2.item() > 0.5


def test_the_same_seed_gives_the_same_table(population):
    frame, score, runs = population
    blocks = {"signal": frame[["signal"]], "lmc": frame[["noise"]]}
    first, second = (compare(blocks, score, runs, seed=5, folds=2, resamples=50) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(("rows", "reason"), [(slice(0, 36), "3 runs"), (slice(None), "the same")])
def test_what_cannot_be_compared_has_a_reason(population, rows, reason):
    frame, score, runs = population
    score = score if reason == "3 runs" else score * 0
    blocks = {"signal": frame[["signal"]], "lmc": frame[["noise"]]}
    table = compare(blocks, score[rows], runs[rows])
    assert table.r2.isna().all()
    assert table.note.str.contains(reason).all()


def test_a_block_without_any_value_has_a_reason(population):
    frame, score, runs = population
    blocks = {"size": frame[["size"]], "lmc": frame[["signal"]] * np.nan}
    table = compare(blocks, score, runs, folds=4, resamples=50).set_index("predictors")
    assert table.note["lmc"] == "no predictor has a value"
    assert np.isnan(table.r2["lmc"])
    assert table.r2_gain["size+lmc"] == 0
