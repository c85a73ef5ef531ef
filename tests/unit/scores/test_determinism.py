"""The same bytes whatever the order of input, the locale, the time zone and the process."""

import json
import os
import subprocess
import sys

import pytest

CURATE = """
import sys
from pathlib import Path
from complexity_atlas import contracts
from complexity_atlas.scores.catalogue import chosen_sources, load_catalogue
from complexity_atlas.scores.curation import curate_study
from complexity_atlas.scores.fetch import Fetching, fetch_locked
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.tables import SNAPSHOTS

folder, config, backwards = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "backwards"
catalogue = load_catalogue(folder / "sources.yaml")
sources = chosen_sources(catalogue, list(catalogue))
order = -1 if backwards else 1
snapshots = fetch_locked(sources[::order], {}, Fetching(RawStore(folder / "raw")))
out = folder / sys.argv[3]
contracts.write_table(snapshots.iloc[::order], out / "snapshots.csv", SNAPSHOTS)
reviewed = {n: config / f"{n}.csv" for n in ("benchmarks", "metrics", "aliases", "corrections")}
reviewed |= {"protocols": config / "protocols.yaml", "catalogue": folder / "sources.yaml"}
curated = [config / "curated" / "rapidocr.csv"]
tables = curate_study(
    curated, reviewed, [out / "snapshots.csv"], list(catalogue)[::order], folder / "raw", ["a--b"]
)
for name, (table, contract) in tables.items():
    contracts.write_table(table, out / f"{name}.csv", contract)
    contracts.write_table(table, out / f"{name}.parquet", contract)
"""


@pytest.fixture
def folder(tmp_path):
    for name, models in (("ours", "abcd"), ("theirs", "dcbae")):
        (tmp_path / name).mkdir()
        for i, model in enumerate(models):
            tasks = {"piqa": {"acc": 0.5 + i / 7, "acc_stderr": 0.01}, "juggling": {"acc": 1.0}}
            document = {
                "results": tasks,
                "config": {"model_args": f"pretrained=org/{model}", "num_fewshot": 0},
            }
            (tmp_path / name / f"{model}.json").write_text(json.dumps(document))
    entry = "{{kind: harness, name: N, licence: MIT, files: ['*.json'], model_ids: hub, path: {}}}"
    (tmp_path / "sources.yaml").write_text(
        "".join(f"{name}: {entry.format(tmp_path / name)}\n" for name in ("ours", "theirs"))
    )
    return tmp_path


def test_order_locale_time_zone_and_process_change_no_byte(folder, project):
    settings = {
        "forwards": {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
        "backwards": {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2", "LC_ALL": "de_DE.UTF-8"},
    }
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", CURATE, folder, project / "config" / "scores", name],
            env=os.environ | {"PYTHONPATH": project / "workflow" / "scripts"} | environment,
        )
        for name, environment in settings.items()
    ]
    assert [run.wait(120) for run in runs] == [0, 0]
    names = sorted(path.name for path in (folder / "forwards").iterdir())
    assert len(names) == 15
    for name in names:
        one, other = ((folder / run / name).read_bytes() for run in settings)
        assert one == other, name
    assert b"org/e" in (folder / "forwards" / "scores.csv").read_bytes()
