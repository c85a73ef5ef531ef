"""Rule plot_zoo_plane: trajectories through the complexity–entropy plane."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.zoo.tables import SCORES
from complexity_atlas.figures import style, zoo
from complexity_atlas.figures.selection import Selection

logs.start_logging(snakemake.log[0])
figure = zoo.draw_plane(
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
    contracts.read_table(snakemake.input.scores, SCORES),
    Selection(**snakemake.params.selection),
    snakemake.params.bins,
)
style.save(figure, snakemake.output[0])
