"""Rule reach_verdict: supported, contradicted or undecided, on every benchmark."""

from complexity_atlas import contracts, logs
from complexity_atlas.statistics.settings import settings_from_config
from complexity_atlas.statistics.verdict import verdict_frame, verdicts

logs.start_logging(snakemake.log[0])
settings = settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed})
results = contracts.read_tables(snakemake.input, contracts.STATISTICS)
found = verdict_frame(verdicts(results, settings))
contracts.write_table(found, snakemake.output[0], contracts.VERDICTS)
