"""Rule correlate_scores: every predictor against every benchmark."""

from complexity_atlas import logs

logs.start_logging(snakemake.log[0])
