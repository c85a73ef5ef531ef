from pathlib import Path

import pytest
from desk import Desk, project_desk


@pytest.fixture(scope="session")
def desk() -> Desk:
    return project_desk(Path(__file__).parents[3])
