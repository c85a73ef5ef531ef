"""Rule answer_question: one question, put to every benchmark and predictor."""

import importlib

from complexity_atlas import contracts, logs
from complexity_atlas.statistics.analysis import in_focus
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
question = importlib.import_module(f"complexity_atlas.statistics.{snakemake.wildcards.question}")
settings = settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed})
analysis = contracts.read_table(snakemake.input[0], contracts.ANALYSIS)
if snakemake.params.focused:
    analysis = in_focus(analysis, settings.primary)
contracts.write_table(
    question.question(analysis, settings), snakemake.output[0], contracts.STATISTICS
)
