"""The column contract of every table, and the one way to write and to read a table.

A table is checked when it is written, so that a mistake shows where it is made. `table` says how;
the others are the tables by subject. A room that alone uses a table has its contract beside it.
"""

from complexity_atlas.contracts.complexity import (
    AGGREGATES,
    COMPARISON,
    MODEL_COMPLEXITY,
    NOISE,
    NULL_KINDS,
    QUANTISATION,
    QUANTISED_ORDER,
    SPECTRUM,
    TENSOR_COMPLEXITY,
)
from complexity_atlas.contracts.scores import BENCHMARKS, ITEMS, RESPONSES, SCORES, UNITS
from complexity_atlas.contracts.statistics import (
    ANALYSIS,
    CALIBRATION,
    PREDICTIONS,
    SIZE_GAPS,
    STATISTICS,
    VERDICTS,
)
from complexity_atlas.contracts.table import (
    Contract,
    count,
    integer,
    number,
    numbers,
    one_of,
    read_table,
    read_tables,
    replacing,
    text,
    write_table,
)
from complexity_atlas.contracts.weights import (
    CODES,
    CONTROLS,
    LEDGER,
    MEASURED_MODELS,
    MODELS,
    SPECTRA,
    VALUES,
    VIEWS,
)

__all__ = [
    "AGGREGATES",
    "ANALYSIS",
    "BENCHMARKS",
    "CALIBRATION",
    "CODES",
    "COMPARISON",
    "CONTROLS",
    "ITEMS",
    "LEDGER",
    "MEASURED_MODELS",
    "MODELS",
    "MODEL_COMPLEXITY",
    "NOISE",
    "NULL_KINDS",
    "PREDICTIONS",
    "QUANTISATION",
    "QUANTISED_ORDER",
    "RESPONSES",
    "SCORES",
    "SIZE_GAPS",
    "SPECTRA",
    "SPECTRUM",
    "STATISTICS",
    "TENSOR_COMPLEXITY",
    "UNITS",
    "VALUES",
    "VERDICTS",
    "VIEWS",
    "Contract",
    "count",
    "integer",
    "number",
    "numbers",
    "one_of",
    "read_table",
    "read_tables",
    "replacing",
    "text",
    "write_table",
]
