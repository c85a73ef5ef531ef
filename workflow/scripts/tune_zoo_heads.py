"""Rule tune_zoo_heads: linear heads of growing width on a frozen network of the zoo."""

from pathlib import Path

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.head_tuning import tables
from complexity_atlas.experiments.head_tuning.linear_heads import linear_heads_table
from complexity_atlas.experiments.head_tuning.settings import HeadSettings
from complexity_atlas.experiments.zoo.settings import RunSpec
from complexity_atlas.experiments.zoo.text import read_corpus

logs.start_logging(snakemake.log[0])
heads = linear_heads_table(
    RunSpec(**snakemake.params.run),
    Path(snakemake.input.network),
    read_corpus(snakemake.input.corpus),
    HeadSettings(**snakemake.params.heads),
    snakemake.params.seed,
)
contracts.write_table(heads, snakemake.output[0], tables.LINEAR_HEADS)
