"""Rule plot_superposition: the bound for every network, and the construction beside it."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.superposition import tables
from complexity_atlas.figures import style, superposition

logs.start_logging(snakemake.log[0])
figure = superposition.draw(
    contracts.read_table(snakemake.input.bound, tables.BOUND),
    contracts.read_table(snakemake.input.cost, tables.COST),
    contracts.read_table(snakemake.input.errors, tables.AND),
    contracts.read_table(snakemake.input.law, tables.LAW),
    contracts.read_table(snakemake.input.trained, tables.TRAINED),
)
style.save(figure, snakemake.output[0])
