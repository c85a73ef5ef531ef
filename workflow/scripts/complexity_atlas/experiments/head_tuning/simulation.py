"""The same risks by simulation: draw a training set, fit the head, compare with the best one.

The excess risk of a fitted head is computed from Σ_x, not estimated on a test set. States are drawn
in three ways: `gaussian` z ~ N(0, diag π) with Gaussian ξ, for which the theory is made; `iid`
one-hot states from π, each with a next state; `markov` one path of the chain.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from complexity_atlas.experiments.head_tuning.population import Chain, Population

Sample = tuple[NDArray[np.float64], NDArray[np.float64]]
"""States z and targets y, float64[n, d] each."""


def gaussian(chain: Chain, samples: int, rng: np.random.Generator) -> Sample:
    """z ~ N(0, diag π), y = zA + ξ with Gaussian ξ of the covariance of the next state."""
    pi, a = chain.stationary, chain.transitions
    z = rng.normal(size=(samples, chain.states)) * np.sqrt(pi)
    covariance = np.diag(pi) - a.T @ (pi[:, None] * a)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return z, z @ a + rng.normal(size=(samples, chain.states)) @ root.T


def iid(chain: Chain, samples: int, rng: np.random.Generator) -> Sample:
    """Independent one-hot states from π, and the state after each."""
    state = _draw(np.cumsum(chain.stationary)[None, :], rng.random(samples))
    following = _draw(np.cumsum(chain.transitions, axis=1)[state], rng.random(samples))
    return _one_hot(state, following, chain.states)


def markov(chain: Chain, samples: int, rng: np.random.Generator) -> Sample:
    """A path of n + 1 one-hot states that begins in π: each state, and the next."""
    rows = np.cumsum(chain.transitions, axis=1)
    path = [int(_draw(np.cumsum(chain.stationary)[None, :], rng.random(1))[0])]
    for share in rng.random(samples):
        path.append(min(int(np.searchsorted(rows[path[-1]], share, "right")), chain.states - 1))
    return _one_hot(np.array(path[:-1]), np.array(path[1:]), chain.states)


KINDS: dict[str, Callable[[Chain, int, np.random.Generator], Sample]] = {
    "gaussian": gaussian,
    "iid": iid,
    "markov": markov,
}


def simulate(
    population: Population,
    kind: str,
    samples: int,
    penalties: tuple[float, ...],
    repetitions: int,
    seed: int,
) -> pd.DataFrame:
    """Bias, variance and excess risk of `repetitions` training sets for every penalty.

    Columns penalty, repetition, bias, variance, excess. Bias is the excess risk of the head fitted
    to targets without noise, variance the norm of what noise adds to it; their sum is the excess
    risk but for a product that averages out.
    """
    rng = np.random.default_rng([seed, list(KINDS).index(kind), population.width])
    rows = []
    for repetition in range(repetitions):
        z, y = KINDS[kind](population.chain, samples, rng)
        x = z @ population.embedding
        x += population.noise * rng.normal(size=x.shape)
        targets = np.hstack([y, x @ population.best])
        for penalty in penalties:
            fitted, clean = np.hsplit(fit(x, targets, penalty), 2)
            rows.append(
                {
                    "penalty": penalty,
                    "repetition": repetition,
                    "bias": population.norm(clean - population.best),
                    "variance": population.norm(fitted - clean),
                    "excess": population.norm(fitted - population.best),
                }
            )
    return pd.DataFrame(rows)


def fit(x: NDArray, y: NDArray, penalty: float) -> NDArray[np.float64]:
    """The head (XᵀX + nλI)⁻¹XᵀY, at λ = 0 of the least norm; float64[p, k].

    Through the smaller of the two Gram matrices, which must not be singular at λ = 0.
    """
    samples, width = x.shape
    wide = width > samples
    gram = x @ x.T if wide else x.T @ x
    gram[np.diag_indices_from(gram)] += samples * penalty
    factor = cho_factor(gram, lower=True, overwrite_a=True)
    return x.T @ cho_solve(factor, y) if wide else cho_solve(factor, x.T @ y)


def _draw(cumulative: NDArray, share: NDArray) -> NDArray[np.int64]:
    """The state whose interval holds each share; rounding never leads past the last state."""
    return np.minimum((share[:, None] >= cumulative).sum(axis=1), cumulative.shape[1] - 1)


def _one_hot(state: NDArray, following: NDArray, states: int) -> Sample:
    return np.eye(states)[state], np.eye(states)[following]
