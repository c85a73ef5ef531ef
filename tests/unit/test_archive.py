import io
import json
import tarfile

import numpy as np
import pandas as pd
import pytest
import yaml

from complexity_atlas import archive
from complexity_atlas.contracts import STATISTICS, write_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.provenance import run_record
from complexity_atlas.records import MEASURED_FILES
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.tables import SNAPSHOTS, SOURCES
from complexity_atlas.statistics.design import Row, rows_to_frame


def statistics(estimate=0.5):
    return rows_to_frame([Row("raw", "b", measure=m, estimate=estimate) for m in ("x", "y")])


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results"
    model = results / "models" / "net"
    model.mkdir(parents=True)
    for name in MEASURED_FILES:
        (model / name).write_text(name)
    write_table(statistics(), results / "statistics" / "raw.csv", STATISTICS)
    (tmp_path / "models.tsv").write_text("the table")
    config = {"models": "models.tsv", "scores": {"curated": []}, "seed": 1}
    record = run_record(config, {"models.tsv": "models.tsv"}, [], 1)
    (results / "run.yaml").write_text(yaml.safe_dump(record))
    return results


def test_an_archive_brings_counts_inputs_and_tables_to_a_fresh_clone(study, tmp_path):
    archive.pack(study, tmp_path / "a.tar")
    fresh = tmp_path / "fresh" / "results"
    archive.unpack(tmp_path / "a.tar", fresh)
    for name in MEASURED_FILES:
        assert (fresh / "models" / "net" / name).read_text() == name
    config = yaml.safe_load((fresh / "archived" / "config.yaml").read_text())
    assert config["models"].startswith("results/archived/inputs/")
    assert (fresh.parent / config["models"]).read_text() == "the table"
    assert config["seed"] == 1


def test_raw_files_of_scores_travel_where_their_licence_is_stated(study, tmp_path):
    store = RawStore(study / "scores" / "raw")
    rows, accounts = [], []
    for name, licence in (("open", "MIT"), ("closed", "none stated")):
        content = f"scores of {name}".encode()
        sha256 = store.add(content, "s.csv")
        rows.append(dict.fromkeys(SNAPSHOTS.columns, "") | {"source_id": name, "sha256": sha256})
        rows[-1] |= {"file": "s.csv", "bytes": len(content), "state": "locked"}
        accounts.append(dict.fromkeys(SOURCES.columns, 0) | {"source_id": name})
        accounts[-1] |= {"licence": licence, "evaluator": "unknown"}
    write_table(pd.DataFrame(rows), study / "scores" / "snapshots.csv", SNAPSHOTS)
    accounts = pd.DataFrame(accounts).astype(
        dict.fromkeys(("name", "kind", "url", "revision"), str)
    )
    write_table(accounts, study / "scores" / "sources.csv", SOURCES)
    archive.pack(study, tmp_path / "a.tar")
    archive.unpack(tmp_path / "a.tar", tmp_path / "fresh")
    (kept,) = (tmp_path / "fresh" / "scores" / "raw").iterdir()
    assert kept.read_text() == "scores of open"


def test_equal_studies_are_equal_archives(study, tmp_path):
    archive.pack(study, tmp_path / "a.tar")
    archive.pack(study, tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


@pytest.mark.parametrize(
    ("estimate", "identical", "difference"),
    [
        (0.5, True, ""),
        (0.5 * (1 + 1e-12), False, ""),
        (0.5 * (1 + 1e-6), False, "estimate of (raw, b, x"),
        (np.nan, False, "estimate of (raw, b, x"),
    ],
)
def test_tables_are_compared_cell_by_cell(study, tmp_path, estimate, identical, difference):
    archive.pack(study, tmp_path / "a.tar")
    fresh = tmp_path / "fresh"
    archive.unpack(tmp_path / "a.tar", fresh)
    write_table(statistics(estimate), fresh / "statistics" / "raw.csv", STATISTICS)
    (table,) = archive.compare(fresh, fresh / "archived")
    assert table.identical == identical
    assert table.difference.startswith(difference)
    assert bool(table.difference) == bool(difference)


def test_a_missing_or_longer_table_is_told(study, tmp_path):
    archive.pack(study, tmp_path / "a.tar")
    fresh = tmp_path / "fresh"
    archive.unpack(tmp_path / "a.tar", fresh)
    (table,) = archive.compare(fresh, fresh / "archived")
    assert table.difference == "was not rebuilt"
    longer = pd.concat([statistics(), rows_to_frame([Row("raw", "c")])])
    write_table(longer, fresh / "statistics" / "raw.csv", STATISTICS)
    (table,) = archive.compare(fresh, fresh / "archived")
    assert table.difference == "rows differ: 3 rebuilt, 2 archived"


def test_unfinished_or_changed_studies_are_not_archived(study, tmp_path):
    (tmp_path / "models.tsv").write_text("changed")
    with pytest.raises(AtlasError, match=r"models\.tsv has changed since the run"):
        archive.pack(study, tmp_path / "a.tar")
    (study / "run.yaml").unlink()
    with pytest.raises(AtlasError, match="finish the study first"):
        archive.pack(study, tmp_path / "a.tar")


def test_nothing_is_unpacked_over_results(study, tmp_path):
    archive.pack(study, tmp_path / "a.tar")
    with pytest.raises(AtlasError, match="is not empty"):
        archive.unpack(tmp_path / "a.tar", study)


def hostile(path, *members, manifest=None):
    with tarfile.open(path, "w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        listed = json.dumps({"members": manifest or {}}).encode()
        info = tarfile.TarInfo("manifest.json")
        info.size = len(listed)
        tar.addfile(info, io.BytesIO(listed))


def link(name):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo("/etc/outside"),
        link("models/a/values.parquet"),
    ],
)
def test_hostile_members_are_refused_before_anything_is_written(tmp_path, member):
    hostile(tmp_path / "a.tar", (member, b""))
    with pytest.raises(AtlasError, match="refused"):
        archive.unpack(tmp_path / "a.tar", tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_damaged_archives_are_refused(study, tmp_path):
    path = tmp_path / "a.tar"
    archive.pack(study, path)
    data = bytearray(path.read_bytes())
    data[data.index(b"the table")] ^= 1
    path.write_bytes(data)
    with pytest.raises(AtlasError, match="does not match its hash"):
        archive.unpack(path, tmp_path / "fresh")
    path.write_bytes(b"no tar")
    with pytest.raises(AtlasError, match="not an archive"):
        archive.unpack(path, tmp_path / "fresh")
    hostile(path, (tarfile.TarInfo("extra"), b"x"))
    with pytest.raises(AtlasError, match="manifest and content differ in extra"):
        archive.unpack(path, tmp_path / "fresh")
