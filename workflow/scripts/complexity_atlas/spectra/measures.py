"""Measures of the spectrum of a matrix: the rivals of its statistical complexity.

With singular values s_1 >= ... >= s_k of a matrix of m rows and n <= m columns (or its transpose),
and eigenvalues lambda = s^2 of the smaller Gram matrix:

    stable_rank           sum lambda / lambda_1 (Rudelson, Vershynin 2007), in [1, k]
    effective_rank        exp(entropy of s / sum s) (Roy, Vetterli 2007), in [1, k]
    spectral_norm         s_1
    frobenius_norm        sqrt(sum lambda)
    log_condition         ln(s_1 / s_k)
    log_condition_excess  the same over what noise of this shape has (Marchenko, Pastur 1967)
    alpha                 exponent of the power law that fits the tail of lambda best
    alpha_distance        Kolmogorov-Smirnov distance of that fit
    alpha_xmin            eigenvalue at which the tail begins
    alpha_hat             alpha * log10 lambda_1
    log_alpha_norm        log10 sum lambda^alpha
    soft_rank             edge of the Marchenko-Pastur bulk over lambda_1
    spectral_entropy      entropy of lambda / sum lambda over ln k, in [0, 1]
    spectral_lmc          LMC complexity of lambda / sum lambda

Those with alpha, and the soft rank, are WeightWatcher's (Martin, Mahoney 2021, JMLR 22, 165;
Martin, Peng, Mahoney 2021, Nature Communications 12, 4122); tuning the tensors of least condition
number is KappaTune (arXiv 2506.16289). None of them tells what the singular vectors do: a trained
matrix and one with the same values and random vectors have the same measures. None but the
condition number tells apart small values, and alpha rests on a tail of some tens of values.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from complexity_atlas.complexity.measures import measure
from complexity_atlas.spectra.power_law import fit_power_law

SCALE_FREE = (
    "stable_rank",
    "effective_rank",
    "log_condition",
    "log_condition_excess",
    "alpha",
    "alpha_distance",
    "soft_rank",
    "spectral_entropy",
    "spectral_lmc",
)
"""Measures that a factor before the matrix does not change."""

SPECTRAL_MEASURES = (
    *SCALE_FREE,
    "spectral_norm",
    "frobenius_norm",
    "alpha_xmin",
    "alpha_hat",
    "log_alpha_norm",
)

OF_ONE_MATRIX = (
    "log_condition_excess",
    "alpha",
    "alpha_distance",
    "alpha_xmin",
    "alpha_hat",
    "log_alpha_norm",
    "soft_rank",
)
"""Measures that ask for the shape of one matrix or for the tail of one spectrum."""

LEAST_EIGENVALUES = 20
"""A power law is fitted to no fewer; the estimate is biased, and WeightWatcher changes its rule."""

ROUNDED_CONDITION = 1e4
"""Beyond it the least singular value of a matrix stored in 16 bits or fewer is set by rounding."""

_EDELMAN = 1.537  # E ln(condition number) - ln n of a square Gaussian matrix; Edelman 1988


@dataclass(frozen=True)
class SpectralOutcome:
    """Measures by name, NaN where undefined; `flags` says of a measure why, or what to mind."""

    values: dict[str, float]
    flags: dict[str, str] = field(default_factory=dict)


def spectral_measures(singular_values: np.ndarray, rows: int, columns: int) -> SpectralOutcome:
    """Every measure of SPECTRAL_MEASURES of one matrix.

    `singular_values` is float64[min(rows, columns)], descending. Values below the rounding error of
    the largest count as zero: then the condition number is undefined, and the flag tells the rank.
    """
    s = np.asarray(singular_values, np.float64)
    short, long = sorted((rows, columns))
    outcome = pooled_measures(s, long)
    if np.isnan(outcome.values["stable_rank"]):
        return outcome
    values, flags = dict(outcome.values), dict(outcome.flags)
    values["log_condition_excess"] = values["log_condition"] - noise_log_condition(rows, columns)
    if "log_condition" in flags:
        flags["log_condition_excess"] = flags["log_condition"]
    # Relative to the largest value nothing over- or underflows; it comes back in the logarithms.
    largest, eigenvalues = s[0], np.square(_positive(s, long) / s[0])
    values["soft_rank"] = _bulk_edge(eigenvalues, short, long)
    if len(eigenvalues) < LEAST_EIGENVALUES:
        reason = f"fewer than {LEAST_EIGENVALUES} eigenvalues"
        return SpectralOutcome(values, flags | dict.fromkeys(_POWER_LAW, reason))
    fit = fit_power_law(eigenvalues)
    if fit is None:
        return SpectralOutcome(values, flags | dict.fromkeys(_POWER_LAW, "all values are equal"))
    values |= {
        "alpha": fit.alpha,
        "alpha_distance": fit.distance,
        "alpha_xmin": fit.xmin,
        "alpha_hat": 0.0,
        "log_alpha_norm": float(np.log10(np.sum(eigenvalues**fit.alpha))),
    }
    factor = float(largest)
    return SpectralOutcome(
        values | {"alpha_xmin": values["alpha_xmin"] * factor**2} | _shifted(values, factor), flags
    )


def pooled_measures(singular_values: np.ndarray, long_side: int) -> SpectralOutcome:
    """The measures that need no single matrix: of the singular values of several ones together.

    Those are the singular values of the block-diagonal matrix of all of them. `singular_values` is
    float64[k], descending; `long_side`, the longest side of a block, sets the rounding error below
    which a value counts as zero. What is in OF_ONE_MATRIX is NaN.
    """
    s = np.asarray(singular_values, np.float64)
    values = dict.fromkeys(SPECTRAL_MEASURES, np.nan)
    if not len(s) or not s[0] > 0:
        reason = "all weights are zero" if len(s) else "no singular values"
        return SpectralOutcome(values, dict.fromkeys(SPECTRAL_MEASURES, reason))
    relative = s / s[0]
    energy = float(np.sum(np.square(relative)))
    share = relative / relative.sum()
    values |= {
        "stable_rank": energy,
        "effective_rank": float(np.exp(-np.sum(share * np.log(np.where(share > 0, share, 1.0))))),
        "spectral_norm": float(s[0]),
        "frobenius_norm": float(s[0] * np.sqrt(energy)),
    }
    flags = {}
    rank = len(_positive(s, long_side))
    if rank == len(s):
        values["log_condition"] = float(-np.log(relative[-1]))
    else:
        flags["log_condition"] = f"singular: rank {rank} of {len(s)}"
    if len(s) > 1:
        of_histogram = measure(np.square(relative) / energy)
        values["spectral_entropy"] = float(of_histogram["entropy"])
        values["spectral_lmc"] = float(of_histogram["lmc"])
    else:
        flags |= dict.fromkeys(("spectral_entropy", "spectral_lmc"), "a single value")
    return SpectralOutcome(values, flags)


def rescaled(values: dict[str, ArrayLike], factor: float) -> dict[str, ArrayLike]:
    """The measures (numbers or arrays) of a matrix after it is multiplied by `factor`, positive."""
    return (
        values
        | {name: values[name] * factor for name in ("spectral_norm", "frobenius_norm")}
        | {"alpha_xmin": values["alpha_xmin"] * factor**2}
        | _shifted(values, factor)
    )


def noise_log_condition(rows: int, columns: int) -> float:
    """Logarithm of the condition number that a Gaussian matrix of this shape has.

    ln (1 + sqrt(n/m)) / (1 - sqrt(n/m)) for large n < m (Marchenko, Pastur 1967), but no more than
    that of a square one, ln n + 1.537 on average (Edelman 1988).
    """
    short, long = sorted((rows, columns))
    ratio = np.sqrt(short / long)
    if short == 1:
        return 0.0
    square = np.log(short) + _EDELMAN
    return float(min(np.log((1 + ratio) / (1 - ratio)), square) if short < long else square)


_POWER_LAW = ("alpha", "alpha_distance", "alpha_xmin", "alpha_hat", "log_alpha_norm")


def _shifted(values: dict[str, ArrayLike], factor: float) -> dict[str, ArrayLike]:
    shift = 2 * values["alpha"] * np.log10(factor)
    return {name: values[name] + shift for name in ("alpha_hat", "log_alpha_norm")}


def _positive(s: np.ndarray, long_side: int) -> np.ndarray:
    """The values above the rounding error of the largest one, as in numpy.linalg.matrix_rank."""
    return s[s > s[0] * long_side * np.finfo(np.float64).eps]


def _bulk_edge(eigenvalues: np.ndarray, short: int, long: int) -> float:
    """Upper edge of the Marchenko-Pastur law of the bulk, without the values beyond the edge.

    The bulk's variance is the mean eigenvalue within the edge over the long side, found by leaving
    out what lies beyond until nothing more does.
    """
    spread = (np.sqrt(short) + np.sqrt(long)) ** 2 / long
    bulk = len(eigenvalues)
    while True:
        edge = eigenvalues[-bulk:].sum() / max(short - (len(eigenvalues) - bulk), 1) * spread
        inside = len(eigenvalues) - int(np.sum(eigenvalues > edge))
        if inside >= bulk or inside == 0:
            return float(edge)
        bulk = inside
