"""The tables of every companion experiment, by name: `results/companions/<name>.csv`."""

from complexity_atlas.contracts import Contract
from complexity_atlas.experiments.ceilings import tables as ceilings
from complexity_atlas.experiments.head_tuning import tables as head_tuning
from complexity_atlas.experiments.routing import tables as routing
from complexity_atlas.experiments.superposition import tables as superposition

TABLES: dict[str, Contract] = {
    "superposition_bound": superposition.BOUND,
    "superposition_cost": superposition.COST,
    "superposition_and": superposition.AND,
    "superposition_law": superposition.LAW,
    "superposition_trained": superposition.TRAINED,
    "head_tuning_risk": head_tuning.RISK,
    "head_tuning_spectrum": head_tuning.SPECTRUM,
    "linear_heads": head_tuning.LINEAR_HEADS,
    **{f"routing_{name}": contract for name, contract in routing.CONTRACTS.items()},
    "ceilings": ceilings.CEILINGS,
    "ceilings_operating": ceilings.OPERATING,
}
