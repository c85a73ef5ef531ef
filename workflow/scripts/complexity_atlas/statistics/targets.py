"""How many different things do the benchmarks measure?

Models that do well on one benchmark do well on others, so eight benchmarks are not eight
independent chances to confirm a thesis. From the eigenvalues λ of the correlation matrix of scores:
the share of the first principal component, and the effective number of targets (Σλ)² / Σλ², the
participation ratio: 1 when one component explains all, the number of benchmarks when they are
uncorrelated.
"""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from complexity_atlas.statistics.design import (
    Row,
    family_codes,
    independent_models,
    is_flat,
    join_notes,
    rows_to_frame,
)
from complexity_atlas.statistics.settings import Settings

QUESTION = "targets"
FIRST_COMPONENT = "first_component_share"
EFFECTIVE_NUMBER = "effective_targets"


@threadpool_limits.wrap(limits=1, user_api="blas")
def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Share of the first component in (0, 1], and effective number in [1, number of benchmarks].

    analysis has the columns design.ANALYSIS. Returns two rows of contracts.STATISTICS, over the
    models that have a score on every benchmark, or one with the reason why there are none.
    """
    frame = independent_models(analysis)
    scores = frame.drop_duplicates(["model", "benchmark"]).pivot(
        index="model", columns="benchmark", values="score"
    )
    complete = scores[np.isfinite(scores).all(axis=1)]
    values = complete.to_numpy()
    models = frame.drop_duplicates("model")
    families = np.unique(family_codes(models[models["model"].isin(complete.index)]))
    known = {"question": QUESTION, "n_models": len(complete), "n_families": len(families)}
    if reason := _untestable(values, settings):
        return rows_to_frame([Row(**known, statistic=FIRST_COMPONENT, note=reason)])
    constant = is_flat(np.ones((len(values), 1)), values)
    share = PCA().fit(StandardScaler().fit_transform(values[:, ~constant]))
    share = share.explained_variance_ratio_
    used = complete.columns[~constant]
    names = f"benchmarks: {', '.join(map(str, used))}"
    left_out = ", ".join(map(str, complete.columns[constant]))
    note = join_notes(names, f"constant, left out: {left_out}" if left_out else "")
    return rows_to_frame(
        [
            Row(**known, statistic=FIRST_COMPONENT, estimate=float(share[0]), note=note),
            Row(**known, statistic=EFFECTIVE_NUMBER, estimate=1 / float(share @ share), note=note),
        ]
    )


def _untestable(values: np.ndarray, settings: Settings) -> str:
    n = len(values)
    if n < settings.min_models:
        return f"{n} models with every score, at least {settings.min_models} are needed"
    varied = int((~is_flat(np.ones((n, 1)), values)).sum())
    if varied < 2:
        return f"{varied} benchmarks that vary, at least 2 are needed"
    return ""
