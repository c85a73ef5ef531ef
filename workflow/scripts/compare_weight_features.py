"""Rule compare_weight_features: what complexity adds to simple statistics of the weights."""

from complexity_atlas import contracts, logs
from complexity_atlas.counts.saved import read_counts
from complexity_atlas.experiments.zoo.comparison import compare_with_complexity
from complexity_atlas.experiments.zoo.tables import EPIPLEXITY, SCORES
from complexity_atlas.experiments.zoo.weight_features import COMPARISON
from complexity_atlas.figures.selection import Selection, of_models

logs.start_logging(snakemake.log[0])
counts = (
    (model, read_counts(tensors, values))
    for model, tensors, values in zip(
        snakemake.params.models, snakemake.input.tensors, snakemake.input.values, strict=True
    )
)
complexity = contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY)
table = compare_with_complexity(
    counts,
    of_models(complexity, Selection(**snakemake.params.selection)),
    contracts.read_table(snakemake.input.scores, SCORES),
    contracts.read_table(snakemake.input.epiplexity, EPIPLEXITY),
    snakemake.params.seed,
    snakemake.params.confidence,
)
contracts.write_table(table, snakemake.output[0], COMPARISON)
