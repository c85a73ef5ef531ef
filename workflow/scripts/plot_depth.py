"""Rule plot_depth: complexity of every tensor over depth."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import depth_profile, style
from complexity_atlas.figures.selection import Selection
from complexity_atlas.study import published

logs.start_logging(snakemake.log[0])
models, tensors, complexity = published(
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    contracts.read_table(snakemake.input.tensors, contracts.TENSOR_COMPLEXITY),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
)
figure = depth_profile.draw(
    tensors,
    complexity,
    models,
    Selection(**snakemake.params.selection),
)
style.save(figure, snakemake.output[0])
