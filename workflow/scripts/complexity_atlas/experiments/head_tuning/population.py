"""The population of a head: a chain of hidden states, features of them, and what is best linear.

z one-hot states of a chain A (d × d) with stationary distribution π
x = zW + u, u ~ N(0, σ² I_p)       features
y = zA + ξ, the next state         Cov ξ = diag(π) - Aᵀ diag(π) A
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from complexity_atlas.experiments.head_tuning.settings import ChainSettings

UNIFORM_SHARE = 0.05
"""Of every row of A, so that each state is reached from each."""


@dataclass(frozen=True, eq=False)
class Chain:
    """transitions: A, float64[d, d], rows sum to 1; stationary: π, float64[d], π = πA."""

    transitions: NDArray[np.float64]
    stationary: NDArray[np.float64]

    @property
    def states(self) -> int:
        """d."""
        return len(self.stationary)


@dataclass(frozen=True, eq=False)
class Population:
    """Features of a width p; W is `embedding`, float64[d, p], σ is `noise`."""

    chain: Chain
    embedding: NDArray[np.float64]
    noise: float

    @property
    def width(self) -> int:
        """p."""
        return self.embedding.shape[1]

    @cached_property
    def best(self) -> NDArray[np.float64]:
        """B* = Σ_x⁻¹ WᵀΣ_z A, the best linear head; float64[p, d]."""
        pi, w, variance = self.chain.stationary, self.embedding, self.noise**2
        # Σ_x⁻¹Wᵀ = Wᵀ(Σ_z WWᵀ + σ²I)⁻¹, a d × d system however wide the features.
        inner = pi[:, None] * (w @ w.T) + variance * np.eye(len(pi))
        return w.T @ np.linalg.solve(inner, pi[:, None] * self.chain.transitions)

    @cached_property
    def irreducible(self) -> float:
        """tr Σ_ε, the risk of the best head: what is missing in x, and the noise ξ of the chain.

        Σ_ε = AᵀΣ_zA - B*ᵀΣ_xB* + diag(π) - AᵀΣ_zA, so the trace is 1 - tr B*ᵀΣ_xB*.
        """
        return 1.0 - self.norm(self.best)

    def norm(self, head: NDArray[np.float64]) -> float:
        """tr BᵀΣ_xB of a head B, float64[p, k]: the mean square of its outputs."""
        through = self.embedding @ head
        return float((self.chain.stationary @ through**2).sum() + self.noise**2 * (head**2).sum())

    @cached_property
    def spectrum(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eigenvalues s_i of Σ_x, descending, and ‖v_iᵀB*‖²; float64[p] each.

        Σ_x = WᵀΣ_zW + σ²I has at most d eigenvalues above σ².
        """
        root = np.sqrt(self.chain.stationary)[:, None] * self.embedding
        _, singular, directions = np.linalg.svd(root, full_matrices=False)
        shares = ((directions @ self.best) ** 2).sum(axis=1)
        rest = self.width - len(singular)
        # B* lies in the row space of W, so the remaining directions have no part of it.
        eigenvalues = np.concatenate([singular**2, np.zeros(rest)]) + self.noise**2
        return eigenvalues, np.concatenate([shares, np.zeros(rest)])


def draw_chain(states: int, concentration: float, rng: np.random.Generator) -> Chain:
    """Rows of A from a symmetric Dirichlet, mixed with UNIFORM_SHARE of the uniform distribution.

    A small concentration makes the next state predictable, a large one nearly uniform.
    """
    rows = rng.dirichlet(np.full(states, concentration), states)
    transitions = (1 - UNIFORM_SHARE) * rows + UNIFORM_SHARE / states
    return Chain(transitions, stationary(transitions))


def stationary(transitions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distribution π = πA of a chain without absorbing parts; float64[d], sums to 1."""
    d = len(transitions)
    # One equation of π(A - I) = 0 follows from the others; the sum takes its place.
    equations = np.vstack([(transitions.T - np.eye(d))[:-1], np.ones(d)])
    return np.linalg.solve(equations, np.eye(d)[-1])


def populations(chain: ChainSettings, widths: tuple[int, ...], seed: int) -> list[Population]:
    """A population per width: the same chain, and the first p columns of one W of N(0, 1) entries.

    So the features of a narrow head are among those of a wider one.
    """
    of_chain, of_embedding = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    drawn = draw_chain(chain.states, chain.concentration, of_chain)
    # Drawn column by column, so that another largest width changes no narrower one.
    embedding = of_embedding.normal(size=(max(widths), chain.states)).T
    return [Population(drawn, embedding[:, :width], chain.noise) for width in widths]
