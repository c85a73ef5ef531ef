"""The networks of a zoo as rows of the table of models."""

import math
from pathlib import PurePosixPath

import pandas as pd

from complexity_atlas.contracts import MODELS
from complexity_atlas.experiments.zoo.settings import RunSpec

FLOPS_PER_PARAMETER = 6
"""Training costs about 6 floating-point operations per parameter and character (Kaplan et al.
2020, arXiv 2001.08361): 2 forward and 4 backward. An estimate: attention over the context,
embeddings that are looked up and the number of parameters itself are taken roughly."""


def zoo_models(runs: tuple[RunSpec, ...], folder: str) -> pd.DataFrame:
    """One row per saved network of `runs` by contract MODELS, run after run.

    `folder` holds a folder for each run. `training_tokens` are the characters that a network has
    seen, unknown (NaN) before the first; controls have those of the network they are made from.
    `training_flops` is FLOPS_PER_PARAMETER · size · characters. A zoo of no runs gives no rows.
    """
    rows = [_row(run, step, control, folder) for run in runs for step, control in run.networks]
    table = pd.DataFrame(rows, columns=list(MODELS.columns))
    order = table.model
    return MODELS.check(table).set_index("model", drop=False).loc[order].reset_index(drop=True)


def _row(run: RunSpec, step: int, control: str, folder: str) -> dict[str, object]:
    seen = run.characters(step) or math.nan
    return {
        "model": run.model(step, control),
        "name": " ".join(filter(None, [run.name, f"step {step}", control])),
        "family": run.family,
        "task": "next character",
        "source": "file",
        "location": str(PurePosixPath(folder, run.name, run.file(step, control))),
        "file": "",
        "revision": "",
        "sha256": "",
        "bytes": None,
        "size_group": "",
        "parameters": None,
        "active_parameters": None,
        "training_tokens": seen,
        "training_flops": FLOPS_PER_PARAMETER * run.size * seen,
        "run": run.name,
        "step": step,
        "control": control,
        "licence": "Apache-2.0",
        "url": "",
        "facts": "",
    }
