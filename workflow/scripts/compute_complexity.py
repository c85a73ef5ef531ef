"""Rule compute_complexity: saved counts of a few models to their complexities."""

from complexity_atlas import binning, complexity, contracts, logs, saved_counts

logs.start_logging(snakemake.log[0])
method = complexity.Method(
    rules=binning.parse_rules(snakemake.params.variants),
    null_draws=snakemake.params.null_draws,
    seed=snakemake.params.seed,
    parts=snakemake.params.parts,
)
models = (
    (model, saved_counts.read_counts(tensors, values))
    for model, tensors, values in zip(
        snakemake.params.models, snakemake.input.tensors, snakemake.input.values, strict=True
    )
)
of_tensors, of_models = complexity.complexities(models, method)
contracts.write_table(of_tensors, snakemake.output.tensors, contracts.TENSOR_COMPLEXITY)
contracts.write_table(of_models, snakemake.output.models, contracts.MODEL_COMPLEXITY)
