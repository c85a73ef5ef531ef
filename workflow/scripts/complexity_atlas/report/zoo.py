"""The part of the report on the zoo: sentences and tables, every number from a table."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from complexity_atlas.figures.selection import Selection, of_models, symbol
from complexity_atlas.report import cells, words
from complexity_atlas.report.cells import Cell, Column, Table
from complexity_atlas.statistics import size_adjusted, size_adjusted_over_checkpoints, trajectories
from complexity_atlas.statistics.settings import Settings

BITS, TOP1, CLOZE = "zoo_bits_per_character", "zoo_top1", "zoo_cloze"
CONTROLS = {"": "trained", "shuffled": "shuffled", "reinitialised": "re-initialised"}

QUESTIONS = (
    ("raw", "spearman", "", "last step of each run"),
    ("size_adjusted", size_adjusted.PARTIAL, "log_n", "last step of each run"),
    ("size_adjusted", size_adjusted.WITHIN, "log_n", "last step of each run"),
    (size_adjusted_over_checkpoints.QUESTION, size_adjusted.PARTIAL, "log_n", "every step"),
    (size_adjusted_over_checkpoints.QUESTION, size_adjusted.PARTIAL, "log_n+log_d", "every step"),
    (trajectories.QUESTION, trajectories.CORRELATION, "", "along each run"),
    (trajectories.QUESTION, trajectories.CORRELATION, "log_d", "along each run"),
)
"""Question, statistic, covariates, and over which networks: what is asked of the zoo, in order."""

GIVEN = {
    "": "nothing",
    "log_n": "log N",
    "log_d": "log D",
    "log_n+log_d": "log N and log D",
}


@dataclass(frozen=True)
class ZooResults:
    """What the report says of the zoo.

    complexity  contract MODEL_COMPLEXITY, of its networks
    scores      contract SCORES of `experiments.zoo.tables`
    comparison  contract COMPARISON of `experiments.zoo.weight_features`
    statistics  contract STATISTICS, of all questions
    """

    complexity: pd.DataFrame
    scores: pd.DataFrame
    comparison: pd.DataFrame
    statistics: pd.DataFrame


def sentences(zoo: ZooResults, selection: Selection, settings: Settings) -> list[str]:
    """What was trained, whether it learned, what the controls show, and what complexity adds."""
    return [
        *_trained(zoo.scores),
        *_learned(zoo.scores),
        *_asked(zoo.statistics, settings),
        *_controls(zoo, selection),
        *_compared(zoo.comparison, settings.confidence),
    ]


def lead(scores: pd.DataFrame) -> str:
    """One sentence for the head of the page."""
    return (
        f"Beside them, {words.counted(scores.model_id.nunique(), 'network')} of "
        f"{words.counted(scores.run.nunique(), 'training run')} that the study made itself, with "
        "known size, data and history."
    )


def _trained(scores: pd.DataFrame) -> Iterator[str]:
    trained = scores[scores.control == ""]
    runs = trained.drop_duplicates("run")
    steps = words.listed([words.whole(step) for step in sorted(set(trained.step))])
    yield (
        f"{words.counted(len(runs), 'run')}: {words.listed(sorted(set(runs.family)))} in "
        f"{words.counted(runs['size'].nunique(), 'size')} from "
        f"{words.whole(runs.n_parameters.min())} to {words.whole(runs.n_parameters.max())} "
        f"parameters with {words.counted(runs.seed.nunique(), 'seed')} each, trained on "
        f"{words.whole(trained.characters.max())} characters of the documentation that Python "
        f"brings along, saved at the steps {steps}. The text depends on the version of Python; "
        f"scores compare only within one text, here SHA-256 {runs.text_sha256.iloc[0][:12]}…"
    )


def _learned(scores: pd.DataFrame) -> Iterator[str]:
    last = _last(scores[scores.control == ""])
    bits, cloze = (last[last.benchmark_id == name] for name in (BITS, CLOZE))
    best, choice = bits.loc[bits.value.idxmin()], cloze.loc[cloze.value.idxmax()]
    steps = scores[(scores.benchmark_id == BITS) & (scores.control == "") & (scores.step > 0)]
    rho = [
        run.characters.corr(run.value, method="spearman")
        for _, run in steps.groupby("run")
        if len(run) > 2 and run.value.nunique() > 1
    ]
    learned = (
        f" Along the runs, bits per character fall with data: Spearman’s ρ is at most "
        f"{words.signed(max(rho))}."
        if rho
        else ""
    )
    yield (
        f"The best network at the last step ({best.run}) needs {words.fixed(best.value, 2)} bits "
        f"per held-out character, where a guess without context costs "
        f"{words.fixed(best.chance_level, 2)}; the best at cloze ({choice.run}) finds "
        f"{words.percent(choice.value)} of the missing words (chance "
        f"{words.percent(choice.chance_level, 0)}, standard error "
        f"{words.percent(choice.stderr)}).{learned}"
    )


def _asked(statistics: pd.DataFrame, settings: Settings) -> Iterator[str]:
    rows = _questions(statistics, settings, settings.primary.measure)
    found = [row for row in rows if row["benchmark"] == BITS and np.isfinite(row["estimate"])]
    parts = [
        f"{words.signed(row['estimate'])} given {GIVEN[row['covariates']]}, {row['where']}"
        f"{_between(row, settings)} ({_statistic(row)})"
        for row in found
    ]
    if parts:
        yield (
            "Correlation of the primary complexity with bits per character, turned so that more "
            f"is better: {'; '.join(parts)}."
        )
        yield (
            "There are few families, so permuting whole families can show little; the test inside "
            "families is the apt one. Runs of one family share their design: this says nothing "
            "about networks of other kinds, or of other sizes. An adjustment takes out a straight "
            "line: where the score bends with data, a complexity that bends alike passes for more."
        )


def _between(row: dict, settings: Settings) -> str:
    if np.isnan(row["ci_low"]):
        return ""
    return f", {words.interval(row['ci_low'], row['ci_high'], settings.confidence)}"


def _controls(zoo: ZooResults, selection: Selection) -> Iterator[str]:
    rows = _beside(zoo, selection)
    if rows.empty:
        return
    same = int((rows.value_shuffled == rows.value).sum())
    ratio = rows.value_reinitialised / rows.value
    bits = rows.bits_shuffled
    yield (
        f"Shuffling the weights within each tensor leaves complexity exactly as it was in "
        f"{words.whole(same)} of {words.counted(len(rows), 'run')}, and leaves "
        f"{words.fixed(bits.min(), 2)} to {words.fixed(bits.max(), 2)} bits per character of "
        f"{words.fixed(rows.bits.min(), 2)} to {words.fixed(rows.bits.max(), 2)}: a measure of the "
        "distribution of weights cannot tell a network that works from one that does not. Gaussian "
        "weights of the same means and widths have "
        f"{words.fixed(ratio.min(), 2)} to {words.fixed(ratio.max(), 2)} times the complexity of "
        "the trained ones."
    )


def _compared(comparison: pd.DataFrame, confidence: float) -> Iterator[str]:
    rows = comparison.set_index("predictors")
    base, both = rows.loc["weight_features"], rows.loc["weight_features+lmc"]
    if np.isnan(both.r2):
        yield f"Weight features could not be compared: {both.note}."
        return
    adds = "adds to" if both.ci_low > 0 else "adds nothing that can be shown to"
    yield (
        f"Gradient boosting on {words.whole(base.n_features)} simple statistics of the weights "
        f"(Unterthiner et al. 2020) predicts bits per character of held-out runs with "
        f"R² = {words.fixed(base.r2, 3)}. LMC complexity {adds} it: R² changes by "
        f"{words.signed(both.r2_gain, 3)} "
        f"({words.percent(confidence, 0)} interval {words.signed(both.ci_low, 3)} to "
        f"{words.signed(both.ci_high, 3)})."
    )


def questions_table(zoo: ZooResults, benchmarks: pd.DataFrame, settings: Settings) -> Table:
    """The primary complexity, and epiplexity, under every question and on every zoo benchmark."""
    titles = benchmarks.set_index("benchmark_id")["name"]
    columns = (
        Column("Benchmark", "name"),
        Column("Measure", "name"),
        Column("Networks"),
        Column("Given", "name"),
        Column("Statistic"),
        Column("n", "number", "Networks, or runs along trajectories"),
        Column("Estimate", "number", "Positive: more of the measure goes with a better score"),
        Column(f"{words.percent(settings.confidence, 0)} interval", "number"),
        Column("p", "number", "Before any correction: never read it alone"),
        Column("corrected", "number", "Holm's p or Benjamini and Hochberg's q"),
        Column("Note", "remark"),
    )
    measures = (settings.primary.measure, "epiplexity")
    rows = [
        (
            Cell(titles.get(row["benchmark"], row["benchmark"])),
            Cell(row["measure"]),
            Cell(row["where"]),
            Cell(GIVEN[row["covariates"]]),
            Cell(_statistic(row)),
            cells.whole(row["n_models"]),
            cells.signed(row["estimate"]),
            cells.number(
                row["ci_low"], f"{words.signed(row['ci_low'])} … {words.signed(row['ci_high'])}"
            ),
            cells.number(row["p"], words.real(row["p"], 2)),
            cells.number(row["corrected"], words.real(row["corrected"], 2)),
            Cell(row["note"]),
        )
        for measure in measures
        for row in _questions(zoo.statistics, settings, measure)
    ]
    return Table("zoo-questions", "What the zoo says to every question", columns, tuple(rows))


def controls_table(zoo: ZooResults, selection: Selection) -> Table:
    """Every last checkpoint beside its controls: complexity, bits per character, cloze."""
    measure = symbol(selection.measure)
    columns = [Column("Run", "name"), Column("Type", "name", "Number type of the weights")]
    names = {"value": measure, "bits": "Bits", "cloze": "Cloze"}
    for name in names.values():
        columns += [Column(f"{name}, {control}", "number") for control in CONTROLS.values()]
    digits = {"value": 5, "bits": 2, "cloze": 3}
    rows = []
    for row in _beside(zoo, selection).itertuples():
        shown = [Cell(row.run), Cell(row.precision)]
        for name in names:
            for control in CONTROLS:
                value = getattr(row, f"{name}_{control}" if control else name)
                shown.append(cells.fixed(value, digits[name]))
        rows.append(tuple(shown))
    caption = "Trained networks at the last step, beside their controls"
    return Table("zoo-controls", caption, tuple(columns), tuple(rows))


def comparison_table(comparison: pd.DataFrame) -> Table:
    """What blocks of predictors say about runs that were held out."""
    columns = (
        Column("Predictors", "name"),
        Column("Features", "number"),
        Column("Networks", "number"),
        Column("Runs", "number"),
        Column("R²", "number", "Of runs held out"),
        Column("Mean error", "number", "Bits per character"),
        Column("Added", "name"),
        Column("Gain in R²", "number"),
        Column("Interval", "number"),
        Column("Note", "remark"),
    )
    rows = tuple(
        (
            Cell(row.predictors.replace("_", " ").replace("+", " + ")),
            cells.whole(row.n_features),
            cells.whole(row.n_models),
            cells.whole(row.n_runs),
            cells.fixed(row.r2, 3),
            cells.fixed(row.mae, 3),
            Cell(row.added.replace("_", " ")),
            cells.number(row.r2_gain, words.signed(row.r2_gain, 3)),
            cells.interval(row.ci_low, row.ci_high, 3),
            Cell(row.note),
        )
        for row in comparison.itertuples()
    )
    caption = "Predicting bits per character from the weights, whole runs held out"
    return Table("zoo-weight-features", caption, columns, rows)


def _questions(statistics: pd.DataFrame, settings: Settings, measure: str) -> list[dict]:
    """Rows of QUESTIONS for one measure on the zoo's benchmarks, with `where` and `corrected`."""
    primary = settings.primary
    here = statistics[
        statistics.benchmark.str.startswith("zoo_") & (statistics.measure == measure)
    ].assign(corrected=statistics.p_holm.fillna(statistics.q_bh))
    if measure == primary.measure:
        for name in ("variant", "view", "aggregate"):
            here = here[here[name] == getattr(primary, name)]
    rows = []
    for _, found in here.groupby("benchmark"):
        for question, statistic, covariates, where in QUESTIONS:
            one = found[
                (found.question == question)
                & (found.statistic == statistic)
                & (found.covariates == covariates)
            ]
            rows += [row | {"where": where} for row in one.to_dict("records")]
    return rows


def _statistic(row: dict) -> str:
    return row["statistic"].replace("_", " ")


def _beside(zoo: ZooResults, selection: Selection) -> pd.DataFrame:
    """One row per run: complexity, bits and cloze at the last step; controls with their suffix."""
    last = _last(zoo.scores)
    wide = last.pivot(index="model_id", columns="benchmark_id", values="value")
    models = last.drop_duplicates("model_id").set_index("model_id")
    table = pd.DataFrame(
        {
            "run": models.run,
            "precision": models.precision,
            "control": models.control,
            "value": of_models(zoo.complexity, selection).value.reindex(models.index),
            "bits": wide[BITS].reindex(models.index),
            "cloze": wide[CLOZE].reindex(models.index),
        }
    )
    rows = table[table.control == ""].drop(columns="control").set_index("run")
    for control in filter(None, CONTROLS):
        other = table[table.control == control].set_index("run")[["value", "bits", "cloze"]]
        rows = rows.join(other.add_suffix(f"_{control}"))
    return rows.reset_index()


def _last(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[scores.step == scores.groupby("run").step.transform("max")]
