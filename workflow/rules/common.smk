"""Configuration, tables, wildcard constraints and named input functions; no rules."""

import importlib.util
import json
import os
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    raise WorkflowError(
        f"Python {sys.version.split()[0]} runs Snakemake, but the study needs 3.11 or newer. "
        "Run `make results`, or activate the environment that it creates in .venv."
    )

_missing = [
    name
    for name in (
        "numba",
        "numpy",
        "onnx",
        "pandas",
        "pandera",
        "pingouin",
        "pyarrow",
        "scipy",
    )
    if importlib.util.find_spec(name) is None
]
if _missing:
    raise WorkflowError(
        f"Python packages are missing: {', '.join(_missing)}. Run `make results`, or install "
        "envs/lock.txt into this environment: pip install -r envs/lock.txt"
    )

SCRIPTS = Path(workflow.basedir, "workflow", "scripts")
sys.path.append(str(SCRIPTS))

import pandas as pd
from snakemake.utils import validate

from complexity_atlas import METHOD_VERSION
from complexity_atlas.errors import AtlasError
from complexity_atlas.provenance import code_digest
from complexity_atlas.study import load_models, study_path

validate(config, workflow.source_path("../schemas/config.schema.yaml"))

shell.prefix(f"set -euo pipefail; export PYTHONPATH={SCRIPTS}; ")


def project_file(name):
    """A file of the configuration: from the working directory, else from the project."""
    return study_path(name, workflow.basedir)


try:
    MODELS = load_models(project_file(config["models"]))
except AtlasError as error:
    raise WorkflowError(str(error))


RESULT_TABLES = [
    "results/models.parquet",
    "results/ledger.parquet",
    "results/complexity/tensors.parquet",
    "results/complexity/models.parquet",
    "results/scores/scores.parquet",
    "results/statistics/correlations.csv",
]


wildcard_constraints:
    model="|".join(map(re.escape, MODELS.model)) or "none",


def configured_files():
    """Every file that the configuration names."""
    return [
        config["models"],
        config["scores"]["benchmarks"],
        *config["scores"]["curated"],
    ]


def model_spec(wildcards):
    """What identifies the weights of a model, and nothing that may change without them."""
    columns = ["model", "source", "location", "file", "sha256"]
    return MODELS.set_index("model", drop=False).loc[wildcards.model, columns].to_json()


def model_download_mb(wildcards):
    """Disk that fetching a model needs: the downloaded file and what is unpacked from it."""
    size = MODELS.set_index("model").bytes.get(wildcards.model)
    return 2000 if pd.isna(size) else 100 + 2 * int(size) // 1_000_000


def weight_cache():
    """Folder of downloaded files, shared by studies if the environment variable says so."""
    return os.environ.get("COMPLEXITY_ATLAS_CACHE", ".cache/weights")
