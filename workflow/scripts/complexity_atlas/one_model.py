"""One checkpoint, or two side by side, without a study: what a person tries first.

The numbers are those of the default study: its primary binning, its nulls, its seed.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from glob import escape, glob
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from complexity_atlas.complexity.binning import parse_rules
from complexity_atlas.complexity.complexities import Method, complexities
from complexity_atlas.contracts import (
    COMPARISON,
    Contract,
    replacing,
    write_table,
)
from complexity_atlas.counts.saved import read_counts
from complexity_atlas.errors import AtlasError
from complexity_atlas.measure import measure_model
from complexity_atlas.records import ModelRecord
from complexity_atlas.statistics.settings import Primary, Settings
from complexity_atlas.weights.formats import READERS
from complexity_atlas.weights.sources import ModelSpec

METHOD = Method(
    rules=parse_rules({"window": {"rule": "window", "bins": 128, "half_width": 6}}),
    null_draws=64,
    seed=Settings().seed,
)
"""The primary binning of the default study, with its nulls."""

LEGEND = (
    "C = H D, LMC complexity in 128 bins over ±6 robust standard deviations; noise: C of as many\n"
    "Gaussian weights; excess: C beyond it; excess_per_tensor: beyond noise tensor by tensor"
)

FORMATS = (".parquet", ".csv", ".json")

WEIGHT_FILES = (
    "*.safetensors.index.json",
    "*.safetensors",
    "*.bin.index.json",
    "*.bin",
    *(f"*{suffix}" for suffix in READERS if not suffix.startswith((".safetensors", ".bin"))),
)
"""What a folder is searched for; the first of these that is there is taken."""


@dataclass(frozen=True)
class MeasuredModel:
    """A checkpoint, measured: what it is, and its complexities (contract MODEL_COMPLEXITY)."""

    record: ModelRecord
    complexity: pd.DataFrame


def find_model(name: str, revision: str = "") -> ModelSpec:
    """What `name` means: a file, a folder, a glob of shards, or else an id on the Hub.

    A Hub id without a revision is what its branch `main` points to now; any revision becomes the
    full hash of its commit. Raises AtlasError where the name is neither, or there is no such
    revision.
    """
    location = _local(name)
    if location:
        if revision:
            raise AtlasError(f"{name}: is a local file, which has no revision {revision!r}")
        return ModelSpec(_slug(Path(name).name), "file", location)
    if not re.fullmatch(r"([\w.-]+/)?[\w.-]+", name) or name.endswith(tuple(READERS)):
        raise AtlasError(f"{name}: no such file in {Path.cwd()}, and not an id on the Hub")
    from complexity_atlas.weights.hub import commit_of

    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        revision = commit_of(name, revision or "main")
    return ModelSpec(_slug(name), "hub", name, revision=revision)


def _local(name: str) -> str:
    """The path or glob of the weights, empty where nothing is there."""
    path = Path(name).expanduser()
    if not path.is_dir():
        return str(path) if path.is_file() or glob(str(path), recursive=True) else ""
    for pattern in WEIGHT_FILES:
        location = str(Path(escape(str(path)), pattern))
        if glob(location):
            return location
    raise AtlasError(f"{path}: the folder holds no weights; names end in {', '.join(READERS)}")


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "", name.replace("/", "--")).lstrip("._-") or "model"


def measure_one(
    spec: ModelSpec, threads: int, device: str = "auto", progress: Callable | None = None
) -> MeasuredModel:
    """Count the weights of one model and compute its complexities, keeping no file.

    `progress` is that of `measure_model`. Raises AtlasError where the weights cannot be had or
    read, with the reason.
    """
    with TemporaryDirectory(prefix="complexity_atlas-") as folder:
        out = Path(folder)
        record = measure_model(spec, out, out, threads, device, progress)
        if record.status != "ok":
            raise AtlasError(f"{spec.location}: {record.status}: {record.reason}")
        counts = read_counts(out / "tensors.parquet", out / "values.parquet")
    return MeasuredModel(record, complexities([(spec.model, counts)], METHOD)[1])


def summary(measured: MeasuredModel) -> pd.DataFrame:
    """A row per layer, per role and for the model: weights n, entropy H, disequilibrium D, C = H D.

    `noise` is C of Gaussian weights of the same number, `excess` what C has beyond it, and
    `excess_per_tensor` what it has beyond Gaussian weights of each tensor's number and width.
    """
    values = _primary(measured.complexity).set_index(["scope", "measure", "null_kind"])
    rows = []
    for scope in _in_order(set(values.index.get_level_values("scope"))):
        lmc = values.loc[scope, "lmc"]
        rows.append(
            {
                "part": scope.replace(":", " "),
                "n": lmc.n.iloc[0],
                "H": values.loc[(scope, "entropy", "same_n"), "value"],
                "D": values.loc[(scope, "disequilibrium", "same_n"), "value"],
                "C": lmc.value["same_n"],
                "noise": lmc.null["same_n"],
                "excess": lmc.excess["same_n"],
                "excess_per_tensor": lmc.excess["per_tensor"],
                "flag": lmc.flag["same_n"],
            }
        )
    return pd.DataFrame(rows)


def comparison(a: MeasuredModel, b: MeasuredModel) -> pd.DataFrame:
    """Two models side by side (contract COMPARISON): differences are b minus a.

    A part that only one of them has keeps its row, with nothing on the other side.
    """
    key = ["scope", "measure", "null_kind"]
    columns = [*key, "n", "value", "excess"]
    both = pd.merge(
        _primary(a.complexity)[columns],
        _primary(b.complexity)[columns],
        on=key,
        how="outer",
        suffixes=("_a", "_b"),
    )
    return COMPARISON.check(
        both.assign(
            difference=both.value_b - both.value_a,
            excess_difference=both.excess_b - both.excess_a,
        )
    )


def comparison_summary(compared: pd.DataFrame) -> pd.DataFrame:
    """The rows of a comparison that a person looks at first: C of every part, in order."""
    rows = compared[(compared.measure == "lmc") & (compared.null_kind == "same_n")]
    rows = rows.set_index("scope").loc[_in_order(set(rows.scope))]
    rows = rows.drop(columns=["measure", "null_kind"]).reset_index(names="part")
    return rows.assign(part=rows.part.str.replace(":", " "))


def table_text(table: pd.DataFrame) -> str:
    """A summary as text: numbers of six digits, counts with separators, no empty columns."""
    shown = table.copy()
    for name, column in table.items():
        if name in ("n", "n_a", "n_b"):
            shown[name] = [f"{value:,.0f}" if pd.notna(value) else "" for value in column]
        elif pd.api.types.is_float_dtype(column):
            shown[name] = [f"{value:.6f}" if pd.notna(value) else "" for value in column]
    kept = [name for name in shown if (shown[name] != "").any()]
    # An index is aligned to the left, a column to the right.
    return shown[kept].set_index("part").rename_axis(None).to_string()


def origin(record: ModelRecord) -> str:
    """What was measured, and of a Hub id the commit to pin."""
    pin = f", --revision {record.revision}" if record.source == "hub" else ""
    return f"{record.location}{pin}: {record.n_weights:,} weights, {record.format}"


def check_output(path: Path | None) -> None:
    """Raise AtlasError before any work if a result cannot be written to a file of that name."""
    if path is not None and path.suffix not in FORMATS:
        raise AtlasError(f"{path}: name a file that ends in {', '.join(FORMATS)}")


def write_result(
    path: Path, table: pd.DataFrame, contract: Contract, records: Mapping[str, ModelRecord]
) -> None:
    """Write a table as the name of the file says; JSON holds the records beside its rows."""
    if path.suffix != ".json":
        write_table(table, path, contract)
        return
    table = contract.check(table).astype(object)
    content = {name: asdict(record) for name, record in records.items()}
    content["rows"] = table.where(table.notna(), None).to_dict("records")
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", "utf-8")


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _primary(complexity: pd.DataFrame) -> pd.DataFrame:
    primary = Primary()
    return complexity[
        (complexity.variant == primary.variant)
        & (complexity.view == primary.view)
        & (complexity["aggregate"] == primary.aggregate)
    ]


def _in_order(scopes: set[str]) -> list[str]:
    """Layers by number, roles by name, the model last."""

    def place(scope: str) -> tuple:
        kind, _, name = scope.partition(":")
        return ("layer", "role", "model").index(kind), int(name) if kind == "layer" else 0, name

    return sorted(scopes, key=place)
