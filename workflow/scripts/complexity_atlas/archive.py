"""A study in one file: counts, scores and settings, from which every table can be rebuilt.

The archive is a tar file. `manifest.json` lists every other member with its SHA-256; `models/`
holds what was measured, `zoo/` and `companions/` what training gave besides weights, `scores/raw/`
the files of score sources; `inputs/` and `config.yaml` what was configured; `tables/` the results,
to compare with.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import yaml

from complexity_atlas import METHOD_VERSION, contracts
from complexity_atlas.contracts import Contract, read_table, replacing
from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments import companions
from complexity_atlas.experiments.zoo.weight_features import COMPARISON
from complexity_atlas.provenance import sha256
from complexity_atlas.records import MEASURED_FILES
from complexity_atlas.scores.store import RawStore
from complexity_atlas.scores.tables import ANALYSIS_VIEW, SNAPSHOTS, SOURCES

MANIFEST = "manifest.json"
TRAINED = (
    "zoo/items.parquet",
    "zoo/scores.csv",
    "zoo/zoo.csv",
    "zoo/responses.parquet",
    "zoo/loss_curves.csv",
    "zoo/epiplexity.csv",
    "companions/linear_heads.csv",
)
"""What the zoo's networks gave besides weights. With it nothing is trained again."""

TABLES = {
    "models.parquet": contracts.MEASURED_MODELS,
    "ledger.parquet": contracts.LEDGER,
    "complexity/tensors.parquet": contracts.TENSOR_COMPLEXITY,
    "complexity/models.parquet": contracts.MODEL_COMPLEXITY,
    "complexity/quantisation.parquet": contracts.QUANTISATION,
    "complexity/quantised_order.csv": contracts.QUANTISED_ORDER,
    "scores/scores.parquet": contracts.SCORES,
    "scores/view.parquet": ANALYSIS_VIEW,
    "scores/sources.csv": SOURCES,
    "scores/snapshots.csv": SNAPSHOTS,
    "statistics/verdict.csv": contracts.VERDICTS,
    "statistics/predictions.csv": contracts.PREDICTIONS,
    "statistics/size_gaps.csv": contracts.SIZE_GAPS,
    "statistics/calibration.csv": contracts.CALIBRATION,
    "statistics/*.csv": contracts.STATISTICS,
    "zoo/weight_features.csv": COMPARISON,
    **{f"companions/{name}.csv": contract for name, contract in companions.TABLES.items()},
}
"""Contract of every table that is compared; of several patterns the first that fits holds."""

UNLICENSED = "none stated"
"""What the catalogue of sources says of files that may be used, but not be handed on."""

TOLERANCE = 1e-9
"""Relative. Sums of float64 in another order, or by another processor, differ by less."""


def pack(results: Path, out: Path) -> list[str]:
    """Pack a finished run under `results` into the tar file `out`; returns the members' names.

    Raises AtlasError when the run is not finished, or its inputs are no longer what it used.
    """
    results = Path(results)
    try:
        run = yaml.safe_load((results / "run.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AtlasError(
            f"{results}/run.yaml is missing; finish the study first (make results)"
        ) from None
    members = dict(_members(results, run))
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    listed = {"method_version": METHOD_VERSION, "members": manifest}
    with replacing(out) as temporary, tarfile.open(temporary, "w") as tar:
        _add(tar, MANIFEST, json.dumps(listed, indent=1, sort_keys=True).encode())
        for name in sorted(members):
            _add(tar, name, members[name])
    return sorted(members)


def _members(results: Path, run: dict) -> Iterator[tuple[str, bytes]]:
    for folder in sorted(path.parent for path in results.glob("models/*/model.json")):
        for name in MEASURED_FILES:
            yield f"models/{folder.name}/{name}", (folder / name).read_bytes()
    for name in TRAINED:
        if (results / name).is_file():
            yield name, (results / name).read_bytes()
    yield from _raw_scores(results / "scores")
    for name in _tables(results):
        yield f"tables/{name}", (results / name).read_bytes()
    yield "run.yaml", (results / "run.yaml").read_bytes()
    for name, record in run["inputs"].items():
        path = Path(record["path"])
        if not path.is_file() or sha256(path) != record["sha256"]:
            raise AtlasError(
                f"{path} has changed since the run; run the study again before archiving it"
            )
        yield _input_name(name), path.read_bytes()
    config = _with_archived_inputs(run["config"], set(run["inputs"])) | {"archived": True}
    yield "config.yaml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True).encode()


def _raw_scores(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Raw files of score sources whose licence is stated; a reviewer fetches the others again."""
    if not (folder / "snapshots.csv").is_file():
        return
    sources = read_table(folder / "sources.csv", SOURCES).set_index("source_id")
    store = RawStore(folder / "raw")
    for file in read_table(folder / "snapshots.csv", SNAPSHOTS).itertuples():
        if UNLICENSED not in sources.licence[file.source_id]:
            name = store.path(file.sha256, file.file).name
            yield f"scores/raw/{name}", store.read(file.sha256, file.file)


def _input_name(name: str) -> str:
    """Name of a configured file inside the archive: its own, whatever folder it came from."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"inputs/{digest}/{PurePosixPath(name).name}"


def _with_archived_inputs(value: object, inputs: set[str]) -> object:
    """The configuration with every path of an input replaced by where `unpack` puts the file."""
    if isinstance(value, dict):
        return {key: _with_archived_inputs(item, inputs) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_archived_inputs(item, inputs) for item in value]
    return f"results/archived/{_input_name(value)}" if value in inputs else value


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    # A fixed time and owner, so that equal content is an equal archive.
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def unpack(archive: Path, results: Path) -> None:
    """Put what was measured and trained under `results` and the rest under `results`/archived.

    Every member is checked against the manifest before anything is written. Raises AtlasError for a
    damaged or hostile archive, or when `results` already holds models.
    """
    results = Path(results)
    if any(results.glob("models/*")):
        raise AtlasError(
            f"{results}/models is not empty; reproduce in a fresh clone or `make clean`"
        )
    members = _checked_members(Path(archive))
    for name, content in members.items():
        kept = name.startswith(("models/", "scores/raw/")) or name in TRAINED
        target = results / (name if kept else f"archived/{name}")
        with replacing(target) as temporary:
            temporary.write_bytes(content)


def _checked_members(archive: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(archive, "r:") as tar:
            content = {member.name: _content(archive, tar, member) for member in tar}
            manifest = json.loads(content.pop(MANIFEST))["members"]
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
        raise AtlasError(f"{archive}: not an archive of a study: {error!r}") from error
    if set(manifest) != set(content):
        odd = sorted(set(manifest) ^ set(content))
        raise AtlasError(f"{archive}: manifest and content differ in {', '.join(odd[:5])}")
    for name, data in content.items():
        if hashlib.sha256(data).hexdigest() != manifest[name]:
            raise AtlasError(f"{archive}: {name} does not match its hash; fetch the archive again")
    return content


def _content(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    path = PurePosixPath(member.name)
    if not member.isfile() or path.is_absolute() or ".." in path.parts:
        raise AtlasError(f"{archive}: refused: {member.name!r} is no plain file inside the archive")
    return tar.extractfile(member).read()


@dataclass(frozen=True)
class Comparison:
    """How a rebuilt table compares with the archived one; `difference` is empty when they agree."""

    table: str
    rows: int
    identical: bool
    difference: str


def compare(results: Path, archived: Path) -> list[Comparison]:
    """Compare every archived table with the one rebuilt under `results`."""
    tables = Path(archived, "tables")
    return [
        _compare(name, Path(results, name), tables / name, contract)
        for name, contract in _tables(tables).items()
    ]


def _tables(folder: Path) -> dict[str, Contract]:
    """Names of the tables in `folder`, with their contracts."""
    found: dict[str, Contract] = {}
    for pattern, contract in TABLES.items():
        for path in sorted(folder.glob(pattern)):
            found.setdefault(path.relative_to(folder).as_posix(), contract)
    return found


def _compare(name: str, rebuilt: Path, archived: Path, contract: Contract) -> Comparison:
    before = read_table(archived, contract)
    if not rebuilt.is_file():
        return Comparison(name, len(before), False, "was not rebuilt")
    identical = rebuilt.read_bytes() == archived.read_bytes()
    difference = "" if identical else _difference(read_table(rebuilt, contract), before, contract)
    return Comparison(name, len(before), identical, difference)


def _difference(after: pd.DataFrame, before: pd.DataFrame, contract: Contract) -> str:
    key = list(contract.key)
    if not after[key].equals(before[key]):
        return f"rows differ: {len(after)} rebuilt, {len(before)} archived"
    for name in contract.columns:
        old, new = before[name], after[name]
        if pd.api.types.is_float_dtype(old):
            agree = np.isclose(new, old, rtol=TOLERANCE, atol=TOLERANCE**2, equal_nan=True)
        else:
            agree = ((new == old) | (new.isna() & old.isna())).fillna(False).to_numpy(bool)
        if not agree.all():
            row = int(np.flatnonzero(~agree)[0])
            where = ", ".join(str(before[column][row]) for column in key)
            return f"{name} of ({where}) is {new[row]!r}, archived {old[row]!r}"
    return ""
