"""Tables in Markdown files, such as a repository's README or a model card's body.

GitHub's tables of pipes, and HTML tables among them. A row with more or fewer cells than its header
is rejected, since nobody can say which cell is missing; footnotes such as [^8] never become digits.
"""

import html
import re
from collections.abc import Iterator

from complexity_atlas.scores.reported import Parsed
from complexity_atlas.scores.sources.grids import Cell, Reading, read_grid, tidy
from complexity_atlas.scores.sources.html_tables import page_grids
from complexity_atlas.scores.sources.reading import Findings, Unusable, decode

_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_PIPE = re.compile(r"(?<!\\)\|")
_NOTE = re.compile(r"\[\^[^\]]+\]|<sup>.*?</sup>|[*†‡§]+$")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^()\s]*)[^()]*\)")
_TAG = re.compile(r"<br\s*/?>|</?[A-Za-z][^<>]*>")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|\*|___|__|~~|`)(?=\S)(.+?)(?<=\S)\1|(?<!\w)_(\S.*?)_(?!\w)")


def parse(content: bytes, name: str, **settings) -> Parsed:
    """Parse all tables of a text; `settings` are the fields of `grids.Reading`."""
    findings = Findings()
    reading = Reading(**settings)
    lines = decode(content).splitlines()
    for number, (start, end) in enumerate(_blocks(lines), 1):
        block = lines[start:end]
        if block[0].lstrip().startswith("<table"):
            for grid, n_header in page_grids("\n".join(block)):
                read_grid(findings, number, grid, n_header, reading)
        elif grid := _grid(findings, number, block):
            read_grid(findings, number, grid, 1, reading)
    if not (findings.reported or findings.rejects):
        raise Unusable("not_a_score", f"{name}: no table of scores")
    return findings.parsed()


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the tables outside fenced code."""
    i, fence = 0, ""
    while i < len(lines):
        mark = _FENCE.match(lines[i])
        if mark:
            fence = "" if mark[1] == fence else fence or mark[1]
        elif not fence and lines[i].lstrip().startswith("<table"):
            end = next((j for j in range(i, len(lines)) if "</table>" in lines[j]), i)
            yield i, end + 1
            i = end
        elif not fence and _starts_table(lines, i):
            end = i + 2
            while end < len(lines) and "|" in lines[end] and not _FENCE.match(lines[end]):
                end += 1
            yield i, end
            i = end - 1
        i += 1


def _starts_table(lines: list[str], i: int) -> bool:
    if "|" not in lines[i] or i + 1 >= len(lines) or not _DELIMITER.fullmatch(lines[i + 1]):
        return False
    return len(_split(lines[i])) == len(_split(lines[i + 1])) > 1


def _split(line: str) -> list[str]:
    """Return a row's cells; the outer pipes are optional, "\\|" is text."""
    text = line.strip()
    text = text[1:] if text.startswith("|") else text
    text = text[:-1] if text.endswith("|") and not text.endswith("\\|") else text
    return [cell.strip() for cell in _PIPE.split(text)]


def _grid(findings: Findings, number: int, block: list[str]) -> list[list[Cell]]:
    titles = _split(block[0])
    grid = [[_cell(text, (1, j)) for j, text in enumerate(titles, 1)]]
    for i, line in enumerate(block[2:], 2):
        texts = _split(line)
        while len(texts) > len(titles) and not texts[-1]:
            texts.pop()
        if len(texts) != len(titles):
            findings.reject(f"{number},{i},1", "ragged_row", line)
            continue
        grid.append([_cell(text, (i, j)) for j, text in enumerate(texts, 1)])
    return grid


def _cell(markdown: str, origin: tuple[int, int]) -> Cell:
    text = markdown.replace("\\|", "|")
    link = _LINK.search(text)
    text = _LINK.sub(lambda m: "" if m[0].startswith("!") else m[1], text)
    while (plainer := _EMPHASIS.sub(lambda m: m[2] or m[3], text)) != text:
        text = plainer
    unmarked = _NOTE.sub("", text.strip())
    flags = ("footnote",) if unmarked != text.strip() else ()
    text = _TAG.sub(lambda m: " " if m[0].startswith("<br") else "", unmarked)
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text))
    url = link[2] if link and "://" in link[2] else ""
    return Cell(tidy(text), origin, 1, flags, url)
