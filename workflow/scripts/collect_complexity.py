"""Rule collect_complexity: the tables of all models as one, with CSV twins."""

from complexity_atlas import contracts, logs

logs.start_logging(snakemake.log[0])
for kind, contract in (
    ("tensors", contracts.TENSOR_COMPLEXITY),
    ("models", contracts.MODEL_COMPLEXITY),
):
    table = contracts.read_tables(snakemake.input[kind], contract)
    contracts.write_table(table, snakemake.output[kind], contract)
    contracts.write_table(table, snakemake.output[f"{kind}_csv"], contract)
