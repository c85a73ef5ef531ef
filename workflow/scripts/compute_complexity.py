"""Rule compute_complexity: saved counts of one model to its complexities."""

from complexity_atlas import binning, complexity, contracts, logs, saved_counts

logs.start_logging(snakemake.log[0])
method = complexity.Method(
    rules=binning.parse_rules(snakemake.params.variants),
    null_draws=snakemake.params.null_draws,
    seed=snakemake.params.seed,
)
tensors = saved_counts.read_counts(snakemake.input.tensors, snakemake.input.values)
of_tensors, of_models = complexity.complexities(snakemake.wildcards.model, tensors, method)
contracts.write_table(of_tensors, snakemake.output.tensors, contracts.TENSOR_COMPLEXITY)
contracts.write_table(of_models, snakemake.output.models, contracts.MODEL_COMPLEXITY)
