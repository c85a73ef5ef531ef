"""The sentences of the report: every number in them is read from a table.

Plain functions from tables to sentences, so that a test can change a number and read it back.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from complexity_atlas.contracts import VIEWS
from complexity_atlas.figures.score_vs_complexity import usable_scores
from complexity_atlas.figures.selection import MEASURE_LABELS, Selection, of_models, variant_label
from complexity_atlas.figures.sensitivity import agreement, ranking
from complexity_atlas.report import words
from complexity_atlas.statistics import (
    guidance,
    leave_family_out,
    matched_pairs,
    power,
    raw,
    relation,
    size_adjusted,
)
from complexity_atlas.statistics.calibration import FAMILIES, MODELS, rejected
from complexity_atlas.statistics.multiplicity import is_primary
from complexity_atlas.statistics.settings import Primary, Settings
from complexity_atlas.statistics.verdict import headline, verdicts_of

COVARIATES = {
    "": "nothing",
    "log_n": "the number of weights",
    "log_n+log_d": "the number of weights and the amount of training data",
}


_EVALUATORS = {
    "first_party": "the makers of the models",
    "third_party": "a third party",
    "unknown": "somebody who is not stated",
}


def question_sentences(
    models: pd.DataFrame, scores: pd.DataFrame, benchmarks: pd.DataFrame
) -> list[str]:
    """What is asked, of how many networks and benchmarks."""
    measured = models[models.status == "ok"]
    used = usable_scores(scores)
    used = used[used.model_id.str.replace("/", "--").isin(measured.model)]
    per_benchmark = [
        f"{benchmark.name} ({words.counted(n, 'network')})"
        for benchmark in benchmarks.itertuples()
        if (n := int((used.benchmark_id == benchmark.benchmark_id).sum()))
    ]
    sentences = [
        "Is the statistical complexity of a network’s weights related to how well the network does "
        "its task, beyond what its size already says?",
        f"Measured here: {words.counted(len(measured), 'network')} of "
        f"{words.counted(measured.family.nunique(), 'family', 'families')}, "
        f"{words.whole(measured.n_weights.sum())} weights in all.",
    ]
    if per_benchmark:
        sentences.append(f"Scored on: {words.listed(per_benchmark)}.")
    return sentences


def verdict_sentences(
    verdict: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> list[str]:
    """What was chosen in advance and what came of it; then the verdict on each benchmark.

    verdict  contract VERDICTS
    """
    names = benchmarks.set_index("benchmark_id")["name"]
    found = verdicts_of(verdict)
    each = [
        replace(one, benchmark=names.get(one.benchmark, one.benchmark)).sentence for one in found
    ]
    first = headline(found, settings)
    sentences = (first, _rests_on(settings.primary), *each)
    return [words.minus(text).replace("%", "\u00a0%") for text in sentences]


def _rests_on(primary: Primary) -> str:
    return (
        f"The verdict rests on {MEASURE_LABELS.get(primary.measure, primary.measure)}, binning "
        f"“{variant_label(primary.variant)}”, {primary.view} weights, "
        f"{primary.aggregate.replace('_', ' ')}, given {COVARIATES[primary.covariates]}."
    )


def effect_sentences(
    statistics: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> list[str]:
    """The primary effect on every benchmark, and what could have been seen of it."""
    sentences = []
    for benchmark in benchmarks.itertuples():
        row = primary_row(statistics, benchmark.benchmark_id, settings)
        if row is None:
            sentences.append(f"{benchmark.name}: no association was computed.")
            continue
        sentences.append(f"{benchmark.name}: {_effect(row, settings)}")
        sentences += _detectable(row, settings)
    return sentences


def primary_row(statistics: pd.DataFrame, benchmark: str, settings: Settings) -> pd.Series | None:
    """The row of the primary effect on a benchmark; None where the table has none."""
    here = statistics[is_primary(statistics, settings) & (statistics.benchmark == benchmark)]
    return None if here.empty else here.iloc[0]


def _effect(row: pd.Series, settings: Settings) -> str:
    given = f"given {COVARIATES[row['covariates']]}, " if row["covariates"] else ""
    sample = (
        f"n = {words.counted(row['n_models'], 'network')} of "
        f"{words.counted(row['n_families'], 'family', 'families')}"
    )
    if np.isnan(row["estimate"]):
        return f"{given}no correlation could be computed ({sample}): {row['note'] or 'no reason'}."
    details = [
        sample,
        words.interval(row["ci_low"], row["ci_high"], settings.confidence),
        *_tested(row),
    ]
    remarks = f" Remarks: {row['note']}." if row["note"] else ""
    return (
        f"{given}score and complexity correlate by r = {words.signed(row['estimate'])} "
        f"({'; '.join(details)}). {_reading(row, settings.smallest_effect)}{remarks}"
    )


def _tested(row: pd.Series) -> list[str]:
    """The p value with its corrections; never without saying how it was corrected."""
    if np.isnan(row["p"]):
        return ["not tested"]
    corrected = [
        words.probability("after Holm p", row["p_holm"]),
        words.probability("after Benjamini–Hochberg q", row["q_bh"]),
    ]
    known = [text for text in corrected if text] or ["not corrected for multiplicity"]
    return [f"permutation {words.probability('p', row['p'])}, {' and '.join(known)}"]


def _reading(row: pd.Series, smallest_effect: float) -> str:
    low, high = row["ci_low"], row["ci_high"]
    if np.isnan(low) or np.isnan(high):
        return "Without an interval nothing can be said about its size."
    if low > 0 or high < 0:
        return "The interval leaves out 0."
    if -smallest_effect < low and high < smallest_effect:
        return f"The interval lies within ±{words.short(smallest_effect)}: too small to matter."
    return "The interval holds 0 and effects of either sign: these data cannot tell."


def _detectable(row: pd.Series, settings: Settings) -> list[str]:
    """What could have been seen if every network counted: relatives count for less."""
    if np.isnan(row["estimate"]):
        return []
    networks = words.counted(row["n_models"], "network")
    covariates = [name for name in row["covariates"].split("+") if name]
    least = power.detectable(int(row["n_models"]) - len(covariates), settings)
    if np.isnan(least):
        return [f"{networks} are too few to show a correlation of any size."]
    return [
        f"Even if the {networks} were independent, only a correlation beyond "
        f"±{words.real(least, 2)} would have been found with "
        f"{words.percent(settings.power, 0)} probability."
    ]


def counted_sentences(models: pd.DataFrame, ledger: pd.DataFrame) -> list[str]:
    """How much of what the files hold was counted, and what could not be measured."""
    stored = ledger[ledger["view"] != "folded"]
    counted = stored[stored.counted]
    n, total = counted.n.sum(), stored.n.sum()
    measured, failed = models[models.status == "ok"], models[models.status != "ok"]
    sentences = []
    if total:
        sentences.append(
            f"{words.whole(n)} of {words.whole(total)} constants "
            f"({words.percent(n / total)}) in {words.counted(len(counted), 'tensor')} of "
            f"{words.counted(len(measured), 'network')} are counted as weights; the others are "
            f"listed below with the reason, {words.counted(len(stored) - len(counted), 'tensor')} "
            "in all."
        )
        sentences += _dead(models, counted)
    if len(failed):
        names = words.listed([f"{row.name} ({row.status})" for row in failed.itertuples()])
        sentences.append(f"Could not be measured: {names}.")
    else:
        sentences.append("Every network of the study could be measured.")
    return sentences


def _dead(models: pd.DataFrame, counted: pd.DataFrame) -> list[str]:
    by_model = counted.groupby("model")[["n_dead", "n"]].sum()
    share = by_model.n_dead / by_model.n
    if not share.max() > 0:
        return []
    names = models.set_index("model")["name"]
    most = share.nlargest(2)
    listed = [f"{words.percent(v)} of {names.get(m, m)}" for m, v in most.items() if v > 0]
    return [
        "Dead weights, subnormal leftovers that are not zero but do nothing, make up "
        f"{words.listed(listed)}; the variants of alive weights leave them out."
    ]


def planes_sentences(shown: int, drawn: int) -> list[str]:
    """That the page does not show the plane of every network, where that is so."""
    if shown == drawn:
        return []
    return [
        f"{words.whole(shown)} of {words.counted(drawn, 'network')}; the others are in "
        "results/figures/planes."
    ]


def score_sentences(scores: pd.DataFrame, benchmarks: pd.DataFrame) -> list[str]:
    """What each benchmark measures and who evaluated it."""
    used = usable_scores(scores)
    sentences = []
    for benchmark in benchmarks.itertuples():
        here = used[used.benchmark_id == benchmark.benchmark_id]
        if here.empty:
            continue
        who = words.listed([_EVALUATORS[name] for name in sorted(set(here.evaluator))])
        known = int((here.stderr_kind != "none").sum())
        sentences.append(
            f"{benchmark.name}: {benchmark.description}; {words.counted(len(here), 'score')} from "
            f"{words.real(here.value.min(), 4)} to {words.real(here.value.max(), 4)}, evaluated by "
            f"{who}; a standard error is known for {words.whole(known)} of them."
        )
    return sentences


def source_sentences(sources: pd.DataFrame) -> list[str]:
    """What became of the numbers that sources report, and which source could not be fetched."""
    if sources.empty:
        return []
    total = sources[["rows_in", "ok", "copies", "quarantined", "rejected"]].sum()
    sentences = [
        f"{words.counted(len(sources), 'source')} report {words.whole(total.rows_in)} numbers: "
        f"{words.whole(total.ok)} good, {words.whole(total.copies)} copies of one another, "
        f"{words.whole(total.quarantined)} set aside, {words.whole(total.rejected)} rejected, each "
        "with a reason; of the good ones one per network and benchmark is used, by one declared "
        "protocol."
    ]
    stale = sources[sources.state.str.startswith("stale")]
    return sentences + [
        f"The source {row.name} could not be fetched when it was last tried, and its last good "
        f"files are used ({row.state})."
        for row in stale.itertuples(index=False)
    ]


def confound_sentences(confound: pd.DataFrame) -> list[str]:
    """How the complexity of pure noise depends on its amount, under every binning."""
    slopes = confound.dropna(subset=["slope"]).groupby("variant", sort=False).slope.first()
    if slopes.empty:
        return []
    parts = [f"{variant_label(v)} {words.signed(s, 3)}" for v, s in slopes.items()]
    low, high = confound.n.min(), confound.n.max()
    return [
        f"Between {words.whole(low)} and {words.whole(high)} Gaussian weights, which hold no "
        f"information, complexity goes as a power of their number, with these exponents: "
        f"{words.listed(parts)}.",
        "Where the exponent is not 0, a network has another complexity merely because it has "
        "another size: so every value stands beside its null, and every test is adjusted for size.",
    ]


def unseen_family_sentences(
    statistics: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> list[str]:
    """How well families that were left out are predicted, with the primary complexity and without.

    Then for how many of all complexities the gain is above 0, and surely so.
    """
    sentences = []
    given = COVARIATES[settings.primary.covariates]
    for benchmark in benchmarks.itertuples():
        rows = _primary_rows(
            statistics, benchmark.benchmark_id, leave_family_out.QUESTION, settings
        )
        gain = rows.get(leave_family_out.GAIN)
        if gain is None:
            continue
        if np.isnan(gain["estimate"]):
            sentences.append(f"{benchmark.name}: no prediction of unseen families; {gain['note']}.")
            continue
        full, error = rows["r2_linear"], rows["gain_mae_linear"]
        sentences.append(
            f"{benchmark.name}: a line in {given} and complexity predicts the scores of families "
            f"that were left out with R² = {words.signed(full['estimate'])}; complexity changes "
            f"it by {words.signed(gain['estimate'])} ({_interval(gain, settings)}), and the mean "
            f"absolute error by {words.signed(-error['estimate'], 3)} "
            f"({words.counted(gain['n_models'], 'network')} of "
            f"{words.counted(gain['n_families'], 'family', 'families')})."
        )
        tried = statistics[
            (statistics.benchmark == benchmark.benchmark_id)
            & (statistics.statistic == leave_family_out.GAIN)
            & (statistics.covariates == settings.primary.covariates)
        ].dropna(subset=["estimate"])
        surely = (
            "with too few families for an interval"
            if tried.ci_low.isna().all()
            else f"{words.whole((tried.ci_low > 0).sum())} with an interval above 0"
        )
        sentences.append(
            f"Of {words.counted(len(tried), 'complexity', 'complexities')} tried there, "
            f"{words.whole((tried.estimate > 0).sum())} improve the prediction, {surely} and "
            "without any correction for so many."
        )
    return sentences


def relation_sentences(
    statistics: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> list[str]:
    """Which form of the relation predicts best, its parameters, and whether any beats none."""
    sentences = []
    given = COVARIATES[settings.primary.covariates]
    for benchmark in benchmarks.itertuples():
        rows = _primary_rows(statistics, benchmark.benchmark_id, relation.QUESTION, settings)
        r2 = {
            form.name: rows[f"{form.name}_r2"]["estimate"]
            for form in relation.FORMS
            if f"{form.name}_r2" in rows
        }
        best = rows.get("best_gain_r2")
        if best is None:
            continue
        if not r2 or np.isnan(best["estimate"]):
            sentences.append(f"{benchmark.name}: no form could be fitted; {best['note']}.")
            continue
        form = max(r2, key=r2.get)
        parameters = [
            f"{name} = {words.real(rows[f'{form}_{name}']['estimate'])} "
            f"({words.real(rows[f'{form}_{name}']['ci_low'])} to "
            f"{words.real(rows[f'{form}_{name}']['ci_high'])})"
            for name in ("a", "b", "c")
            if f"{form}_{name}" in rows
        ]
        answer = "beats" if best["ci_low"] > 0 else "cannot be shown to beat"
        sentences.append(
            f"{benchmark.name}: given {given}, the {form} form predicts unseen families best "
            f"(R² = {words.signed(r2[form])}; {words.listed(parameters)}). Choosing the form "
            f"without the family that is predicted, complexity {answer} the baseline without it: "
            f"R² changes by {words.signed(best['estimate'])} ({_interval(best, settings)})."
        )
    return sentences


def guidance_sentences(
    statistics: pd.DataFrame, benchmarks: pd.DataFrame, settings: Settings
) -> list[str]:
    """How often the primary complexity picks the better of two networks of about the same size."""
    sentences = []
    for benchmark in benchmarks.itertuples():
        place = benchmark.benchmark_id
        rows = _primary_rows(statistics, place, guidance.QUESTION, settings)
        pairs = _primary_rows(statistics, place, matched_pairs.QUESTION, settings).get("pairs")
        accuracy = rows.get("accuracy")
        if accuracy is None:
            continue
        if np.isnan(accuracy["estimate"]):
            sentences.append(f"{benchmark.name}: no pick to judge; {accuracy['note']}.")
            continue
        counted = "" if pairs is None else f" in {words.counted(int(pairs['estimate']), 'pair')}"
        rivals = [
            f"{name} {words.percent(row['estimate'], 0)} ({_shares(row, settings)})"
            for statistic, name in (("accuracy_log_n", "size"), ("accuracy_flops", "FLOPs"))
            if (row := rows.get(statistic)) is not None and not np.isnan(row["estimate"])
        ]
        against = words.listed([*rivals, f"a coin {words.percent(0.5, 0)}"])
        sentences.append(
            f"{benchmark.name}: of two networks of different families whose sizes differ by less "
            f"than a factor of {words.short(settings.size_ratio)}, complexity picks the better one "
            f"in {words.percent(accuracy['estimate'], 0)} of cases ({_shares(accuracy, settings)})"
            f"{counted}; {against}. {_smallest(rows.get('smallest_difference'), settings)}"
        )
    return sentences


def _smallest(row: pd.Series | None, settings: Settings) -> str:
    asked = words.percent(settings.pick_accuracy, 0)
    if row is None or np.isnan(row["estimate"]):
        reason = "unknown" if row is None else row["note"].split("; ")[-1].removeprefix("none: ")
        return f"No difference in complexity makes a pick right in {asked} of cases: {reason}."
    return (
        f"A pick is right in {asked} of cases from a difference of "
        f"{words.real(row['estimate'])} in the logarithm of complexity "
        f"({words.real(row['ci_low'])} to {words.real(row['ci_high'])})."
    )


def noise_sentences(noise: pd.DataFrame, settings: Settings) -> list[str]:
    """What raw and size-adjusted association say of models that know nothing."""
    found = noise.dropna(subset=["estimate"])
    plain = found[(found.question == raw.QUESTION) & (found.statistic == raw.SPEARMAN)]
    given = found[
        (found.question == size_adjusted.QUESTION)
        & (found.statistic == size_adjusted.PARTIAL)
        & (found.covariates == "log_n")
    ]
    if plain.empty or given.empty:
        return []
    strongest = plain.loc[plain.estimate.abs().sort_values(ascending=False).index]
    named = [
        f"{variant_label(row.variant)} {words.signed(row.estimate)}"
        for row in strongest.head(3).itertuples()
    ]
    level = 1 - settings.confidence
    least = given.loc[given.p.idxmin()]
    return [
        f"{words.counted(int(plain.n_models.max()), 'made-up network')} of Gaussian weights, whose "
        "score follows nothing but their number, went through the same code. Without regard to "
        f"size, complexity “predicts” their score under "
        f"{words.whole((plain.p <= level).sum())} of {words.counted(len(plain), 'binning')} "
        f"({words.probability('p', level).replace('=', '≤')}), most of all under "
        f"{words.listed(named)} (Spearman’s ρ).",
        f"Given the number of weights, {words.whole((given.p <= level).sum())} of "
        f"{words.counted(len(given), 'binning')} remain; the smallest p, before any correction, is "
        f"{words.real(least.p, 2)} ({variant_label(least.variant)}, "
        f"r = {words.signed(least.estimate)}, {_interval(least, settings)}).",
    ]


def calibration_sentences(calibration: pd.DataFrame, settings: Settings) -> list[str]:
    """How often each test finds something where there is nothing."""
    if calibration.empty:
        return []
    rates = rejected(calibration, settings)
    studies = int(calibration.groupby("permuted").size().min())
    return [
        f"In {words.whole(studies)} made-up studies in which relatives are alike but complexity "
        "says nothing about the score, the test that moves whole families finds an effect at the "
        f"{words.percent(1 - settings.confidence, 0)} level in {words.percent(rates[FAMILIES])}, "
        f"and one that takes networks for independent in {words.percent(rates[MODELS])}."
    ]


def _primary_rows(
    statistics: pd.DataFrame, benchmark: str, question: str, settings: Settings
) -> dict[str, pd.Series]:
    """Rows of a question for the primary predictor on a benchmark, by statistic.

    Given the primary covariates where the question knows covariates, else without.
    """
    names = ("measure", "variant", "view", "aggregate")
    here = statistics[(statistics.question == question) & (statistics.benchmark == benchmark)]
    for name in names:
        here = here[here[name] == getattr(settings.primary, name)]
    given = here[here.covariates == settings.primary.covariates]
    return {row["statistic"]: row for _, row in (here if given.empty else given).iterrows()}


def _interval(row: pd.Series, settings: Settings) -> str:
    return words.interval(row["ci_low"], row["ci_high"], settings.confidence)


def _shares(row: pd.Series, settings: Settings) -> str:
    # A single pair has no spread.
    if not row["ci_low"] < row["ci_high"]:
        return "no interval"
    level = words.percent(settings.confidence, 0)
    low, high = (words.percent(row[name], 0) for name in ("ci_low", "ci_high"))
    return f"{level} interval {low} to {high}"


def ranking_sentences(
    complexity: pd.DataFrame, selection: Selection, variants: Sequence[str]
) -> list[str]:
    """How far the order of the networks depends on the binning and on the view."""
    ranks = ranking(complexity, selection, list(variants))
    tau = agreement(ranks, selection.variant)
    here = tau[(tau["view"] == selection.view) & (tau.variant != selection.variant)].dropna()
    sentences = []
    if len(here) > 1:
        low, high = here.loc[here.tau.idxmin()], here.loc[here.tau.idxmax()]
        sentences.append(
            f"Against “{variant_label(selection.variant)}”, the order of the networks "
            f"({selection.view} weights) agrees least under “{variant_label(low.variant)}” "
            f"(Kendall τ = {words.signed(low.tau)}, n = {low.n}) and most under "
            f"“{variant_label(high.variant)}” (τ = {words.signed(high.tau)}, n = {high.n})."
        )
    values = [of_models(complexity, _seen(selection, view)).value for view in VIEWS]
    both = pd.concat(values, axis=1, keys=VIEWS).dropna()
    if len(both) > 2:
        order = both.rank(ascending=False)
        moved = int((order[VIEWS[0]] != order[VIEWS[1]]).sum())
        sentences.append(
            f"Between {VIEWS[0]} and {VIEWS[1]} weights {moved} of "
            f"{words.counted(len(both), 'network')} change rank under "
            f"“{variant_label(selection.variant)}” "
            f"(τ = {words.signed(both[VIEWS[0]].corr(both[VIEWS[1]], method='kendall'))})."
        )
    return sentences


def _seen(selection: Selection, view: str) -> Selection:
    return Selection(**(vars(selection) | {"view": view}))
