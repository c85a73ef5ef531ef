"""Rule plot_ceilings: slopes of scores on size, and how often the rule is right."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.ceilings.tables import CEILINGS, OPERATING
from complexity_atlas.figures import ceilings, style
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
figure = ceilings.draw(
    contracts.read_table(snakemake.input.ceilings, CEILINGS),
    contracts.read_table(snakemake.input.operating, OPERATING),
    contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
style.save(figure, snakemake.output[0])
