"""What every companion experiment has: contracts, a caption, and a paragraph made of its tables."""

import pandas as pd
import pytest

from complexity_atlas.experiments.companions import TABLES
from complexity_atlas.experiments.head_tuning.experiment import risk_table, spectrum_table
from complexity_atlas.experiments.head_tuning.settings import ChainSettings, Settings
from complexity_atlas.experiments.superposition.bound import bound_table, cost_table
from complexity_atlas.experiments.superposition.search import and_table
from complexity_atlas.figures import head_tuning, superposition
from complexity_atlas.figures.selection import Selection
from complexity_atlas.report import captions, companions
from complexity_atlas.statistics.settings import Settings as StatisticsSettings

SELECTION = Selection("lmc", "window", "folded", "pooled")
HEADS = Settings(
    samples=24,
    widths=(2, 6, 20, 60),
    penalties=(0.0, 0.1),
    repetitions=4,
    chains={
        "plain": ChainSettings(3, 0.1, 0.5, ("gaussian", "iid", "markov")),
        "other": ChainSettings(3, 5.0, 1.0, ("markov",)),
    },
    chain_seed=0,
)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    models = pd.DataFrame(
        {"model": ["ant", "bee"], "name": ["Ant", "Bee"], "run": "", "n_weights": [9_000, 70_000]}
    )
    law = {"features": [256, 1024], "channel": [16, 17], "neurons": [272, 629]}
    heads = {"run": "net", "samples": 24, "width": [4, 24, 80], "risk_low": 0.5, "top1": 0.2}
    heads |= {"risk": [0.9, 34.5, 1.2], "risk_high": 50.0}
    return {
        "superposition_bound": bound_table(models, (1, 16)),
        "superposition_cost": cost_table((256, 1024), (1, 16)),
        "superposition_and": and_table([(256, 16)], 50, 0),
        "superposition_law": TABLES["superposition_law"].check(
            pd.DataFrame(law | {"ratio": [2.125, 1.966], "fitted": [265.0, 640.0]})
        ),
        "superposition_trained": TABLES["superposition_trained"].check(
            pd.DataFrame(
                {"features": 256, "neurons": [16, 40], "steps": 9}
                | {"n_inputs": 32_897, "n_errors": [3, 0]}
            )
        ),
        "head_tuning_risk": risk_table(HEADS, 0),
        "head_tuning_spectrum": spectrum_table(HEADS),
        "linear_heads": TABLES["linear_heads"].check(
            pd.concat([pd.DataFrame(heads | {"features": f}) for f in ("random", "slice")])
        ),
    }


def test_every_figure_has_a_caption_of_its_own():
    for name in companions.FIGURES:
        title, caption = captions.of_figure(name, SELECTION, StatisticsSettings())
        assert title != name.replace("_", " ").capitalize()
        assert caption


def test_every_table_is_used_by_a_paragraph(tables):
    assert set(tables) <= set(TABLES)
    for name in tables:
        others = {other: table for other, table in tables.items() if other != name}
        assert len(companions.paragraphs(others)) < len(companions.paragraphs(tables))
    assert companions.paragraphs({}) == []


def test_the_paragraph_on_superposition_follows_its_tables(tables):
    changed = {name: table.copy() for name, table in tables.items()}
    bound, errors = changed["superposition_bound"], changed["superposition_and"]
    bound.loc[(bound.task == "and") & (bound.model == "bee"), "features"] = 12_345.0
    errors.loc[errors.variant == "lines", "n_errors"] = 7
    text, *_ = companions.paragraphs(changed)
    assert "Bee with its 70,000 weights at most 12,345 at 1 bit and 12,345 at 16 bits" in text
    assert "1,024 features with 629 neurons" in text
    assert "1.97 to 2.12 times" in text
    assert "active features are 256 with 40" in text
    assert "errs on 21 of 563 inputs" in text


def test_the_paragraph_on_head_tuning_follows_its_tables(tables):
    risk = tables["head_tuning_risk"].copy()
    at = (risk.chain == "other") & (risk.penalty == 0)
    risk.loc[at & (risk.width == 20), "excess"] = 98.7
    risk.loc[at, "theory_excess"] = risk.width.sub(6).abs()[at].astype(float)
    text = companions.head_tuning(risk, tables["head_tuning_spectrum"])
    assert "largest excess risk, 98.7, at p/n = 0.833333" in text
    assert "p = 6 for rows from Dirichlet(5)" in text
    assert "At most 3 directions of up to 60 features" in text


def test_the_paragraph_on_a_frozen_network_follows_its_table(tables):
    text = companions.linear_heads(tables["linear_heads"])
    assert "0.900 at p = 4, 34.5 at p = 24 and 1.20 at p = 80" in text
    assert "slices of the vector peak at p = 24" in text


def test_paragraphs_of_heads_that_are_all_wider_than_their_samples(tables):
    heads, risk = tables["linear_heads"], tables["head_tuning_risk"]
    text = companions.linear_heads(heads[heads.width >= 24])
    assert "is 34.5 at p = 24 and 1.20 at p = 80" in text
    text = companions.head_tuning(risk[risk.width > 24], tables["head_tuning_spectrum"])
    assert "total risk" not in text


def test_the_figure_on_superposition_shows_every_network_and_size(tables):
    names = ("bound", "cost", "and", "law", "trained")
    figure = superposition.draw(*(tables[f"superposition_{name}"] for name in names))
    left, middle, right = figure.axes
    assert sum(len(c.get_offsets()) for c in left.collections) == 2 * 2
    assert len(middle.collections[0].get_offsets()) == 2
    assert {"naive", "random channels", "lines"} <= {text.get_text() for text in right.texts}


def test_the_figure_on_head_tuning_has_the_frozen_network_only_if_there_is_one(tables):
    risk, spectrum = tables["head_tuning_risk"], tables["head_tuning_spectrum"]
    assert len(head_tuning.draw(risk, spectrum, tables["linear_heads"]).axes) == 5
    assert len(head_tuning.draw(risk, spectrum, None).axes) == 4
