"""Rule plot_plane: networks on the complexity–entropy plane."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import plane, style
from complexity_atlas.figures.selection import Selection

logs.start_logging(snakemake.log[0])
figure = plane.draw(
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    Selection(**snakemake.params.selection),
    snakemake.params.bins,
)
style.save(figure, snakemake.output[0])
