import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complexity_atlas.spectra.measures import (
    OF_ONE_MATRIX,
    SCALE_FREE,
    SPECTRAL_MEASURES,
    noise_log_condition,
    pooled_measures,
    rescaled,
    spectral_measures,
)
from complexity_atlas.spectra.nulls import SpectralNulls, gaussian_singular_values


def of_matrix(matrix: np.ndarray):
    return spectral_measures(np.linalg.svd(matrix, compute_uv=False), *matrix.shape)


def test_an_orthogonal_matrix_has_condition_1_and_full_ranks():
    q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 40)))
    found = of_matrix(q).values
    assert found["log_condition"] == pytest.approx(0, abs=1e-12)
    for name in ("stable_rank", "effective_rank"):
        assert found[name] == pytest.approx(40)
    assert found["frobenius_norm"] == pytest.approx(np.sqrt(40))
    assert found["spectral_norm"] == pytest.approx(1)
    assert found["spectral_entropy"] == pytest.approx(1)
    assert found["spectral_lmc"] == pytest.approx(0, abs=1e-12)


def test_known_values_of_three_singular_values():
    found = spectral_measures(np.array([2.0, 1.0, 1.0]), 5, 3).values
    assert found["stable_rank"] == pytest.approx(1.5)
    assert found["effective_rank"] == pytest.approx(2**1.5)  # entropy of 1/2, 1/4, 1/4
    assert found["log_condition"] == pytest.approx(np.log(2))
    p = np.array([4, 1, 1]) / 6
    assert found["spectral_entropy"] == pytest.approx(-(p * np.log(p)).sum() / np.log(3))
    assert found["spectral_lmc"] == pytest.approx(
        found["spectral_entropy"] * ((p - 1 / 3) ** 2).sum()
    )


@pytest.mark.parametrize(("columns", "condition"), [(100, 1.89), (250, 2.96), (500, 5.67)])
def test_the_condition_of_gaussian_matrices_is_marchenko_and_pasturs(columns, condition):
    s = gaussian_singular_values(1000, columns, 20, seed=1)
    assert np.exp(np.log(s[:, 0] / s[:, -1]).mean()) == pytest.approx(condition, rel=0.02)
    limit = np.sqrt(columns / 1000)
    expected = np.log((1 + limit) / (1 - limit))
    assert noise_log_condition(1000, columns) == pytest.approx(expected)
    assert noise_log_condition(columns, 1000) == pytest.approx(expected)


def test_the_condition_of_square_gaussian_matrices_is_edelmans():
    s = gaussian_singular_values(100, 100, 1000, seed=1)
    error = np.log(s[:, 0] / s[:, -1]).mean() - noise_log_condition(100, 100)
    assert error == pytest.approx(0, abs=0.15)  # standard error .04, and a bias of 1/n
    assert noise_log_condition(1000, 1001) <= noise_log_condition(1000, 1000)


def test_noise_has_a_soft_rank_of_1_and_spikes_lower_it():
    s = gaussian_singular_values(800, 400, 8, seed=2)
    soft = [spectral_measures(row, 800, 400).values["soft_rank"] for row in s]
    assert np.mean(soft) == pytest.approx(1, abs=0.03)
    spiked = np.concatenate([[10 * s[0, 0], 8 * s[0, 0]], s[0, 2:]])
    assert spectral_measures(spiked, 800, 400).values["soft_rank"] == pytest.approx(0.01, rel=0.05)


def test_alpha_and_what_rests_on_it():
    eigenvalues = np.random.default_rng(0).pareto(2.0, 300) + 1
    s = np.sort(np.sqrt(eigenvalues))[::-1]
    found = spectral_measures(s, 400, 300).values
    alpha = found["alpha"]
    assert found["alpha_hat"] == pytest.approx(alpha * np.log10(s[0] ** 2))
    assert found["log_alpha_norm"] == pytest.approx(np.log10(np.sum(s ** (2 * alpha))))
    assert np.abs(eigenvalues - found["alpha_xmin"]).min() < 1e-9


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([1e-120, 1e-3, 7.0, 1e100]))
def test_a_factor_changes_norms_only(rows, columns, factor):
    s = gaussian_singular_values(rows, columns, 1, seed=3)[0]
    plain = spectral_measures(s, rows, columns).values
    scaled = spectral_measures(s * factor, rows, columns).values
    expected = rescaled(plain, factor)
    assert set(scaled) == set(SPECTRAL_MEASURES)
    for name in SPECTRAL_MEASURES:
        assert scaled[name] == pytest.approx(expected[name], rel=1e-6, nan_ok=True)
        if name in SCALE_FREE:
            assert expected[name] == pytest.approx(plain[name], nan_ok=True)


def test_what_is_undefined_says_why():
    zeros = spectral_measures(np.zeros(30), 30, 40)
    assert np.isnan(list(zeros.values.values())).all()
    assert set(zeros.flags.values()) == {"all weights are zero"}
    line = spectral_measures(np.array([3.0] + [1e-17] * 29), 30, 40)
    assert line.values["stable_rank"] == pytest.approx(1)
    assert line.flags["log_condition"] == "singular: rank 1 of 30"
    assert np.isnan(line.values["log_condition_excess"])
    assert line.flags["alpha"] == "fewer than 20 eigenvalues"
    vector = spectral_measures(np.array([2.0]), 1, 40)
    assert vector.values["log_condition"] == vector.values["log_condition_excess"] == 0
    assert vector.flags["spectral_entropy"] == "a single value"
    equal = spectral_measures(np.ones(30), 30, 30)
    assert equal.flags["alpha"] == "all values are equal"


def test_a_pool_is_the_block_diagonal_matrix():
    a, b = np.diag([3.0, 1.0]), np.diag([2.0, 2.0, 0.5])
    block = np.block([[a, np.zeros((2, 3))], [np.zeros((3, 2)), b]])
    pooled = pooled_measures(np.array([3.0, 2.0, 2.0, 1.0, 0.5]), 3).values
    whole = of_matrix(block).values
    for name in set(SPECTRAL_MEASURES) - set(OF_ONE_MATRIX):
        assert pooled[name] == pytest.approx(whole[name])
    assert np.isnan([pooled[name] for name in OF_ONE_MATRIX]).all()


@pytest.mark.parametrize(("rows", "columns"), [(7, 4), (4, 7), (6, 6), (5, 1)])
def test_drawn_spectra_have_the_law_of_gaussian_matrices(rows, columns):
    drawn = gaussian_singular_values(rows, columns, 4000, seed=5)
    matrices = np.random.default_rng(6).standard_normal((4000, rows, columns))
    sampled = np.linalg.svd(matrices, compute_uv=False)
    assert drawn.shape == sampled.shape
    error = np.sqrt(sampled.var(axis=0) * 2 / 4000)
    assert (np.abs(drawn.mean(axis=0) - sampled.mean(axis=0)) < 4.5 * error).all()
    np.testing.assert_allclose(drawn.std(axis=0), sampled.std(axis=0), rtol=0.08)


def test_draws_of_a_shape_are_always_the_same():
    first = gaussian_singular_values(30, 20, 3, seed=5)
    np.testing.assert_array_equal(first, gaussian_singular_values(20, 30, 7, seed=5)[:3])
    assert not (first == gaussian_singular_values(30, 20, 3, seed=6)).any()


def test_nulls_have_the_width_of_the_matrix():
    nulls = SpectralNulls(draws=4, seed=1)
    null = nulls.of_matrix((60, 40), 0.02)
    assert null["frobenius_norm"].mean() == pytest.approx(0.02 * np.sqrt(2400), rel=0.02)
    pooled = nulls.of_pool([(60, 40)] * 3, [0.02, 0.02, 0.04])
    expected = np.sqrt(2400 * (2 * 0.02**2 + 0.04**2))
    assert pooled["frobenius_norm"].mean() == pytest.approx(expected, rel=0.02)
    assert pooled["frobenius_norm"].std() > 0
