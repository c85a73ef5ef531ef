"""Does a family stop getting better with size on a benchmark while its loss still falls?

Family F has a ceiling on benchmark t if and only if the slope of its score on log10 N is equivalent
to 0, within ± `ceiling_slope` (.02) per decade, by two one-sided tests (Schuirmann 1987; the idea
after arXiv 2510.21866), while its loss falls with log10 N. A family at chance is flagged: it has a
floor, and its flat line is not to be interpreted.

The standard error is that of ordinary least squares, from the scatter about the line, and the tests
are Student's with two degrees of freedom less than there are models. So the rate of false claims at
the margin is right whatever the scatter comes from: items, seeds, recipes. Binomial noise of items
alone would overlook the rest; the greater of the two would find a truly flat family in 59 % of
studies with Pythia's sizes and 1,000 items, where the rule as it is finds it in 68 %.
`operating_characteristic` tells what the rule does for the sizes and level at hand.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from complexity_atlas.statistics.design import Row, at_chance, independent_models, rows_to_frame
from complexity_atlas.statistics.settings import Settings

QUESTION = "ceilings"

_LEAST_MODELS = 3


@dataclass(frozen=True)
class Ceiling:
    """What is known of one family on one benchmark; columns of the table of `ceilings`.

    slope, low, high  of score per decade of N, with its interval
    p                 of the two one-sided tests: flat if it is below 1 - confidence
    loss_slope        of loss per decade of N; NaN where the loss is not known
    falls             whether that is below 0 by a one-sided test
    ceiling           flat while the loss falls, at a score above chance
    chance            why the score says nothing, or ""
    note              why there is no slope or no decision, or ""
    """

    family: str
    benchmark: str
    n_models: int
    slope: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    flat: bool = False
    loss_slope: float = np.nan
    falls: bool = False
    ceiling: bool = False
    chance: str = ""
    note: str = ""


def ceilings(
    scores: pd.DataFrame, settings: Settings, losses: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The table of Ceiling, one row per family and benchmark, ordered by both.

    scores  one row per model and benchmark: model, family, benchmark, log_n (natural logarithm of
            the number of weights), score (higher is better), score_se, chance_level; the last two
            may be NaN
    losses  model and loss (lower is better), one row per model; without it there is no ceiling,
            only flat lines
    """
    loss = {} if losses is None else dict(zip(losses["model"], losses["loss"], strict=True))
    rows = [
        _ceiling(str(family), str(benchmark), models, loss, settings)
        for (family, benchmark), models in scores.groupby(["family", "benchmark"], sort=True)
    ]
    columns = list(Ceiling.__dataclass_fields__)
    return pd.DataFrame([vars(row) for row in rows], columns=columns)


def question(analysis: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of `contracts.STATISTICS`: the slope of every family and benchmark, without predictor.

    statistic is "slope:" and the name of the family, p that of the two one-sided tests, and the
    note says whether the line is flat. Losses are no part of the analysis frame, so that no ceiling
    is claimed here. Families of fewer than three sizes are counted in a row of each benchmark.
    """
    frame = independent_models(analysis).drop_duplicates(["model", "benchmark"])
    table = ceilings(frame[frame["family"].fillna("") != ""], settings)
    rows = []
    for row in table.itertuples():
        if not np.isnan(row.slope):
            rows.append(
                Row(
                    QUESTION,
                    str(row.benchmark),
                    statistic=f"slope:{row.family}",
                    n_models=row.n_models,
                    n_families=1,
                    estimate=row.slope,
                    ci_low=row.low,
                    ci_high=row.high,
                    p=row.p,
                    note="; ".join(filter(None, ["flat" if row.flat else "", row.chance])),
                )
            )
    for benchmark, few in table[table["slope"].isna()].groupby("benchmark"):
        who = "1 family has" if len(few) == 1 else f"{len(few)} families have"
        note = f"{who} fewer than {_LEAST_MODELS} sizes and no slope"
        rows.append(Row(QUESTION, str(benchmark), statistic="slope", note=note))
    if not rows:
        rows.append(Row(QUESTION, statistic="slope", note="the family of no model is known"))
    return rows_to_frame(rows)


def operating_characteristic(
    log_n: np.ndarray,
    level: float,
    n_items: int,
    settings: Settings,
    slopes: tuple[float, ...] = (0.0, 0.01, 0.02, 0.05),
    draws: int = 10_000,
) -> pd.DataFrame:
    """How often the rule calls a family flat, by simulation: columns slope and declared_flat.

    log_n  float64[k], natural logarithms of the sizes; the smallest model has true score `level`
    Each score is the share of `n_items` items answered right; true scores are cut off at 0 and 1.
    """
    decades = np.asarray(log_n, dtype="float64") / np.log(10)
    rng = np.random.default_rng(settings.seed)
    shares = []
    for slope in slopes:
        truth = np.clip(level + slope * (decades - decades.min()), 0, 1)
        scores = rng.binomial(n_items, truth, (draws, len(truth))) / n_items
        estimate, error = _slopes(decades, scores)
        p = _equivalence(estimate, error, len(decades), settings)
        shares.append(float((p < 1 - settings.confidence).mean()))
    return pd.DataFrame({"slope": slopes, "declared_flat": shares})


def _ceiling(
    family: str, benchmark: str, models: pd.DataFrame, loss: dict[str, float], settings: Settings
) -> Ceiling:
    finite = np.isfinite(models["log_n"]) & np.isfinite(models["score"])
    models = models[finite]
    decades = models["log_n"].to_numpy() / np.log(10)
    if len(np.unique(decades)) < _LEAST_MODELS:
        note = f"{len(np.unique(decades))} sizes, at least {_LEAST_MODELS} are needed"
        return Ceiling(family, benchmark, len(models), note=note)
    slope, error = _slopes(decades, models["score"].to_numpy()[None])
    p = float(_equivalence(slope, error, len(models), settings)[0])
    reach = stats.t.ppf((1 + settings.confidence) / 2, len(models) - 2) * error[0]
    flat = p < 1 - settings.confidence
    loss_slope, falls, note = _loss(models["model"], decades, loss, settings)
    chance = at_chance(models, settings)
    return Ceiling(
        family,
        benchmark,
        len(models),
        slope=float(slope[0]),
        low=float(slope[0] - reach),
        high=float(slope[0] + reach),
        p=p,
        flat=flat,
        loss_slope=loss_slope,
        falls=falls,
        ceiling=flat and falls and not chance,
        chance=chance,
        note=note,
    )


def _loss(
    names: pd.Series, decades: np.ndarray, loss: dict[str, float], settings: Settings
) -> tuple[float, bool, str]:
    """Slope of the loss, whether it falls, and why that is not known."""
    values = names.map(loss).to_numpy(dtype="float64")
    known = np.isfinite(values)
    if len(np.unique(decades[known])) < _LEAST_MODELS:
        return np.nan, False, f"the loss of {int(known.sum())} models is known: no decision"
    fit = stats.linregress(decades[known], values[known], alternative="less")
    return float(fit.slope), bool(fit.pvalue < 1 - settings.confidence), ""


def _slopes(decades: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares slope and its standard error for each row of `scores` [r, k]."""
    x = decades - decades.mean()
    spread = x @ x
    y = scores - scores.mean(axis=1, keepdims=True)
    slope = y @ x / spread
    rest = y - slope[:, None] * x
    return slope, np.sqrt((rest**2).sum(axis=1) / (len(x) - 2) / spread)


def _equivalence(
    slope: np.ndarray, error: np.ndarray, n_models: int, settings: Settings
) -> np.ndarray:
    """p of two one-sided t tests of |slope| >= ceiling_slope; 0 or 1 where the error is 0."""
    distance = settings.ceiling_slope - np.abs(slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, distance / error, np.sign(distance) * np.inf)
    return stats.t.sf(t, n_models - 2)
