"""Rule join_analysis: scores, complexities and covariates as one frame."""

from complexity_atlas import contracts, logs
from complexity_atlas.statistics.analysis import analysis_frame

logs.start_logging(snakemake.log[0])
frame = analysis_frame(
    contracts.read_table(snakemake.input.scores, contracts.SCORES),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
)
contracts.write_table(frame, snakemake.output[0], contracts.ANALYSIS)
