"""Predict every model's score from models of other families, and say how sure that prediction is.

A model's relatives share data, code and recipes with it, so that a prediction counts only if its
family was not seen. The predictions are those of generalised linear models with canonical links
(least squares; fractional logistic regression of Papke and Wooldridge 1996; Poisson
pseudo-likelihood of Santos Silva and Tenreyro 2006): each has one optimum, accepts a score of
exactly 0 or 1 where its link has one, and assumes the form of the mean only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from complexity_atlas.statistics.design import Block, Row, to_unit
from complexity_atlas.statistics.resampling import FEW_FAMILIES, interval

REFITS = 1000
"""Most bootstrap samples for which a model is fitted anew: 25 of them lie beyond each 2.5 %."""

MIN_FAMILIES = 3
"""With fewer, the models that are left come from one family."""

_STEPS = 50
_STEP_TOLERANCE = 1e-8
_IDENTIFIED = 1e-8
_RIDGE = 1e-10
_MOST = 2  # times the largest score
_CHUNK = 2**16  # numbers in matrices at a time: they stay in the cache


@dataclass(frozen=True)
class Link:
    """Canonical link of a mean in [low, high]: `mean(eta)` and its derivative `slope(mean)`."""

    name: str
    low: float
    high: float
    link: Callable[[np.ndarray], np.ndarray]
    mean: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]

    def refuses(self, score: np.ndarray) -> str:
        """Why these scores cannot be the mean of this link, or ""."""
        if score.min() >= self.low and score.max() <= self.high:
            return ""
        return f"the {self.name} link has no scores from {score.min():.3g} to {score.max():.3g}"


IDENTITY = Link("linear", -np.inf, np.inf, np.asarray, np.asarray, np.ones_like)
LOGISTIC = Link("logistic", 0.0, 1.0, logit, expit, lambda mean: mean * (1 - mean))
LOG = Link("log", 0.0, np.inf, np.log, lambda eta: np.exp(np.minimum(eta, 50)), np.asarray)


class NotIdentified(Exception):
    """A model that the data do not determine; the message is the reason."""


def predict(design: np.ndarray, score: np.ndarray, family: np.ndarray, link: Link) -> np.ndarray:
    """Predictions float64[n] of each score by a model fitted to all other families.

    Those of the log link are cut off at twice the largest score.

    design  float64[n, k] with a column of ones
    family  int64[n], 0 … number of families - 1

    Raises NotIdentified when there are too few families, when the scores do not suit the link, and
    when without some family the columns of the design cannot be told apart.
    """
    basis, fit = _full_fit(design, score, family, link)
    masks = 1 - _members(family)
    grams = (masks @ _outer(basis)).reshape(-1, *fit.shape, *fit.shape)
    weakest = np.linalg.eigvalsh(grams)[:, 0]
    if weakest.min() < _IDENTIFIED:
        raise NotIdentified("without one of the families the predictors cannot be told apart")
    coefficients = _newton(basis, score, masks, link, fit)
    return _predicted(link, (coefficients[family] * basis).sum(axis=1), score)


@dataclass(frozen=True, eq=False)
class Accuracy:
    """How well left-out families are predicted, in the study itself and, after it, in resamples.

    drawn     float64[1 + resamples, families], how often each family counts: 1 in the study
    squared   float64[1 + resamples, families], squared error summed over the models of a family
    absolute  the same for the absolute error
    spread    float64[1 + resamples], squared distance of all scores from their mean
    n_models  float64[1 + resamples]
    """

    drawn: np.ndarray
    squared: np.ndarray
    absolute: np.ndarray
    spread: np.ndarray
    n_models: np.ndarray

    @property
    def r2(self) -> np.ndarray:
        """1 - squared error / spread, as in `sklearn.metrics.r2_score`; may be negative."""
        error = (self.drawn * self.squared).sum(axis=1)
        share = np.divide(error, self.spread, where=self.spread > 0, out=np.zeros_like(error))
        return np.where(self.spread > 0, 1 - share, np.nan)

    @property
    def mae(self) -> np.ndarray:
        """Mean absolute error, in units of the score."""
        return (self.drawn * self.absolute).sum(axis=1) / self.n_models


def assess(
    design: np.ndarray, score: np.ndarray, family: np.ndarray, link: Link, draws: np.ndarray
) -> Accuracy:
    """Accuracy of `predict` in the study and in bootstrap samples of families.

    draws  float64[resamples, families], how often each family was drawn

    All copies of a family are left out together. The models are fitted anew in every sample, since
    predictions kept fixed give intervals that are far too short (they cover in 80 % of studies, and
    call the gain of a useless predictor reliably negative in a third): exactly for the linear
    link, by one Newton step from the fit to all models for the others.

    Raises NotIdentified as `predict` does.
    """
    predicted = np.concatenate(
        [predict(design, score, family, link)[None], *_refits(design, score, family, link, draws)]
    )
    drawn = np.concatenate([np.ones((1, draws.shape[1])), draws])
    member = _members(family)
    error = score - predicted
    centred = score - score.mean()
    n_models = drawn @ member.sum(axis=1)
    return Accuracy(
        drawn=drawn,
        squared=error**2 @ member.T,
        absolute=np.abs(error) @ member.T,
        spread=drawn @ (member @ centred**2) - (drawn @ (member @ centred)) ** 2 / n_models,
        n_models=n_models,
    )


def gain_row(
    block: Block, index: int, question: str, statistic: str, values: np.ndarray, confidence: float
) -> Row:
    """The row of a gain: its value first in `values`, then those in the bootstrap samples."""
    low, high, note = _gain_interval(values[1:], block.n_families, confidence)
    return block.row(
        index,
        question,
        statistic,
        note,
        n_resamples=len(values) - 1,
        estimate=float(values[0]),
        ci_low=low,
        ci_high=high,
    )


def _gain_interval(
    values: np.ndarray, n_families: int, confidence: float
) -> tuple[float, float, str]:
    """Interval of a gain from its `values` in the bootstrap samples, and a remark on it.

    Below FEW_FAMILIES there is none: most samples hold two or three different families, from which
    a model is extrapolated to wherever the others are, and quantiles of R² run into the thousands.
    """
    if n_families < FEW_FAMILIES:
        few = f"{n_families} families, at least {FEW_FAMILIES} are needed for an interval"
        return np.nan, np.nan, few
    low, high = interval(values, n_families, confidence)
    return float(low), float(high), ""


def best_of(candidates: Sequence[Accuracy]) -> Accuracy:
    """The accuracy of choosing, for each family left out, what is best for all other families.

    So that trying many models does not pass for knowledge: a family has no say in which model
    predicts it.
    """
    squared = np.stack([candidate.squared for candidate in candidates])
    drawn = candidates[0].drawn
    total = (drawn * squared).sum(axis=2, keepdims=True)
    chosen = np.argmin(total - drawn * squared, axis=0)[None]
    absolute = np.stack([candidate.absolute for candidate in candidates])
    return replace(
        candidates[0],
        squared=np.take_along_axis(squared, chosen, axis=0)[0],
        absolute=np.take_along_axis(absolute, chosen, axis=0)[0],
    )


def _refits(
    design: np.ndarray, score: np.ndarray, family: np.ndarray, link: Link, draws: np.ndarray
) -> Iterator[np.ndarray]:
    """Predictions float64[b, n] in the bootstrap samples, some samples at a time."""
    basis, fit = _full_fit(design, score, family, link)
    k, n_families = len(fit), draws.shape[1]
    member = _members(family)
    mean = link.mean(basis @ fit)
    gram = (member * link.slope(mean)) @ _outer(basis)
    gradient = (member * (score - mean)) @ basis
    # A sample may not determine the model; the ridge then leaves the coefficient where it was.
    ridge = _RIDGE * np.eye(k).ravel()
    for drawn in np.array_split(draws, 1 + len(draws) * n_families * k * k // _CHUNK):
        sample, left_out = np.nonzero(drawn)
        copies = drawn[sample, left_out][:, None]
        grams = (drawn @ gram + ridge)[sample] - copies * gram[left_out]
        gradients = (drawn @ gradient)[sample] - copies * gradient[left_out]
        steps = np.linalg.solve(grams.reshape(-1, k, k), gradients[..., None])[..., 0]
        coefficients = np.tile(fit, (*drawn.shape, 1))
        coefficients[sample, left_out] += steps
        eta = np.einsum("bnk,nk->bn", coefficients[:, family], basis)
        yield _predicted(link, eta, score)


def _predicted(link: Link, eta: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The mean; an exponential is cut off, lest one family far outside drown all the others."""
    mean = link.mean(eta)
    return np.minimum(mean, _MOST * score.max()) if link is LOG else mean


def _members(family: np.ndarray) -> np.ndarray:
    """Which models are in which family: float64[families, n] of 0 and 1."""
    return (np.arange(family.max() + 1)[:, None] == family).astype("float64")


def _full_fit(
    design: np.ndarray, score: np.ndarray, family: np.ndarray, link: Link
) -> tuple[np.ndarray, np.ndarray]:
    """An orthonormal basis of the design, and the coefficients of all models in it."""
    n_families = int(family.max()) + 1
    if n_families < MIN_FAMILIES:
        raise NotIdentified(f"families: {n_families}, at least {MIN_FAMILIES} are needed")
    if reason := link.refuses(score):
        raise NotIdentified(reason)
    basis, triangle = np.linalg.qr(to_unit(design) / np.sqrt(len(design)))
    if np.abs(np.diag(triangle)).min() < _IDENTIFIED:
        raise NotIdentified("the predictors cannot be told apart on these models")
    start = basis.T @ np.full(len(score), link.link(score.mean()))
    return basis, _newton(basis, score, np.ones((1, len(score))), link, start)[0]


def _newton(
    basis: np.ndarray, score: np.ndarray, weights: np.ndarray, link: Link, start: np.ndarray
) -> np.ndarray:
    """Coefficients [r, k] that solve sum of weights[r] · (score - mean) · basis = 0."""
    k = basis.shape[1]
    outer = _outer(basis)
    coefficients = np.tile(start, (len(weights), 1))
    for _ in range(_STEPS):
        mean = link.mean(coefficients @ basis.T)
        gram = ((weights * link.slope(mean)) @ outer).reshape(-1, k, k)
        gradient = (weights * (score - mean)) @ basis
        try:
            step = np.linalg.solve(gram, gradient[..., None])[..., 0]
        except np.linalg.LinAlgError:
            break
        coefficients = coefficients + step
        if np.abs(step).max() < _STEP_TOLERANCE * (1 + np.abs(coefficients).max()):
            return coefficients
    raise NotIdentified(f"no fit with the {link.name} link")


def _outer(basis: np.ndarray) -> np.ndarray:
    return (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
