"""Rule collect_zoo: tables of all training runs as one of each kind."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.zoo import tables
from complexity_atlas.experiments.zoo.evaluate import curated_rows

logs.start_logging(snakemake.log[0])
for name, contract in (
    ("scores", tables.SCORES),
    ("responses", tables.RESPONSES),
    ("loss_curves", tables.LOSS_CURVE),
    ("epiplexity", tables.EPIPLEXITY),
):
    table = contracts.read_tables(snakemake.input[name], contract)
    contracts.write_table(table, snakemake.output[name], contract)
scores = contracts.read_table(snakemake.output.scores, tables.SCORES)
with contracts.replacing(snakemake.output.curated) as temporary:
    curated_rows(scores).to_csv(temporary, index=False)
