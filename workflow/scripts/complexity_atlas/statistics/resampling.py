"""Permutations and bootstraps that respect families, for many predictors at once.

Models of one family share data, code and architecture, so models are not exchangeable and families
are what a study samples. Two permutations answer two questions:

whole_families   Are the families whose score is higher than the covariates predict also those whose
                 complexity is? Families are independent; inside one, anything may be correlated.
within_families  Inside a family, does the model with more complexity than the covariates predict
                 score higher than they predict? Whatever is common to a family is taken out.

Both are used after Freedman and Lane (1983): residuals of the score given the covariates are
rearranged, and adjusted for the covariates again. Blocks of equal size are exchanged, and whole
blocks reversed in sign, after Winkler et al. (2014, 2015); what the fit takes from a family's
residuals is given back before, after Bell and McCaffrey (2002). Everything follows from the seed
alone.
"""

import zlib
from dataclasses import dataclass
from itertools import permutations, product
from math import factorial, prod

import numpy as np
from scipy import stats

from complexity_atlas.statistics.design import NEGLIGIBLE, basis, residuals, to_unit

EXACT = factorial(7)
"""Up to so many arrangements all are enumerated, so any seven exchangeable things."""

FEW_FAMILIES = 6
"""Below this number the coverage of an interval over families was not tried in simulations."""


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A stream of its own for each purpose, the same wherever and in whatever order it is used."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


@dataclass(frozen=True, eq=False)
class Arrangements:
    """Rearrangements of a residual vector: `residual[index] * sign`.

    index   int64[r, n]
    sign    float64[r, n], or [r, 1] where no sign is reversed
    exact   whether these are all arrangements but the one that was observed, or a random sample
    family  int64[n] where families are moved as wholes, None where models are
    """

    index: np.ndarray
    sign: np.ndarray
    exact: bool
    family: np.ndarray | None = None

    def apply(self, residual: np.ndarray) -> np.ndarray:
        """All rearrangements [r, n] of `residual` [n]."""
        return residual[self.index] * self.sign

    @property
    def note(self) -> str:
        """How p was found, where it was not from a random sample."""
        if not self.exact:
            return ""
        n = len(self.index) + 1
        return f"p over all {n} arrangements" if n > 1 else "nothing to rearrange: no p"


def within_families(family: np.ndarray, resamples: int, seed: int) -> Arrangements:
    """Permute the models inside each family. Assumes errors that are exchangeable inside a family.

    family int64[n], codes 0, 1, … Exact when there are at most EXACT arrangements.
    """
    members = [np.flatnonzero(family == code) for code in range(family.max() + 1)]
    number = prod(factorial(len(rows)) for rows in members)
    if number <= EXACT:
        places = np.concatenate(members)
        index = np.empty((number, len(family)), np.int64)
        for row, choice in enumerate(product(*(permutations(rows) for rows in members))):
            index[row, places] = np.concatenate(choice)
        index = index[1:]
    else:
        index = np.tile(np.arange(len(family)), (resamples, 1))
        rng = generator(seed, "within families")
        for rows in members:
            if len(rows) > 1:
                index[:, rows] = rng.permuted(index[:, rows], axis=1)
    return Arrangements(index, np.ones((len(index), 1)), exact=number <= EXACT)


def whole_families(family: np.ndarray, resamples: int, seed: int) -> Arrangements:
    """Exchange the vectors of families of equal size, and reverse the signs of whole vectors.

    Exchange alone would leave a family of unique size in its place, and would not touch what all
    families have in common from their smallest model to their largest. Reversal assumes that a
    family's errors are as likely as their mirror image. Where every family is one model there is
    no need for it: this is the plain permutation of models. Inside a family the order of rows is
    kept. Reversal of all signs at once changes no |correlation|, and is left out where all
    arrangements are enumerated.

    family int64[n], codes 0, 1, … Exact when there are at most EXACT arrangements.
    """
    sizes = np.bincount(family)
    alike = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
    reversals = 2 ** (len(sizes) - 1) if sizes.max() > 1 else 1
    exact = reversals * prod(factorial(len(codes)) for codes in alike) <= EXACT
    if exact:
        moved, flips = _every_exchange(alike, len(sizes), reversals)
    else:
        rng = generator(seed, "whole families")
        moved = np.tile(np.arange(len(sizes)), (resamples, 1))
        for codes in alike:
            moved[:, codes] = rng.permuted(moved[:, codes], axis=1)
        shape = (resamples, len(sizes))
        flips = rng.choice([-1.0, 1.0], size=shape) if reversals > 1 else np.ones(shape)
    index = np.empty((len(moved), len(family)), np.int64)
    order = np.argsort(family, kind="stable")
    first = np.cumsum(sizes) - sizes
    place = np.arange(len(family)) - first[family[order]]
    index[:, order] = order[first[moved][:, family[order]] + place]
    return Arrangements(index, flips[:, family], exact, family)


def _every_exchange(
    alike: list[np.ndarray], n_families: int, reversals: int
) -> tuple[np.ndarray, np.ndarray]:
    """How families move, int64[r, families], and their signs, without the arrangement observed."""
    moves = []
    for choice in product(*(permutations(codes) for codes in alike)):
        move = np.empty(n_families, np.int64)
        move[np.concatenate(alike)] = np.concatenate(choice)
        moves.append(move)
    bits = np.arange(reversals)[:, None] >> np.arange(n_families) & 1
    flips = np.where(bits == 1, -1.0, 1.0)
    return np.repeat(moves, reversals, axis=0)[1:], np.tile(flips, (len(moves), 1))[1:]


def freedman_lane(
    design: np.ndarray, score: np.ndarray, x: np.ndarray, arrangements: Arrangements
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of the residuals of score [n] and of each column of x [n, m], and its p.

    design float64[n, k]; neither score nor a column of x may lie in its span. Returns estimates and
    two-sided p, each [m].
    """
    q = basis(design)
    x = _standard(residuals(design, to_unit(x)))
    y = _standard(residuals(design, to_unit(score)))
    moved = y if arrangements.family is None else _unshrunk(q, y, arrangements.family)
    null = arrangements.apply(moved)
    null -= (null @ q) @ q.T
    length = np.sqrt((null**2).mean(axis=1))
    # An arrangement may lie on the design's own plane: nothing is left of it to correlate.
    length[length <= NEGLIGIBLE] = np.inf
    null = (null @ x) / (len(y) * length[:, None])
    estimate = y @ x / len(y)
    return np.clip(estimate, -1, 1), p_values(estimate, null)


def _unshrunk(q: np.ndarray, residual: np.ndarray, family: np.ndarray) -> np.ndarray:
    """Residuals [n] as variable, family by family, as the errors are from which they come.

    A fit with orthonormal basis q leaves of independent errors of variance 1 residuals with the
    covariance I - q_f q_f' in family f; they are multiplied by its inverse square root. Without
    this, a test with twelve families rejects up to 7 % instead of 5 %.
    """
    freed = residual.copy()
    for code in range(family.max() + 1):
        rows = np.flatnonzero(family == code)
        variance, axes = np.linalg.eigh(np.eye(len(rows)) - q[rows] @ q[rows].T)
        known = variance > NEGLIGIBLE
        scale = np.where(known, variance, 1) ** -0.5 * known
        freed[rows] = axes @ (scale * (axes.T @ residual[rows]))
    return freed


def p_values(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of each observed [m] among itself and null [r, m]; NaN where r is 0.

    Values that differ by rounding are equal, so that an exact p does not hang on the last digit.
    """
    if len(null) == 0:
        return np.full(np.shape(observed), np.nan)
    as_large = (np.abs(null) >= np.abs(observed) * (1 - NEGLIGIBLE)).sum(axis=0)
    return (as_large + 1) / (len(null) + 1)


def family_draws(n_families: int, resamples: int, seed: int) -> np.ndarray:
    """Bootstrap samples of families: how often each was drawn, float64[resamples, n_families]."""
    rng = generator(seed, "family bootstrap")
    share = np.full(n_families, 1 / n_families)
    return rng.multinomial(n_families, share, size=resamples).astype(float)


def drawn_rows(family: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Row numbers of one bootstrap sample: every model of a family as often as it was drawn."""
    return np.repeat(np.arange(len(family)), draw[family].astype(np.int64))


def interval(
    draws: np.ndarray, n_families: int, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Expanded percentile interval of a family bootstrap: low and high along the first axis.

    draws float64[r] or [r, m]; what is not finite is left out. A plain percentile interval is too
    short for few families, as a normal interval would be without n - 1 and Student's t; Hesterberg
    (2015, The American Statistician 69, 371-386) takes the quantiles further out by just that.
    Below FEW_FAMILIES its coverage is not assured. NaN for less than two families, or where more
    than half of the samples give no value.
    """
    draws = np.where(np.isfinite(draws), draws, np.nan)
    shape = draws.shape[1:]
    if n_families < 2:
        return np.full(shape, np.nan), np.full(shape, np.nan)
    t = stats.t.ppf((1 - confidence) / 2, n_families - 1)
    tail = stats.norm.cdf(t * np.sqrt(n_families / (n_families - 1)))
    usable = np.isfinite(draws).mean(axis=0) > 0.5
    kept = np.where(usable, draws, 0.0)
    low, high = np.nanquantile(kept, [tail, 1 - tail], axis=0)
    return np.where(usable, low, np.nan), np.where(usable, high, np.nan)


def few_families(n_families: int) -> str:
    """The remark that an interval over few families needs; "" when there are enough."""
    if n_families < 2:
        return "one family: no interval over families"
    if n_families < FEW_FAMILIES:
        return f"{n_families} families: coverage of the interval is not assured"
    return ""


def bootstrap_correlations(
    design: np.ndarray, score: np.ndarray, x: np.ndarray, family: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """Correlation of residuals in each bootstrap sample, every regression fitted again: [r, m].

    design float64[n, k] with its column of ones, score [n], x [n, m], family int64[n], draws as of
    `family_draws`. Sums of products per family are enough for that: a sample adds those of its
    families, and the correlation follows from the sum. NaN where a sample leaves no variation.
    """
    z = basis(design) * np.sqrt(len(score))
    y = _standard(residuals(design, to_unit(score[:, None])))
    x = _standard(residuals(design, to_unit(x)))
    member = (np.arange(draws.shape[1])[:, None] == family).astype(float)

    def total(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        sums = np.einsum("fn,ni,nj->fij", member, a, b, optimize=True)
        return np.tensordot(draws, sums, axes=1)

    inverse = np.linalg.pinv(total(z, z), rcond=NEGLIGIBLE, hermitian=True)
    zy, zx = total(z, y), total(z, x)
    fit_y = inverse @ zy
    squares_y, squares_x = draws @ (member @ y**2), draws @ (member @ x**2)
    left_y = squares_y - (zy * fit_y).sum(axis=1)
    left_x = squares_x - (zx * (inverse @ zx)).sum(axis=1)
    left_xy = total(y, x)[:, 0, :] - (fit_y * zx).sum(axis=1)
    enough = (left_y > NEGLIGIBLE * squares_y) & (left_x > NEGLIGIBLE * squares_x)
    return np.clip(left_xy / np.sqrt(np.where(enough, left_y * left_x, np.nan)), -1, 1)


def _standard(columns: np.ndarray) -> np.ndarray:
    return columns / np.sqrt((columns**2).mean(axis=0))
