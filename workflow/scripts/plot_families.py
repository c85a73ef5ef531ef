"""Rule plot_families: scores as predicted from other families."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import leave_family_out, style
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
figure = leave_family_out.draw(
    contracts.read_table(snakemake.input.predictions, contracts.PREDICTIONS),
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
style.save(figure, snakemake.output[0])
