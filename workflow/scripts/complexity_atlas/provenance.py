"""What a run was made of: versions of everything that can change a number, and hashes of files."""

import hashlib
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from complexity_atlas import METHOD_VERSION, __version__

PACKAGES = (
    "snakemake",
    "numpy",
    "numba",
    "scipy",
    "pandas",
    "pyarrow",
    "pingouin",
    "statsmodels",
    "scikit-learn",
    "torch",
    "onnx",
    "safetensors",
    "matplotlib",
)


def versions(*packages: str) -> dict[str, str]:
    """Versions of this project, its method, Python and `packages`; "absent" where not installed."""
    found = {
        "complexity_atlas": __version__,
        "method": METHOD_VERSION,
        "python": platform.python_version(),
    }
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_digest(*modules: str) -> str:
    """Digest of the text of modules and subpackages of this package, named relative to it.

    A rule lists it among its parameters, so that its cheap results follow the code.
    """
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for name in sorted(modules):
        target = root / name
        files = sorted(target.rglob("*")) if target.is_dir() else [target.with_suffix(".py")]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.relative_to(root).as_posix().encode() + b"\0")
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def run_record(
    config: dict, inputs: dict[str, str], outputs: Sequence[Path], seed: int
) -> dict[str, object]:
    """What a run was: merged configuration, inputs and outputs with hashes, versions, seed.

    `inputs` maps each configured file name to the path that was read.
    """
    return {
        "config": config,
        "seed": seed,
        "versions": versions(*PACKAGES),
        "inputs": {n: {"path": str(p), "sha256": sha256(p)} for n, p in sorted(inputs.items())},
        "outputs": {Path(path).as_posix(): sha256(path) for path in sorted(map(str, outputs))},
    }
