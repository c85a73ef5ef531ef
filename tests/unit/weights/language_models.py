"""Tensors of published language models: names and shapes of small networks of each architecture.

`tests/data/language_models` holds, for each architecture, its families, where the names come from
(transformers builds the network on the meta device; where it cannot, published code), the part of
its config.json that tells how matrices are fused, and, for a fused projection, the rows that the
running network of transformers takes as query, key and value. Roles were checked by hand.
"""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "data" / "language_models"


@dataclass(frozen=True)
class Architecture:
    """Shapes and roles by the tensor's name."""

    families: list[str]
    source: str
    config: dict
    fused_rows: dict[str, list[int]] | None = None
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)


def read_architectures() -> dict[str, Architecture]:
    described = json.loads((FOLDER / "architectures.json").read_text())
    found = {name: Architecture(**fields) for name, fields in described.items()}
    with open(FOLDER / "tensors.csv", newline="") as table:
        for row in csv.DictReader(table):
            architecture = found[row["architecture"]]
            shape = tuple(map(int, row["shape"].split("x")))
            architecture.shapes[row["tensor"]] = shape
            architecture.roles[row["tensor"]] = row["role"]
    return found


ARCHITECTURES = read_architectures()
