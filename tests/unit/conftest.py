from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def project() -> Path:
    return PROJECT


@pytest.fixture
def shared() -> Path:
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the reference data in ../shared")
    return folder
