"""What is asked, and what the statistics answer, in sentences.

Every number in them is read from a table, so that a test can change it and read it back. Arguments
are called as in `inputs.ReportInputs`, which says what they hold.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from complexity_atlas.figures.score_vs_complexity import usable_scores
from complexity_atlas.figures.selection import MEASURE_LABELS, variant_label
from complexity_atlas.report import words
from complexity_atlas.statistics import (
    guidance,
    leave_family_out,
    matched_pairs,
    power,
    relation,
)
from complexity_atlas.statistics.multiplicity import is_primary
from complexity_atlas.statistics.resampling import FEW_FAMILIES
from complexity_atlas.statistics.settings import Primary, Settings
from complexity_atlas.statistics.verdict import headline, verdicts_of

COVARIATES = {
    "": "nothing",
    "log_n": "the number of weights",
    "log_n+log_d": "the number of weights and the amount of training data",
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
        within = f"The interval lies within ±{words.short(smallest_effect)}"
        if row["n_families"] < FEW_FAMILIES:
            return f"{within}, but families are too few to rely on it."
        return f"{within}: too small to matter."
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
            f"{_improve(int((tried.estimate > 0).sum()))} the prediction, {surely} and "
            "without any correction for so many."
        )
    return sentences


def _improve(n: int) -> str:
    return f"{words.whole(n)} {'improves' if n == 1 else 'improve'}"


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
