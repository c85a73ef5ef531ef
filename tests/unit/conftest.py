from pathlib import Path

import pytest
from hypothesis import settings

PROJECT = Path(__file__).parents[2]

# A busy machine, or a first example that imports something large, is no failure.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture
def project() -> Path:
    return PROJECT


@pytest.fixture
def shared() -> Path:
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the reference data in ../shared")
    return folder
