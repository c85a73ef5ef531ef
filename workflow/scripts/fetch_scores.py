"""Rule fetch_scores: the raw files of the study's score sources, as the lock names them."""

from pathlib import Path

from complexity_atlas import contracts, logs
from complexity_atlas.scores.catalogue import chosen_sources, load_catalogue, load_lock
from complexity_atlas.scores.fetch import Fetching, fetch_locked, lock_of
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.tables import SNAPSHOTS

logs.start_logging(snakemake.log[0])
sources = chosen_sources(load_catalogue(snakemake.input.catalogue), snakemake.params.sources)
earlier = lock_of(contracts.read_tables(snakemake.input.earlier, SNAPSHOTS))
snapshots = fetch_locked(
    sources,
    load_lock(snakemake.input.lock) | earlier,
    Fetching(RawStore(snakemake.params.store), tuple(map(Path, snakemake.params.local))),
)
contracts.write_table(snapshots, snakemake.output[0], SNAPSHOTS)
