"""Rule plot_superposition: the bound for every network."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.superposition import tables
from complexity_atlas.figures import style, superposition

logs.start_logging(snakemake.log[0])
figure = superposition.draw(
    contracts.read_table(snakemake.input.bound, tables.BOUND),
    contracts.read_table(snakemake.input.cost, tables.COST),
)
style.save(figure, snakemake.output[0])
