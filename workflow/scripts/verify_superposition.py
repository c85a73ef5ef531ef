"""Rule verify_superposition: how few neurons compute so many ANDs, and what fails with as many."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.superposition import search, tables

logs.start_logging(snakemake.log[0])
pairs, seed = snakemake.params.pairs, snakemake.params.seed
example = snakemake.params.example
law = search.law_table(tuple(snakemake.params.features), pairs, seed)
built = {*zip(law.features, law.channel, strict=True), (example["features"], example["channel"])}
errors = search.and_table(sorted(built), pairs, seed)
contracts.write_table(errors, snakemake.output.errors, tables.AND)
contracts.write_table(law, snakemake.output.law, tables.LAW)
