"""What every companion experiment has: contracts, a caption, and a paragraph made of its tables."""

import pandas as pd
import pytest

from complexity_atlas.experiments.companions import TABLES
from complexity_atlas.experiments.superposition.bound import bound_table, cost_table
from complexity_atlas.figures import superposition
from complexity_atlas.figures.selection import Selection
from complexity_atlas.report import captions, companions
from complexity_atlas.statistics.settings import Settings

SELECTION = Selection("lmc", "window", "folded", "pooled")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    models = pd.DataFrame(
        {"model": ["ant", "bee"], "name": ["Ant", "Bee"], "run": "", "n_weights": [9_000, 70_000]}
    )
    return {
        "superposition_bound": bound_table(models, (1, 16)),
        "superposition_cost": cost_table((256, 1024), (1, 16)),
    }


def test_every_figure_has_a_caption_of_its_own():
    for name in companions.FIGURES:
        title, caption = captions.of_figure(name, SELECTION, Settings())
        assert title != name.capitalize()
        assert caption


def test_every_table_is_used_by_a_paragraph(tables):
    assert set(tables) == set(TABLES)
    for name in tables:
        others = {other: table for other, table in tables.items() if other != name}
        assert len(companions.paragraphs(others)) < len(companions.paragraphs(tables))
    assert companions.paragraphs({}) == []


def test_the_paragraph_on_superposition_follows_its_tables(tables):
    bound = tables["superposition_bound"].copy()
    bound.loc[(bound.task == "and") & (bound.model == "bee"), "features"] = 12_345.0
    text = companions.superposition(bound, tables["superposition_cost"])
    assert "Bee (70,000) 12,345 and 12,345" in text
    assert "no covariate" in text


def test_the_figure_on_superposition_shows_every_network(tables):
    figure = superposition.draw(tables["superposition_bound"], tables["superposition_cost"])
    points = sum(len(c.get_offsets()) for c in figure.axes[0].collections)
    assert points == len(tables["superposition_bound"].query("task == 'and'"))
