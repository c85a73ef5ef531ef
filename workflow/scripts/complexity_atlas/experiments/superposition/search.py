"""How few neurons suffice, and what else fails with as many: the tables of the construction."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.superposition import verify
from complexity_atlas.experiments.superposition.construction import (
    VARIANTS,
    AndNetwork,
    build,
    side,
)
from complexity_atlas.experiments.superposition.tables import AND, LAW

_FEWEST, _MOST = 1.0, 2.5
"""Where to look for the smallest channel, in log2 m'."""

# Several jobs share the cores.
_ONE_THREAD = threadpool_limits.wrap(limits=1, user_api="blas")


def law(features: np.ndarray) -> np.ndarray:
    """√m' log2 m', to which the paper's upper bound on neurons is proportional."""
    return np.sqrt(features) * np.log2(features)


def smallest_channel(features: int, pairs: int, seed: int) -> int:
    """The smallest channel whose network is right on its true pairs, singles and `pairs` others.

    By bisection, as if whatever exceeds a channel that works worked too; near the smallest one it
    depends on the random codes. A sample was verified: a few of all pairs may still be wrong.
    Raises AtlasError where not even the largest channel that is tried works.
    """

    def works(channel: int) -> bool:
        network = build(features, channel, seed)
        kinds = _sampled(network, pairs, seed).values()
        return not any(verify.check(network, active, stop=True).n_errors for active in kinds)

    fewest, most = (round(share * np.log2(features)) for share in (_FEWEST, _MOST))
    channels = range(min(fewest, side(features)), min(most, side(features)) + 1)
    found = bisect_left(channels, True, key=works)
    if found == len(channels):
        raise AtlasError(
            f"companions.superposition.features: no channel up to {channels[-1]} computes "
            f"{features} features without an error; the construction is for more, from 256"
        )
    return channels[found]


@_ONE_THREAD
def law_table(features: tuple[int, ...], pairs: int, seed: int) -> pd.DataFrame:
    """The smallest working network for every m', and the law fitted to them; contract LAW."""
    table = pd.DataFrame({"features": sorted(features)})
    table["channel"] = [smallest_channel(m, pairs, seed) for m in table.features]
    table["neurons"] = table.channel * table.features.map(side)
    table["ratio"] = (table.neurons / law(table.features)).round(6)
    table["fitted"] = (np.exp(np.log(table.ratio).mean()) * law(table.features)).round(3)
    return LAW.check(table)


@_ONE_THREAD
def and_table(sizes: Sequence[tuple[int, int]], pairs: int, seed: int) -> pd.DataFrame:
    """Errors of every variant of the construction on every kind of input; contract AND.

    sizes  m' and s of each network
    """
    rows = []
    for features, channel in sizes:
        for variant in VARIANTS:
            network = build(features, channel, seed, variant)
            rows += _rows(network, variant, _sampled(network, pairs, seed))
    return AND.check(pd.DataFrame(rows))


@_ONE_THREAD
def exhaustive_table(features: int, channel: int, seed: int) -> pd.DataFrame:
    """Errors of the construction on all inputs with at most two active features; contract AND."""
    network = build(features, channel, seed)
    kinds = {"single": verify.singles(network), "every_pair": verify.all_pairs(network)}
    return AND.check(pd.DataFrame(_rows(network, "lines", kinds)))


def _sampled(network: AndNetwork, pairs: int, seed: int) -> dict[str, np.ndarray]:
    return {
        "true_pair": verify.true_pairs(network),
        "single": verify.singles(network),
        "sampled_pair": verify.sampled_pairs(network, pairs, seed),
    }


def _rows(network: AndNetwork, variant: str, kinds: dict[str, np.ndarray]) -> list[dict]:
    size = {"features": network.features, "channel": network.channel, "neurons": network.neurons}
    return [
        size | {"variant": variant, "inputs": kind} | asdict(verify.check(network, active))
        for kind, active in kinds.items()
    ]
