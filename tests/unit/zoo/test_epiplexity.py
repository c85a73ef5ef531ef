import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complexity_atlas.experiments.zoo.epiplexity import k_auc


@given(
    beta=st.floats(0.1, 0.8),
    scale=st.floats(0.1, 1e3),
    floor=st.floats(0, 5),
    end=st.floats(1e4, 1e8),
)
def test_power_law_has_its_closed_form(beta, scale, floor, end):
    tokens = np.geomspace(end * 1e-15, end, 20_001)
    loss = floor + (tokens / scale) ** -beta
    expected = beta / (1 - beta) * scale**beta * end ** (1 - beta)
    # What lies before the first point is missing: 1e-15 ** (1 - beta) of the area under the curve.
    missing = 1e-15 ** (1 - beta) / beta
    assert k_auc(tokens, loss, np.nextafter(end, np.inf), smooth=0) == pytest.approx(
        expected, rel=1e-4 + 2 * missing
    )


def test_smoothing_costs_little_on_a_power_law():
    tokens = np.arange(1, 100_001) * 100.0
    loss = 2 + (tokens / 50) ** -0.5
    exact, smooth = (k_auc(tokens, loss, 1e7, smooth=share) for share in (0, 0.1))
    assert smooth == pytest.approx(exact * (1 - 0.1 / 2 * 0.5), rel=0.01)


@pytest.mark.parametrize("states", [2, 3])
def test_krichevsky_trofimov_learner_of_a_markov_chain(states):
    """Its regret grows by d(d-1)/2 bits per doubling: half a bit per free parameter."""
    rng = np.random.default_rng(1)
    chain = rng.dirichlet(np.full(states, 5.0), states)
    sequences, length = 1000, 2**12
    loss = _expected_loss_of_kt(chain, sequences, length, rng).mean(axis=0)
    ends = 2 ** np.arange(7, 13)
    areas = [k_auc(np.arange(length), loss, end, smooth=0) for end in ends]
    slope = np.polyfit(np.log2(ends), areas, 1)[0]
    assert slope == pytest.approx(states * (states - 1) / 2, rel=0.1)


def _expected_loss_of_kt(chain, sequences, length, rng):
    """Bits that the KT estimator expects to spend on the next symbol, in float[sequence, time]."""
    states = len(chain)
    stationary = np.linalg.matrix_power(chain, 200)[0]
    counts = np.full((sequences, states, states), 0.5)
    at = rng.choice(states, sequences, p=stationary)
    row = np.arange(sequences)
    loss = np.empty((sequences, length))
    for time in range(length):
        estimate = counts / counts.sum(axis=2, keepdims=True)
        loss[:, time] = -(stationary[:, None] * chain * np.log2(estimate)).sum(axis=(1, 2))
        following = (rng.random(sequences)[:, None] > chain[at].cumsum(axis=1)[:, :-1]).sum(axis=1)
        counts[row, at, following] += 1
        at = following
    return loss


def test_a_flat_curve_has_no_epiplexity():
    assert k_auc([0, 10, 20], [3.0, 3.0, 3.0], 30) == 0


def test_only_the_curve_before_the_moment_counts():
    tokens, loss = np.arange(0, 100, 10), np.linspace(5, 1, 10)
    assert k_auc(tokens, loss, 50) == k_auc(tokens[:5], loss[:5], 50)


def test_nothing_before_the_moment_is_nan():
    assert np.isnan(k_auc([10, 20], [2.0, 1.0], 10))


@pytest.mark.parametrize(
    ("tokens", "loss"),
    [([0, 0], [1.0, 1.0]), ([-1, 0], [1.0, 1.0]), ([0, 1], [1.0, np.nan]), ([0, 1], [1.0])],
)
def test_what_is_no_curve_is_refused(tokens, loss):
    with pytest.raises(ValueError):
        k_auc(tokens, loss, 5)
