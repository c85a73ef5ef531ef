"""Rule record_run: configuration, versions, seed and hashes of a run."""

import yaml

from complexity_atlas import contracts, logs, provenance

logs.start_logging(snakemake.log[0])
record = provenance.run_record(
    snakemake.params.config,
    snakemake.params.inputs,
    snakemake.input.tables,
    snakemake.params.seed,
)
with contracts.replacing(snakemake.output[0]) as temporary:
    temporary.write_text(
        yaml.safe_dump(record, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
