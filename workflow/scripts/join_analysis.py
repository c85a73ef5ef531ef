"""Rule join_analysis: scores, complexities and covariates as one frame."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.zoo.tables import EPIPLEXITY
from complexity_atlas.statistics.analysis import analysis_frame

logs.start_logging(snakemake.log[0])
epiplexity = contracts.read_tables(snakemake.input.epiplexity, EPIPLEXITY)
frame = analysis_frame(
    contracts.read_table(snakemake.input.scores, contracts.SCORES),
    contracts.read_table(snakemake.input.complexity, contracts.MODEL_COMPLEXITY),
    contracts.read_table(snakemake.input.models, contracts.MEASURED_MODELS),
    epiplexity,
)
contracts.write_table(frame, snakemake.output[0], contracts.ANALYSIS)
