import pytest
from made_up import made_ladder, per_item


@pytest.fixture
def ladder():
    return made_ladder()


@pytest.fixture
def data():
    return per_item({"weak": "100", "strong": "111"})
