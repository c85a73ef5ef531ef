"""Head tuning: theory against dense linear algebra and known values, simulation against theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import bisect
from sklearn.linear_model import Ridge

from complexity_atlas.experiments.head_tuning import experiment, population, simulation, theory
from complexity_atlas.experiments.head_tuning.settings import ChainSettings, Settings

SPARSE = ChainSettings(20, 0.1, 0.5, ("gaussian",))
KNOWN = {10: 0.0424, 40: 0.1736, 100: 0.6624, 180: 6.1339, 220: 6.5184, 300: 1.3523} | {
    600: 0.3850,
    2000: 0.1355,
}
"""Excess risk without a penalty, n = 200, for one draw of W."""

DRAWS = {10: 0.1, 40: 0.03}
"""How far the risk at few features moves with W, three standard deviations over 300 draws."""


@pytest.fixture(scope="module")
def populations():
    found = population.populations(SPARSE, tuple(KNOWN), seed=0)
    return {one.width: one for one in found}


def dense(one: population.Population):
    """Σ_x, B* and Σ_ε by their definitions."""
    pi, a, w = one.chain.stationary, one.chain.transitions, one.embedding
    sigma_x = w.T @ np.diag(pi) @ w + one.noise**2 * np.eye(one.width)
    best = np.linalg.solve(sigma_x, w.T @ np.diag(pi) @ a)
    sigma_z = np.diag(pi)
    next_state = sigma_z - a.T @ sigma_z @ a
    return sigma_x, best, a.T @ sigma_z @ a - best.T @ sigma_x @ best + next_state


def dense_risk(one: population.Population, n: int, penalty: float) -> tuple[float, float]:
    sigma_x, best, noise = dense(one)
    s, v = np.linalg.eigh(sigma_x)
    kappa = bisect(lambda k: (s / (s + k)).sum() + n * penalty / k - n, 1e-9, 1e6, xtol=1e-15)
    df2 = (s**2 / (s + kappa) ** 2).sum()
    shares = ((v.T @ best) ** 2).sum(axis=1)
    bias = kappa**2 * (s * shares / (s + kappa) ** 2).sum() * n / (n - df2)
    return bias, np.trace(noise) * df2 / (n - df2)


@pytest.mark.parametrize("width", [10, 40, 300])
def test_population_agrees_with_dense_matrices(populations, width):
    one = populations[width]
    sigma_x, best, noise = dense(one)
    np.testing.assert_allclose(one.best, best, atol=1e-10)
    assert one.irreducible == pytest.approx(np.trace(noise), rel=1e-9)
    assert one.norm(best) == pytest.approx(np.trace(best.T @ sigma_x @ best), rel=1e-9)
    np.testing.assert_allclose(one.spectrum[0], np.linalg.eigvalsh(sigma_x)[::-1], rtol=1e-8)


@pytest.mark.parametrize(("width", "penalty"), [(300, 0.0), (220, 0.0), (40, 0.1), (300, 0.1)])
def test_theory_agrees_with_dense_matrices(populations, width, penalty):
    found = theory.risk(populations[width], 200, penalty)
    bias, variance = dense_risk(populations[width], 200, penalty)
    assert found.bias == pytest.approx(bias, rel=1e-6)
    assert found.variance == pytest.approx(variance, rel=1e-6)


@pytest.mark.parametrize("width", KNOWN)
def test_theory_gives_the_known_risks(populations, width):
    found = theory.risk(populations[width], 200).excess
    assert found == pytest.approx(KNOWN[width], rel=DRAWS.get(width, 0.005))


def test_the_peak_is_where_features_are_as_many_as_samples():
    found = population.populations(SPARSE, (150, 190, 199, 200, 201, 210, 250), seed=0)
    risks = {one.width: theory.risk(one, 200).excess for one in found}
    assert all(np.isinf(risks[width]) for width in (199, 200, 201))
    assert risks[150] < risks[190] > risks[250] < risks[210]


@pytest.mark.parametrize(("concentration", "lowest"), [(0.02, range(20, 81)), (5.0, range(5, 6))])
def test_total_risk_has_a_first_minimum_only_for_an_informative_chain(concentration, lowest):
    chain = ChainSettings(20, concentration, 1.0, ())
    widths = (5, 10, 15, 20, 30, 40, 50, 60, 80, 100, 140, 180)
    for seed in range(5):
        total = [
            one.irreducible + theory.risk(one, 200).excess
            for one in population.populations(chain, widths, seed)
        ]
        assert widths[int(np.argmin(total))] in lowest


@given(st.integers(2, 12), st.floats(0.02, 5), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_stationary_distribution_stays(states, concentration, seed):
    chain = population.draw_chain(states, concentration, np.random.default_rng(seed))
    np.testing.assert_allclose(chain.transitions.sum(axis=1), 1)
    assert chain.stationary.sum() == pytest.approx(1)
    assert (chain.stationary > 0).all()
    np.testing.assert_allclose(chain.stationary @ chain.transitions, chain.stationary, atol=1e-9)


def test_another_largest_width_changes_no_narrower_features():
    few, many = (population.populations(SPARSE, widths, 0)[0] for widths in ((5,), (5, 50)))
    np.testing.assert_array_equal(few.embedding, many.embedding)


@pytest.mark.parametrize("width", [6, 40])
def test_fit_is_least_norm_and_ridge(width):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(15, width)), rng.normal(size=(15, 3))
    np.testing.assert_allclose(simulation.fit(x, y, 0.0), np.linalg.pinv(x) @ y, atol=1e-9)
    ridge = Ridge(alpha=15 * 0.2, fit_intercept=False).fit(x, y)
    np.testing.assert_allclose(simulation.fit(x, y, 0.2), ridge.coef_.T, atol=1e-9)


@pytest.mark.parametrize("kind", simulation.KINDS)
def test_states_and_targets_have_the_moments_of_the_chain(kind):
    chain = population.draw_chain(4, 0.5, np.random.default_rng(0))
    z, y = simulation.KINDS[kind](chain, 40_000, np.random.default_rng(1))
    pi, a = chain.stationary, chain.transitions
    np.testing.assert_allclose(z.T @ z / len(z), np.diag(pi), atol=0.02)
    np.testing.assert_allclose(z.T @ y / len(z), pi[:, None] * a, atol=0.02)
    # Of the stationary chain, y has the distribution of z.
    np.testing.assert_allclose(y.T @ y / len(y), np.diag(pi), atol=0.02)


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("gaussian", -0.05, 0.05), ("markov", -0.05, 0.12)]
)
def test_simulation_agrees_with_theory(populations, kind, low, high):
    """Tolerances of the experiment: 5 %, for Markov states -5 to +12 %; p/n away from 1."""
    for width in (40, 300):
        drawn = simulation.simulate(populations[width], kind, 200, (0.0, 0.1), 60, seed=0)
        for penalty, rows in drawn.groupby("penalty"):
            expected = theory.risk(populations[width], 200, penalty)
            assert low <= rows.excess.mean() / expected.excess - 1 <= high
            parts = rows.bias.mean() + rows.variance.mean()
            assert parts == pytest.approx(rows.excess.mean(), rel=0.02)


def test_the_table_has_every_cell_and_is_the_same_every_time():
    chosen = Settings.from_config(
        {
            "samples": 30,
            "states": 4,
            "widths": [10, 3, 60],
            "penalties": [0.1, 0],
            "repetitions": 3,
            "chains": {
                "first": {"concentration": 0.1, "noise": 1, "data": ["iid", "markov"]},
                "second": {"concentration": 5, "noise": 0.5, "data": ["gaussian"]},
            },
            "chain_seed": 0,
        }
    )
    table = experiment.risk_table(chosen, seed=5)
    assert len(table) == 3 * 3 * 2
    assert table.equals(experiment.risk_table(chosen, seed=5))
    assert not table.excess.equals(experiment.risk_table(chosen, seed=6).excess)
    spectrum = experiment.spectrum_table(chosen)
    assert spectrum.groupby(["chain", "width"]).size().tolist() == [3, 8, 8] * 2
    assert spectrum[spectrum["rank"] > 4].eigenvalue.isin([1.0, 0.25]).all()
