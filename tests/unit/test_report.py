"""The report: its words follow its tables, and the page asks nothing of the net."""

import base64
import dataclasses
import hashlib
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

import synthetic_study
from complexity_atlas.errors import AtlasError
from complexity_atlas.figures import style
from complexity_atlas.report import (
    ReportInputs,
    answers,
    build_report,
    cells,
    rivals,
    tables,
    words,
    write_report,
)
from complexity_atlas.statistics.settings import Primary, Settings


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "plane.png"
    style.save(style.message("a figure"), path)
    return path


@pytest.fixture(scope="module")
def inputs(picture) -> ReportInputs:
    return synthetic_study.report_inputs(picture)


@pytest.fixture(scope="module")
def before(inputs) -> str:
    return prose(inputs)


def page(inputs: ReportInputs) -> BeautifulSoup:
    return BeautifulSoup(build_report(inputs), "lxml")


def prose(inputs: ReportInputs) -> str:
    return page(inputs).get_text(" ").replace("\u00a0", " ")


def changed(inputs: ReportInputs, table: str, where, /, **values) -> ReportInputs:
    frame = getattr(inputs, table).copy()
    for column, value in values.items():
        frame.loc[where(frame), column] = value
    return dataclasses.replace(inputs, **{table: frame})


def primary(frame):
    return (
        (frame.question == "size_adjusted")
        & (frame.statistic == "partial_correlation")
        & (frame.covariates == "log_n")
        & (frame.measure == "lmc")
        & (frame.variant == "window")
        & (frame.benchmark == "reading")
    )


CHANGES = {
    "estimate": ("statistics", primary, {"estimate": -0.5678}, "r = −0.57"),
    "interval": (
        "statistics",
        primary,
        {"ci_low": -0.987, "ci_high": 0.123},
        "95 % interval −0.99 to +0.12",
    ),
    "p": (
        "statistics",
        primary,
        {"p": 0.0421, "p_holm": 0.0842},
        "p = 0.042, after Holm p = 0.084",
    ),
    "n": (
        "statistics",
        primary,
        {"n_models": 37, "n_families": 9},
        "n = 37 networks of 9 families",
    ),
    "reason": (
        "statistics",
        primary,
        {"estimate": np.nan, "note": "every model has the same score"},
        "no correlation could be computed (n = 6 networks of 6 families): every model has the same",
    ),
    "power": ("statistics", primary, {"n_models": 40}, "beyond ±0.43"),
    "weights": ("models", lambda f: f.index == 0, {"n_weights": 123_456_789}, "123,456,789"),
    "status": (
        "models",
        lambda f: f.index == 0,
        {"status": "hash_mismatch", "reason": "the wheel has another hash"},
        "Could not be measured: Net v1 finding (hash_mismatch).",
    ),
    "failure": (
        "models",
        lambda f: f.index == 0,
        {"status": "hash_mismatch", "reason": "the wheel has another hash"},
        "the wheel has another hash",
    ),
    "hash": ("models", lambda f: f.index == 0, {"sha256": "ab" * 32}, "ab" * 32),
    "licence": ("models", lambda f: f.index == 0, {"licence": "CC-BY-4.0"}, "CC-BY-4.0"),
    "source": ("sources", lambda f: f.index == 0, {"rows_in": 2234}, "2 sources report 3,468"),
    "stale source": (
        *("sources", lambda f: f.index == 0, {"state": "stale; answers 404"}),
        "Board could not be fetched when it was last tried",
    ),
    "batch norm": (
        "models",
        lambda f: f.index == 3,
        {"notes": "BatchNorm x stays"},
        "BatchNorm x stays",
    ),
    "left out": ("ledger", lambda f: ~f.counted, {"reason": "is a shape"}, "is a shape"),
    "score": (
        "scores",
        lambda f: f.benchmark_id == "reading",
        {"value": 0.9876},
        "6 scores from 0.9876 to 0.9876",
    ),
    "verdict": (
        "verdict",
        lambda f: f.benchmark == "reading",
        {"verdict": "contradicted"},
        "contradicted on 1",
    ),
    "reasons": (
        "verdict",
        lambda f: f.benchmark == "reading",
        {"reasons": "the effect is -0.77"},
        "Reading lines: undecided. The effect is −0.77.",
    ),
    "gain of unseen families": (
        "statistics",
        lambda f: f.statistic == "gain_r2_linear",
        {"estimate": -0.4321, "ci_low": -0.8642, "ci_high": 0.0246},
        "complexity changes it by −0.43 (95 % interval −0.86 to +0.02)",
    ),
    "error of unseen families": (
        "statistics",
        lambda f: f.statistic == "gain_mae_linear",
        {"estimate": -0.0123},
        "mean absolute error by +0.012",
    ),
    "best form": (
        "statistics",
        lambda f: f.statistic == "power_r2",
        {"estimate": 0.987},
        "the power form predicts unseen families best (R² = +0.99; a = ",
    ),
    "parameter": (
        "statistics",
        lambda f: f.statistic.isin(["linear_b", "power_b"]),
        {"estimate": -1.357, "ci_low": -2.468, "ci_high": 3.579},
        "b = −1.36 (−2.47 to 3.58)",
    ),
    "no form": (
        "statistics",
        lambda f: f.statistic == "best_gain_r2",
        {"ci_low": -0.1},
        "complexity cannot be shown to beat the baseline",
    ),
    "picks": (
        "statistics",
        lambda f: f.statistic == "accuracy",
        {"estimate": 0.8642, "ci_low": 0.357, "ci_high": 0.975},
        "picks the better one in 86 % of cases (95 % interval 36 % to 98 %) in 5 pairs",
    ),
    "pairs": ("statistics", lambda f: f.statistic == "pairs", {"estimate": 77}, "in 77 pairs"),
    "picks by size": (
        "statistics",
        lambda f: f.statistic == "accuracy_log_n",
        {"estimate": 0.913},
        "size 91 %",
    ),
    "smallest difference": (
        "statistics",
        lambda f: f.statistic == "smallest_difference",
        {"estimate": 0.0777},
        "from a difference of 0.0777 in the logarithm",
    ),
    "no smallest difference": (
        "statistics",
        lambda f: f.statistic == "smallest_difference",
        {"estimate": np.nan, "note": "none: whether more is better is not certain"},
        "makes a pick right in 75 % of cases: whether more is better is not certain.",
    ),
    "noise": (
        "noise",
        lambda f: (f.question == "raw") & (f.variant == "rice"),
        {"estimate": -0.987},
        "most of all under Rice −0.99",
    ),
    "noise given size": (
        "noise",
        lambda f: (f.question == "size_adjusted") & (f.variant == "rice"),
        {"p": 0.0123},
        "1 of 4 binnings remain; the smallest p, before any correction, is 0.012 (Rice",
    ),
    "calibration": (
        "calibration",
        lambda f: f.permuted == "models",
        {"p": 0.01},
        "takes networks for independent in 100.0 %",
    ),
    "order": (
        "quantised_order",
        lambda f: (f.type == "nf4") & (f["scale"] == "block"),
        {"tau": 0.987},
        "τ = +0.99 (Finding boxes, NF4 per block)",
    ),
    "slope": ("confound", lambda f: f.variant == "rice", {"slope": -0.2468}, "Rice −0.247"),
    "complexity": (
        "complexity",
        lambda f: (f.model == "Net-v1_reading") & (f.scope == "model") & (f.measure == "lmc"),
        {"value": 0.13579},
        "0.13579",
    ),
    "dead weights": (
        "ledger",
        lambda f: (f.model == "Net-v4_reading") & f.counted,
        {"n_dead": 7, "n": 28},
        "25.0 % of Net v4 reading",
    ),
}


def test_spectra_stand_beside_their_null(inputs):
    seen = inputs.complexity[inputs.complexity.model == "Net-v1_reading"]
    row = seen[(seen.scope == "model") & (seen["view"] == "folded")].iloc[:1]
    rows = [
        row.assign(measure=name, variant="spectrum", aggregate="mean", null_kind="per_tensor")
        for name in rivals.SHOWN
    ]
    rows[0] = rows[0].assign(value=3.4567, null=12.345)
    assert "No singular values were taken" in prose(inputs)
    complexity = pd.concat([inputs.complexity, *rows], ignore_index=True)
    soup = page(dataclasses.replace(inputs, complexity=complexity))
    assert "3.46 (12.3)" in soup.find(id="spectra").get_text()


@pytest.mark.parametrize("change", CHANGES)
def test_a_number_changed_in_a_table_changes_in_the_text(inputs, before, change):
    table, where, values, expected = CHANGES[change]
    assert expected not in before
    assert expected in prose(changed(inputs, table, where, **values))


def test_a_tensor_that_is_folded_too_counts_once(inputs):
    ledger = inputs.ledger
    both = [ledger.assign(view="stored"), ledger.assign(view="folded", n_dead=ledger.n)]
    before, after = (
        page(dataclasses.replace(inputs, ledger=found)).find(id="complexity").get_text()
        for found in (ledger, pd.concat(both, ignore_index=True))
    )
    assert after == before


def test_an_interval_around_zero_that_is_small_enough_is_called_too_small(inputs):
    small = changed(inputs, "statistics", primary, estimate=0.01, ci_low=-0.1, ci_high=0.15)
    assert "too small to matter" in prose(small)
    few = changed(small, "statistics", primary, n_families=5)
    assert "within ±0.2, but families are too few to rely on it" in prose(few)


def test_no_p_stands_alone(inputs):
    uncorrected = changed(inputs, "statistics", primary, p_holm=np.nan, q_bh=np.nan)
    for study in (inputs, uncorrected):
        for sentence in answers.effect_sentences(
            study.statistics, study.benchmarks, study.settings
        ):
            if "permutation p" in sentence:
                assert "n\u00a0=" in sentence
                assert "interval" in sentence
                assert any(w in sentence for w in ("Holm", "Benjamini", "not corrected"))


def test_what_could_have_been_seen_is_of_the_networks_of_the_effect(inputs):
    few = changed(inputs, "statistics", primary, n_models=5)
    assert "5 networks are too few to show a correlation of any size" in prose(few)
    assert "if the 6 networks were independent, only a correlation beyond ±0.95" in prose(inputs)


def test_who_evaluated_is_said_in_words(inputs):
    unknown = changed(inputs, "scores", lambda f: f.model_id != "", evaluator="unknown")
    assert "evaluated by somebody who is not stated" in prose(unknown)


def test_another_primary_effect_is_said_first_not_to_be_pre_registered(inputs):
    other = dataclasses.replace(inputs, settings=Settings(primary=Primary(variant="rice")))
    for study, expected in ((inputs, False), (other, True)):
        first = page(study).select_one("#answer p").get_text()
        assert first.startswith("NOT THE PRE-REGISTERED CHOICE") == expected
    assert "NOT THE PRE" not in prose(inputs)


def test_the_page_answers_with_a_verdict_in_words_for_every_benchmark(inputs):
    answer = page(inputs).find(id="answer").get_text(" ")
    for name in inputs.benchmarks.name:
        assert re.search(rf"{name}: (supported|contradicted|undecided)\. ", answer)
    assert "The verdict rests on LMC complexity" in answer


def test_unseen_families_say_why_there_is_no_prediction(inputs):
    without = changed(
        inputs,
        "statistics",
        lambda f: f.statistic == "gain_r2_linear",
        estimate=np.nan,
        note="families: 2, at least 3 are needed",
    )
    assert "no prediction of unseen families; families: 2, at least 3" in prose(without)


def test_what_could_not_be_computed_is_listed_once_per_reason(inputs):
    listed = tables.untested_table(inputs.statistics, inputs.benchmarks)
    reasons = {row[3].text for row in listed.rows}
    assert "6 without log_d" in reasons
    assert not any("none: " in reason for reason in reasons)


def test_every_network_and_every_reason_is_listed(inputs):
    words_of_page = prose(inputs)
    for name in inputs.models.name:
        assert name in words_of_page
    for reason in inputs.ledger.reason[~inputs.ledger.counted]:
        assert reason in words_of_page
    assert "6 without log_d" in words_of_page


HOSTILE = '<img src="https://evil.example/x" onerror=alert(1)>"\'&'


def test_hostile_names_are_text(inputs):
    hostile = changed(inputs, "models", lambda f: f.index == 0, name=HOSTILE, licence=HOSTILE)
    hostile = changed(hostile, "ledger", lambda f: ~f.counted, reason=HOSTILE)
    hostile = dataclasses.replace(
        hostile,
        planes={inputs.models.model[0]: next(iter(inputs.figures.values()))},
        versions={HOSTILE: HOSTILE},
        variants={HOSTILE: {HOSTILE: HOSTILE}},
    )
    soup = page(hostile)
    assert HOSTILE in soup.get_text()
    assert all(image["src"].startswith("data:") for image in soup.find_all("img"))
    assert not [tag for tag in soup.find_all(True) if any(a.startswith("on") for a in tag.attrs)]


def test_an_address_that_is_not_of_the_web_is_no_link(inputs):
    hostile = changed(inputs, "models", lambda f: f.index == 0, url="javascript:alert(1)")
    links = [a["href"] for a in page(hostile).find_all("a")]
    assert all(link.startswith(("#", "https://example.org/")) for link in links)


def test_the_page_is_self_contained_and_its_policy_admits_only_its_own_code(inputs):
    soup = page(inputs)
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    for tag, name in ((soup.style, "style-src"), (soup.script, "script-src")):
        digest = base64.b64encode(hashlib.sha256(tag.string.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
        assert "src" not in tag.attrs
    assert len(soup.find_all(["style", "script"])) == 2
    assert [link["href"] for link in soup.find_all("link")] == ["data:,"]
    assert not soup.find_all(["iframe", "object", "embed", "form"])
    assert not soup.find_all(style=True)


def test_tables_are_rectangular_and_their_numbers_sort(inputs):
    for table in page(inputs).find_all("table"):
        headers = table.thead.find_all("th")
        assert all(header["aria-sort"] == "none" for header in headers)
        for row in table.tbody.find_all("tr"):
            cells = row.find_all("td")
            assert len(cells) == len(headers)
            for cell in cells:
                if "data-sort" in cell.attrs:
                    float(cell["data-sort"])


def test_intervals_are_in_the_score_table(inputs):
    found = tables.scores_table(inputs.scores, inputs.benchmarks, inputs.models, 0.95)
    kinds = {row[1].text: row[5].text for row in found.rows}
    assert kinds == {"Reading lines": "Wilson", "Finding boxes": "none given"}


def test_equal_inputs_give_equal_pages(inputs, tmp_path):
    write_report(inputs, tmp_path / "a.html")
    write_report(inputs, tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_study_in_which_nothing_could_be_measured_has_a_page(inputs):
    nothing = dataclasses.replace(
        inputs,
        models=inputs.models.assign(status="unavailable", reason="gone", n_weights=0),
        ledger=inputs.ledger.iloc[:0],
        complexity=inputs.complexity.iloc[:0],
        scores=inputs.scores.iloc[:0],
        statistics=inputs.statistics.iloc[:0],
        verdict=inputs.verdict.iloc[:0],
        noise=inputs.noise.iloc[:0],
        calibration=inputs.calibration.iloc[:0],
        confound=inputs.confound.iloc[:0],
        quantised_order=inputs.quantised_order.iloc[:0],
        figures={},
        planes={},
    )
    assert "There is no benchmark to judge by" in prose(nothing)
    assert "Could not be measured: Net v1 finding (unavailable)" in prose(nothing)


def test_of_many_networks_not_every_plane_is_on_the_page(inputs, picture):
    planes = {f"m{i}": picture for i in range(30)}
    soup = page(dataclasses.replace(inputs, planes=planes))
    assert len(soup.select("#tensors img")) == 24
    assert "24 of 30 networks" in soup.find(id="tensors").get_text()


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_missing_or_damaged_figure_is_named(inputs, tmp_path, content):
    path = tmp_path / "plane.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AtlasError, match=r"plane\.png: not a readable PNG"):
        build_report(dataclasses.replace(inputs, figures={"plane": path}))


def test_words():
    assert words.whole(2046000) == "2,046,000"
    assert words.counted(1, "family", "families") == "1 family"
    assert words.real(0.00123456) == "0.00123"
    assert words.real(0.99996) == "1.00"
    assert words.real(-12345.6) == "−12346"
    assert words.real(123456789) == "123456789"
    assert words.real(1234567890) == "1.23 × 10^9"
    assert words.real(1.234e-5) == "0.0000123"
    assert words.real(1.234e-6) == "1.23 × 10^−6"
    assert words.signed(-0.005) == "−0.01"
    assert words.percent(0.2461) == "24.6\u00a0%"
    assert words.probability("p", 0.0004) == "p\u00a0<\u00a00.001"
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.interval(np.nan, 0.5, 0.95) == "no interval"
    assert words.minus("-0.5 (-1 to -2), v-6, 3-4") == "−0.5 (−1 to −2), v-6, 3-4"


def test_cells_of_p():
    assert cells.p_value(0.012345).text == "0.012"
    assert cells.p_value(0.0009).text == "< 0.001"


@pytest.mark.parametrize(
    "write", [words.whole, words.real, words.signed, words.short, words.percent]
)
@pytest.mark.parametrize("unknown", [None, np.nan])
def test_what_is_unknown_is_a_dash(write, unknown):
    assert write(unknown) == words.MISSING


@given(st.floats(1e-300, 1e300) | st.floats(-1e300, -1e-300))
def test_a_written_number_reads_back_within_its_digits(x):
    shown = words.real(x).replace("−", "-").replace(" × 10^", "e")
    assert float(shown) == pytest.approx(x, rel=0.0051)
