"""Configuration, tables and wildcard constraints; no rules."""

import json
import os
import sys
from dataclasses import asdict
from glob import glob
from pathlib import Path

SCRIPTS = Path(workflow.basedir, "workflow", "scripts")
sys.path.append(str(SCRIPTS))

from complexity_atlas.environment import check_environment
from complexity_atlas.errors import AtlasError

try:
    check_environment()
except AtlasError as error:
    raise WorkflowError(str(error))

import pandas as pd
from snakemake.utils import validate

from complexity_atlas import METHOD_VERSION
from complexity_atlas.experiments.zoo.models import zoo_models
from complexity_atlas.experiments.zoo.settings import ZOO_VERSION, ZooSettings
from complexity_atlas.provenance import code_digest
from complexity_atlas.records import MEASURED_FILES
from complexity_atlas.study import load_models, study_path

validate(config, workflow.source_path("../schemas/config.schema.yaml"))

# `python` is the one that runs Snakemake, whether or not its environment is activated; where a
# rule has an environment of its own, that is activated after this.
BIN = Path(sys.executable).parent
shell.prefix(f"set -euo pipefail; export PATH={BIN}:$PATH PYTHONPATH={SCRIPTS}; ")


def project_file(name):
    """A file of the configuration: from the working directory, else from the project."""
    return study_path(name, workflow.basedir)


try:
    PUBLISHED = load_models(project_file(config["models"]), config["sizes"])
    ZOO = ZooSettings.from_config(
        {k: v for k, v in config["zoo"].items() if k != "include"}
    )
except AtlasError as error:
    raise WorkflowError(str(error))

ZOO_RUNS = {run.name: run for run in ZOO.runs} if config["zoo"]["include"] else {}
ZOO_MODELS = zoo_models(tuple(ZOO_RUNS.values()), "results/zoo/runs")
ZOO_TRAINED = list(ZOO_MODELS.model[ZOO_MODELS.control == ""])
# What every run saves: end of a network's name -> file.
ZOO_NETWORKS = ZOO.runs[0].files
TRAINING_DEVICE = config["device"] if config["device"].startswith("cuda") else "cpu"


def if_zoo(*items):
    """What the study has only with a zoo: names of figures and questions, tables."""
    return list(items) if ZOO_RUNS else []


MODELS = pd.concat([PUBLISHED, ZOO_MODELS], ignore_index=True)

# Models whose complexities are computed by one job: a start of Python costs more than a small model.
BATCHES = {model: [model] for model in PUBLISHED.model} | {
    f"zoo-{name}": list(models.model) for name, models in ZOO_MODELS.groupby("run")
}

# Published results, item by item, for the routing experiment: name -> format, files, costs.
ROUTING_SOURCES = config["companions"]["routing"]["sources"]

# Tables of the statistics, and the questions (modules of complexity_atlas.statistics) in each.
STATISTICS_TABLES = {
    "correlations": ["raw", "size_adjusted"],
    **{
        question: [question]
        for question in (
            "power targets leave_family_out matched_pairs mixed_model ceilings "
            "relation guidance"
        ).split()
    },
    "trajectories": ["trajectories", "size_adjusted_over_checkpoints"],
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
    "quantisation",
    *if_zoo("zoo_training", "zoo_plane", "zoo_controls"),
    *(["score_sources", "score_coverage"] if config["scores"]["sources"] else []),
]

RESULT_TABLES = [
    "results/models.parquet",
    "results/ledger.parquet",
    *expand(
        "results/complexity/{of}.parquet", of="tensors models quantisation".split()
    ),
    "results/scores/scores.parquet",
    "results/scores/view.parquet",
    "results/scores/sources.csv",
    *expand(
        "results/statistics/{table}.csv",
        table=[
            *STATISTICS_TABLES,
            *["verdict", "predictions", "size_gaps", "noise", "calibration"],
        ],
    ),
    *if_zoo("results/zoo/scores.csv", "results/zoo/weight_features.csv"),
]


wildcard_constraints:
    model="|".join(map(re.escape, PUBLISHED.model)) or "none",
    run="|".join(map(re.escape, ZOO_RUNS)) or "none",
    batch="|".join(map(re.escape, BATCHES)) or "none",
    question="|".join(QUESTIONS),


def primary_selection():
    """The complexity that the verdict rests on, which is also the one that figures show."""
    names = ("measure", "variant", "view", "aggregate")
    return {name: config["statistics"]["primary"][name] for name in names}


def primary_bins():
    """Number of bins of the primary variant; None where it depends on the weights."""
    primary = config["statistics"]["primary"]["variant"]
    return config["complexity"]["variants"][primary].get("bins")


def weight_cache():
    """Folder of downloaded files, shared by studies if the environment variable says so."""
    return os.environ.get("COMPLEXITY_ATLAS_CACHE", ".cache/weights")
