"""Rule bound_superposition: how many features networks of the study's sizes could compute."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.superposition import bound, tables

logs.start_logging(snakemake.log[0])
models = contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS)
bits = tuple(snakemake.params.bits)
found = bound.bound_table(models, bits)
contracts.write_table(found, snakemake.output.bound, tables.BOUND)
cost = bound.cost_table(tuple(snakemake.params.features), bits)
contracts.write_table(cost, snakemake.output.cost, tables.COST)
