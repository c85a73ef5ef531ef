"""Rule plot_power: which correlations so few models could show."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import power, style
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
figure = power.draw(
    contracts.read_table(snakemake.input.statistics, contracts.STATISTICS),
    contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
style.save(figure, snakemake.output[0])
