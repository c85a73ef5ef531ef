"""From the analysis frame to what a test needs, and from results to rows.

`blocks` gathers, for each benchmark, all predictors that were measured on the same models, so that
a question treats them together as columns of one matrix. What cannot be tested comes back as rows
with the reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy import linalg

from complexity_atlas.errors import AtlasError
from complexity_atlas.statistics.settings import COVARIATES, Settings

MODEL = ("model", "family", "log_n", "log_d", "flops", "run", "step", "control")
TARGET = ("benchmark", "score", "score_se", "chance_level", "n_items")
PREDICTOR = ("measure", "variant", "view", "aggregate")
ANALYSIS = (*MODEL, *TARGET, *PREDICTOR, "value")
"""Columns of the analysis frame: one row per model, benchmark and predictor."""

_NUMBERS = ("log_n", "log_d", "flops", "step", "score", "score_se", "chance_level", "n_items")

NEGLIGIBLE = 1e-9
"""Relative spread below which a column is constant: float64 rounding of sums over models."""


@dataclass(frozen=True, order=True)
class Predictor:
    """What is set against scores: measure, binning, view and aggregate of a model's weights."""

    measure: str
    variant: str = ""
    view: str = ""
    aggregate: str = ""


@dataclass(frozen=True)
class Row:
    """One row of `contracts.STATISTICS`; what does not apply keeps its default."""

    question: str
    benchmark: str = ""
    measure: str = ""
    variant: str = ""
    view: str = ""
    aggregate: str = ""
    covariates: str = ""
    statistic: str = ""
    n_resamples: int = 0
    n_models: int = 0
    n_families: int = 0
    estimate: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    p: float = np.nan
    p_holm: float = np.nan
    q_bh: float = np.nan
    note: str = ""


def rows_to_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Return the rows as a frame with the columns of `contracts.STATISTICS`, also when empty.

    An infinite number becomes NaN: a table of results holds none.
    """
    frame = pd.DataFrame([astuple(row) for row in rows], columns=[f.name for f in fields(Row)])
    types = {field.name: field.type for field in fields(Row)}
    frame = frame.astype({name: "str" if kind is str else kind for name, kind in types.items()})
    return frame.replace([np.inf, -np.inf], np.nan)


@dataclass(frozen=True, eq=False)
class Block:
    """Predictors of one benchmark that were measured on the same n models, in order of their size.

    models    frame with one row per model: the columns MODEL and TARGET
    family    int64[n], families numbered in order of appearance
    score     float64[n]
    design    float64[n, 1 + k], ones and then the k covariates
    value     float64[n, m], each predictor as it was measured
    x         float64[n, m], its natural logarithm where the predictor is positive throughout
    left_out  per predictor, which models are missing and why, or ""
    unlogged  per predictor, why its logarithm was not taken, or ""
    """

    benchmark: str
    covariates: str
    predictors: tuple[Predictor, ...]
    left_out: tuple[str, ...]
    unlogged: tuple[str, ...]
    models: pd.DataFrame
    family: np.ndarray
    score: np.ndarray
    design: np.ndarray
    value: np.ndarray
    x: np.ndarray

    @property
    def n_families(self) -> int:
        """Number of families among the models."""
        return int(self.family.max(initial=-1)) + 1

    @property
    def as_measured(self) -> "Block":
        """The same block with x as it was measured, for questions that take no logarithm."""
        return replace(self, x=self.value, unlogged=("",) * len(self.predictors))

    def row(self, index: int, question: str, statistic: str, note: str = "", **results) -> Row:
        """The row of predictor `index`: names and counts filled in, remarks on it before `note`.

        results  by column of Row
        """
        return Row(
            question=question,
            benchmark=self.benchmark,
            **vars(self.predictors[index]),
            covariates=self.covariates,
            statistic=statistic,
            n_models=len(self.score),
            n_families=self.n_families,
            note=join_notes(self.left_out[index], self.unlogged[index], note),
            **results,
        )

    def rows(self, question: str, statistic: str, note: str = "", **results) -> list[Row]:
        """The rows of all predictors; results are numbers for all, or arrays of length m."""
        m = len(self.predictors)
        columns = {name: np.broadcast_to(value, m).tolist() for name, value in results.items()}
        return [
            self.row(index, question, statistic, note, **{k: v[index] for k, v in columns.items()})
            for index in range(m)
        ]

    def choose(self, chosen: Sequence[bool]) -> "Block":
        """The same models with only those predictors for which `chosen` [m] is true."""
        keep = np.flatnonzero(chosen)
        return replace(
            self,
            predictors=tuple(self.predictors[i] for i in keep),
            left_out=tuple(self.left_out[i] for i in keep),
            unlogged=tuple(self.unlogged[i] for i in keep),
            value=self.value[:, keep],
            x=self.x[:, keep],
        )


def counted(n: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 model", "2 models"."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def join_notes(*notes: str) -> str:
    """Remarks on one row as one text; empty ones are left out."""
    return "; ".join(note for note in notes if note)


def to_unit(columns: np.ndarray) -> np.ndarray:
    """Columns divided by their largest absolute value, so that squares neither overflow nor vanish.

    Columns of zeros stay as they are. No correlation changes.
    """
    peak = np.abs(columns).max(axis=0, initial=0)
    return columns / np.where(peak > 0, peak, 1)


def basis(design: np.ndarray) -> np.ndarray:
    """Orthonormal basis [n, rank] of the columns of `design` [n, k], which may be collinear."""
    return linalg.orth(to_unit(design), rcond=NEGLIGIBLE)


def residuals(design: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Residuals of least squares of each column [n] or [n, m] on the columns of `design` [n, k]."""
    q = basis(design)
    return columns - q @ (q.T @ columns)


def independent_models(analysis: pd.DataFrame) -> pd.DataFrame:
    """Keep trained models, and of a training run the last step that was scored on the benchmark.

    Shuffled and re-initialised networks are controls, and two steps of one run are not two models.
    Raises AtlasError when a column is missing or a model has two rows for one cell.
    """
    missing = [name for name in ANALYSIS if name not in analysis]
    if missing:
        raise AtlasError(
            f"analysis frame: column {', '.join(missing)} is missing; "
            f"found {', '.join(map(str, analysis.columns))}"
        )
    trained = analysis["control"].fillna("") == ""
    frame = analysis.loc[trained, list(ANALYSIS)].reset_index(drop=True)
    for name in (*_NUMBERS, "value"):
        frame[name] = frame[name].to_numpy(dtype="float64", na_value=np.nan)
    in_run = (frame["run"].fillna("") != "") & frame["step"].notna()
    last = frame[in_run].groupby(["run", "benchmark"])["step"].transform("max")
    frame = frame[~in_run | (frame["step"] == last.reindex(frame.index))]
    cell = ["model", "benchmark", *PREDICTOR]
    twice = frame[frame.duplicated(cell)]
    if len(twice):
        first = ", ".join(f"{name} {value!r}" for name, value in twice[cell].iloc[0].items())
        raise AtlasError(f"analysis frame: more than one row for {first}; keep one")
    return frame


def blocks(
    analysis: pd.DataFrame, covariates: str, settings: Settings, question: str, statistic: str
) -> tuple[list[Block], list[Row]]:
    """Split the frame into blocks, and give a row with the reason for each cell that has no test.

    covariates  one of settings.COVARIATES; models in which one is unknown are left out
    question, statistic  name the rows with reasons

    The result does not depend on the order of rows, on names of families, or, for one benchmark, on
    which other benchmarks are in the frame; but a predictor is logged on all of them or on none.
    """
    if covariates not in COVARIATES:
        raise ValueError(f"covariates {covariates!r} is not one of {COVARIATES}")
    frame = independent_models(analysis)
    unlogged = _unlogged(frame)
    found, failed = [], []
    for benchmark, cells in frame.groupby("benchmark", sort=True):
        for block in _split(str(benchmark), cells, covariates, unlogged):
            if reason := _untestable(block, settings):
                failed += block.rows(question, statistic, reason)
                continue
            flat = is_flat(block.design, block.x) | is_flat(block.design[:, :1], block.value)
            failed += block.choose(flat).rows(question, statistic, _no_variation("measure", block))
            if not flat.all():
                found.append(block.choose(~flat))
    return found, failed


def _unlogged(frame: pd.DataFrame) -> dict[Predictor, str]:
    """Per predictor the reason why its logarithm is not taken; "" where it is."""
    reasons = {}
    for names, values in frame.groupby(list(PREDICTOR), sort=False)["value"]:
        predictor = Predictor(*map(str, names))
        smallest = values[np.isfinite(values)].min()
        if predictor.measure.endswith("_excess"):
            reasons[predictor] = "not logged: an excess may be negative"
        elif predictor.measure.startswith("log_"):
            reasons[predictor] = "not logged: a logarithm already"
        else:
            reasons[predictor] = "not logged: has values <= 0" if smallest <= 0 else ""
    return reasons


def _split(
    benchmark: str, cells: pd.DataFrame, covariates: str, unlogged: dict[Predictor, str]
) -> Iterator[Block]:
    """One block per set of models on which predictors are complete."""
    wide = cells.pivot(index="model", columns=list(PREDICTOR), values="value")
    models = cells.drop_duplicates("model").sort_values(["log_n", "model"])
    models = models.set_index("model", drop=False)
    wide = wide.loc[models.index].sort_index(axis=1)
    predictors = [Predictor(*map(str, names)) for names in wide.columns]
    values = wide.to_numpy()
    names = covariates.split("+") if covariates else []
    known = {name: np.isfinite(models[name].to_numpy()) for name in ("score", *names)}
    complete = np.logical_and.reduce(list(known.values()))[:, None] & np.isfinite(values)
    groups: dict[bytes, list[int]] = {}
    for index in range(len(predictors)):
        groups.setdefault(complete[:, index].tobytes(), []).append(index)
    for group in groups.values():
        rows = complete[:, group[0]]
        chosen = tuple(predictors[index] for index in group)
        kept = models[rows].reset_index(drop=True)
        value = values[np.ix_(rows, group)]
        take_log = np.array([not unlogged[predictor] for predictor in chosen])
        yield Block(
            benchmark=benchmark,
            covariates=covariates,
            predictors=chosen,
            left_out=tuple(_left_out(known, values[:, index]) for index in group),
            unlogged=tuple(unlogged[predictor] for predictor in chosen),
            models=kept[[*MODEL, *TARGET]],
            family=family_codes(kept),
            score=kept["score"].to_numpy(),
            design=np.column_stack([np.ones(len(kept)), *(kept[name] for name in names)]),
            value=value,
            x=np.log(value, out=value.copy(), where=take_log),
        )


def _left_out(known: dict[str, np.ndarray], values: np.ndarray) -> str:
    counts = {f"without {name}": int((~mask).sum()) for name, mask in known.items()}
    counts["without a value"] = int(np.isnan(values).sum())
    counts["with an infinite value"] = int(np.isinf(values).sum())
    listed = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"models left out: {listed}" if listed else ""


def family_codes(models: pd.DataFrame) -> np.ndarray:
    """A model whose family is not known is a family of its own."""
    family = models["family"].fillna("").astype(str)
    own = "\0" + models["model"].astype(str)
    return pd.factorize(family.where(family != "", own))[0].astype("int64")


def _untestable(block: Block, settings: Settings) -> str:
    """Why nothing can be tested on these models, or ""."""
    n, k = block.design.shape
    if n < max(settings.min_models, k + 3):
        needed = max(settings.min_models, k + 3)
        return f"{counted(n, 'complete model')}, at least {needed} are needed"
    if is_flat(np.ones((n, 1)), block.score[:, None])[0]:
        return "every model has the same score"
    if reason := at_chance(block.models, settings):
        return reason
    if basis(block.design).shape[1] < k:
        return f"{block.covariates} cannot be told apart on these models"
    if is_flat(block.design, block.score[:, None])[0]:
        return _no_variation("score", block)
    return ""


def _no_variation(what: str, block: Block) -> str:
    given = f" given {block.covariates}" if block.covariates else ""
    return f"{what} does not vary{given}"


def at_chance(models: pd.DataFrame, settings: Settings) -> str:
    """Why a benchmark says nothing about these models: the median one does no better than chance.

    Better means by two standard errors (where known) and by `chance_margin` of the way to 1, or to
    0 for a loss, whose sign is turned; where no level of chance is known, "" is returned.
    """
    level = models["chance_level"].to_numpy()
    if not np.isfinite(level).any():
        return ""
    gain = np.nanmedian(models["score"] - level)
    error = models["score_se"].median()
    chance = np.nanmedian(level)
    best = 1.0 if chance >= 0 else 0.0
    margin = settings.chance_margin * (best - chance)
    needed = margin if np.isnan(error) else max(margin, 2 * error)
    if gain > needed:
        return ""
    return f"at chance: the median model gains {gain:.3f} over it, {needed:.3f} is needed"


def is_flat(design: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Per column of [n, m] whether nothing of it is left after the design: bool[m]."""
    columns = to_unit(columns)
    left = (residuals(design, columns) ** 2).sum(axis=0)
    return left <= NEGLIGIBLE**2 * (columns**2).sum(axis=0)
