"""Rule plot_quantisation: complexity of quantised weights against that of the weights."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import quantisation, style
from complexity_atlas.figures.selection import Selection

logs.start_logging(snakemake.log[0])
figure = quantisation.draw(
    contracts.read_table(snakemake.input.quantised, contracts.QUANTISATION),
    contracts.read_table(snakemake.input.order, contracts.QUANTISED_ORDER),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    Selection(**snakemake.params.selection),
)
style.save(figure, snakemake.output[0])
