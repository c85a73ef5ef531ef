"""The part of the report on companion experiments: a paragraph each, all from their tables."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from complexity_atlas.report import words

FIGURES = ("superposition", "head_tuning", "routing", "ceilings")
_MOST_NAMED = 5


def paragraphs(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """A paragraph for every experiment whose tables are all there.

    tables  by their names in `experiments.companions`, each of the contract given there
    """
    return [
        write(*(tables[name] for name in needed))
        for write, needed in _EXPERIMENTS.items()
        if all(name in tables for name in needed)
    ]


def superposition(
    bound: pd.DataFrame,
    cost: pd.DataFrame,
    errors: pd.DataFrame,
    law: pd.DataFrame,
    trained: pd.DataFrame,
) -> str:
    """How many features the networks of the study could compute, and what it takes to."""
    ands = bound[bound.task == "and"]
    low, high = ands.bits.min(), ands.bits.max()
    largest = ands.loc[ands.n_weights.idxmax()]
    most = ands[ands.model == largest.model].set_index("bits").features
    widest = law.loc[law.features.idxmax()]
    least = cost[(cost.task == "and") & (cost.bits == high)].set_index("features").neurons
    wrong = errors.groupby(["variant", "features", "channel"])[["n_errors", "n_inputs"]].sum()
    lines = wrong.loc["lines"].sum()
    naive = wrong.loc["naive"].n_errors / wrong.loc["naive"].n_inputs
    return (
        "Superposition (after arXiv 2409.15318). A network of N weights of b bits is one of at "
        "most 2^(N·b) functions, which limits how many features, here ANDs of two inputs, it can "
        f"compute: {largest['name']} with its {words.whole(largest.n_weights)} weights at most "
        f"{words.whole(most[low])} at {words.counted(low, 'bit')} and {words.whole(most[high])} at "
        f"{high} bits. This is a function of N alone and no covariate of any test here. A network "
        "built from the lines of a finite plane does compute "
        f"{words.whole(widest.features)} features with {words.whole(widest.neurons)} neurons "
        f"(the bound at {high} bits is {words.whole(least.get(widest.features, np.nan))}); over "
        f"all sizes it takes {words.real(law.ratio.min())} to {words.real(law.ratio.max())} times "
        f"√m′·log₂m′, and errs on {words.whole(lines.n_errors)} of {words.whole(lines.n_inputs)} "
        "inputs that were checked. With random channels and codes read by their transpose, the "
        f"same number of neurons errs on {words.percent(naive.min())} to "
        f"{words.percent(naive.max())}. {_trained(trained)}"
    )


def _trained(trained: pd.DataFrame) -> str:
    right = trained[trained.n_errors == 0]
    if right.empty:
        return (
            f"No trained network of up to {words.counted(trained.neurons.max(), 'neuron')} was "
            "right on every input."
        )
    found = [f"{words.whole(r.features)} with {words.whole(r.neurons)}" for r in right.itertuples()]
    return (
        "Training finds smaller ones: features and ReLU neurons of the smallest networks that were "
        f"right on every input with at most two active features are {words.listed(found)}."
    )


def head_tuning(risk: pd.DataFrame, spectrum: pd.DataFrame) -> str:
    """Where the risk of a head peaks, how well theory fits, and where the total risk is least."""
    plain = risk[risk.penalty == risk.penalty.min()]
    peak = plain.loc[plain.excess.idxmax()]
    gaussian = risk[risk.states == "gaussian"]
    ridge = risk[risk.penalty == risk.penalty.max()]
    tamed = ridge[ridge.chain == peak.chain].excess.max()
    away = gaussian[~(gaussian.width / gaussian.samples).between(0.9, 1.1)]
    off = (away.excess / away.theory_excess - 1).abs().max()
    above = spectrum.merge(risk[["chain", "noise"]].drop_duplicates())
    above = above[above.eigenvalue > above.noise**2 * 1.001]
    return (
        "Head tuning (after arXiv 2410.00699). A linear head on p features of the hidden states of "
        f"a Markov chain, fitted to {words.whole(peak.samples)} samples, has its largest excess "
        f"risk, {words.real(peak.excess)}, at p/n = {words.short(peak.width / peak.samples)}; with "
        f"a ridge penalty of {words.short(risk.penalty.max())} it is nowhere above "
        f"{words.real(tamed)}. For Gaussian states, simulation is within {words.percent(off)} of "
        f"theory outside 0.9 ≤ p/n ≤ 1.1. {_total(plain)}At most "
        f"{words.whole(above['rank'].max())} directions of up to {words.whole(risk.width.max())} "
        "features stand out of the noise."
    )


def _total(risk: pd.DataFrame) -> str:
    """Where the total risk is least among heads with p < n; empty where there are none."""
    minima = _minima(risk)
    if not minima:
        return ""
    return (
        "The excess risk of heads with p < n rises with p; their total risk need not: it is least "
        f"at {words.listed(minima)}. "
    )


def _minima(risk: pd.DataFrame) -> list[str]:
    """Width of the least total risk among heads with p < n, for every chain."""
    parts = []
    for concentration, rows in risk[risk.width < risk.samples].groupby("concentration"):
        least = rows.loc[(rows.irreducible + rows.theory_excess).idxmin()]
        smallest = ", the smallest head" if least.width == rows.width.min() else ""
        parts.append(
            f"p = {words.whole(least.width)} for rows from Dirichlet({words.short(concentration)})"
            f"{smallest}"
        )
    return parts


def linear_heads(heads: pd.DataFrame) -> str:
    """The same on a frozen network: where the risk on held-out text peaks, before and after."""
    samples = heads.samples.iloc[0]
    random = heads[heads.features == "random"].sort_values("width")
    peak = random.loc[random.risk.idxmax()]
    before = random[random.width < samples]
    told = [*([before.loc[before.risk.idxmin()]] if len(before) else []), peak, random.iloc[-1]]
    risks = [f"{words.real(one.risk)} at p = {words.whole(one.width)}" for one in told]
    slices = heads[heads.features == "slice"]
    reached = slices.width.max() > samples
    also = (
        f" Heads on slices of the vector peak at p = "
        f"{words.whole(slices.loc[slices.risk.idxmax()].width)}."
        if reached
        else ""
    )
    return (
        f"The same holds on a real network. The last hidden vector of {heads.run.iloc[0]}, frozen, "
        f"gives p random features, and heads fitted to {words.whole(samples)} characters predict "
        "the next one of held-out text: the squared error (median over training sets) is "
        f"{words.listed(risks)}.{also}"
    )


def routing(evaluation: pd.DataFrame, trials: pd.DataFrame, models: pd.DataFrame) -> str:
    """Whether a router that reads a task's text is worth having."""
    start = (
        "Routing (after arXiv 2312.11511): a classifier reads a task and names the least capable "
        "network that solves it. "
    )
    routed = evaluation[evaluation.verdict != ""]
    if routed.empty:
        return start + "No items with text were answered by several networks of known cost."
    won = routed[routed.verdict == "beats"]
    best = routed.loc[routed.gain.idxmax()]
    found = (
        f"{words.whole(len(won))} of {words.counted(len(routed), 'router')} "
        f"{'beats' if len(won) == 1 else 'beat'} always taking the best single network. The best "
        f"of them against it ({best.ladder}, {best.labels}) is right in "
        f"{words.percent(best.accuracy)} instead of {words.percent(best.best_accuracy)}, a change "
        f"by {_points(best.gain)} ({_points(best.gain_low)} to {_points(best.gain_high)}), and "
        f"saves {words.percent(best.saving, 0)} of its cost. "
    )
    sure = routed[routed.label_low > routed.majority_share]
    labels = (
        f"Labels of unseen problems are predicted rightly in {_from_to(routed.label_accuracy)}, "
        f"where always naming the commonest does so in {_from_to(routed.majority_share)}; "
        f"{words.whole(len(sure))} of {words.whole(len(routed))} are above that by their interval. "
        f"Some network is right in {_from_to(routed.oracle_accuracy)} of items."
    )
    unrun = models[models.flag.str.startswith("never run")]
    never = (
        f" {words.counted(len(unrun), 'network')} of the sources never ran, and did not fail."
        if len(unrun)
        else ""
    )
    return start + found + labels + never + _repeated(trials)


def _repeated(trials: pd.DataFrame) -> str:
    if trials.trials.nunique() < 2:
        return ""
    mean = trials.groupby("trials")[["agreement", "accuracy", "best_accuracy", "cost"]].mean()
    least, most = mean.iloc[0], mean.iloc[-1]
    return (
        f" Labels from {words.counted(int(mean.index[-1]), 'trial')} instead of "
        f"{words.whole(mean.index[0])} are the true ones in {words.percent(most.agreement)} "
        f"instead of {words.percent(least.agreement)}, and bring the router from "
        f"{_points(least.accuracy - least.best_accuracy)} to "
        f"{_points(most.accuracy - most.best_accuracy)} against the best network, at "
        f"{words.real(most.cost / least.cost, 3)} times the cost."
    )


def _from_to(shares: pd.Series) -> str:
    low, high = words.percent(shares.min()), words.percent(shares.max())
    return low if low == high else f"{low} to {high}"


def _points(share: float) -> str:
    """A difference of shares, in percentage points."""
    return f"{words.signed(100 * share, 1)} points"


def ceilings(lines: pd.DataFrame, operating: pd.DataFrame) -> str:
    """Which families stop getting better with size, and how far the rule can be trusted."""
    start = "Ceilings (after arXiv 2510.21866): "
    if lines.empty:
        return start + "no family has three sizes on one benchmark, so none can be said to stop."
    floor = lines[lines.chance != ""]
    above = lines[lines.chance == ""]
    stopped = above[above.ceiling]
    named = [
        f"{' '.join(filter(None, [row.family, 'on', row.benchmark, row.subtask]))} "
        f"({row.metric_id.replace('_', ' ')}, on average {words.fixed(row.score, 3)} where chance "
        f"is {words.short(row.chance_level)})"
        for row in stopped.head(_MOST_NAMED).itertuples()
    ]
    if len(stopped) > _MOST_NAMED:
        named.append(f"{words.whole(len(stopped) - _MOST_NAMED)} more")
    found = (
        f"of {words.counted(len(lines), 'line')} of a family’s scores against its size "
        f"{words.whole(len(floor))} are at chance and not interpreted, "
        f"{words.whole(int((above.low > 0).sum()))} rise, and {words.whole(len(stopped))} are "
        f"ceilings, flat while the loss falls{': ' + words.listed(named) if named else ''}. "
    )
    if operating.empty:
        return start + found
    steepest = operating.slope.max()
    flat = operating.declared_flat[operating.slope == 0]
    rising = operating.declared_flat[operating.slope == steepest]
    return (
        f"{start}{found}With as many networks and items as these, the rule calls a line that is "
        f"truly flat so in {words.percent(flat.min(), 0)} to {words.percent(flat.max(), 0)} of "
        f"studies, and one that rises by {words.short(steepest)} per tenfold weights in "
        f"{words.percent(rising.max())} at most. No line is corrected for the number of lines."
    )


_EXPERIMENTS: dict[Callable[..., str], tuple[str, ...]] = {
    superposition: (
        "superposition_bound",
        "superposition_cost",
        "superposition_and",
        "superposition_law",
        "superposition_trained",
    ),
    head_tuning: ("head_tuning_risk", "head_tuning_spectrum"),
    linear_heads: ("linear_heads",),
    routing: ("routing_evaluation", "routing_trials", "routing_models"),
    ceilings: ("ceilings", "ceilings_operating"),
}
"""Writer of each paragraph, in the order of the page, and the tables it is made from."""
