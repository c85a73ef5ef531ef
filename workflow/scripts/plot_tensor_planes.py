"""Rule plot_tensor_planes: tensors of every network on the complexity–entropy plane."""

from pathlib import Path

from complexity_atlas import contracts, logs
from complexity_atlas.figures import plane, style
from complexity_atlas.figures.selection import Selection

logs.start_logging(snakemake.log[0])
tensors = contracts.read_table(snakemake.input.tensors, contracts.TENSOR_COMPLEXITY)
models = contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS)
names = models.set_index("model").name
for path in (Path(name) for name in snakemake.output if name.endswith(".png")):
    model = path.name.removesuffix(".png")
    figure = plane.draw_tensors(
        tensors[tensors.model == model],
        names[model],
        Selection(**snakemake.params.selection),
        snakemake.params.bins,
    )
    style.save(figure, path)
