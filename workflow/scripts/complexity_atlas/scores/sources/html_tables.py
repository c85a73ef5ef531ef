"""Tables of HTML pages, above all of papers (arxiv.org/html and ar5iv, made by LaTeXML).

Spans are expanded, header rows joined, formulas read from their `alttext`. Footnotes never touch a
number: a mark behind it is dropped and flagged. Tables within cells are tables of their own, but
for those of one column, with which LaTeXML breaks lines. LaTeXML also writes tables of spans.
"""

import re
from collections.abc import Iterator

from lxml import etree, html

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.grids import MAX_CELLS, Cell, Reading, read_grid, tidy
from complexity_atlas.scores.sources.reading import Findings, Unusable, decode

_DROPPED = frozenset({"script", "style", "template", "noscript", "annotation", "annotation-xml"})
_LATEXML = {
    "ltx_tabular": "table",
    "ltx_thead": "thead",
    "ltx_tbody": "tbody",
    "ltx_tr": "tr",
    "ltx_td": "td",
    "ltx_th": "th",
}
_UNWRAPPED = re.compile(
    r"\\(?:mathbf|textbf|mathrm|text|textrm|mathit|textit|underline|bm|boldsymbol|mathsf|bf)\b\s*"
)
_SUPERSCRIPT = re.compile(r"(?P<before>(?:\\times\s*|×\s*)?10)?\^(\{[^{}]*\}|\\[a-z]+|.)")


def parse(content: bytes, name: str, **settings) -> Parsed:
    """Parse all tables of a page; `settings` are the fields of `grids.Reading`."""
    findings = Findings()
    for number, (grid, n_header) in enumerate(page_grids(decode(content)), 1):
        read_grid(findings, number, grid, n_header, Reading(**settings))
    if not (findings.reported or findings.rejects):
        raise Unusable("not_a_score", f"{name}: no table of scores")
    return findings.parsed()


def page_grids(text: str) -> Iterator[tuple[list[list[Cell]], int]]:
    """Yield every table of two or more columns as (grid, number of header rows)."""
    if not text.strip():
        return
    try:
        page = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unusable("undecodable", f"not HTML: {error}") from None
    _name_elements(page)
    for table in page.iter("table"):
        rows = _own_rows(table)
        grid = _expanded(rows)
        if grid and len(grid[0]) > 1:
            yield grid, _header_rows(rows, grid)


def _name_elements(page) -> None:
    """Make LaTeXML's tables of spans, as in scaled boxes, tables by name."""
    for element in page.iter("span", "div"):
        classes = (element.get("class") or "").split()
        for mark, tag in _LATEXML.items():
            if mark in classes:
                element.tag = tag
        for mark in classes:
            if span := re.fullmatch(r"ltx_(rowspan|colspan)_([0-9]+)", mark):
                element.set(span[1], span[2])


def _own_rows(table) -> list:
    return [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]


def _cells(row) -> list:
    return [cell for cell in row if cell.tag in ("td", "th")]


def _expanded(rows: list) -> list[list[Cell]]:
    """Return the rectangular grid of a table whose cells span rows and columns."""
    grid: list[dict[int, Cell]] = [{} for _ in rows]
    for i, row in enumerate(rows):
        column = 0
        for element in _cells(row):
            while column in grid[i]:
                column += 1
            height = min(_span(element, "rowspan") or len(rows), len(rows) - i)
            width = _span(element, "colspan") or 1
            if (column + width) * len(rows) > MAX_CELLS:
                raise Unusable("too_big", f"a table of more than {MAX_CELLS} cells")
            cell = _cell(element, (i + 1, column + 1), width)
            for below in grid[i : i + height]:
                for j in range(column, column + width):
                    below.setdefault(j, cell)
            column += width
    width = max((max(row, default=-1) + 1 for row in grid), default=0)
    return [
        [row.get(j, Cell("", (i, j + 1))) for j in range(width)] for i, row in enumerate(grid, 1)
    ]


def _span(element, name: str) -> int:
    text = element.get(name, "1").strip()
    return min(int(text), 65534) if text.isascii() and text.isdigit() else 1


def _header_rows(rows: list, grid: list[list[Cell]]) -> int:
    """Count the leading rows of titles: marked ones, then those that only continue the titles."""
    count = 0
    for row, cells in zip(rows, grid, strict=True):
        marked = row.getparent().tag == "thead" or all(cell.tag == "th" for cell in _cells(row))
        words = not any(cell.is_number for cell in cells[1:])
        continues = words and (count == 0 or cells[0].origin[0] <= count or not cells[0].text)
        if not continues and not (marked and words):
            break
        count += 1
    return count


def _cell(element, origin: tuple[int, int], width: int) -> Cell:
    notes: list[str] = []
    text = tidy("".join(_texts(element, notes)))
    link = element.find(".//a[@href]")
    url = "" if link is None else link.get("href")
    return Cell(text, origin, width, ("footnote",) if notes else (), url if "://" in url else "")


def _texts(element, notes: list[str]) -> Iterator[str]:
    """Yield the text of a cell; marks and notes go to `notes` instead."""
    yield element.text or ""
    for child in element:
        if not isinstance(child.tag, str) or child.tag in _DROPPED or _is_error(child):
            pass
        elif "ltx_note" in child.get("class", ""):
            notes.append("note")
        elif child.tag == "math" and child.get("alttext"):
            yield formula_text(child.get("alttext"), notes)
        elif child.tag == "sup":
            inside = "".join(child.itertext()).strip()
            before = (
                child.getprevious().tail if child.getprevious() is not None else element.text
            ) or ""
            if re.search(r"(^|[×x*\s])10\s*$", before):
                yield f"^{inside}"
            elif inside:
                notes.append(inside)
        elif child.tag == "msup" and len(child) == 2:
            notes.append("".join(child[1].itertext()))
            yield "".join(_texts(child[0], notes))
        elif child.tag == "table":
            yield " ".join(_lines(child, notes))
        else:
            yield " " if child.tag in ("br", "p", "div") else ""
            yield from _texts(child, notes)
        yield child.tail or ""


def _is_error(element) -> bool:
    """Whether LaTeXML left a command here that it did not know."""
    return "ltx_ERROR" in element.get("class", "")


def _lines(table, notes: list[str]) -> list[str]:
    """Return the lines of a table of one column, and nothing of a wider one."""
    rows = [_cells(row) for row in _own_rows(table)]
    if any(len(row) > 1 for row in rows):
        return []
    return ["".join(_texts(cell, notes)) for row in rows for cell in row]


def formula_text(latex: str, notes: list[str]) -> str:
    r"""Return a number's plain text: "82.3_{\pm 0.4}" is "82.3 ± 0.4", "71.2^{\dagger}" is "71.2".

    What was raised is appended to `notes`. Powers of ten and other commands stay as they are, so
    that nothing reads them as plain numbers.
    """

    def raised(match: re.Match) -> str:
        if match["before"]:
            return match[0]
        notes.append(match[0])
        return ""

    text = _UNWRAPPED.sub("", latex)
    text = text.replace("\\pm", "±").replace("\\%", "%").replace("{,}", ",")
    text = re.sub(r"\\[,;:! ]|~|\\phantom\{[^{}]*\}|\\displaystyle", " ", text)
    text = _SUPERSCRIPT.sub(raised, text)
    text = re.sub(r"_\{([^{}]*)\}", r" \1", text)
    return text.replace("{", "").replace("}", "")
