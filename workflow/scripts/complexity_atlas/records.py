"""What is known about a measured model besides its tensors: the file model.json."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from complexity_atlas import METHOD_VERSION
from complexity_atlas.contracts import replacing
from complexity_atlas.errors import AtlasError

MEASURED_FILES = (
    "tensors.parquet",
    "values.parquet",
    "spectra.parquet",
    "codes.parquet",
    "model.json",
)
"""What is written of every measured model."""


@dataclass(frozen=True)
class WeightFile:
    """A file that was read: name, size in bytes, SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ModelRecord:
    """Identity, outcome and origin of the measurement of one model.

    `status` is "ok" or a status of WeightsUnavailable, with the reason. `n_weights` is the number
    of counted weights in the stored view, `n_known_role` of those among them whose role in the
    network is known, `n_constants` that of all floating-point arrays.
    """

    model: str
    source: str
    location: str
    file: str
    status: str
    revision: str = ""
    reason: str = ""
    format: str = ""
    files: tuple[WeightFile, ...] = ()
    n_weights: int = 0
    n_known_role: int = 0
    n_constants: int = 0
    notes: tuple[str, ...] = ()
    device: str = "cpu"
    method_version: str = METHOD_VERSION
    versions: dict[str, str] = field(default_factory=dict)


def write_record(record: ModelRecord, path: Path) -> None:
    """Write model.json; it appears under its name only when it is whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")


def read_record(path: Path) -> ModelRecord:
    """Read a model.json. Raises AtlasError when it is not one."""
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
        fields["files"] = tuple(WeightFile(**file) for file in fields["files"])
        fields["notes"] = tuple(fields["notes"])
        return ModelRecord(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AtlasError(
            f"{path}: not a model record ({error}); measure the model again"
        ) from error
