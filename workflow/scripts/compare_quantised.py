"""Rule compare_quantised: complexity of codes as one table, and whether the order survives."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures.selection import Selection, of_models
from complexity_atlas.quantisation.complexities import order_after_quantisation

logs.start_logging(snakemake.log[0])
quantised = contracts.read_tables(snakemake.input.quantised, contracts.QUANTISATION)
complexity = contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY)
models = contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS)
selection = Selection(**snakemake.params.selection)
trained = models[models.control == ""].set_index("model")
order = order_after_quantisation(
    quantised, of_models(complexity, selection).value, trained.task, selection.view
)
contracts.write_table(quantised, snakemake.output.quantised, contracts.QUANTISATION)
contracts.write_table(quantised, snakemake.output.quantised_csv, contracts.QUANTISATION)
contracts.write_table(order, snakemake.output.order, contracts.QUANTISED_ORDER)
