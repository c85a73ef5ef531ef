"""Rule tabulate_primary: what figures draw of the primary effect."""

from complexity_atlas import contracts, logs
from complexity_atlas.statistics.primary import pairs_by_size_gap, predictions
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
settings = settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed})
analysis = contracts.read_table(snakemake.input[0], contracts.ANALYSIS)
contracts.write_table(
    predictions(analysis, settings), snakemake.output.predictions, contracts.PREDICTIONS
)
contracts.write_table(
    pairs_by_size_gap(analysis, settings), snakemake.output.size_gaps, contracts.SIZE_GAPS
)
