"""Rule simulate_controls: models and studies in which there is nothing to find."""

import pandas as pd

from complexity_atlas import contracts, logs
from complexity_atlas.complexity.binning import parse_rules
from complexity_atlas.statistics import raw, size_adjusted
from complexity_atlas.statistics.calibration import null_p_values
from complexity_atlas.statistics.noise import noise_analysis
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
settings = settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed})
fake = noise_analysis(
    settings.seed,
    rules=parse_rules(snakemake.params.variants),
    measures=(settings.primary.measure,),
)
answers = [module.question(fake, settings) for module in (raw, size_adjusted)]
contracts.write_table(
    pd.concat(answers, ignore_index=True), snakemake.output.noise, contracts.STATISTICS
)
contracts.write_table(null_p_values(settings), snakemake.output.calibration, contracts.CALIBRATION)
