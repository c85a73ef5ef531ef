import pytest
from desk import Desk, project_desk


@pytest.fixture
def desk(project) -> Desk:
    return project_desk(project)
