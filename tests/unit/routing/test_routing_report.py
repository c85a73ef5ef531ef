"""Words and figures about routing and ceilings follow their tables."""

import numpy as np
import pandas as pd
import pytest
from made_up import made_ladder

from complexity_atlas.experiments.routing.settings import RoutingSettings
from complexity_atlas.experiments.routing.study import Problem, route
from complexity_atlas.experiments.routing.tables import MODELS
from complexity_atlas.figures import routing as figure
from complexity_atlas.report import companions

SETTINGS = RoutingSettings(unsolved="weakest")


@pytest.fixture(scope="module")
def tables():
    ladder = made_ladder(trials=5)
    models = pd.DataFrame([("made up", "idle", None, 120, 0, np.nan, "never run: 0 on every item")])
    models = MODELS.check(models.set_axis(list(MODELS.columns), axis=1))
    return route([Problem(ladder, models, ladder.quality)], SETTINGS)


def test_the_paragraph_says_who_beats_whom(tables):
    text = companions.routing(tables["evaluation"], tables["trials"], tables["models"])
    text = text.replace("\u00a0", " ")
    assert "0 of 2 routers beat always taking the best single network" in text
    assert "is right in 75.0 % instead of 75.0 %, a change by 0.0 points" in text
    assert "predicted rightly in 100.0 %, where always naming" in text
    assert "does so in 25.0 %; 2 of 2 are above that by their interval" in text
    assert "1 network of the sources never ran, and did not fail." in text
    assert "Labels from 5 trials instead of 1 are the true ones in 100.0 %" in text
    won = tables["evaluation"].assign(verdict="beats")
    assert "2 of 2 routers beat" in companions.routing(won, tables["trials"], tables["models"])


def test_nothing_to_route_is_said(tables):
    empty = {name: table.iloc[:0] for name, table in tables.items()}
    text = companions.routing(empty["evaluation"], empty["trials"], empty["models"])
    assert "No items with text" in text
    assert figure.draw(empty["curves"], empty["trials"]).texts


@pytest.mark.parametrize("ladders", [1, 2, 4])
def test_the_figure_has_a_panel_per_ladder_and_a_row_on_trials(tables, ladders):
    def repeated(table):
        copies = [table.assign(ladder=f"{table.ladder.iloc[0]} {i}") for i in range(ladders)]
        return pd.concat(copies, ignore_index=True)

    drawn = figure.draw(repeated(tables["curves"]), repeated(tables["trials"]))
    drawn.draw_without_rendering()
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in drawn.axes]
    assert sum(map(bool, titles)) == ladders
    assert [axes.get_xlabel() for axes in drawn.axes][-3:] == ["Trials per label"] * 3
    without = figure.draw(repeated(tables["curves"]), tables["trials"].iloc[:0])
    assert "Trials per label" not in [axes.get_xlabel() for axes in without.axes]


def ceiling_line(**changes) -> dict:
    line = {
        "family": "f",
        "benchmark": "quiz",
        "subtask": "",
        "metric_id": "accuracy",
        "score": 0.7,
        "chance_level": 0.25,
        "n_models": 5,
        "slope": 0.001,
        "low": -0.001,
        "high": 0.003,
        "ceiling": True,
        "chance": "",
    }
    return line | changes


def test_the_paragraph_on_ceilings_counts_lines():
    rises = ceiling_line(family="g", slope=0.1, low=0.05, high=0.15, ceiling=False)
    floor = ceiling_line(family="h", chance="at chance")
    lines = pd.DataFrame([ceiling_line(), rises, floor])
    operating = pd.DataFrame({"slope": [0.0, 0.05] * 2, "declared_flat": [0.6, 0.01, 0.9, 0.02]})
    text = companions.ceilings(lines, operating).replace("\u00a0", " ")
    assert "of 3 lines" in text
    assert "1 are at chance and not interpreted, 1 rise, and 1 are ceilings" in text
    assert "f on quiz (accuracy, on average 0.700 where chance is 0.25)" in text
    assert "so in 60 % to 90 % of studies" in text
    assert "rises by 0.05 per tenfold weights in 2.0 % at most" in text
    assert "none can be said to stop" in companions.ceilings(lines.iloc[:0], operating)
