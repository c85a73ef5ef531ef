import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from complexity_atlas.complexity.measures import lmc, probabilities
from complexity_atlas.contracts import CODES, write_table
from complexity_atlas.counts.counting import count
from complexity_atlas.counts.saved import CountedTensor
from complexity_atlas.quantisation.codes import BLOCK, LEVELS, codes_by_block, codes_by_tensor
from complexity_atlas.quantisation.complexities import (
    order_after_quantisation,
    quantised_complexities,
    read_codes,
)
from complexity_atlas.weights.tensors import Tensor

GAUSSIAN = np.random.default_rng(0).standard_normal(1 << 20)


def nearest(weights: np.ndarray, levels: np.ndarray, scale: float) -> tuple[np.ndarray, int]:
    """Codes by their definition, the level that is nearest; and how many are half-way."""
    share = weights / scale if scale else weights
    distance = np.abs(share[:, None] - levels)
    best, second = np.partition(distance, 1, axis=1)[:, :2].T
    return np.argmin(distance, axis=1), int(np.sum(second - best < 1e-12))


@pytest.mark.parametrize(
    ("name", "expected"), [("nf4", 0.00834), ("int4", 0.0317), ("int8", 0.00177)]
)
def test_known_complexities_of_gaussian_weights_by_block(name, expected):
    found = codes_by_block(GAUSSIAN)[name]
    assert float(lmc(probabilities(found.counts))) == pytest.approx(expected, rel=0.01)


def test_complexities_by_tensor_follow_the_largest_weight():
    """METHODS gives .0935 and .00688 for a scale of 5.6 standard deviations."""
    scaled = np.clip(GAUSSIAN, -5.6, 5.6)
    scaled[0] = 5.6
    found = codes_by_tensor(count(Tensor.of("t", scaled)).values())
    assert float(lmc(probabilities(found["int4"].counts))) == pytest.approx(0.0935, rel=0.02)
    assert float(lmc(probabilities(found["int8"].counts))) == pytest.approx(0.00688, rel=0.02)


weights = hnp.arrays(
    np.float64,
    st.integers(1, 200),
    elements=st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf]),
)


@settings(max_examples=60, deadline=None)
@given(weights)
def test_codes_are_the_nearest_levels(values):
    found = codes_by_block(values)
    for name, levels in LEVELS.items():
        counts, error, ties = np.zeros(len(levels), np.int64), 0.0, 0
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK]
            block = block[np.isfinite(block)]
            scale = np.abs(block).max(initial=0.0)
            code, half_way = nearest(block, levels, scale)
            ties += half_way
            counts += np.bincount(code, minlength=len(levels))
            error += np.sum((block - levels[code] * scale) ** 2)
        assert np.abs(found[name].counts - counts).sum() <= 2 * ties
        assert found[name].squared_error == pytest.approx(error, rel=1e-9, abs=1e-9)
        finite = values[np.isfinite(values)]
        assert found[name].squares == pytest.approx(np.sum(finite**2))


@settings(max_examples=40, deadline=None)
@given(weights)
def test_one_block_is_one_tensor(values):
    values = values[:BLOCK]
    counts = count(Tensor.of("t", values)).values()
    if not counts.n:
        with pytest.raises(ValueError, match="nothing is finite"):
            codes_by_tensor(counts)
        return
    by_tensor, by_block = codes_by_tensor(counts), codes_by_block(values)
    for name in LEVELS:
        ties = nearest(values[np.isfinite(values)], LEVELS[name], np.nanmax(np.abs(counts.lower)))[
            1
        ]
        assert np.abs(by_tensor[name].counts - by_block[name].counts).sum() <= 2 * ties
        assert by_tensor[name].squared_error == pytest.approx(
            by_block[name].squared_error, rel=1e-9, abs=1e-9
        )


def test_zeros_have_the_code_of_zero_and_no_error():
    for found in codes_by_block(np.zeros(100, np.float32)).values():
        assert found.counts[np.flatnonzero(found.counts)].tolist() == [100]
        assert np.isnan(found.relative_error)
    assert LEVELS["nf4"][np.flatnonzero(found.counts)[0]] == 0


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e300])
def test_the_smallest_and_the_largest_weights_have_codes(scale):
    values = np.array([-1.0, 1.0, 0.0, 1.0]) * scale
    for name, found in codes_by_block(values).items():
        assert found.counts.sum() == 4
        assert found.counts[[0, -1]].tolist() == [1, 2], name


def test_blocks_do_not_depend_on_chunks():
    values = GAUSSIAN[: (1 << 15) + 100].astype(ml_dtypes.bfloat16)
    whole = codes_by_block(values)
    parts = codes_by_block(values[: 1 << 15]), codes_by_block(values[1 << 15 :])
    for name in LEVELS:
        np.testing.assert_array_equal(whole[name].counts, sum(p[name].counts for p in parts))
        errors = [p[name].squared_error for p in parts]
        assert whole[name].squared_error == pytest.approx(sum(errors), rel=1e-12)


def counted(name, values, view="both"):
    return CountedTensor(view, name, None, None, "mlp", count(Tensor.of(name, values)).values())


def test_a_model_is_the_sum_of_its_tensors(tmp_path):
    arrays = {"a": GAUSSIAN[:640], "b": 3 * GAUSSIAN[640:1920]}
    rows = [
        {"view": "both", "tensor": name, "type": kind} | vars(codes)
        for name, values in arrays.items()
        for kind, codes in codes_by_block(values).items()
    ]
    write_table(pd.DataFrame(rows), tmp_path / "codes.parquet", CODES)
    tensors = [counted(name, values) for name, values in arrays.items()]
    found = quantised_complexities("m", tensors, read_codes(tmp_path / "codes.parquet"))
    assert len(found) == 2 * 3 * 2  # views, types, scales
    row = found[(found["view"] == "folded") & (found.type == "nf4") & (found["scale"] == "block")]
    whole = codes_by_block(np.concatenate(list(arrays.values())))["nf4"]
    assert row.n.item() == 1920
    assert row.lmc.item() == pytest.approx(float(lmc(probabilities(whole.counts))))
    assert row.relative_error.item() == pytest.approx(whole.relative_error)
    errors = found[found.type == "int4"].groupby("scale").relative_error.first()
    assert errors["tensor"] > errors["block"]


def test_a_model_without_weights_has_no_rows():
    assert quantised_complexities("m", [], {}).empty


def test_order_survives_or_not():
    quantised = pd.DataFrame(
        {"model": list("abcd"), "view": "folded", "type": "nf4", "scale": "block", "n": 9}
        | {"levels": 16, "lmc": [0.1, 0.2, 0.3, 0.05], "entropy": 0.5, "disequilibrium": 0.1}
        | {"c_js": 0.1, "relative_error": [0.01, 0.02, 0.03, 0.5]}
    )
    original = pd.Series([0.3, 0.2, 0.1, 0.4], list("abcd"))
    groups = pd.Series(["x", "x", "x", "y"], list("abcd"))
    found = order_after_quantisation(quantised, original, groups, "folded").set_index("group")
    assert found.tau["x"] == pytest.approx(-1)
    assert found.relative_error["x"] == pytest.approx(0.02)
    assert np.isnan(found.tau["y"])
    assert found.n_models.to_dict() == {"x": 3, "y": 1}
