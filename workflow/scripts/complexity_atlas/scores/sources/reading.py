"""What every parser needs: hostile bytes into plain text, rows and documents; findings."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores.numbers import NoNumber, plain_text, read_number, read_quantity
from complexity_atlas.scores.reported import (
    REASONS,
    ModelAttribute,
    Parsed,
    Reject,
    Reported,
)

_FORMULA = re.compile(r"\s*(=|[+\-@](?=[A-Za-z_]+[\w.]*\())")
_PRECISIONS = {
    "float32": "fp32",
    "fp32": "fp32",
    "float16": "fp16",
    "fp16": "fp16",
    "half": "fp16",
    "bfloat16": "bf16",
    "bf16": "bf16",
    "8bit": "int8",
    "int8": "int8",
    "4bit": "int4",
    "int4": "int4",
    "gptq": "gptq",
}


class Unusable(ValueError):
    """A file or record that gives no numbers; `reason` is a key of `reported.REASONS`."""

    def __init__(self, reason: str, snippet: object = ""):
        super().__init__(f"{reason}: {snippet}")
        self.reason = reason
        self.snippet = snippet


class Digits(str):
    """A JSON number in the digits of the file, so that its decimals are those that were printed."""

    __slots__ = ()


@dataclass
class Findings:
    """Collects what a parser finds, in the order of the file."""

    reported: list[Reported] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    attributes: list[ModelAttribute] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def score(self, **fields) -> None:
        """Add a Reported with these fields, or a reject where it names no model or no number."""
        locator, value = fields["locator"], str(fields["value_raw"])
        try:
            refuse_formulas(fields["model_raw"], fields["benchmark_raw"], fields["metric_raw"])
            if not plain_text(fields["model_raw"]):
                raise Unusable("no_model", value)
            read_number(value)
        except NoNumber as error:
            self.reject(locator, error.reason, f"{fields['benchmark_raw']}: {value}")
        except Unusable as error:
            self.reject(locator, error.reason, error.snippet)
        else:
            self.reported.append(Reported(**{**fields, "value_raw": value}))

    def average(self, row: "Row", column: str, complete: bool, **fields) -> None:
        """Add the mean of a row's scores if `column` is there, or a reject if some are missing."""
        if column not in row.columns:
            return
        locator, value = row.locator(column), row.get(column)
        if not complete:
            self.reject(locator, "incomplete_average", value)
            return
        self.score(
            **fields,
            locator=locator,
            benchmark_raw="Average",
            metric_raw="mean",
            value_raw=value,
            aggregation="composite",
        )

    def attribute(
        self, locator: str, model: str, name: str, value: object, unit: str = "text"
    ) -> None:
        """Add a ModelAttribute if there is a value, or a reject where it is not one."""
        text = "" if value is None else str(value)
        if not plain_text(text) or not plain_text(model):
            return
        try:
            refuse_formulas(model, text)
            if unit not in ("text", "date"):
                read_quantity(text, unit)
        except (NoNumber, Unusable) as error:
            self.reject(locator, error.reason, f"{name}: {text}")
        else:
            self.attributes.append(ModelAttribute(locator, model, name, text, unit))

    def reject(self, locator: str, reason: str, snippet: object = "") -> None:
        """Note a reject; `snippet` is cut to 120 characters. Raises KeyError on another reason."""
        REASONS[reason]
        self.rejects.append(Reject(locator, reason, " ".join(str(snippet).split())[:120]))

    def parsed(self) -> Parsed:
        """Return the findings, frozen."""
        return Parsed(*map(tuple, (self.reported, self.rejects, self.attributes, self.notes)))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file: its number (the header is 1) and its cells by column name."""

    number: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]

    def locator(self, column: str) -> str:
        """Return "row,column", both from 1."""
        return f"{self.number},{self.columns[column]}"

    def get(self, column: str) -> str:
        """Return the stripped cell, "" where the file lacks the column."""
        return self.cells.get(column, "").strip()


def decode(content: bytes) -> str:
    """Return UTF-8 text without a byte-order mark. Raises Unusable for anything else."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable("undecodable", f"byte {error.start}: {content[:40]!r}") from None
    if "\0" in text:
        raise Unusable("undecodable", "a NUL character")
    return text


def read_json(content: bytes) -> object:
    """Return a JSON document whose numbers are Digits; NaN and Infinity stay text.

    Raises Unusable where the text is not JSON or is nested too deeply.
    """
    text = decode(content)
    try:
        return json.loads(text, parse_float=Digits, parse_int=Digits, parse_constant=Digits)
    except RecursionError:
        raise Unusable("too_deep", text[:60]) from None
    except json.JSONDecodeError as error:
        raise Unusable("undecodable", f"not JSON: {error}") from None


def pointer(*parts: object) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def header_key(title: str) -> str:
    """Reduce a column title to its ASCII letters and digits: "Average ⬆️" becomes "average"."""
    return re.sub(r"[^a-z0-9]", "", plain_text(title).lower())


def read_rows(
    content: bytes,
    name: str,
    findings: Findings,
    required: tuple[str, ...] = (),
    known: frozenset[str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """Yield the rows of a CSV file whose first record is the header.

    `aliases` maps `header_key` of a title to the name used here; other titles keep their plain
    text. Rows with more or fewer cells than the header are rejected, columns outside `known` are
    noted. Raises AtlasError where a `required` column is absent: then it is another file than was
    announced.
    """
    reader = csv.reader(io.StringIO(decode(content), newline=""), strict=True)
    try:
        titles = [plain_text(title) for title in next(reader, [])]
        names = [(aliases or {}).get(header_key(title), title) for title in titles]
        columns = {column: number for number, column in enumerate(names, 1)}
        _check_header(name, titles, columns, required, known, findings)
        for number, cells in enumerate(reader, 2):
            if len(cells) == len(names):
                yield Row(number, dict(zip(names, cells, strict=True)), columns)
            elif cells:
                findings.reject(f"{number},1", "ragged_row", cells)
    except csv.Error as error:
        findings.reject(f"line {reader.line_num}", "undecodable", f"not CSV: {error}")


def _check_header(name, titles, columns, required, known, findings) -> None:
    missing = [column for column in required if column not in columns]
    if missing:
        raise AtlasError(
            f"{name}: no column {', '.join(missing)}; its header has {', '.join(titles[:20])}; "
            "is this the file, and the kind, that the source entry names?"
        )
    if len(columns) != len(titles):
        raise AtlasError(f"{name}: two columns have one name in {', '.join(titles[:20])}")
    unknown = [column for column in columns if known is not None and column not in known]
    if unknown:
        findings.notes.append(f"{name}: unknown columns {', '.join(unknown)}")


def refuse_formulas(*texts: str) -> None:
    """Raise Unusable for text that a spreadsheet would execute, such as `=cmd()`."""
    for text in texts:
        if _FORMULA.match(text):
            raise Unusable("spreadsheet_formula", text)


def precision(text: str) -> str:
    """Return fp32, fp16, bf16, int8, int4, gptq or unknown for a printed type of number."""
    return _PRECISIONS.get(text.lower().removeprefix("torch."), "unknown")


def truth(text: object) -> bool | None:
    """Return True, False, or None where text says neither."""
    return {"true": True, "false": False, "1": True, "0": False}.get(str(text).lower())


def whole(value: object) -> int | None:
    """Return a non-negative whole number printed as 5 or 5.0, otherwise None."""
    match = re.fullmatch(r"([0-9]{1,15})(?:\.0*)?", str(value).strip())
    return int(match[1]) if match else None


def model_from_path(name: str) -> str:
    """Return the Hub id that a path carries as `org__model` or `org/model/…`, otherwise ""."""
    parts = name.split("/")
    for part in parts:
        stem = part.removesuffix(".README.md")
        if "__" in stem and not stem.startswith("__"):
            return stem.replace("__", "/", 1)
    return "/".join(parts[:2]) if len(parts) >= 3 else ""
