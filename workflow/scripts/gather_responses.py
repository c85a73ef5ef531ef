"""Rule gather_responses: files of per-item results to one table of items and one of responses."""

from pathlib import Path

from complexity_atlas import contracts, logs
from complexity_atlas.scores.per_item import merge, parser

logs.start_logging(snakemake.log[0])
parse = parser(snakemake.params.format)
found = merge(
    [
        parse(Path(path).read_bytes(), name, **snakemake.params.settings)
        for path, name in zip(snakemake.input.files, snakemake.params.names, strict=True)
    ]
)
contracts.write_table(found.items, snakemake.output.asked, contracts.ITEMS)
contracts.write_table(found.responses, snakemake.output.answered, contracts.RESPONSES)
