"""Risk of a head fitted to n samples: what random matrix theory says of it.

Excess risk is tr (B̂ - B*)ᵀΣ_x(B̂ - B*), averaged over training sets; bias is its part that is there
without noise. The total risk adds tr Σ_ε. For Gaussian features, and nearly so for others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from complexity_atlas.experiments.head_tuning.population import Population


@dataclass(frozen=True)
class Risk:
    """Parts of the excess risk; infinite where there are about as many features as samples."""

    bias: float
    variance: float

    @property
    def excess(self) -> float:
        """Bias and variance together."""
        return self.bias + self.variance


def risk(population: Population, samples: int, penalty: float = 0.0) -> Risk:
    """Excess risk of ridge regression with penalty n·λ; λ = 0 is least squares or least norm.

    Without a penalty and with p < n - 1 it is exact for Gaussian noise: tr Σ_ε · p / (n - p - 1).
    Otherwise, with the eigenvalues s of Σ_x and the κ of `effective_penalty`,

        df₂ = Σ s²/(s+κ)²,  variance = tr Σ_ε · df₂/(n - df₂),
        bias = κ² Σ s_i ‖v_iᵀB*‖²/(s_i+κ)² · n/(n - df₂),

    which is exact as n, p grow together. Derived here for several outputs at once; at λ = 0 the
    paper's c₀ is 1/(κ p/n).
    """
    width = population.width
    if penalty == 0 and abs(width - samples) <= 1:
        return Risk(np.inf, np.inf)
    if penalty == 0 and width < samples:
        return Risk(0.0, population.irreducible * width / (samples - width - 1))
    s, shares = population.spectrum
    kappa = effective_penalty(s, samples, penalty)
    freedom = float((s**2 / (s + kappa) ** 2).sum())
    bias = kappa**2 * float((s * shares / (s + kappa) ** 2).sum()) * samples / (samples - freedom)
    return Risk(bias, population.irreducible * freedom / (samples - freedom))


def effective_penalty(eigenvalues: NDArray[np.float64], samples: int, penalty: float) -> float:
    """κ > 0 with Σ s/(s+κ) + nλ/κ = n; needs λ > 0 or more eigenvalues than samples."""

    def surplus(log_kappa: float) -> float:
        kappa = np.exp(log_kappa)
        return (eigenvalues / (eigenvalues + kappa)).sum() + samples * penalty / kappa - samples

    # Falling in κ: below, every term of the sum is nearly 1; above, κ exceeds Σs/n + λ.
    high = np.log(eigenvalues.sum() / samples + penalty) + 1
    low = high
    while surplus(low) <= 0:
        low -= 5
    return float(np.exp(brentq(surplus, low, high, xtol=1e-14, rtol=1e-14)))
