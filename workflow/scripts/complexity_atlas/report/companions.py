"""The part of the report on companion experiments: a paragraph each, all from their tables."""

from collections.abc import Callable, Mapping

import pandas as pd

from complexity_atlas.report import words

FIGURES = ("superposition",)


def paragraphs(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """A paragraph for every experiment whose tables are all there.

    tables  by their names in `experiments.companions`, each of the contract given there
    """
    return [
        write(*(tables[name] for name in needed))
        for write, needed in _EXPERIMENTS.items()
        if all(name in tables for name in needed)
    ]


def superposition(bound: pd.DataFrame, cost: pd.DataFrame) -> str:
    """How many features the networks of the study could compute."""
    ands = bound[bound.task == "and"]
    low, high = ands.bits.min(), ands.bits.max()
    smallest, largest = ands.loc[ands.n_weights.idxmin()], ands.loc[ands.n_weights.idxmax()]

    def most(network: pd.Series, bits: int) -> str:
        here = ands[(ands.model == network.model) & (ands.bits == bits)]
        return words.whole(here.features.iloc[0])

    dearest = cost[(cost.task == "and") & (cost.bits == high)].nlargest(1, "features").iloc[0]
    return (
        "Superposition (after arXiv 2409.15318): a network of N weights of b bits is one of at "
        "most 2^(N·b) functions, so it can compute at most so many features, here ANDs of two "
        f"inputs: {smallest['name']} ({words.whole(smallest.n_weights)} weights) "
        f"{most(smallest, low)} at {words.counted(low, 'bit')} and {most(smallest, high)} at "
        f"{high}, {largest['name']} ({words.whole(largest.n_weights)}) {most(largest, low)} and "
        f"{most(largest, high)}. {words.whole(dearest.features)} features take at least "
        f"{words.whole(dearest.parameters)} weights of {high} bits. The bound is a function of N "
        "alone: beside N it explains nothing, and it is no covariate of any test here."
    )


_EXPERIMENTS: dict[Callable[..., str], tuple[str, ...]] = {
    superposition: ("superposition_bound", "superposition_cost"),
}
"""Writer of each paragraph, in the order of the page, and the tables it is made from."""
