"""Nothing in the package imports upwards, and no modules import each other in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import complexity_atlas

PACKAGE = Path(complexity_atlas.__file__).parent

LAYERS = (
    {"errors"},
    {"configuration", "contracts", "devices", "environment", "logs", "network", "provenance"},
    {"records"},
    {"weights"},
    {"counts"},
    {"complexity"},
    {"spectra", "quantisation"},
    {"matrix_pass"},
    {"measure", "study", "scores", "statistics"},
    {"figures"},
    {"report", "experiments"},
    {"archive", "one_model"},
    {"commands"},
    {"__main__"},
)
"""Rooms of the package from the ground up; those of one layer know nothing of each other."""


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
del MODULES["complexity_atlas"]  # two versions, and no code


def imported(path: Path) -> set[str]:
    """Modules of the package that a file imports, at its top or within a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & MODULES.keys() or {node.module}
    return found & MODULES.keys()


def layer(module: str) -> int:
    room = module.split(".")[1]
    (level,) = (level for level, rooms in enumerate(LAYERS) if room in rooms)
    return level


def test_every_room_has_its_layer():
    assert {name.split(".")[1] for name in MODULES} == set().union(*LAYERS)


def test_nothing_imports_upwards():
    upwards = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imported(path)
        if name.split(".")[1] != module.split(".")[1] and layer(name) >= layer(module)
    ]
    assert upwards == []


def test_there_is_no_circle():
    TopologicalSorter({name: imported(path) for name, path in MODULES.items()}).prepare()
