"""Rule find_ceilings: families that stop getting better with size while their loss falls."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.ceilings.lines import find_ceilings
from complexity_atlas.experiments.ceilings.tables import CEILINGS, OPERATING
from complexity_atlas.scores.tables import SCORED_MODELS
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
found, operating = find_ceilings(
    contracts.read_table(snakemake.input.scores, contracts.SCORES),
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    contracts.read_table(snakemake.input.scored, SCORED_MODELS),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
contracts.write_table(found, snakemake.output.ceilings, CEILINGS)
contracts.write_table(operating, snakemake.output.operating, OPERATING)
