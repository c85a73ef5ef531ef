"""Rule plot_pairs: how often the more complex of two networks scores higher."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import matched_pairs, style
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
figure = matched_pairs.draw(
    contracts.read_table(snakemake.input.size_gaps, contracts.SIZE_GAPS),
    contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
style.save(figure, snakemake.output[0])
