"""Rule plot_head_tuning: risk of heads against their width."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.head_tuning import tables
from complexity_atlas.figures import head_tuning, style

logs.start_logging(snakemake.log[0])
heads = snakemake.input.heads
figure = head_tuning.draw(
    contracts.read_table(snakemake.input.risk, tables.RISK),
    contracts.read_table(snakemake.input.spectrum, tables.SPECTRUM),
    contracts.read_table(heads, tables.LINEAR_HEADS) if heads else None,
)
style.save(figure, snakemake.output[0])
