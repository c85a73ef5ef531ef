"""The part of the report on companion experiments: a paragraph each, all from their tables."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from complexity_atlas.report import words

FIGURES = ("superposition", "head_tuning")


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
        "theory outside 0.9 ≤ p/n ≤ 1.1. The excess risk of heads with p < n rises with p; their "
        f"total risk need not: it is least at {words.listed(_minima(plain))}. At most "
        f"{words.whole(above['rank'].max())} directions of up to {words.whole(risk.width.max())} "
        "features stand out of the noise."
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
    first, last = before.loc[before.risk.idxmin()], random.iloc[-1]
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
        f"{words.real(first.risk)} at p = {words.whole(first.width)}, {words.real(peak.risk)} at "
        f"p = {words.whole(peak.width)} and {words.real(last.risk)} at p = "
        f"{words.whole(last.width)}.{also}"
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
}
"""Writer of each paragraph, in the order of the page, and the tables it is made from."""
