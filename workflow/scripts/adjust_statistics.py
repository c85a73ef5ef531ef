"""Rule adjust_statistics: p values held together over everything that was tested."""

from pathlib import Path

from complexity_atlas import contracts, logs
from complexity_atlas.statistics import multiplicity
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
settings = settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed})
everything = contracts.read_tables(snakemake.input, contracts.STATISTICS)
adjusted = multiplicity.adjust(everything, settings)
for path in snakemake.output:
    questions = snakemake.params.tables[Path(path).stem]
    chosen = adjusted[adjusted.question.isin(questions)]
    contracts.write_table(chosen, path, contracts.STATISTICS)
