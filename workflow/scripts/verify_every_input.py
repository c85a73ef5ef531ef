"""Rule verify_every_input: the construction on every input with at most two active features."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.superposition import search, tables

logs.start_logging(snakemake.log[0])
found = search.exhaustive_table(**snakemake.params.example, seed=snakemake.params.seed)
contracts.write_table(found, snakemake.output[0], tables.AND)
