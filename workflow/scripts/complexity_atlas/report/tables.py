"""The tables of the report: which columns a reader sees, how they read and how they sort.

Arguments are called as in `inputs.ReportInputs`, which says what they hold.
"""

from collections.abc import Sequence

import pandas as pd

from complexity_atlas.contracts import VIEWS
from complexity_atlas.figures.score_vs_complexity import score_intervals, usable_scores
from complexity_atlas.figures.selection import Selection, of_models, symbol, variant_label
from complexity_atlas.figures.sensitivity import ranking
from complexity_atlas.report import cells, words
from complexity_atlas.report.cells import Column, Field, Table, make_table
from complexity_atlas.statistics import raw, size_adjusted
from complexity_atlas.statistics.analysis import is_comparable
from complexity_atlas.statistics.settings import Primary


def scores_table(
    scores: pd.DataFrame, benchmarks: pd.DataFrame, models: pd.DataFrame, confidence: float
) -> Table:
    """Every score that is used, with its interval, and where it was printed."""
    used = usable_scores(scores)
    used = used.join(score_intervals(used, confidence)).sort_values(["benchmark_id", "model_id"])
    names, titles = _names(models), _titles(benchmarks)
    interval = f"{words.percent(confidence, 0)} interval"
    fields: list[Field] = [
        (
            Column("Network", "name"),
            lambda r: cells.text(names.get(r.model_id.replace("/", "--"), r.model_id)),
        ),
        (
            Column("Benchmark", "name"),
            lambda r: cells.text(titles.get(r.benchmark_id, r.benchmark_id)),
        ),
        (Column("Metric", "name"), lambda r: cells.plain(r.metric_id)),
        (Column("Score", "number"), lambda r: cells.fixed(r.value, 4)),
        (
            Column(interval, "number"),
            lambda r: cells.number(r.low, f"{words.fixed(r.low, 3)} … {words.fixed(r.high, 3)}"),
        ),
        (Column("Kind of interval"), lambda r: cells.text(r.kind or "none given")),
        (
            Column("Items", "number", "Items that the benchmark holds"),
            lambda r: cells.whole(r.n_items),
        ),
        (Column("Evaluated by"), lambda r: cells.plain(r.evaluator)),
        (Column("Source"), lambda r: cells.link(r.source_id, r.source_url)),
        (Column("Where", "note"), lambda r: cells.text(r.raw_locator)),
    ]
    return make_table("scores", "Scores as their sources print them", used.itertuples(), fields)


def complexity_table(
    models: pd.DataFrame, ledger: pd.DataFrame, complexity: pd.DataFrame, selection: Selection
) -> Table:
    """Complexity of every network that was measured, beside its null and its other view."""
    other = next(view for view in VIEWS if view != selection.view)
    found = of_models(complexity, selection)[["value", "null", "excess", "flag"]]
    found["entropy"] = of_models(complexity, selection, "entropy").value
    found["other"] = of_models(complexity, selection.in_view(other)).value
    stored = ledger[ledger.counted & (ledger["view"] != "folded")]
    sums = stored.groupby("model")[["n_dead", "n_zero", "n"]].sum()
    shares = sums[["n_dead", "n_zero"]].div(sums.n, axis=0)
    rows = models[models.status == "ok"].set_index("model").join([found, shares])
    measure = symbol(selection.measure)
    hint = selection.description
    dead = "Share of weights that are not zero but below 1e-20 of the largest"
    fields: list[Field] = [
        (Column("Network", "name"), lambda r: cells.text(r.name)),
        (Column("Task", "name"), lambda r: cells.text(r.task)),
        (
            Column("Weights", "number", "Counted weights, stored"),
            lambda r: cells.whole(r.n_weights),
        ),
        (Column(f"{measure}, {selection.view}", "number", hint), lambda r: cells.fixed(r.value, 5)),
        (Column("Null", "number", "Gaussian weights"), lambda r: cells.fixed(r.null, 5)),
        (
            Column("Excess", "number", "Complexity minus its null"),
            lambda r: cells.fixed(r.excess, 5),
        ),
        (Column(f"H, {selection.view}", "number", "Entropy"), lambda r: cells.fixed(r.entropy, 4)),
        (Column(f"{measure}, {other}", "number"), lambda r: cells.fixed(r.other, 5)),
        (Column("Dead", "number", dead), lambda r: cells.percent(r.n_dead)),
        (
            Column("Zero", "number", "Weights that are exactly zero"),
            lambda r: cells.percent(r.n_zero),
        ),
        (Column("Remark", "note"), lambda r: cells.text("" if pd.isna(r.flag) else r.flag)),
    ]
    caption = f"Complexity per network: {selection.description}"
    return make_table("complexity", caption, rows.itertuples(), fields)


def ranking_table(
    models: pd.DataFrame, complexity: pd.DataFrame, selection: Selection, variants: Sequence[str]
) -> Table:
    """Rank of every network under every variant and view, with the complexity in brackets."""
    ranks = ranking(complexity, selection, list(variants))
    ranked = {
        (row.model, row.view, row.variant): cells.number(
            row.rank, f"{words.short(row.rank)} ({words.fixed(row.value, 4)})"
        )
        for row in ranks.itertuples()
    }
    measured = models[models.status == "ok"]
    rows = [(row.model, row.name, view) for row in measured.itertuples() for view in VIEWS]
    fields: list[Field] = [
        (Column("Network", "name"), lambda r: cells.text(r[1])),
        (Column("View"), lambda r: cells.text(r[2])),
    ]
    for variant in variants:
        column = Column(variant_label(variant), "number")
        fields.append((column, lambda r, v=variant: ranked.get((r[0], r[2], v), cells.UNKNOWN)))
    caption = "Rank (and complexity) of the networks under every binning; rank 1 is most complex"
    return make_table("ranking", caption, rows, fields)


def statistics_table(
    statistics: pd.DataFrame, benchmarks: pd.DataFrame, primary: Primary, confidence: float
) -> Table:
    """Every measure and binning in the primary view and aggregate: raw, and adjusted for size.

    Of spectral measures it is the mean over matrices.
    """
    titles = _titles(benchmarks)
    given = primary.covariates or size_adjusted.ADJUSTMENTS[0]
    here = statistics[is_comparable(statistics, primary)]
    plain = _of(here, raw.QUESTION, raw.SPEARMAN, "")
    adjusted = _of(here, size_adjusted.QUESTION, size_adjusted.PARTIAL, given)
    rows = plain.add_suffix("_raw").join(adjusted.add_suffix("_adj"), how="outer").reset_index()
    interval = f"{words.percent(confidence, 0)} interval"
    bootstrap = "Bootstrap over families"
    before = "Before any correction: never read it alone"
    after = "Holm's p of the primary effect, Benjamini and Hochberg's q of every other"
    fields: list[Field] = [
        (Column("Benchmark", "name"), lambda r: cells.text(titles.get(r.benchmark, r.benchmark))),
        (Column("Measure", "name"), lambda r: cells.text(r.measure)),
        (Column("Binning", "name"), lambda r: cells.text(r.variant)),
        (Column("n", "number", "Networks"), lambda r: cells.whole(r.n_models_adj)),
        (Column("Families", "number"), lambda r: cells.whole(r.n_families_adj)),
        (
            Column("Raw ρ", "number", "Spearman's correlation"),
            lambda r: cells.signed(r.estimate_raw),
        ),
        (
            Column(interval, "number", bootstrap),
            lambda r: cells.interval(r.ci_low_raw, r.ci_high_raw),
        ),
        (Column("p", "number", before), lambda r: cells.p_value(r.p_raw)),
        (Column("corrected", "number", after), lambda r: cells.p_value(r.corrected_raw)),
        (Column("Adjusted r", "number", f"Given {given}"), lambda r: cells.signed(r.estimate_adj)),
        (
            Column(interval, "number", bootstrap),
            lambda r: cells.interval(r.ci_low_adj, r.ci_high_adj),
        ),
        (Column("p", "number", before), lambda r: cells.p_value(r.p_adj)),
        (Column("corrected", "number", after), lambda r: cells.p_value(r.corrected_adj)),
        (
            Column("Note", "remark"),
            lambda r: cells.text(r.note_adj if pd.notna(r.note_adj) else ""),
        ),
    ]
    caption = (
        f"Associations in {primary.view} weights, {primary.aggregate.replace('_', ' ')} "
        "(every view and aggregate: results/statistics/correlations.csv)"
    )
    return make_table("statistics", caption, rows.itertuples(), fields)


def _of(rows: pd.DataFrame, question: str, statistic: str, covariates: str) -> pd.DataFrame:
    """One statistic by benchmark, measure and variant, with the one correction that it has."""
    chosen = rows[
        (rows.question == question)
        & (rows.statistic == statistic)
        & (rows.covariates == covariates)
    ]
    columns = ["n_models", "n_families", "estimate", "ci_low", "ci_high", "p", "corrected", "note"]
    chosen = chosen.assign(corrected=chosen.p_holm.fillna(chosen.q_bh))
    return chosen.set_index(["benchmark", "measure", "variant"])[columns]


def verdict_table(verdict: pd.DataFrame, benchmarks: pd.DataFrame, confidence: float) -> Table:
    """The numbers on which the verdict on every benchmark rests."""
    titles = _titles(benchmarks)
    interval = f"{words.percent(confidence, 0)} interval"
    detectable = "Correlation that so many independent networks would show"
    fields: list[Field] = [
        (Column("Benchmark", "name"), lambda r: cells.text(titles.get(r.benchmark, r.benchmark))),
        (Column("Verdict", "name"), lambda r: cells.text(r.verdict)),
        (Column("n", "number", "Networks"), lambda r: cells.whole(r.n_models)),
        (Column("Families", "number"), lambda r: cells.whole(r.n_families)),
        (Column("Effect", "number", "Primary effect"), lambda r: cells.signed(r.effect)),
        (Column(interval, "number"), lambda r: cells.interval(r.low, r.high)),
        (Column("p after Holm", "number"), lambda r: cells.p_value(r.p)),
        (Column("Gain in R²", "number", "Of unseen families"), lambda r: cells.signed(r.gain)),
        (Column(interval, "number"), lambda r: cells.interval(r.gain_low, r.gain_high)),
        (
            Column("Same sign", "number", "Benchmarks whose effect has this sign"),
            lambda r: cells.number(r.same_sign, f"{r.same_sign} of {r.n_benchmarks}"),
        ),
        (Column("Detectable", "number", detectable), lambda r: cells.fixed(r.detectable, 2)),
    ]
    return make_table("verdict", "What the verdict rests on", verdict.itertuples(), fields)


def answers_table(
    statistics: pd.DataFrame,
    benchmarks: pd.DataFrame,
    primary: Primary,
    confidence: float,
    questions: Sequence[str],
    id: str,
    caption: str,
) -> Table:
    """Every statistic of some questions for the primary measure, view and aggregate.

    All binnings are shown; what could not be computed is left to `untested_table`.
    """
    titles = _titles(benchmarks)
    chosen = statistics[
        statistics.question.isin(questions)
        & statistics.measure.isin(["", primary.measure])
        & statistics["view"].isin(["", primary.view])
        & statistics["aggregate"].isin(["", primary.aggregate])
    ].dropna(subset=["estimate"])
    # The primary binning first, so that the page opens on what the verdict rests on.
    order = chosen.assign(other=chosen.variant != primary.variant)
    rows = order.sort_values(
        ["other", "question", "benchmark", "covariates", "variant", "statistic"], kind="stable"
    )
    interval = f"{words.percent(confidence, 0)} interval"
    corrected = rows.p_holm.fillna(rows.q_bh)
    fields: list[Field] = [
        (Column("Benchmark", "name"), lambda r: cells.text(titles.get(r.benchmark, r.benchmark))),
        (Column("Statistic", "name"), lambda r: cells.plain(r.statistic)),
        (Column("Binning", "name"), lambda r: cells.text(variant_label(r.variant) or "any")),
        (Column("Given", "name"), lambda r: cells.text(r.covariates or "nothing")),
        (Column("n", "number", "Networks"), lambda r: cells.whole(r.n_models)),
        (Column("Families", "number"), lambda r: cells.whole(r.n_families)),
        (Column("Estimate", "number"), lambda r: cells.real(r.estimate)),
        (Column(interval, "number"), lambda r: cells.reals(r.ci_low, r.ci_high)),
        (
            Column("p", "number", "Before any correction: never read it alone"),
            lambda r: cells.p_value(r.p),
        ),
        (
            Column("corrected", "number", "Holm or Benjamini–Hochberg"),
            lambda r: cells.p_value(r.corrected),
        ),
        (Column("Note", "remark"), lambda r: cells.text(r.note)),
    ]
    return make_table(id, caption, rows.assign(corrected=corrected).itertuples(), fields)


def noise_table(noise: pd.DataFrame, confidence: float) -> Table:
    """Association with the score of models that know nothing, raw and given size."""
    plain = _of(noise, raw.QUESTION, raw.SPEARMAN, "")
    adjusted = _of(noise, size_adjusted.QUESTION, size_adjusted.PARTIAL, "log_n")
    rows = plain.add_suffix("_raw").join(adjusted.add_suffix("_adj"), how="outer").reset_index()
    interval = f"{words.percent(confidence, 0)} interval"
    fields: list[Field] = [
        (Column("Measure", "name"), lambda r: cells.text(r.measure)),
        (Column("Binning", "name"), lambda r: cells.text(variant_label(r.variant))),
        (Column("n", "number", "Made-up networks"), lambda r: cells.whole(r.n_models_raw)),
        (
            Column("Raw ρ", "number", "Spearman's correlation"),
            lambda r: cells.signed(r.estimate_raw),
        ),
        (Column(interval, "number"), lambda r: cells.interval(r.ci_low_raw, r.ci_high_raw)),
        (Column("p", "number"), lambda r: cells.p_value(r.p_raw)),
        (Column("Adjusted r", "number", "Given log_n"), lambda r: cells.signed(r.estimate_adj)),
        (Column(interval, "number"), lambda r: cells.interval(r.ci_low_adj, r.ci_high_adj)),
        (Column("p", "number"), lambda r: cells.p_value(r.p_adj)),
    ]
    return make_table(
        "noise-models", "The same tests on models that know nothing", rows.itertuples(), fields
    )


def untested_table(statistics: pd.DataFrame, benchmarks: pd.DataFrame) -> Table:
    """What could not be computed, by question, benchmark and reason, with the number of rows."""
    titles = _titles(benchmarks)
    missing = statistics[statistics.estimate.isna()]
    # That there is no smallest difference is an answer; the guidance gives it.
    missing = missing[~missing.note.str.contains("none: ")]
    groups = missing.groupby(["question", "benchmark", "covariates", "note"], sort=True)
    fields: list[Field] = [
        (Column("Question"), lambda r: cells.plain(r.question)),
        (
            Column("Benchmark", "name"),
            lambda r: cells.text(titles.get(r.benchmark, r.benchmark) or "all"),
        ),
        (Column("Given"), lambda r: cells.text(r.covariates or "nothing")),
        (Column("Reason", "note"), lambda r: cells.text(r.note or "no reason given")),
        (Column("Rows", "number"), lambda r: cells.whole(r.rows)),
    ]
    rows = groups.size().rename("rows").reset_index()
    return make_table("untested", "What could not be computed, and why", rows.itertuples(), fields)


def left_out_table(ledger: pd.DataFrame) -> Table:
    """What is not counted as a weight, by reason, with the number of tensors and of values."""
    stored = ledger[(ledger["view"] != "folded") & ~ledger.counted]
    sums = stored.groupby("reason").agg(
        networks=("model", "nunique"), tensors=("tensor", "size"), values=("n", "sum")
    )
    rows = sums.sort_values("values", ascending=False, kind="stable").reset_index()
    fields: list[Field] = [
        (Column("Reason", "note"), lambda r: cells.text(r.reason)),
        (Column("Networks", "number"), lambda r: cells.whole(r.networks)),
        (Column("Tensors", "number"), lambda r: cells.whole(r.tensors)),
        (Column("Values", "number"), lambda r: cells.whole(r.values)),
    ]
    return make_table(
        "left-out", "Constants that are not counted, and why", rows.itertuples(), fields
    )


def failures_table(models: pd.DataFrame) -> Table:
    """Networks whose weights could not be measured, with status and reason."""
    fields: list[Field] = [
        (Column("Network", "name"), lambda r: cells.text(r.name)),
        (Column("Location"), lambda r: cells.text(r.location)),
        (Column("Status"), lambda r: cells.plain(r.status)),
        (Column("Reason", "note"), lambda r: cells.text(r.reason)),
    ]
    rows = models[models.status != "ok"].itertuples()
    return make_table("failures", "Networks that could not be measured", rows, fields)


def remarks_table(models: pd.DataFrame) -> Table:
    """What the reader of a file remarked, such as every BatchNorm that could not be folded."""
    rows = [
        (row.name, note) for row in models.itertuples() for note in row.notes.split("; ") if note
    ]
    fields: list[Field] = [
        (Column("Network", "name"), lambda r: cells.text(r[0])),
        (Column("Remark", "note"), lambda r: cells.text(r[1])),
    ]
    caption = "Remarks on the files, among them BatchNorms that are not folded"
    return make_table("remarks", caption, rows, fields)


def provenance_table(models: pd.DataFrame) -> Table:
    """Where every network comes from, under which licence, and the hashes of what was read."""
    fields: list[Field] = [
        (Column("Network", "name"), lambda r: cells.link(r.name, r.url)),
        (Column("Family", "name"), lambda r: cells.text(r.family)),
        (Column("Source"), lambda r: cells.text(f"{r.source} {r.location}")),
        (Column("Licence"), lambda r: cells.text(r.licence or "not stated")),
        (Column("SHA-256 of the source", "code"), lambda r: cells.text(r.sha256)),
        (Column("Files that were read", "code"), lambda r: cells.text(r.files)),
        (Column("Format"), lambda r: cells.text(r.format)),
        (Column("Counted on"), lambda r: cells.text(r.device)),
    ]
    return make_table("provenance", "Provenance of every network", models.itertuples(), fields)


def sources_table(sources: pd.DataFrame) -> Table:
    """Accounts of every source of scores: what came in, and what became of it."""
    fields: list[Field] = [
        (Column("Source", "name"), lambda r: cells.link(r.name, r.url)),
        (
            Column("Rows", "number", "Numbers that the source reports"),
            lambda r: cells.whole(r.rows_in),
        ),
        (Column("Good", "number"), lambda r: cells.whole(r.ok)),
        (
            Column("Older", "number", "Superseded by a newer run"),
            lambda r: cells.whole(r.superseded),
        ),
        (Column("Copies", "number", "Reported by another source"), lambda r: cells.whole(r.copies)),
        (Column("Set aside", "number", "With a flag"), lambda r: cells.whole(r.quarantined)),
        (Column("Rejected", "number", "With a reason"), lambda r: cells.whole(r.rejected)),
        (
            Column("Unresolved", "number", "Of a model without id"),
            lambda r: cells.whole(r.unresolved),
        ),
        (
            Column("Newest", "name", "Date of an evaluation"),
            lambda r: cells.text(r.newest_evaluation),
        ),
        (Column("Evaluated by"), lambda r: cells.plain(r.evaluator)),
        (Column("Files", "number"), lambda r: cells.whole(r.files)),
        (Column("State"), lambda r: cells.text(r.state)),
        (Column("Revision", "code"), lambda r: cells.text(r.revision)),
        (Column("Licence"), lambda r: cells.text(r.licence)),
        (Column("Terms", "note"), lambda r: cells.text(r.terms)),
    ]
    return make_table("sources", "Sources of scores", sources.itertuples(), fields)


def _names(models: pd.DataFrame) -> pd.Series:
    return models.set_index("model")["name"]


def _titles(benchmarks: pd.DataFrame) -> pd.Series:
    return benchmarks.set_index("benchmark_id")["name"]
