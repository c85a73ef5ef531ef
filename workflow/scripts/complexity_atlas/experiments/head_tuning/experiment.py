"""The tables of theory and simulation, side by side."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.experiments.head_tuning.population import Population, populations
from complexity_atlas.experiments.head_tuning.settings import Settings
from complexity_atlas.experiments.head_tuning.simulation import simulate
from complexity_atlas.experiments.head_tuning.tables import RISK, SPECTRUM
from complexity_atlas.experiments.head_tuning.theory import risk

_DECIMALS = 8
"""Sums depend on the processor beyond these."""


@threadpool_limits.wrap(limits=1, user_api="blas")
def risk_table(settings: Settings, seed: int) -> pd.DataFrame:
    """Risk in theory and as simulated, for every chain, kind of states, penalty and width; RISK."""
    parts = [
        _risks(population, kind, settings, seed).assign(
            chain=name, concentration=chain.concentration, noise=chain.noise
        )
        for name, chain in settings.chains.items()
        for population in populations(chain, settings.widths, settings.chain_seed)
        for kind in chain.data
    ]
    return RISK.check(pd.concat(parts, ignore_index=True).round(_DECIMALS))


def _risks(population: Population, kind: str, settings: Settings, seed: int) -> pd.DataFrame:
    samples, repetitions = settings.samples, settings.repetitions
    drawn = simulate(population, kind, samples, settings.penalties, repetitions, seed)
    groups = drawn.groupby("penalty")
    table = groups[["bias", "variance", "excess"]].mean()
    table["excess_stderr"] = groups.excess.sem()
    expected = [risk(population, samples, penalty) for penalty in table.index]
    for part in ("bias", "variance", "excess"):
        table[f"theory_{part}"] = [getattr(one, part) for one in expected]
    return table.reset_index().assign(
        states=kind,
        samples=samples,
        width=population.width,
        irreducible=population.irreducible,
        repetitions=repetitions,
    )


def spectrum_table(settings: Settings) -> pd.DataFrame:
    """The largest eigenvalues of Σ_x, twice as many as states; contract SPECTRUM."""
    parts = []
    for name, chain in settings.chains.items():
        for population in populations(chain, settings.widths, settings.chain_seed):
            eigenvalues = population.spectrum[0][: 2 * chain.states]
            parts.append(
                pd.DataFrame(
                    {
                        "chain": name,
                        "width": population.width,
                        "rank": np.arange(1, len(eigenvalues) + 1),
                        "eigenvalue": eigenvalues.round(_DECIMALS),
                    }
                )
            )
    return SPECTRUM.check(pd.concat(parts, ignore_index=True))
