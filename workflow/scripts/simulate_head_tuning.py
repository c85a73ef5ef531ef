"""Rule simulate_head_tuning: risk of linear heads in theory and as simulated."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.head_tuning import experiment, tables
from complexity_atlas.experiments.head_tuning.settings import Settings

logs.start_logging(snakemake.log[0])
settings = Settings.from_config(snakemake.params.settings)
risk = experiment.risk_table(settings, snakemake.params.seed)
contracts.write_table(risk, snakemake.output.risk, tables.RISK)
contracts.write_table(
    experiment.spectrum_table(settings), snakemake.output.spectrum, tables.SPECTRUM
)
