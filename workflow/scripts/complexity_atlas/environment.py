"""Whether this Python can run the study; imports nothing but the standard library."""

import importlib.util
import sys

from complexity_atlas.errors import AtlasError

PACKAGES = (
    "gguf",
    "huggingface_hub",
    "numba",
    "numpy",
    "onnx",
    "pandas",
    "pandera",
    "pingouin",
    "pyarrow",
    "requests",
    "safetensors",
    "scipy",
    "sklearn",
    "tenacity",
    "torch",
)


def check_environment() -> None:
    """Raise AtlasError with the remedy when Python is too old or a package is not installed."""
    if sys.version_info < (3, 11):  # noqa: UP036 (Snakemake may run in any Python)
        raise AtlasError(
            f"Python {sys.version.split()[0]} runs Snakemake, but the study needs 3.11 or newer. "
            "Run `make results`, or activate the environment that it creates in .venv."
        )
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise AtlasError(
            f"Python packages are missing: {', '.join(missing)}. Run `make results`, or install "
            "envs/lock.txt into this environment: pip install -r envs/lock.txt"
        )
