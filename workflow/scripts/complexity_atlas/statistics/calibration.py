"""Is p uniform where there is nothing to find? Null studies, tested with and without families.

In every study a measure and a score follow size and know nothing of each other. Both have families:
relatives are alike in what size leaves over, as in published scores, where 65 to 84 % of that lies
between families.
"""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.resampling import freedman_lane, generator, whole_families
from complexity_atlas.statistics.settings import Settings

FAMILIES = "families"
MODELS = "models"
"""What is permuted: whole families, as the test of `size_adjusted` does, or single models."""

STUDIES = 1000
"""A rate of .05 is then known to ± .014, two standard errors."""

SHARE_BETWEEN = 0.7
"""Of the variance of score and measure given size, what lies between families."""

_SIZES = (8, 7, 5, 4, 4, 3, 3, 2, 2, 1, 1, 1)
_RESAMPLES = 499


@threadpool_limits.wrap(limits=1, user_api="blas")
def null_p_values(settings: Settings, studies: int = STUDIES) -> pd.DataFrame:
    """Permutation p of the size-adjusted correlation in studies of a measure that knows nothing.

    Each study has 41 models of 12 families of unequal size. Returns the contract CALIBRATION: one
    row per study and `permuted`, FAMILIES or MODELS. The seed of the settings decides everything.
    """
    rng = generator(settings.seed, "calibration")
    family = np.repeat(np.arange(len(_SIZES)), _SIZES)
    resamples = min(settings.resamples, _RESAMPLES)
    arrangements = {
        FAMILIES: whole_families(family, resamples, settings.seed),
        MODELS: whole_families(np.arange(len(family)), resamples, settings.seed),
    }
    rows = []
    for study in range(studies):
        log_n = _normal(rng, family, 0.5)
        score = 1.5 * log_n + _normal(rng, family, SHARE_BETWEEN)
        measure = 0.8 * log_n + _normal(rng, family, SHARE_BETWEEN)
        design = np.column_stack([np.ones(len(family)), log_n])
        for permuted, arranged in arrangements.items():
            _, p = freedman_lane(design, score, measure[:, None], arranged)
            rows.append({"permuted": permuted, "study": study, "p": float(p[0])})
    return pd.DataFrame(rows)


def rejected(table: pd.DataFrame, settings: Settings) -> pd.Series:
    """Share of null studies (contract CALIBRATION) that each test rejects, by what is permuted."""
    return (table.p <= 1 - settings.confidence).groupby(table.permuted).mean()


def _normal(rng: np.random.Generator, family: np.ndarray, between: float) -> np.ndarray:
    common = rng.standard_normal(family.max() + 1)[family]
    own = rng.standard_normal(len(family))
    return np.sqrt(between) * common + np.sqrt(1 - between) * own
