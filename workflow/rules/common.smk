"""Configuration, tables, wildcard constraints and named input functions; no rules."""

import importlib.util
import json
import os
import sys
from glob import glob
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


# Models whose complexities are computed by one job: a start of Python costs more than a small model.
BATCHES = {model: [model] for model in MODELS.model}

# Tables of the statistics, and the questions (modules of complexity_atlas.statistics) in each.
STATISTICS_TABLES = {
    "correlations": ["raw", "size_adjusted"],
    **{
        question: [question]
        for question in (
            "power targets leave_family_out matched_pairs mixed_model trajectories "
            "ceilings relation guidance"
        ).split()
    },
}
QUESTIONS = [question for table in STATISTICS_TABLES.values() for question in table]

FIGURES = [
    "score_vs_complexity",
    "forest",
    "power",
    "leave_family_out",
    "matched_pairs",
    "calibration",
    "plane",
    "depth_profile",
    "confound",
    "sensitivity",
]

RESULT_TABLES = [
    "results/models.parquet",
    "results/ledger.parquet",
    "results/complexity/tensors.parquet",
    "results/complexity/models.parquet",
    "results/scores/scores.parquet",
    *expand(
        "results/statistics/{table}.csv",
        table=[
            *STATISTICS_TABLES,
            *["verdict", "predictions", "size_gaps", "noise", "calibration"],
        ],
    ),
]


wildcard_constraints:
    model="|".join(map(re.escape, MODELS.model)) or "none",
    batch="|".join(map(re.escape, BATCHES)) or "none",
    question="|".join(QUESTIONS),


def configured_files():
    """Every file that the configuration names."""
    return [
        config["models"],
        config["scores"]["benchmarks"],
        *config["scores"]["curated"],
    ]


def primary_selection():
    """The complexity that the verdict rests on, which is also the one that figures show."""
    names = ("measure", "variant", "view", "aggregate")
    return {name: config["statistics"]["primary"][name] for name in names}


def primary_bins():
    """Number of bins of the primary variant; None where it depends on the weights."""
    primary = config["statistics"]["primary"]["variant"]
    return config["complexity"]["variants"][primary].get("bins")


def model_spec(wildcards):
    """What identifies the weights of a model, and nothing that may change without them."""
    columns = ["model", "source", "location", "file", "sha256"]
    return MODELS.set_index("model", drop=False).loc[wildcards.model, columns].to_json()


def local_weights(wildcards):
    """Files of a local model that exist; a missing one is a finding of the measurement."""
    row = MODELS.set_index("model").loc[wildcards.model]
    return sorted(glob(row.location)) if row.source == "file" else []


def models_of_batch(wildcards):
    """The models of a batch, in the order of its tables."""
    return BATCHES[wildcards.batch]


def tables_of_batch(name):
    """Input function: the file `name` of every model of a batch."""
    return lambda wildcards: expand(
        "results/models/{model}/{name}", model=BATCHES[wildcards.batch], name=name
    )


def model_download_mb(wildcards):
    """Disk that fetching a model needs: the downloaded file and what is unpacked from it."""
    size = MODELS.set_index("model").bytes.get(wildcards.model)
    return 2000 if pd.isna(size) else 100 + 2 * int(size) // 1_000_000


def weight_cache():
    """Folder of downloaded files, shared by studies if the environment variable says so."""
    return os.environ.get("COMPLEXITY_ATLAS_CACHE", ".cache/weights")
