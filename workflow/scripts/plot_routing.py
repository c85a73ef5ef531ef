"""Rule plot_routing: cost against accuracy, and what repeated labelling buys."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.routing.tables import CURVES, TRIALS
from complexity_atlas.figures import routing, style

logs.start_logging(snakemake.log[0])
figure = routing.draw(
    contracts.read_table(snakemake.input.curves, CURVES),
    contracts.read_table(snakemake.input.trials, TRIALS),
)
style.save(figure, snakemake.output[0])
