"""Tables made for people, as rectangular grids of text, read into scores by their labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from complexity_atlas.scores.numbers import NoNumber, plain_text, read_number
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
_COT = re.compile(r"\bcot\b|chain[- ]of[- ]thought", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's plain text; `origin` is (row, column), from 1, of the cell that spans to here."""

    text: str
    origin: tuple[int, int]
    flags: tuple[str, ...] = ()
    url: str = ""

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
    words, such as the prompt, becomes the filter. A table that labels neither rows nor columns as
    models is rejected as a whole: `unclear_table`.
    """
    if reading.tables and number not in reading.tables:
        return
    titles = [_title([row[j] for row in grid[:n_header]]) for j in range(len(grid[0]))]
    body = grid[n_header:]
    keys = [header_key(without_shots(title)[0]) for title in titles]
    models = next((j for j, key in enumerate(keys) if key in _MODEL_TITLES), None)
    labels = next((j for j, key in enumerate(keys) if key in _BENCHMARK_TITLES), None)
    numeric = [any(row[j].is_number for row in body) for j in range(len(titles))]
    if reading.models == "rows" or (not reading.models and models is not None):
        _read_rows(findings, number, body, titles, numeric, models or 0, reading)
    elif reading.models == "columns" or (labels is not None and (len(titles) > 2 or reading.model)):
        _read_columns(findings, number, body, titles, numeric, labels or 0, reading)
    elif any(numeric):
        findings.reject(f"{number},1,1", "unclear_table", " | ".join(titles))


def tidy(text: str) -> str:
    """Return stripped text with line breaks and runs of plain spaces as one space."""
    return re.sub(r"[ \t\r\n\f\v]+", " ", text).strip()


def _title(cells: Sequence[Cell]) -> str:
    parts = dict.fromkeys(cell.text for cell in cells if cell.text)
    return " / ".join(parts)


def _is_section(row: Sequence[Cell]) -> bool:
    """Whether a row is one label: alone in its row, or spanning it."""
    filled = [cell for cell in row if cell.text]
    return len({cell.origin for cell in filled}) <= 1


def _read_rows(findings, number, body, titles, numeric, models, reading: Reading) -> None:
    sizes = [j for j, title in enumerate(titles) if _SIZE.fullmatch(title) and j != models]
    words = [
        j
        for j, title in enumerate(titles)
        if j > models
        and not numeric[j]
        and title
        and j not in sizes
        and not _NO_SCORES.fullmatch(title)
        and any(row[j].text not in ("", "-", "—") for row in body)
    ]
    scores = [
        j
        for j, title in enumerate(titles)
        if j > models and j not in words and j not in sizes and not _NO_SCORES.fullmatch(title)
    ]
    for row in body:
        if _is_section(row):
            continue
        model = _model_name(row, models, sizes)
        chosen = "; ".join(f"{titles[j]}={row[j].text}" for j in words if row[j].text)
        for j in scores:
            _add(findings, number, row[j], model, row[models].url, titles[j], chosen, reading)


def _model_name(row: Sequence[Cell], models: int, sizes: Sequence[int]) -> str:
    """Return a row's model; a size in words ("7B") is part of its name."""
    name = row[models].text
    more = [row[j].text for j in sizes if row[j].text and not row[j].is_number]
    return " ".join([name, *(size for size in more if size.lower() not in name.lower())])


def _read_columns(findings, number, body, titles, numeric, labels, reading: Reading) -> None:
    shots = {j for j, title in enumerate(titles) if re.search(r"shots?\b", title, re.IGNORECASE)}
    columns = [j for j in range(len(titles)) if j > labels and numeric[j] and j not in shots]
    for row in body:
        if _is_section(row):
            continue
        stated = next((row[j].text for j in sorted(shots) if row[j].text), "")
        title = row[labels].text
        if stated and without_shots(title)[1] is None:
            title += f" ({stated if 'shot' in stated.lower() else f'{stated}-shot'})"
        for j in columns:
            model = reading.model if len(titles) == 2 and reading.model else titles[j]
            _add(findings, number, row[j], model, "", title, "", reading)


def _add(findings, number, cell: Cell, model, url, title, chosen, reading: Reading) -> None:
    untitled, n_shot = without_shots(title)
    metric = _METRIC.search(untitled)
    benchmark = plain_text(untitled[: metric.start()] if metric else untitled).strip(" /-:,")
    metric_raw = metric["metric"] if metric else reading.metric
    scale, flags = scale_of_printed(cell.text, metric_raw, reading.scale)
    named = () if n_shot is None else ("few_shot_from_name",)
    findings.score(
        locator=f"{number},{cell.origin[0]},{cell.origin[1]}",
        model_raw=model,
        model_url=url,
        benchmark_raw=benchmark or reading.benchmark or "untitled",
        metric_raw=metric_raw,
        value_raw=cell.text,
        filter_raw=chosen or "none",
        scale=scale,
        n_shot=n_shot,
        aggregation="composite" if _AVERAGE.match(benchmark) else "item_mean",
        cot=True if _COT.search(f"{title} {chosen}") else None,
        flags=tuple(sorted({*cell.flags, *flags, *named})),
    )
