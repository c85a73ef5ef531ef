"""Tables made for people: Markdown and HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_files import by_locator, fuzz, parse, parse_fixture, reasons

from complexity_atlas.scores.sources.html_tables import formula_text, page_grids
from complexity_atlas.scores.sources.shots import without_shots


def scores(parsed, *fields):
    return {
        r.locator: tuple(
            getattr(r, f) for f in ("model_raw", "benchmark_raw", "value_raw", *fields)
        )
        for r in parsed.reported
    }


@pytest.fixture
def readme():
    return parse_fixture("markdown_tables", "simple_evals.md", model="org/m")


@pytest.fixture
def paper():
    return parse_fixture("html_tables", "paper.html", scale="percent")


def test_nasty_20_markdown_cells_stay_in_their_columns(readme):
    assert scores(readme, "n_shot") == {
        "1,3,3": ("o3-high 7B", "MMLU", "93.3", 5),
        "1,3,4": ("o3-high 7B", "GPQA", "83.4", None),
        "1,3,5": ("o3-high 7B", "MATH", "98.1", None),
        "1,4,3": ("Llama 3.1 8b", "MMLU", "07.6", 5),
        "1,4,4": ("Llama 3.1 8b", "GPQA", "51.1", None),
        "1,4,5": ("Llama 3.1 8b", "MATH", "71.2", None),
        "2,2,2": ("org/m", "Avg.", "34.76", None),
        "2,3,2": ("org/m", "MMLU", "25.45", 5),
        "3,2,3": ("A-7B", "HellaSwag", "70.1", 10),
        "3,3,3": ("A-7B", "HumanEval", "30.1", 0),
        "3,3,4": ("B-13B", "HumanEval", "50.2%", 0),
    }


def test_nasty_20_rows_with_fewer_or_more_cells_are_rejected(readme):
    found = reasons(readme)
    assert (found["1,5,1"], found["1,6,1"]) == ("ragged_row", "ragged_row")
    assert found["3,2,4"] == "missing"
    assert found["4,1,1"] == "unclear_table"


def test_nasty_20_footnotes_links_and_escaped_pipes(readme):
    rows = by_locator(readme)
    assert "footnote" in rows["1,4,4"].flags
    assert "footnote" in rows["1,3,5"].flags, "the model has one"
    assert "footnote" not in rows["1,4,5"].flags
    assert rows["1,4,3"].model_url == "https://example.org/llama"
    assert rows["1,4,3"].filter_raw == "Prompt=chat | x"
    assert rows["3,3,3"].metric_raw == "pass@1"
    assert rows["2,2,2"].aggregation == "composite"


def test_nasty_21_spans_and_two_header_rows(paper):
    found = scores(paper, "n_shot")
    assert found["1,3,3"] == ("LLaMA 7B", "MMLU", "71.2", 0)
    assert found["1,3,4"] == ("LLaMA 7B", "MMLU", "82.3 ± 0.4", 5)
    assert found["1,3,5"] == ("LLaMA 7B", "GSM8K", "71.2", 8)
    assert found["1,4,3"] == ("LLaMA 13B", "MMLU", "−3.2", 0)
    assert found["1,4,4"] == ("LLaMA 13B", "MMLU", "1\u202f013.5", 5)


def test_nasty_21_footnotes_are_flagged_and_powers_are_no_footnotes(paper):
    rows = by_locator(paper)
    assert "footnote" in rows["1,3,3"].flags
    assert "footnote" in rows["1,3,5"].flags
    assert "footnote" not in rows["1,3,4"].flags
    assert reasons(paper)["1,4,5"] == "not_a_number"


def test_nasty_21_transposed_and_nested_tables(paper):
    found = scores(paper)
    assert found["2,2,2"] == ("A", "SciQ", "1.5")
    assert found["2,2,3"] == ("B", "SciQ", "2")
    assert found["2,3,3"] == ("B", "PIQA", "2.5")
    assert found["3,2,2"] == ("C", "PIQA", "9.5")
    assert reasons(paper)["2,3,2"] == "missing"


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"82.3_{\pm 0.4}", "82.3 ± 0.4"),
        (r"\mathbf{82.3}\pm\text{0.4}", "82.3± 0.4"),
        (r"71.2^{\dagger}", "71.2"),
        (r"71.2^{2}", "71.2"),
        (r"63.3\%", "63.3%"),
        (r"1{,}013.5", "1,013.5"),
        (r"2.4\times 10^{3}", r"2.4\times 10^3"),
    ],
)
def test_nasty_21_formulas(latex, text):
    assert " ".join(formula_text(latex, []).split()).replace("±0", "± 0") == text


def test_nasty_21_a_number_that_spans_columns_is_nobodys():
    page = (
        "<table><tr><th>Model</th><th>A</th><th>B</th></tr>"
        "<tr><td>m</td><td colspan=2>5.5</td></tr>"
        "<tr><td>n</td><td>1.5</td><td>2.5</td></tr></table>"
    )
    parsed = parse("html_tables", page)
    assert set(scores(parsed)) == {"1,3,2", "1,3,3"}
    assert [(r.locator, r.reason) for r in parsed.rejects] == [("1,2,2", "ragged_row")]


def test_nasty_21_tables_of_spans_and_formulas_without_text():
    def row(*cells):
        return f"<span class='ltx_tr'>{''.join(cells)}</span>"

    def cell(text, more=""):
        return f"<span class='ltx_td {more}'>{text}</span>"

    error = "<span class='ltx_ERROR undefined'>\\toprule</span>"
    formula = "<math><msup><mn>71.2</mn><mn>2</mn></msup></math>"
    page = (
        "<div><span class='ltx_tabular'>"
        + row(cell(error + "Model"), cell("MMLU", "ltx_colspan ltx_colspan_2"))
        + row(cell(""), cell("0-shot"), cell("5-shot"))
        + row(cell("m"), cell(formula), cell("55.5"))
        + "</span></div>"
    )
    parsed = parse("html_tables", page)
    assert scores(parsed, "n_shot") == {
        "1,3,2": ("m", "MMLU", "71.2", 0),
        "1,3,3": ("m", "MMLU", "55.5", 5),
    }
    assert "footnote" in parsed.reported[0].flags


def test_a_setting_says_where_models_are():
    text = "| | MMLU | ARC |\n|---|---|---|\n| m-1 | 50.0 | 60.0 |\n"
    assert reasons(parse("markdown_tables", text)) == {"1,1,1": "unclear_table"}
    rows = scores(parse("markdown_tables", text, models="rows"))
    assert rows["1,2,3"] == ("m-1", "ARC", "60.0")
    columns = scores(parse("markdown_tables", text, models="columns"))
    assert columns["1,2,3"] == ("ARC", "m-1", "60.0")


def test_tables_may_be_chosen():
    chosen = parse_fixture("markdown_tables", "simple_evals.md", tables=[3])
    assert {locator[0] for locator in by_locator(chosen)} == {"3"}


def test_html_tables_in_markdown_are_read():
    rows = "<tr><th>Model</th><th>MMLU</th></tr>\n<tr><td>m</td><td>5.5</td></tr>"
    text = f"# R\n\n<table>\n{rows}\n</table>\n"
    assert scores(parse("markdown_tables", text)) == {"1,2,2": ("m", "MMLU", "5.5")}


@pytest.mark.parametrize(
    ("title", "rest", "count"),
    [
        ("MMLU (5-Shot)", "MMLU", 5),
        ("GSM8K 8-shot CoT", "GSM8K CoT", 8),
        ("MMLU / 0-shot", "MMLU", 0),
        ("ARC, zero-shot", "ARC", 0),
        ("BBH (3‑shot, CoT)", "BBH CoT)", 3),
        ("HumanEval", "HumanEval", None),
        ("Snapshot 5", "Snapshot 5", None),
    ],
)
def test_shots_of_a_title(title, rest, count):
    assert without_shots(title)[1] == count
    if "BBH" not in title:
        assert without_shots(title)[0] == rest


def test_nasty_29_huge_spans_are_refused():
    cell = "<td rowspan=65000 colspan=65000>1</td>"
    page = "<table><tr><th>Model</th><th>A</th></tr>" + f"<tr>{cell}</tr>" * 9 + "</table>"
    assert [r.reason for r in parse("html_tables", page).rejects] == ["too_big"]


def test_deeply_nested_html_is_read_or_refused():
    page = "<table><tr><td>" * 3000 + "1"
    assert not parse("html_tables", page).reported


spans = st.integers(1, 3)


@fuzz
@given(st.lists(st.lists(st.tuples(spans, spans), max_size=4), min_size=1, max_size=4))
def test_any_spans_give_a_rectangle_in_which_every_cell_stands(rows):
    text = "".join(
        "<tr>"
        + "".join(f"<td rowspan={h} colspan={w}>c{i}-{j}</td>" for j, (h, w) in enumerate(row))
        + "</tr>"
        for i, row in enumerate(rows)
    )
    for grid, _ in page_grids(f"<table>{text}</table>"):
        assert len({len(row) for row in grid}) == 1
        found = {cell.text for row in grid for cell in row}
        assert {f"c{i}-{j}" for i, row in enumerate(rows) for j in range(len(row))} <= found


@fuzz
@given(st.lists(st.lists(st.text(max_size=6), min_size=1, max_size=5), max_size=6))
def test_any_markdown_table_is_scores_or_rejects(rows):
    lines = ["| Model | A | B |", "|---|---|---|"]
    lines += ["|" + "|".join(row) + "|" for row in rows]
    parsed = parse("markdown_tables", "\n".join(lines).encode("utf-8", "ignore"))
    assert {r.benchmark_raw for r in parsed.reported} <= {"A", "B"}
