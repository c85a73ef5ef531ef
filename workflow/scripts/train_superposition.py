"""Rule train_superposition: how few neurons a trained network needs for the same features."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.superposition import tables, trained

logs.start_logging(snakemake.log[0])
found = trained.trained_table(**snakemake.params.settings, seed=snakemake.params.seed)
contracts.write_table(found, snakemake.output[0], tables.TRAINED)
