"""Rule plot_scores: score against complexity, raw and in excess of noise."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import score_vs_complexity, style
from complexity_atlas.figures.selection import Selection
from complexity_atlas.study import published

logs.start_logging(snakemake.log[0])
models, complexity = published(
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
)
figure = score_vs_complexity.draw(
    complexity,
    models,
    contracts.read_table(snakemake.input.scores, contracts.SCORES),
    contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS),
    contracts.read_table(snakemake.input.statistics, contracts.STATISTICS),
    Selection(**snakemake.params.selection),
    snakemake.params.confidence,
)
style.save(figure, snakemake.output[0])
