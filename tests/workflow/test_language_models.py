"""The study of published language models, as far as it goes without a network."""

import pytest

from .conftest import PROJECT, Study


@pytest.mark.parametrize(
    ("sizes", "models"), [pytest.param([], 140, marks=pytest.mark.slow), (["sub1b"], 20)]
)
def test_size_groups_choose_what_is_planned(sizes, models, tmp_path):
    (tmp_path / "study.yaml").write_text(f"sizes: {sizes}\n")
    planned = Study(tmp_path).planned(
        "--configfile", str(PROJECT / "config/llm.yaml"), "study.yaml"
    )
    assert planned["measure_weights"] == planned["compute_complexity"] == models
    assert "train_zoo" not in planned
