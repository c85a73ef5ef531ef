"""The models of a study: the table that lists them, and what was measured of each."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from complexity_atlas.contracts import CONTROLS, MEASURED_MODELS, MODELS
from complexity_atlas.errors import AtlasError
from complexity_atlas.records import ModelRecord

SOURCES = ("hub", "wheel", "file")
OPTIONAL = (
    "name",
    "family",
    "task",
    "revision",
    "file",
    "sha256",
    "bytes",
    "size_group",
    "parameters",
    "active_parameters",
    "training_tokens",
    "training_flops",
    "run",
    "step",
    "control",
    "licence",
    "url",
    "facts",
)
_COUNTS = ("bytes", "parameters", "active_parameters", "step")
_NUMBERS = (*_COUNTS, "training_tokens", "training_flops")


def study_path(name: str, project: Path) -> str:
    """The path of a configured file: in the working directory, else beside the Snakefile."""
    path = Path(name)
    if path.is_absolute() or path.exists():
        return str(path)
    return str(Path(project, name))


def load_models(path: Path, sizes: Sequence[str] = ()) -> pd.DataFrame:
    """Read a tab-separated table of models by contract MODELS, in the order of the file.

    `model` (unique), `source` and `location` are required; other columns may be left out or empty.
    An empty family makes the model a family of its own. Only models of the size groups `sizes` are
    kept, all of them if it is empty. Raises AtlasError naming file, row and column.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype="string", keep_default_na=False, comment="#")
    except FileNotFoundError:
        raise AtlasError(f"{path}: no such table; `models` in the config names it") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise AtlasError(f"{path}: not a tab-separated table: {error}") from None
    _check_columns(path, table)
    table = table.apply(lambda column: column.str.strip())
    for name in OPTIONAL:
        if name not in table:
            table[name] = ""
    for number, row in enumerate(table.itertuples(index=False), start=2):
        _check_row(f"{path}, row {number} ({row.model or 'no model'})", row)
    _refuse_duplicates(path, table)
    table["name"] = table.name.where(table.name != "", table.model)
    table["family"] = table.family.where(table.family != "", table.model)
    for name in _NUMBERS:
        table[name] = pd.to_numeric(table[name].where(table[name] != "", None))
    if sizes:
        _check_sizes(path, table, sizes)
        table = table[table.size_group.isin(sizes)]
    order = table.model
    return MODELS.check(table).set_index("model", drop=False).loc[order].reset_index(drop=True)


def plan(models: pd.DataFrame) -> str:
    """What a study fetches, as text for a person: networks, downloads in bytes, licences."""
    downloads = models[models.source != "file"].drop_duplicates(
        ["source", "location", "revision", "sha256"]
    )
    shown = models.assign(
        bytes=[f"{size:,}" if pd.notna(size) else "unknown" for size in models.bytes]
    )
    columns = ["model", "source", "location", "bytes", "licence"]
    known = downloads.bytes.dropna().sum()
    unknown = int(downloads.bytes.isna().sum())
    extra = f" and {unknown} of unknown size" if unknown else ""
    return (
        f"{shown[columns].to_string(index=False)}\n\n"
        f"{len(models)} networks from {len(downloads)} downloads: {known:,} bytes{extra}; "
        f"licences: {', '.join(sorted(set(models.licence) - {''})) or 'not stated'}."
    )


def published(models: pd.DataFrame, *tables: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """The networks that were not trained in a run that the study knows step by step.

    Returns `models` without steps and controls of runs, and every table with a column `model`
    limited to what is left. Figures of single networks show these; runs have figures of their own.
    """
    models = models[models.run == ""]
    return models, *(table[table.model.isin(models.model)] for table in tables)


def measured_models(models: pd.DataFrame, records: Sequence[ModelRecord]) -> pd.DataFrame:
    """The table of models (contract MODELS) joined with what was measured (MEASURED_MODELS)."""
    by_model = {record.model: record for record in records}
    found = [by_model[model] for model in models.model]
    return MEASURED_MODELS.check(
        models.assign(
            status=[record.status for record in found],
            reason=[record.reason for record in found],
            format=[record.format for record in found],
            n_weights=[record.n_weights for record in found],
            n_known_role=[record.n_known_role for record in found],
            n_constants=[record.n_constants for record in found],
            files=[
                "; ".join(
                    f"{file.name} {file.bytes} bytes sha256:{file.sha256}" for file in r.files
                )
                for r in found
            ],
            notes=["; ".join(record.notes) for record in found],
            device=[record.device for record in found],
            method_version=[record.method_version for record in found],
        )
    )


def _check_sizes(path: Path, table: pd.DataFrame, sizes: Sequence[str]) -> None:
    known = sorted(set(table.size_group) - {""})
    if unknown := [size for size in sizes if size not in known]:
        raise AtlasError(
            f"{path}: no model has the size group {unknown[0]!r}, which `sizes` in the config asks "
            f"for; the groups are {', '.join(known) or 'none: the column size_group is empty'}"
        )


def _check_columns(path: Path, table: pd.DataFrame) -> None:
    missing = [name for name in ("model", "source", "location") if name not in table]
    unknown = [name for name in table if name not in MODELS.columns]
    if missing or unknown:
        raise AtlasError(
            f"{path}: columns missing: {', '.join(missing) or 'none'}; "
            f"unknown: {', '.join(unknown) or 'none'}; known are {', '.join(MODELS.columns)} "
            "(is the table separated by tabs?)"
        )


def _check_row(where: str, row) -> None:
    slug = row.model.replace("-", "").replace("_", "").replace(".", "")
    if not (slug.isascii() and slug.isalnum() and row.model[0].isalnum()):
        raise AtlasError(
            f"{where}: model {row.model!r} names folders; use letters, digits, '.', '_' and '-', "
            "and begin with a letter or digit"
        )
    if row.source not in SOURCES:
        raise AtlasError(f"{where}: source {row.source!r} is none of {', '.join(SOURCES)}")
    if not row.location:
        raise AtlasError(f"{where}: location is empty; give a path, package==version, or a Hub id")
    if row.source == "wheel" and not (row.sha256 and row.file and "==" in row.location):
        raise AtlasError(
            f"{where}: a wheel needs location package==version, the file inside it, and sha256, "
            "so that everyone measures the same bytes"
        )
    if row.source == "hub":
        _check_commit(where, row)
    if row.sha256 and (len(row.sha256) != 64 or set(row.sha256) - set("0123456789abcdef")):
        raise AtlasError(f"{where}: sha256 {row.sha256!r} is not 64 lower-case hex digits")
    if row.control not in CONTROLS:
        raise AtlasError(
            f"{where}: control {row.control!r} is none of {', '.join(CONTROLS[1:])}; leave it "
            "empty for a trained network"
        )
    for name in _NUMBERS:
        cell = getattr(row, name)
        if cell and not re.fullmatch(r"\d+(\.\d+)?(e\+?\d+)?", cell):
            raise AtlasError(f"{where}: {name} {cell!r} is not a number; leave it empty if unknown")


def _check_commit(where: str, row) -> None:
    """Refuse a name that moves, and tell the commit that it points to, if that can be asked."""
    if re.fullmatch(r"[0-9a-f]{40}", row.revision):
        return
    from complexity_atlas.weights.hub import commit_of

    name = row.revision or "main"
    try:
        now = f"{name} is {commit_of(row.location, name, patience=False)} now"
    except AtlasError as error:
        now = f"what {name} is now cannot be asked ({error})"
    raise AtlasError(
        f"{where}: revision {row.revision!r} is not the full hash of a commit, so that not "
        f"everyone would measure the same weights; {now}"
    )


def _refuse_duplicates(path: Path, table: pd.DataFrame) -> None:
    # Names that differ only in case are one folder on some file systems.
    twice = table.model[table.model.str.lower().duplicated(keep=False)]
    if len(twice):
        rows = ", ".join(str(index + 2) for index in twice.index)
        raise AtlasError(
            f"{path}: rows {rows} are the same model ({', '.join(twice.unique())}); names must "
            "differ by more than case"
        )
