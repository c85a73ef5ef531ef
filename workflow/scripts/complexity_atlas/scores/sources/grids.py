"""Tables made for people, as rectangular grids of text, read into scores by their labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from complexity_atlas.scores.numbers import MISSING, NoNumber, plain_text, read_number
from complexity_atlas.scores.sources.reading import Findings, header_key
from complexity_atlas.scores.sources.scales import Declared, scale_of_printed
from complexity_atlas.scores.sources.shots import without_shots

MAX_CELLS = 200_000

_MODEL_TITLES = frozenset(
    {"model", "models", "modelname", "name", "method", "methods", "system", "checkpoint", "llm"}
)
_BENCHMARK_TITLES = frozenset(
    {"benchmark", "benchmarks", "dataset", "datasets", "task", "tasks", "eval", "evaluation"}
    | {"benchmarkmetric", "metric", "metrics", "category", "capability", "test"}
)
_SIZE = re.compile(r"#?\s*(model )?(size|params?|parameters?)( \(.*\))?", re.IGNORECASE)
_NO_SCORES = re.compile(
    r"#?\s*(rank|params?|parameters?|size|context.*|(training )?tokens.*|price.*|cost.*|votes|"
    r"latency.*|throughput.*|link|licen[cs]e|date|release.*|flops|gpu.*|memory.*|url|year)"
    r"( \(.*\))?",
    re.IGNORECASE,
)
_METRIC = re.compile(
    r"[(\[\s](?P<metric>acc(uracy)?\.?|acc_norm|em|exact match|f1|pass@[0-9]+|maj@[0-9]+|bleu|"
    r"rouge-?l|ppl|perplexity|mc[12]|strict|top-?[15]|win rate)[)\]]?$",
    re.IGNORECASE,
)
_AVERAGE = re.compile(r"(avg|average|mean|overall)\b", re.IGNORECASE)
_SHOTS_TITLE = re.compile(r"shots?\b", re.IGNORECASE)
_COT = re.compile(r"\bcot\b|chain[- ]of[- ]thought", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's plain text; `origin` is (row, column), from 1, of the cell that spans to here.

    `width` is the number of columns that it spans.
    """

    text: str
    origin: tuple[int, int]
    width: int = 1
    flags: tuple[str, ...] = ()
    url: str = ""

    def starts_in(self, column: int) -> bool:
        """Whether this is the first of the columns (from 0) that the cell spans."""
        return self.origin[1] == column + 1

    @property
    def is_number(self) -> bool:
        """Whether the text is read as a number, a grouped one included."""
        try:
            read_number(self.text, grouped=True)
        except NoNumber as error:
            return error.reason == "ambiguous_number"
        return True


@dataclass(frozen=True, slots=True)
class Reading:
    """How a page's tables are read where their labels do not say it.

    `models` is "rows", "columns" or "" (by the labels). `model` is the subject of a table of two
    columns, benchmarks and values; `benchmark` that of columns without a title; `tables` the
    numbers (from 1) of the tables to read, all if empty.
    """

    models: Literal["", "rows", "columns"] = ""
    model: str = ""
    benchmark: str = ""
    metric: str = "unstated"
    scale: Declared = None
    tables: Sequence[int] = field(default_factory=tuple)


def read_grid(
    findings: Findings, number: int, grid: list[list[Cell]], n_header: int, reading: Reading
) -> None:
    """Add the scores of table `number`, whose first `n_header` rows are titles.

    A locator is "table,row,column". Columns such as sizes or prices are left out; a column of
    words, such as the prompt, becomes the filter. A title's footnote is one of all its numbers. A
    table that labels neither rows nor columns as models is rejected as a whole: `unclear_table`.
    """
    if reading.tables and number not in reading.tables:
        return
    heads = [[row[j] for row in grid[:n_header]] for j in range(len(grid[0]))]
    titles = [_title(cells) for cells in heads]
    marks = [tuple(flag for cell in cells for flag in cell.flags) for cells in heads]
    body = [row for row in grid[n_header:] if not _is_section(row)]
    keys = [header_key(without_shots(title)[0]) for title in titles]
    models = next((j for j, key in enumerate(keys) if key in _MODEL_TITLES), None)
    labels = next((j for j, key in enumerate(keys) if key in _BENCHMARK_TITLES), None)
    table = _Table(findings, number, titles, marks, body, reading)
    in_columns = labels is not None and (len(titles) > 2 or reading.model)
    if reading.models == "rows" or (not reading.models and models is not None):
        table.read_rows(models or 0)
    elif reading.models == "columns" or (not reading.models and in_columns):
        table.read_columns(labels or 0)
    elif any(map(table.is_numeric, range(len(titles)))):
        findings.reject(f"{number},1,1", "unclear_table", " | ".join(titles))


def tidy(text: str) -> str:
    """Return stripped text with line breaks and runs of plain spaces as one space."""
    return re.sub(r"[ \t\r\n\f\v]+", " ", text).strip()


def _title(cells: Sequence[Cell]) -> str:
    parts = dict.fromkeys(cell.text for cell in cells if cell.text)
    return " / ".join(parts)


def _is_section(row: Sequence[Cell]) -> bool:
    """Whether a row is one label: alone in its row, or spanning it."""
    return len({cell.origin for cell in row if cell.text}) <= 1


@dataclass(frozen=True, slots=True)
class _Table:
    findings: Findings
    number: int
    titles: list[str]
    marks: list[tuple[str, ...]]
    body: list[list[Cell]]
    reading: Reading

    def is_numeric(self, column: int) -> bool:
        return any(row[column].is_number for row in self.body)

    def read_rows(self, models: int) -> None:
        """Read a table of one model per row, named in column `models`."""
        after = range(models + 1, len(self.titles))
        sizes = [j for j in range(len(self.titles)) if _SIZE.fullmatch(self.titles[j])]
        rest = [j for j in after if not _NO_SCORES.fullmatch(self.titles[j])]
        words = [j for j in rest if self.titles[j] and self._is_verbal(j)]
        for row in self.body:
            model = _model_name(row, models, sizes)
            chosen = "; ".join(f"{self.titles[j]}={row[j].text}" for j in words if row[j].text)
            for j in rest:
                if j not in words and row[j].starts_in(j):
                    marks = self.marks[j] + row[models].flags
                    self._add(row[j], model, self.titles[j], marks, row[models].url, chosen)

    def read_columns(self, labels: int) -> None:
        """Read a table of one model per column, with the benchmarks in column `labels`."""
        shots = [j for j, title in enumerate(self.titles) if _SHOTS_TITLE.search(title)]
        columns = [j for j in range(labels + 1, len(self.titles)) if self.is_numeric(j)]
        for row in self.body:
            title = _with_shots(row[labels].text, [row[j].text for j in shots if row[j].text])
            for j in columns:
                if j not in shots and row[j].starts_in(j):
                    alone = len(self.titles) == 2 and self.reading.model
                    marks = self.marks[j] + row[labels].flags
                    self._add(row[j], alone or self.titles[j], title, marks)

    def _is_verbal(self, column: int) -> bool:
        texts = {row[column].text.lower() for row in self.body}
        return not self.is_numeric(column) and not texts <= MISSING

    def _add(
        self, cell: Cell, model: str, title: str, marks: tuple, url: str = "", chosen: str = ""
    ) -> None:
        locator = f"{self.number},{cell.origin[0]},{cell.origin[1]}"
        if cell.width > 1:
            self.findings.reject(locator, "ragged_row", f"{cell.text} spans {cell.width} columns")
            return
        untitled, n_shot = without_shots(title)
        metric = _METRIC.search(untitled)
        benchmark = plain_text(untitled[: metric.start()] if metric else untitled).strip(" /-:,")
        metric_raw = metric["metric"] if metric else self.reading.metric
        scale, flags = scale_of_printed(cell.text, metric_raw, self.reading.scale)
        named = () if n_shot is None else ("few_shot_from_name",)
        self.findings.score(
            locator=locator,
            model_raw=model,
            model_url=url,
            benchmark_raw=benchmark or self.reading.benchmark or "untitled",
            metric_raw=metric_raw,
            value_raw=cell.text,
            filter_raw=chosen or "none",
            scale=scale,
            n_shot=n_shot,
            aggregation="composite" if _AVERAGE.match(benchmark) else "item_mean",
            cot=True if _COT.search(f"{title} {chosen}") else None,
            flags=tuple(sorted({*cell.flags, *marks, *flags, *named})),
        )


def _model_name(row: Sequence[Cell], models: int, sizes: Sequence[int]) -> str:
    """Return a row's model; a size in words ("7B") is part of its name."""
    name = row[models].text
    more = [row[j].text for j in sizes if j != models and not row[j].is_number]
    return " ".join([name, *(size for size in more if size and size.lower() not in name.lower())])


def _with_shots(title: str, stated: Sequence[str]) -> str:
    """Return a benchmark's title with the shots of another column, if it states none itself."""
    if not stated or without_shots(title)[1] is not None:
        return title
    shots = stated[0] if "shot" in stated[0].lower() else f"{stated[0]}-shot"
    return f"{title} ({shots})"
