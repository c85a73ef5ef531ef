"""Companion experiments, which frame the study from theory and use.

Needs: rules that make results/companions/<name>.csv and results/figures/<experiment>.png.
Makes: the target `companions`, which runs them all whether or not the study includes them.
"""

from complexity_atlas.experiments.companions import TABLES as COMPANION_CONTRACTS

# The largest transformer of the zoo, on which heads are tuned.
FROZEN_RUN = next((r for r in ZOO_RUNS.values() if r.family == "transformer"), None)
OF_ZOO = {"linear_heads"} if FROZEN_RUN is None else set()
COMPANION_TABLES = expand(
    "results/companions/{name}.csv",
    name=[name for name in COMPANION_CONTRACTS if name not in OF_ZOO],
)
COMPANION_FIGURES = ["superposition", "head_tuning", "routing", "ceilings"]


rule companions:
    input:
        COMPANION_TABLES,
        expand("results/figures/{figure}.png", figure=COMPANION_FIGURES),
