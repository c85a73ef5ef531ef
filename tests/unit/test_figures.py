"""Figures: drawn from synthetic tables, complete, unclipped and the same every time."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.lines import Line2D
from matplotlib.text import Text
from scipy.stats import kendalltau, rankdata

import synthetic_study
from complexity_atlas.complexity.binning import BinRule
from complexity_atlas.figures import (
    calibration,
    confound,
    depth_profile,
    forest,
    labels,
    leave_family_out,
    matched_pairs,
    plane,
    power,
    quantisation,
    score_vs_complexity,
    sensitivity,
    style,
)
from complexity_atlas.figures.selection import Selection, of_models, of_scopes, symbol
from complexity_atlas.statistics import power as power_of
from complexity_atlas.statistics.settings import Primary, Settings

SELECTION = Selection("lmc", "window", "folded", "pooled")
VARIANTS = list(synthetic_study.VARIANTS)
NOISE = pd.DataFrame(
    {
        "variant": ["window"] * 3 + ["rice"] * 3,
        "n": [1000, 10_000, 100_000] * 2,
        "value": [0.0145, 0.0145, 0.0145, 0.05, 0.026, 0.014],
        "sd": [0.001, 0.0003, 0.0001, 0.004, 0.002, 0.001],
        "slope": [0.0] * 3 + [-0.281] * 3,
    }
)


@pytest.fixture(scope="module")
def study() -> synthetic_study.Study:
    return synthetic_study.make_study()


@pytest.fixture(scope="module")
def figures(study) -> dict:
    return draw_all(study)


def draw_all(study: synthetic_study.Study, noise: pd.DataFrame = NOISE) -> dict:
    one = study.tensors[study.tensors.model == study.tensors.model.min()]
    return {
        "plane": plane.draw(study.complexity, study.models, SELECTION, 128),
        "tensors": plane.draw_tensors(one, "Net v1 finding", SELECTION, 128),
        "scores": score_vs_complexity.draw(
            study.complexity,
            study.models,
            study.scores,
            study.benchmarks,
            study.statistics,
            SELECTION,
        ),
        "depth": depth_profile.draw(study.tensors, study.complexity, study.models, SELECTION),
        "sensitivity": sensitivity.draw(study.complexity, study.models, SELECTION, VARIANTS),
        "confound": confound.draw(noise),
        "forest": forest.draw(study.statistics, study.benchmarks, Settings()),
        "power": power.draw(study.statistics, study.benchmarks, Settings()),
        "families": leave_family_out.draw(
            synthetic_study.predictions(study), study.models, study.benchmarks, Settings()
        ),
        "pairs": matched_pairs.draw(synthetic_study.size_gaps(study), study.benchmarks, Settings()),
        "calibration": calibration.draw(
            synthetic_study.calibration(100 if len(study.scores) else 0), Settings()
        ),
        "quantisation": quantisation.draw(
            codes := synthetic_study.quantised(study),
            synthetic_study.quantised_order(codes),
            study.complexity,
            study.models,
            SELECTION,
        ),
    }


def texts(figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def written(figure) -> str:
    return " ".join(text.get_text() for text in texts(figure))


def renamed(study: synthetic_study.Study, name: str) -> synthetic_study.Study:
    return dataclasses.replace(study, models=study.models.assign(name=name))


@pytest.mark.parametrize(
    "name",
    [
        *("plane", "tensors", "scores", "depth", "sensitivity", "confound", "forest", "power"),
        *("families", "pairs", "calibration", "quantisation"),
    ],
)
def test_nothing_is_clipped(figures, name):
    figures[name].canvas.draw()
    ink = np.asarray(figures[name].canvas.buffer_rgba())[..., :3].min(axis=2) < 250
    assert ink.any()
    border = [ink[0], ink[-1], ink[:, 0], ink[:, -1]]
    assert not any(edge.any() for edge in border), "something reaches the edge of the canvas"


def test_names_of_networks_do_not_cover_each_other(study, figures):
    figure = figures["plane"]
    names = set(study.models.name)
    boxes = [t.get_window_extent() for t in texts(figure) if t.get_text() in names]
    assert len(boxes) == len(names)
    for i, one in enumerate(boxes):
        assert not any(one.padded(-1).overlaps(other.padded(-1)) for other in boxes[:i])


def test_equal_tables_give_equal_bytes(study, tmp_path):
    for name in ("a", "b"):
        figure = plane.draw(study.complexity, study.models, SELECTION, 128)
        style.save(figure, tmp_path / f"{name}.png")
    for suffix in (".png", ".pdf"):
        written = [(tmp_path / name).with_suffix(suffix).read_bytes() for name in ("a", "b")]
        assert written[0] == written[1]


def test_a_figure_that_cannot_be_written_leaves_nothing(study, tmp_path, monkeypatch):
    figure = style.message("x")
    monkeypatch.setattr(figure, "savefig", lambda *a, **k: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        style.save(figure, tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_nothing_measured_gives_figures_that_say_so(study):
    empty = dataclasses.replace(
        study,
        tensors=study.tensors.iloc[:0],
        complexity=study.complexity.iloc[:0],
        scores=study.scores.iloc[:0],
        statistics=study.statistics.iloc[:0],
    )
    for name, figure in draw_all(empty, NOISE.iloc[:0]).items():
        assert not figure.axes, name
        assert "No" in written(figure) or "no" in written(figure), name


def test_undefined_complexities_are_named_not_drawn(study):
    first = study.models.model[1]
    broken = study.complexity.assign(
        value=study.complexity.value.where(
            (study.complexity.model != first) | (study.complexity.variant != "window")
        )
    )
    name = study.models.set_index("model").name[first]
    scores = score_vs_complexity.draw(
        broken, study.models, study.scores, study.benchmarks, study.statistics, SELECTION
    )
    assert f"undefined: {name}" in written(scores)
    ranks = sensitivity.draw(broken, study.models, SELECTION, VARIANTS)
    assert f"{name}, undefined" in written(ranks)
    assert name not in written(plane.draw(broken, study.models, SELECTION, 128))


@pytest.mark.parametrize("name", ["$\\frac{", "$x$", "<b>&", "a" * 60])
def test_hostile_names_are_drawn_as_they_are(study, name):
    figure = plane.draw(study.complexity, renamed(study, name).models, SELECTION, 128)
    figure.draw_without_rendering()
    assert name in written(figure)


def crowd(study, networks: int, benchmarks: int) -> synthetic_study.Study:
    """The first network and the first benchmark, so many times."""
    names = [f"Net{i}" for i in range(networks)]
    tasks = [f"task{i}" for i in range(benchmarks)]
    model, score = study.models.model[0], study.scores.iloc[[0]]
    own = study.complexity[study.complexity.model == model]
    rng = np.random.default_rng(0)
    return dataclasses.replace(
        study,
        models=pd.concat([study.models.iloc[[0]].assign(model=n, name=n) for n in names]),
        benchmarks=pd.concat(
            [study.benchmarks.iloc[[0]].assign(benchmark_id=t, name=t) for t in tasks]
        ),
        complexity=pd.concat([own.assign(model=n, value=own.value * rng.random()) for n in names]),
        scores=pd.concat(
            [
                score.assign(benchmark_id=t, model_id=n, value=rng.random())
                for n in names
                for t in tasks
            ],
            ignore_index=True,
        ),
        statistics=pd.concat(
            [
                study.statistics[study.statistics.benchmark == "reading"].assign(benchmark=t)
                for t in tasks
            ]
        ),
    )


def test_many_benchmarks_go_on_beneath_and_a_crowd_is_not_named(study):
    many = crowd(study, 21, 7)
    frames = (many.complexity, many.models, many.scores, many.benchmarks, many.statistics)
    scores = score_vs_complexity.draw(*frames, SELECTION)
    assert "task6" in written(scores)
    panels = [axes for axes in scores.axes if axes.axison]
    assert len(panels) == 2 * 7
    assert min(axes.get_window_extent().width for axes in panels) > 200
    every = forest.draw(many.statistics, many.benchmarks, Settings())
    assert len([axes for axes in every.axes if axes.axison]) == 7
    for figure in (scores, plane.draw(many.complexity, many.models, SELECTION, 128)):
        assert "Net3" not in written(figure)
    sizes = many.statistics.assign(n_models=many.statistics.groupby("benchmark").ngroup() + 20)
    curves = power.draw(sizes, many.benchmarks, Settings())
    curves.draw_without_rendering()
    assert curves.axes[0].get_window_extent().height > 250
    few = crowd(study, 20, 1)
    assert "Net3" in written(plane.draw(few.complexity, few.models, SELECTION, 128))


def test_where_no_graph_tells_the_depth_it_is_the_layer(study):
    tensors = study.tensors.assign(
        depth=pd.array([pd.NA] * len(study.tensors), dtype="Int64"),
        layer=pd.array(range(len(study.tensors)), dtype="Int64"),
    )
    figure = depth_profile.draw(tensors, study.complexity, study.models, SELECTION)
    assert study.models.name[0] in written(figure)


def test_the_correlation_in_the_panel_is_the_tables(study):
    statistics = study.statistics.copy()
    row = (
        (statistics.question == "raw")
        & (statistics.statistic == "spearman")
        & (statistics.measure == "lmc")
        & (statistics.variant == "window")
        & (statistics.benchmark == "reading")
    )
    assert row.sum() == 1
    statistics.loc[row, ["estimate", "ci_low", "ci_high", "n_models"]] = -0.123, -0.9, 0.7, 41
    figure = score_vs_complexity.draw(
        study.complexity, study.models, study.scores, study.benchmarks, statistics, SELECTION
    )
    assert "ρ = −0.12 [−0.90, +0.70], n = 41" in written(figure)


def test_score_intervals_say_what_they_are():
    scores = pd.DataFrame(
        {
            "value": [0.5, 0.5, 0.5, 0.5],
            "stderr": [0.05, 0.1, np.nan, np.nan],
            "stderr_kind": ["binomial", "reported", "none", "from_ci"],
            "n_items": pd.array([100, None, 212, None], dtype="Int64"),
            "ci_low": [np.nan, np.nan, np.nan, 0.4],
            "ci_high": [np.nan, np.nan, np.nan, 0.7],
        }
    )
    found = score_vs_complexity.score_intervals(scores, 0.95)
    assert list(found.kind) == ["Wilson", "normal", "", "reported"]
    # Wilson's interval of 50 of 100: (p + z²/2n ± z sqrt(pq/n + z²/4n²)) / (1 + z²/n).
    z = 1.959963984540054
    half = z * np.sqrt(0.25 / 100 + z**2 / 40_000) / (1 + z**2 / 100)
    np.testing.assert_allclose(
        found.loc[0, ["low", "high"]].astype(float), [0.5 - half, 0.5 + half]
    )
    np.testing.assert_allclose(
        found.loc[1, ["low", "high"]].astype(float), [0.5 - z / 10, 0.5 + z / 10]
    )
    assert found.loc[2, ["low", "high"]].isna().all()
    assert list(found.loc[3, ["low", "high"]]) == [0.4, 0.7]


def test_ranking_and_agreement_match_scipy(study):
    ranks = sensitivity.ranking(study.complexity, SELECTION, VARIANTS)
    folded = ranks[ranks["view"] == "folded"].pivot(
        index="model", columns="variant", values="value"
    )
    rice = ranks[(ranks["view"] == "folded") & (ranks.variant == "rice")].set_index("model")
    assert list(rice["rank"]) == list(rankdata(-folded.rice[rice.index]))
    tau = sensitivity.agreement(ranks, "window").set_index(["view", "variant"]).tau
    assert tau["folded", "window"] == pytest.approx(1)
    assert tau["folded", "rice"] == pytest.approx(kendalltau(folded.rice, folded.window).statistic)


def test_agreement_needs_three_networks_that_both_define():
    ranks = pd.DataFrame(
        {
            "model": ["a", "b", "c"] * 2,
            "view": "folded",
            "variant": ["window"] * 3 + ["rice"] * 3,
            "value": [1.0, 2.0, 3.0, 1.0, np.nan, 2.0],
        }
    )
    tau = sensitivity.agreement(ranks, "window").set_index("variant")
    assert np.isnan(tau.tau["rice"])
    assert tau.n["rice"] == 2


def test_noise_is_flat_in_the_window_and_falls_with_rice():
    rules = [
        BinRule("window", "window", 128, 6.0, False),
        BinRule("rice", "rice", None, None, False),
    ]
    sizes = [10**5, 10**7, 10**9]
    table = confound.confound_table(rules, sizes, draws=8, seed=1)
    slopes = table.groupby("variant").slope.first()
    assert abs(slopes["window"]) < 0.01
    assert slopes["rice"] == pytest.approx(-0.281, abs=0.02)
    again = confound.confound_table(rules, sizes, draws=8, seed=1)
    pd.testing.assert_frame_equal(table, again)
    assert "⁻⁰·²" in written(confound.draw(table))


def test_layers_lie_at_the_median_depth_of_their_tensors(study, figures):
    figure = figures["depth"]
    model = study.models.sort_values(["task", "model"]).iloc[0]
    panel = next(a for a in figure.axes if a.get_title(loc="left") == model["name"])
    layers = of_scopes(study.complexity, SELECTION, model.model, "layer:").value
    drawn = panel.lines[0].get_xydata()
    rows = study.tensors[(study.tensors.model == model.model) & study.tensors.layer.notna()]
    depth = rows.drop_duplicates("tensor").groupby("layer").depth.median()
    expected = sorted((float(depth[int(layer)]), value) for layer, value in layers.items())
    np.testing.assert_allclose(drawn, expected)


def test_the_forest_begins_with_the_primary_effect(study):
    settings = Settings(primary=Primary(measure="entropy", variant="rice"))
    effects = forest.partial_effects(study.statistics, settings)
    assert list(effects.measure[:2]) == ["entropy"] * 2
    assert list(effects.variant[:2]) == ["rice"] * 2
    assert set(effects.measure[effects.order == 3]) == {"entropy"}
    assert set(effects.variant[effects.order < 2]) == {"rice"}
    key = ["benchmark", "measure", "variant"]
    assert not effects.duplicated(key).any()
    figure = forest.draw(study.statistics.assign(estimate=np.nan), study.benchmarks, settings)
    assert "undefined" in written(figure)


def test_rivals_stand_in_the_forest_as_means_over_matrices(study):
    primary = study.statistics[study.statistics.measure == "lmc"]
    of_spectra = primary[primary.variant == "window"].assign(measure="alpha", variant="spectrum")
    both = pd.concat([of_spectra.assign(aggregate=a) for a in ("pooled", "mean")])
    effects = forest.partial_effects(pd.concat([study.statistics, both]), Settings())
    rivals = effects[effects.measure == "alpha"]
    assert set(rivals.order) == {2}
    assert set(rivals["aggregate"]) == {"mean"}
    assert (effects.order.diff().dropna() >= 0).all()
    figure = forest.draw(pd.concat([study.statistics, both]), study.benchmarks, Settings())
    assert "Power-law exponent α" in written(figure)


def test_panels_of_quantisation_print_the_agreement_of_the_table(figures):
    assert written(figures["quantisation"]).count("Reading lines (6): τ = −0.60") == 2


def test_the_power_curve_passes_through_the_detectable_correlation(study):
    settings = Settings()
    detectable = power_of.detectable(6 - 1, settings)
    rows = study.statistics.assign(
        estimate=study.statistics.estimate.where(study.statistics.question != "power", detectable)
    )
    axes = power.draw(rows, study.benchmarks, settings).axes[0]
    curve = next(line for line in axes.lines if line.get_label().startswith("6 networks"))
    assert np.interp(detectable, *curve.get_xydata().T) == pytest.approx(0.8, abs=0.01)


def test_symbols_of_excesses():
    assert symbol("lmc_same_n_excess") == "C − null, same n"
    assert symbol("something_new") == "something_new"


def test_many_networks_are_reduced_to_the_largest(monkeypatch, study):
    monkeypatch.setattr(depth_profile, "MOST_PANELS", 5)
    figure = depth_profile.draw(study.tensors, study.complexity, study.models, SELECTION)
    assert "The 5 largest of 12 networks" in written(figure)


def test_selection_takes_exactly_one_row_per_network(study):
    chosen = of_models(study.complexity, SELECTION)
    assert list(chosen.index) == sorted(study.models.model)
    assert set(chosen.measure) == {"lmc"}
    assert SELECTION.excess_measure == "lmc_same_n_excess"


def test_glyphs_differ_in_colour_and_marker():
    glyphs = list(style.glyphs([str(i) for i in range(30)]).values())
    assert len({(g.colour, g.marker) for g in glyphs}) == 30
    assert len({g.colour for g in glyphs[:9]}) == len({g.marker for g in glyphs[:9]}) == 9


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=30), st.floats(0.1, 50))
def test_line_ends_are_spread_in_order(positions, gap):
    positions = np.sort(positions)
    placed = labels.spread(positions, gap)
    # Rounding of means of numbers up to 1e4.
    assert np.all(np.diff(placed) >= gap - 1e-8)
    if np.all(np.diff(positions) >= gap):
        np.testing.assert_allclose(placed, positions, atol=1e-8)


@given(st.lists(st.integers(1, 10**11), min_size=2, max_size=20))
def test_areas_grow_with_size(sizes):
    areas = style.size_areas(np.sort(sizes))
    assert np.all(np.diff(areas) >= 0)
    assert np.all((areas >= 4) & (areas <= 60))


def test_exponents_are_raised():
    assert style.superscript("-0.267") == "⁻⁰·²⁶⁷"
    assert style.power_of_ten(1e-3) == "10⁻³"


def test_a_prediction_far_outside_the_scores_is_an_arrowhead_inside_the_panel(study):
    predictions = synthetic_study.predictions(study)
    figure = leave_family_out.draw(predictions, study.models, study.benchmarks, Settings())
    markers = [line.get_marker() for line in figure.findobj(Line2D)]
    assert markers.count(">") == 1
    benchmark = predictions.benchmark[predictions.predicted.idxmax()]
    panel = list(predictions.benchmark.unique()).index(benchmark)
    assert figure.axes[panel].get_xlim()[1] < 2


def test_of_a_crowd_no_network_is_named(study):
    few = synthetic_study.predictions(study)
    crowd = pd.concat([few.assign(model=few.model + str(i)) for i in range(5)], ignore_index=True)
    for predictions, named in ((few, True), (crowd, False)):
        figure = leave_family_out.draw(predictions, study.models, study.benchmarks, Settings())
        assert ("Net" in written(figure)) == named


def test_the_number_of_pairs_stands_above_them(study):
    gaps = synthetic_study.size_gaps(study)
    gaps.loc[(gaps.statistic == "pairs") & (gaps.size_ratio == 2), "estimate"] = 4321
    figure = matched_pairs.draw(gaps, study.benchmarks, Settings())
    assert written(figure).count("4321") == len(study.benchmarks)


def test_calibration_writes_how_often_each_test_finds_something():
    figure = calibration.draw(synthetic_study.calibration(100), Settings())
    assert "whole families permuted: 5.0 % below 0.05" in written(figure)
    # p is u² with u uniform: the share below .05 is the root of it.
    assert "single models permuted: 22.0 % below 0.05" in written(figure)
