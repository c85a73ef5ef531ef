"""Rule curate_scores: curated score files to the score table."""

from complexity_atlas import contracts, logs
from complexity_atlas.scores.curate import curate

logs.start_logging(snakemake.log[0])
benchmarks = contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS)
scores = curate(snakemake.input.curated, benchmarks)
contracts.write_table(scores, snakemake.output.scores, contracts.SCORES)
contracts.write_table(scores, snakemake.output.scores_csv, contracts.SCORES)
