"""A table as the page shows it, and how numbers and names stand in its cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import pandas as pd

from complexity_atlas.report import words

Kind = Literal["text", "name", "number", "note", "remark", "code"]


@dataclass(frozen=True)
class Cell:
    """What is shown, what it sorts by (a number; "" for text and the unknown), where it leads."""

    text: str
    sort: str = ""
    href: str = ""


@dataclass(frozen=True)
class Column:
    """Heading of a column.

    `kind` says how it is set: a "number" flush right, a "name" in one line, a "note" with room for
    sentences, a "remark" in one long line that is not printed, "code" (hashes) in fixed width.
    """

    label: str
    kind: Kind = "text"
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """A table as the page shows it: `rows` hold as many cells as there are `columns`."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


Field = tuple[Column, Callable[[Any], Cell]]
"""A column, and how its cell is made from a row."""


def make_table(id: str, caption: str, rows: Iterable, fields: Sequence[Field]) -> Table:
    """The table with a row of cells, one of each field, for every row of `rows`."""
    cells = tuple(tuple(make(row) for _, make in fields) for row in rows)
    return Table(id, caption, tuple(column for column, _ in fields), cells)


UNKNOWN = Cell(words.MISSING)
"""What stands for a number that is not known."""


def text(text: str) -> Cell:
    """Text as it is."""
    return Cell(str(text))


def plain(name: str) -> Cell:
    """An identifier in words."""
    return Cell(name.replace("_", " "))


def link(text: str, url: str) -> Cell:
    """A link where the address is one of the web; a table from elsewhere may hold anything."""
    return Cell(text, href=url if urlsplit(url).scheme in ("http", "https") else "")


def number(value: float, shown: str) -> Cell:
    """A number as `shown`, which sorts by its value."""
    return UNKNOWN if pd.isna(value) else Cell(shown, repr(float(value)))


def fixed(value: float, decimals: int) -> Cell:
    """A number with so many decimals."""
    return number(value, words.fixed(value, decimals))


def signed(value: float) -> Cell:
    """A number with its sign, as `words.signed`."""
    return number(value, words.signed(value))


def real(value: float) -> Cell:
    """A number of any size, as `words.real`."""
    return number(value, words.real(value))


def reals(low: float, high: float) -> Cell:
    """A range of numbers of any size."""
    return number(low, f"{words.real(low)} … {words.real(high)}")


def interval(low: float, high: float, decimals: int = 2) -> Cell:
    """A range of numbers with their signs."""
    return number(low, f"{words.signed(low, decimals)} … {words.signed(high, decimals)}")


def p_value(value: float) -> Cell:
    """A p value, or that it is below 0.001."""
    return number(value, "< 0.001" if value < 0.001 else words.real(value, 2))


def whole(value: float) -> Cell:
    """A whole number."""
    return number(value, words.whole(value))


def percent(value: float) -> Cell:
    """A share in percent."""
    return number(value, words.percent(value))
