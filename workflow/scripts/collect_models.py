"""Rule collect_models: records and ledgers of all models as two tables."""

from complexity_atlas import contracts, logs, records, study

logs.start_logging(snakemake.log[0])
models = study.measured_models(
    study.load_models(snakemake.input.models),
    [records.read_record(path) for path in snakemake.input.records],
)
ledger = contracts.read_tables(snakemake.input.ledgers, contracts.LEDGER)
for table, contract, name in (
    (models, contracts.MEASURED_MODELS, "models"),
    (ledger, contracts.LEDGER, "ledger"),
):
    contracts.write_table(table, snakemake.output[name], contract)
    contracts.write_table(table, snakemake.output[f"{name}_csv"], contract)
