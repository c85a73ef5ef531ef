"""What figures and report make of a zoo."""

import dataclasses

import pandas as pd
import pytest

import synthetic_study
import synthetic_zoo
from complexity_atlas.figures import style
from complexity_atlas.figures import zoo as figures
from complexity_atlas.figures.selection import Selection
from complexity_atlas.report import build_report, zoo
from complexity_atlas.statistics.settings import Settings

SELECTION = Selection("lmc", "window", "folded", "pooled")
RUNS = len(synthetic_zoo.SETTINGS.runs)


@pytest.fixture(scope="module")
def results():
    return synthetic_zoo.make_zoo()


def draw_all(results):
    tables = results.complexity, results.scores
    return {
        "training": figures.draw_training(*tables, SELECTION),
        "plane": figures.draw_plane(*tables, SELECTION, 128),
        "controls": figures.draw_controls(*tables, SELECTION),
    }


def lines_of(axes):
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def test_training_has_a_panel_per_family_and_a_line_per_run(results):
    figure = draw_all(results)["training"]
    top, bottom = figure.axes[:3], figure.axes[3:6]
    assert [axes.get_title(loc="left") for axes in top] == ["LSTM", "MLP", "transformer"]
    for axes in (*top, *bottom):
        lines = lines_of(axes)
        assert len(lines) == RUNS // 3
        assert len({line.get_color() for line in map(_hashable, lines)}) == 3
    bits = results.scores[results.scores.benchmark_id == "zoo_bits_per_character"]
    drawn = sorted(y for axes in bottom for line in lines_of(axes) for y in line.get_ydata())
    assert drawn == pytest.approx(sorted(bits.value[bits.control == ""]))


def _hashable(line):
    line.set_color(tuple(line.get_color()))
    return line


def test_the_plane_has_every_run_as_a_trajectory(results):
    figure = draw_all(results)["plane"]
    assert len(figure.axes) == 3
    # Two of the lines of each panel are the bounds.
    assert [len(lines_of(axes)) - 2 for axes in figure.axes] == [RUNS // 3] * 3


def test_controls_show_every_network_at_the_last_step(results):
    figure = draw_all(results)["controls"]
    points = [
        offset for axes in figure.axes for c in axes.collections for offset in c.get_offsets()
    ]
    assert len(points) == 3 * RUNS


def test_figures_are_the_same_bytes_every_time(results, tmp_path):
    for name, figure in draw_all(results).items():
        style.save(figure, tmp_path / f"{name}.png")
    for name, figure in draw_all(results).items():
        style.save(figure, tmp_path / "again.png")
        assert (tmp_path / "again.png").read_bytes() == (tmp_path / f"{name}.png").read_bytes()


def test_without_complexities_figures_say_so(results):
    nothing = dataclasses.replace(results, complexity=results.complexity.iloc[:0])
    for figure in draw_all(nothing).values():
        assert "complexity" in figure.texts[0].get_text()


def said(results):
    return " ".join(zoo.sentences(results, SELECTION, Settings()))


def test_sentences_follow_the_tables(results):
    text = said(results)
    for part in (f"{RUNS} runs", "+0.41", "−0.13", f"in {RUNS} of {RUNS} runs", "R² = 0.910"):
        assert part in text
    assert "adds nothing that can be shown" in text


def test_a_number_changed_in_a_table_changes_the_text(results):
    bits = results.scores.benchmark_id == "zoo_bits_per_character"
    better = results.scores.assign(value=results.scores.value.where(~bits, 1.23))
    assert "needs 1.23 bits" in said(dataclasses.replace(results, scores=better))
    other = results.statistics.assign(estimate=0.77)
    assert "+0.77" in said(dataclasses.replace(results, statistics=other))
    gain = results.comparison.assign(ci_low=0.01)
    assert "LMC complexity adds to it" in said(dataclasses.replace(results, comparison=gain))
    changed = results.complexity.copy()
    one = changed.model.str.contains("shuffled") & (changed["view"] == "folded")
    changed.loc[one & (changed.measure == "lmc"), "value"] *= 1.1
    assert f"in 0 of {RUNS} runs" in said(dataclasses.replace(results, complexity=changed))


def test_controls_stand_beside_the_trained_networks(results):
    table = zoo.controls_table(results, SELECTION)
    assert len(table.rows) == RUNS
    shown = dict(
        zip([c.label for c in table.columns], [c.text for c in table.rows[0]], strict=True)
    )
    assert shown["C, trained"] == shown["C, shuffled"]
    assert float(shown["Bits, trained"]) < float(shown["Bits, shuffled"])


def test_the_page_has_a_section_on_the_zoo_only_with_one(results, tmp_path):
    style.save(style.message("picture"), tmp_path / "p.png")
    inputs = synthetic_study.report_inputs(tmp_path / "p.png")
    assert "A zoo with a known history" not in build_report(inputs)
    statistics = pd.concat([inputs.statistics, results.statistics], ignore_index=True)
    inputs = dataclasses.replace(
        inputs, zoo=results, statistics=statistics, figures={"zoo_training": tmp_path / "p.png"}
    )
    page = build_report(inputs)
    assert "A zoo with a known history" in page
    assert "figure-zoo_training" in page
