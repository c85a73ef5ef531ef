"""Rule simulate_noise: complexity of Gaussian weights of growing number, under every binning."""

import numpy as np

from complexity_atlas import contracts, logs
from complexity_atlas.complexity.binning import parse_rules
from complexity_atlas.figures.confound import confound_table

logs.start_logging(snakemake.log[0])
table = confound_table(
    parse_rules(snakemake.params.variants),
    np.geomspace(1e4, 1e11, 15).astype(np.int64),
    snakemake.params.draws,
    snakemake.params.seed,
    snakemake.params.measure,
)
contracts.write_table(table, snakemake.output[0], contracts.NOISE)
