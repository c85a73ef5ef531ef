"""Rule plot_sensitivity: rank of every network under every binning."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import sensitivity, style
from complexity_atlas.figures.selection import Selection
from complexity_atlas.study import published

logs.start_logging(snakemake.log[0])
models, complexity = published(
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
)
figure = sensitivity.draw(
    complexity,
    models,
    Selection(**snakemake.params.selection),
    snakemake.params.variants,
)
style.save(figure, snakemake.output[0])
