"""Companion experiments, which frame the study from theory and use.

Needs: rules that make results/companions/<name>.csv and results/figures/<experiment>.png.
Makes: the target `companions`, which runs them all whether or not the study includes them.
"""

from complexity_atlas.experiments.companions import TABLES as COMPANION_CONTRACTS

COMPANION_TABLES = expand("results/companions/{name}.csv", name=COMPANION_CONTRACTS)
COMPANION_FIGURES = ["superposition"]


rule companions:
    input:
        COMPANION_TABLES,
        expand("results/figures/{figure}.png", figure=COMPANION_FIGURES),
