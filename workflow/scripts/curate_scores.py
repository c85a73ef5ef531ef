"""Rule curate_scores: curated files and raw files of sources to the tables of scores."""

from pathlib import Path

from complexity_atlas import contracts, logs
from complexity_atlas.scores.curation import curate_study

logs.start_logging(snakemake.log[0])
tables = curate_study(
    curated=snakemake.input.curated,
    reviewed={
        name: snakemake.input[name]
        for name in ("benchmarks", "metrics", "aliases", "corrections", "protocols", "catalogue")
    },
    snapshots=snakemake.input.snapshots,
    sources=snakemake.params.sources,
    store=snakemake.params.store,
    models=snakemake.params.models,
)
for path in snakemake.output:
    table, contract = tables[Path(path).stem]
    contracts.write_table(table, path, contract)
