"""What the answers rest on, in sentences: the weights, the scores, and the controls.

Every number in them is read from a table, so that a test can change it and read it back. Arguments
are called as in `inputs.ReportInputs`, which says what they hold.
"""

from collections.abc import Sequence

import pandas as pd

from complexity_atlas.contracts import VIEWS
from complexity_atlas.figures.score_vs_complexity import usable_scores
from complexity_atlas.figures.selection import Selection, of_models, variant_label
from complexity_atlas.figures.sensitivity import agreement, ranking
from complexity_atlas.report import words
from complexity_atlas.statistics import (
    raw,
    size_adjusted,
)
from complexity_atlas.statistics.calibration import FAMILIES, MODELS, rejected
from complexity_atlas.statistics.settings import Settings

_EVALUATORS = {
    "first_party": "the makers of the models",
    "third_party": "a third party",
    "unknown": "somebody who is not stated",
}


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
        f"{words.counted(len(sources), 'source')} {'reports' if len(sources) == 1 else 'report'} "
        f"{words.counted(int(total.rows_in), 'number')}: "
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
    interval = words.interval(least.ci_low, least.ci_high, settings.confidence)
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
        f"r = {words.signed(least.estimate)}, {interval}).",
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
    values = [of_models(complexity, selection.in_view(view)).value for view in VIEWS]
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
