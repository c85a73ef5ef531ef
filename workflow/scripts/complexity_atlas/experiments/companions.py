"""The tables of every companion experiment, by name: `results/companions/<name>.csv`."""

from complexity_atlas.contracts import Contract
from complexity_atlas.experiments.superposition import tables as superposition

TABLES: dict[str, Contract] = {
    "superposition_bound": superposition.BOUND,
    "superposition_cost": superposition.COST,
}
