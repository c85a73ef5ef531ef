"""Rule collect_models: records and ledgers of all models as two tables."""

import pandas as pd

from complexity_atlas import contracts, logs, records, study
from complexity_atlas.experiments.zoo.models import zoo_models
from complexity_atlas.experiments.zoo.settings import RunSpec

logs.start_logging(snakemake.log[0])
runs = tuple(RunSpec(**run) for run in snakemake.params.zoo)
published = study.load_models(snakemake.input.models, snakemake.params.sizes)
zoo = zoo_models(runs, snakemake.params.zoo_folder)
models = study.measured_models(
    pd.concat([published, zoo], ignore_index=True),
    [records.read_record(path) for path in snakemake.input.records],
)
ledger = contracts.read_tables(snakemake.input.ledgers, contracts.LEDGER)
for table, contract, name in (
    (models, contracts.MEASURED_MODELS, "models"),
    (ledger, contracts.LEDGER, "ledger"),
):
    contracts.write_table(table, snakemake.output[name], contract)
    contracts.write_table(table, snakemake.output[f"{name}_csv"], contract)
