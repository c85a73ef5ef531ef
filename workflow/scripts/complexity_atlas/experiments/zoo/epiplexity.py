"""Epiplexity: how much a learner has taken from its data, read off its training curve.

Prequential estimate of arXiv 2601.03220. A learner that codes its training data as it goes spends
the loss L(τ) on token number τ. Coding them all with the learner as it is after t tokens would cost
L(t) each. What was spent beyond that, K_auc(t) = ∫₀ᵗ (L(τ) - L(t)) dτ, is the information that
went into the learner.
"""

import numpy as np
from numpy.typing import ArrayLike


def k_auc(tokens: ArrayLike, loss: ArrayLike, at: float, smooth: float = 0.1) -> float:
    """Epiplexity after `at` tokens: the area between the training curve and its end, in bits.

    tokens  float64[k], strictly ascending, not negative: tokens seen when the loss was measured
    loss    float64[k]: bits per token on data not seen before
    at      tokens of the moment t; the curve is cut there
    smooth  L(t) is the mean loss of the last `smooth` share of the tokens before t (at least of
            the last point), since single batches are noisy; 0 takes the last point

    Trapezoid rule from the first point to t, where L(t) closes the curve. For
    L = E + (T/T0)^-β the value is β/(1-β) · T0^β · T^(1-β), which smoothing lowers by about
    smooth/2 · (1-β). It does NOT tell what the learner took: memorised noise counts like
    structure, a worse optimiser can have more of it, and tokens seen twice break the coding
    argument. NaN when no point lies before t. Raises ValueError on a curve that is not one.
    """
    tokens, loss = np.asarray(tokens, np.float64), np.asarray(loss, np.float64)
    if tokens.ndim != 1 or tokens.shape != loss.shape:
        raise ValueError(f"tokens {tokens.shape} and loss {loss.shape} must be one curve")
    if not (np.diff(tokens) > 0).all() or (tokens < 0).any() or not np.isfinite(loss).all():
        raise ValueError("tokens must ascend from 0 or more, and every loss must be finite")
    if not 0 <= smooth < 1:
        raise ValueError(f"smooth is {smooth}; give a share from 0 to below 1")
    before = tokens < at
    if not before.any():
        return float("nan")
    tokens, loss = tokens[before], loss[before]
    recent = tokens >= at * (1 - smooth)
    recent[-1] = True
    end = loss[recent].mean()
    return float(np.trapezoid(np.append(loss, end) - end, np.append(tokens, at)))
