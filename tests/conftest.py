"""How the tests share a machine."""

import os

import pytest

# Workers that each take all cores for linear algebra wait for one another most of the time.
if "PYTEST_XDIST_WORKER" in os.environ:
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs of the workflow first, which take longest, so that no worker is left with one alone."""
    items.sort(key=lambda item: "workflow" not in item.path.parts)
