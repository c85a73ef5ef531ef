"""Scores, complexities and covariates as the one frame that every question reads."""

import numpy as np
import pandas as pd

from complexity_atlas.contracts import SPECTRUM
from complexity_atlas.statistics.design import ANALYSIS
from complexity_atlas.statistics.settings import Primary

EXCESS_OF = ("lmc",)
"""Measures whose excess over each null is a predictor of its own."""


def analysis_frame(
    scores: pd.DataFrame,
    complexity: pd.DataFrame,
    models: pd.DataFrame,
    epiplexity: pd.DataFrame,
) -> pd.DataFrame:
    """Join the score table, the complexity of whole models, and the table of measured models.

    scores      contract SCORES; rows with status "ok" and a model that was measured are used
    complexity  contract MODEL_COMPLEXITY; scope "model" is used
    models      contract MEASURED_MODELS
    epiplexity  contract EPIPLEXITY of the zoo, may be empty: one more predictor

    Returns the columns design.ANALYSIS. Scores are oriented so that higher is better. A measure
    `lmc` gives the predictors `lmc`, `lmc_same_n_excess` and `lmc_per_tensor_excess`.
    """
    known = models[models.status == "ok"].set_index("model")
    targets = _targets(scores, known)
    predictors = pd.concat(
        [_predictors(complexity[complexity.scope == "model"]), _from_loss(epiplexity)],
        ignore_index=True,
    )
    frame = targets.merge(predictors, on="model", how="inner")
    frame = frame.assign(
        family=known.family.reindex(frame.model).to_numpy(),
        log_n=np.log(known.n_weights.reindex(frame.model).to_numpy(float)),
        log_d=np.log(known.training_tokens.reindex(frame.model).to_numpy(float)),
        flops=known.training_flops.reindex(frame.model).to_numpy(float),
        run=known.run.reindex(frame.model).to_numpy(),
        step=known.step.reindex(frame.model).to_numpy("float64", na_value=np.nan),
        control=known.control.reindex(frame.model).to_numpy(),
    )
    order = ["benchmark", "model", "measure", "variant", "view", "aggregate"]
    return frame[list(ANALYSIS)].sort_values(order, ignore_index=True)


def in_focus(analysis: pd.DataFrame, primary: Primary) -> pd.DataFrame:
    """The rows of predictors that differ from the primary one in binning or in measure only.

    What fits a model per predictor takes these: hundreds of views, aggregates and binnings of one
    quantity are no hundreds of questions. Of spectral measures that is the mean over matrices.
    """
    without_bins = analysis.variant == ""
    close = analysis.variant.isin([primary.variant, SPECTRUM])
    close |= analysis.measure == primary.measure
    return analysis[without_bins | (is_comparable(analysis, primary) & close)]


def is_comparable(predictors: pd.DataFrame, primary: Primary) -> pd.Series:
    """Rows in the primary view and aggregate; of spectral measures, the mean over matrices."""
    of_spectra = predictors.variant == SPECTRUM
    aggregate = np.where(of_spectra, "mean", primary.aggregate)
    return (predictors["view"] == primary.view) & (predictors["aggregate"] == aggregate)


def _targets(scores: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    # A model's folder is its id with "/" written as "--".
    model = scores.model_id.str.replace("/", "--")
    used = scores[(scores.status == "ok") & model.isin(known.index)]
    sign = np.where(used.higher_is_better, 1.0, -1.0)
    return pd.DataFrame(
        {
            "model": model[used.index],
            "benchmark": used.benchmark_id,
            "score": sign * used.value,
            "score_se": used.stderr,
            "chance_level": sign * used.chance_level,
            "n_items": used.n_items.astype("float64"),
        }
    )


def _from_loss(epiplexity: pd.DataFrame) -> pd.DataFrame:
    # Read off a training curve: it has no binning, view or aggregate.
    return pd.DataFrame(
        {
            "model": epiplexity.model_id,
            "measure": "epiplexity",
            "variant": "",
            "view": "",
            "aggregate": "",
            "value": epiplexity.k_auc,
        }
    )


def _predictors(complexity: pd.DataFrame) -> pd.DataFrame:
    names = ["model", "measure", "variant", "view", "aggregate"]
    plain = complexity.drop_duplicates(names)[[*names, "value"]]
    excess = complexity[complexity.measure.isin(EXCESS_OF)]
    excess = excess.assign(
        measure=excess.measure + "_" + excess.null_kind + "_excess", value=excess.excess
    )
    return pd.concat([plain, excess[[*names, "value"]]], ignore_index=True)
