from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from complexity_atlas.complexity.binning import DEFAULT_RULES, parse_rules
from complexity_atlas.complexity.complexities import Method, complexities
from complexity_atlas.complexity.measures import measure, probabilities
from complexity_atlas.complexity.outcomes import evaluate
from complexity_atlas.counts.counting import count
from complexity_atlas.counts.saved import CountedTensor
from complexity_atlas.counts.value_counts import ValueCounts, merge
from complexity_atlas.weights.tensors import Tensor

RULES = parse_rules(
    {
        "hundred": {"rule": "fixed", "bins": 100},
        "rice": {"rule": "rice"},
        "window": {"rule": "window", "bins": 128},
        "window_alive": {"rule": "window", "bins": 128, "alive": True},
    }
)
METHOD = Method(RULES, null_draws=32, seed=1)


def counts(weights) -> ValueCounts:
    values, count = np.unique(np.asarray(weights, np.float64), return_counts=True)
    return ValueCounts(values, values, count.astype(np.int64))


def tensor(weights, name="w", view="both", layer=0, role="mlp") -> CountedTensor:
    return CountedTensor(view, name, layer, 0, role, counts(weights))


def weights(seed, n=20_000, sigma=1.0):
    return np.random.default_rng(seed).normal(scale=sigma, size=n)


def model_row(table, aggregate, variant, measure="lmc", **where):
    where = {"scope": "model", "view": "folded", "null_kind": "per_tensor"} | where
    where |= {"aggregate": aggregate, "variant": variant, "measure": measure}
    chosen = table[np.logical_and.reduce([table[k] == v for k, v in where.items()])]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_pooled_is_the_measure_of_all_weights_together():
    parts = [weights(1, sigma=0.1), weights(2, sigma=0.4)]
    _, models = complexities([("m", [tensor(parts[0], "a"), tensor(parts[1], "b")])], METHOD)
    everything = np.concatenate(parts)
    expected = measure(probabilities(np.histogram(everything, 100)[0]))
    for name in ("lmc", "c_js", "c_exp"):
        assert model_row(models, "pooled", "hundred", name).value == pytest.approx(
            float(expected[name]), rel=1e-12
        )
    standardised = np.concatenate([part / part.std() for part in parts])
    expected = measure(probabilities(np.histogram(standardised, 100)[0]))
    found = model_row(models, "pooled_standardised", "hundred")
    assert found.value == pytest.approx(float(expected["lmc"]), rel=1e-9)


def test_mean_weighs_tensors_by_their_number_of_weights():
    small, large = weights(1, 10_000), weights(2, 90_000)
    tensors, models = complexities([("m", [tensor(small, "a"), tensor(large, "b")])], METHOD)
    of = tensors[(tensors.variant == "hundred") & (tensors.measure == "lmc")]
    of = of[of["view"] == "stored"].set_index("tensor").value
    assert model_row(models, "mean", "hundred").value == pytest.approx(0.1 * of.a + 0.9 * of.b)


def test_gaussian_weights_have_no_excess():
    parts = [tensor(weights(i, sigma=10.0**-i), f"t{i}") for i in range(3)]
    _, models = complexities([("m", parts)], Method(RULES, null_draws=200, seed=3))
    for aggregate in ("pooled", "pooled_standardised", "mean"):
        for variant in ("hundred", "rice", "window"):
            row = model_row(models, aggregate, variant)
            assert abs(row.excess) < 4 * row.null_sd + 1e-4, (aggregate, variant)


def test_mixing_widths_shows_against_the_null_of_one_width_only():
    parts = [tensor(weights(i, sigma=s), f"t{i}") for i, s in enumerate((0.01, 0.08))]
    _, models = complexities([("m", parts)], METHOD)
    same_n = model_row(models, "pooled", "window", null_kind="same_n")
    per_tensor = model_row(models, "pooled", "window")
    assert abs(same_n.excess) > 20 * same_n.null_sd
    assert abs(per_tensor.excess) < 4 * per_tensor.null_sd


def test_views_roles_and_layers_hold_the_tensors_they_name():
    parts = [
        tensor(weights(1), "a", view="stored", layer=0, role="convolution"),
        tensor(weights(2), "a", view="folded", layer=0, role="convolution"),
        tensor(weights(3), "b", view="both", layer=1, role="head"),
    ]
    tensors, models = complexities([("m", parts)], METHOD)
    assert set(zip(tensors["view"], tensors.tensor, strict=True)) == {
        ("stored", "a"),
        ("folded", "a"),
        ("stored", "b"),
        ("folded", "b"),
    }
    assert set(models.scope) == {"model", "role:convolution", "role:head", "layer:0", "layer:1"}
    sizes = models[models.variant == "hundred"].groupby("scope").n.unique()
    assert sizes["model"] == [40_000]
    assert sizes["role:head"] == [20_000]


def test_scopes_are_roles_and_known_layers_or_the_model_alone():
    parts = [tensor(weights(1), "a", layer=0), tensor(weights(2), "b", layer=None)]
    for method, scopes in (
        (METHOD, {"model", "role:mlp", "layer:0"}),
        (replace(METHOD, parts=False), {"model"}),
    ):
        _, models = complexities([("m", parts)], method)
        assert set(models.scope) == scopes


def test_undefined_values_carry_the_reason_and_reach_no_mean():
    constant = tensor(np.full(20_000, 0.5), "constant")
    tiny = tensor(weights(1, 50), "tiny")
    good = tensor(weights(2), "good")
    tensors, models = complexities([("m", [constant, tiny, good])], METHOD)
    flags = tensors[tensors.variant == "hundred"].groupby("tensor").flag.first()
    assert "equal" in flags.constant
    assert flags.tiny == "fewer than 50 weights per bin (100 bins)"
    assert tensors[tensors.tensor != "good"].value.isna().all()
    mean = model_row(models, "mean", "hundred")
    assert mean.n == 20_000
    assert mean.flag == "2 of 3 tensors undefined and left out"
    assert "1 constant tensors left out" in model_row(models, "pooled_standardised", "hundred").flag


def test_dead_weights_are_left_out_by_alive_rules_only():
    rng = np.random.default_rng(0)
    dead = np.concatenate([rng.normal(size=30_000), rng.normal(size=10_000) * 1e-30])
    outcome = evaluate(counts(dead), RULES)
    assert outcome["window"].n == 40_000
    assert outcome["window_alive"].n == 30_000
    assert outcome["window_alive"].values["lmc"] == pytest.approx(0.014534, rel=0.1)
    assert outcome["window"].values["lmc"] > 0.02


def test_bins_finer_than_the_type_are_flagged():
    coarse = np.round(weights(5, 400_000) * 64) / 64
    fine = parse_rules(
        {"fine": {"rule": "fixed", "bins": 4096}, "wide": {"rule": "fixed", "bins": 64}}
    )
    values, count = np.unique(coarse, return_counts=True)
    outcome = evaluate(ValueCounts(values, values, count, mantissa_bits=5), fine)
    assert "finer than the spacing" in outcome["fine"].flag
    assert outcome["wide"].flag == ""


def test_order_of_tensors_changes_nothing():
    parts = [tensor(weights(i, sigma=1 + i), f"t{i}", layer=i % 2) for i in range(4)]
    forwards = complexities([("m", parts)], METHOD)
    backwards = complexities([("m", parts[::-1])], METHOD)
    for a, b in zip(forwards, backwards, strict=True):
        pd.testing.assert_frame_equal(a, b)


def test_a_model_that_was_not_measured_has_empty_tables():
    for table in complexities([("m", [])], Method(DEFAULT_RULES, 8, 0)):
        assert table.empty


def code_tensor(seed: int, name: str, dtype: str = "gptq_int8", n: int = 40_000) -> CountedTensor:
    """Codes of Gaussian weights on the 255 levels of symmetric 8-bit quantisation."""
    codes = np.clip(np.rint(weights(seed, n) / 4.5 * 127), -127, 127).astype(np.int8)
    return CountedTensor(
        "both", name, 0, 0, "mlp", count(Tensor(name, dtype, (n,), codes)).values()
    )


def test_codes_are_measured_over_their_alphabet_without_bins():
    tensors, models = complexities([("m", [code_tensor(1, "a"), code_tensor(2, "b")])], METHOD)
    codes = tensors[(tensors.variant == "codes") & (tensors.measure == "lmc")]
    histogram = code_tensor(1, "a").counts.code_histogram()
    assert len(histogram) == 256
    expected = float(measure(probabilities(histogram))["lmc"])
    assert codes[codes.tensor == "a"].value.unique() == pytest.approx([expected])
    others = tensors[tensors.variant != "codes"]
    assert others.value.isna().all()
    assert others.flag.str.contains("variant codes").all()
    pooled = model_row(models, "pooled", "codes")
    assert pooled.n == 80_000
    assert pooled.value == pytest.approx(expected, rel=0.01)
    assert np.isnan(pooled.null)
    assert np.isnan(model_row(models, "pooled_standardised", "codes").value)
    assert np.isnan(model_row(models, "pooled", "window").value)


def test_codes_are_not_pooled_with_numbers_or_codes_of_another_type():
    numbers = tensor(weights(3), "n")
    mixed = [numbers, code_tensor(1, "a"), code_tensor(2, "b", "llm_int8")]
    _, models = complexities([("m", mixed)], METHOD)
    _, alone = complexities([("m", [numbers])], METHOD)
    for aggregate in ("pooled", "pooled_standardised", "mean"):
        found = model_row(models, aggregate, "window")
        assert found.value == model_row(alone, aggregate, "window").value
        assert found.flag == "2 tensors of codes left out"
        undefined = model_row(models, aggregate, "codes")
        assert np.isnan(undefined.value)
        assert "gptq_int8, llm_int8" in undefined.flag
    assert "codes" not in set(alone.variant)
    with pytest.raises(ValueError, match="do not mix"):
        merge([part.counts for part in mixed])
    with pytest.raises(ValueError, match="no alphabet"):
        numbers.counts.code_histogram()
