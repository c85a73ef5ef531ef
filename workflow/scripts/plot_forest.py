"""Rule plot_forest: size-adjusted association of every measure, with intervals."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import forest, style
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
figure = forest.draw(
    contracts.read_table(snakemake.input.statistics, contracts.STATISTICS),
    contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
style.save(figure, snakemake.output[0])
