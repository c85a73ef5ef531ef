"""Rule plot_plane: networks on the complexity–entropy plane."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import plane, style
from complexity_atlas.figures.selection import Selection
from complexity_atlas.study import published

logs.start_logging(snakemake.log[0])
models, complexity = published(
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
)
figure = plane.draw(
    complexity,
    models,
    Selection(**snakemake.params.selection),
    snakemake.params.bins,
)
style.save(figure, snakemake.output[0])
