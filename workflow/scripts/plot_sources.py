"""Rule plot_sources: what sources say of the same thing, and which scores there are."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import score_coverage, score_sources, style
from complexity_atlas.scores.tables import ANALYSIS_VIEW

logs.start_logging(snakemake.log[0])
scores = contracts.read_table(snakemake.input.scores, contracts.SCORES)
view = contracts.read_table(snakemake.input.view, ANALYSIS_VIEW)
benchmarks = contracts.read_table(snakemake.input.benchmarks, contracts.BENCHMARKS)
style.save(score_sources.draw(scores, view, benchmarks), snakemake.output[0])
models = snakemake.params.models
style.save(score_coverage.draw(scores, view, benchmarks, models), snakemake.output[2])
