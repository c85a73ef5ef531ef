"""The value counts of a measured model on disk: Parquet row groups of one tensor each.

The counts are written tensor by tensor as they are made, so that memory does not grow with the
model. The ledger beside them holds what turns keys back into values: dtype, key bits, minimum and
maximum.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from complexity_atlas.contracts import LEDGER, read_table, replacing
from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.counts.value_counts import ValueCounts
from complexity_atlas.errors import AtlasError

SCHEMA = pa.schema(
    [
        ("view", pa.dictionary(pa.int8(), pa.string())),
        ("tensor", pa.dictionary(pa.int8(), pa.string())),
        ("key", pa.uint64()),
        ("count", pa.int64()),
    ]
)
"""Columns of values.parquet: `key` is the top `key_bits` bits of the value's bit pattern."""

_ROW_GROUP = 1 << 18  # rows: what is written at a time is held in memory


class CountsWriter:
    """Appends the counts of one tensor after another to an open file."""

    def __init__(self, writer: pq.ParquetWriter):
        self._writer = writer

    def add(self, view: str, tensor: str, counts: KeyCounts) -> None:
        """Write the counts of one tensor as row groups of their own."""
        size = len(counts.keys)
        first = pa.array(np.zeros(size, np.int8))
        columns = [
            pa.DictionaryArray.from_arrays(first, [view]),
            pa.DictionaryArray.from_arrays(first, [tensor]),
            pa.array(counts.keys),
            pa.array(counts.counts),
        ]
        self._writer.write_table(
            pa.Table.from_arrays(columns, schema=SCHEMA), row_group_size=_ROW_GROUP
        )


@contextmanager
def writing_counts(path: Path) -> Iterator[CountsWriter]:
    """Open values.parquet for writing; it appears under `path` when the block succeeds."""
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(
            temporary,
            SCHEMA,
            compression="zstd",
            use_dictionary=["view", "tensor", "count"],
            column_encoding={"key": "DELTA_BINARY_PACKED"},
        ) as writer,
    ):
        yield CountsWriter(writer)


@dataclass(frozen=True)
class CountedTensor:
    """One counted tensor of a measured model, with its place in the network."""

    view: str
    name: str
    layer: int | None
    depth: int | None
    role: str
    counts: ValueCounts


def read_counts(ledger_path: Path, values_path: Path) -> list[CountedTensor]:
    """Read the counted tensors of a model from its tensors.parquet and values.parquet.

    Raises AtlasError when a file is missing or damaged, or when the two do not belong together.
    """
    ledger = read_table(ledger_path, LEDGER)
    path = Path(values_path)
    try:
        found = dict(_columns(path))
    except (pa.ArrowException, OSError) as error:
        raise AtlasError(f"{path}: not readable ({error}); measure the model again") from error
    nothing = (np.empty(0, np.uint64), np.empty(0, np.int64))
    counted = list(ledger[ledger.counted].itertuples())
    tensors = [
        _counted_tensor(row, *found.pop((row.view, row.tensor), nothing), path) for row in counted
    ]
    if found:
        _refuse(path, *next(iter(found)))
    return tensors


def _columns(path: Path) -> Iterator[tuple[tuple[str, str], tuple[np.ndarray, np.ndarray]]]:
    """View and name, keys and counts of one tensor after another."""
    with pq.ParquetFile(path) as file:
        groups = (file.read_row_group(index) for index in range(file.num_row_groups))
        for name, parts in groupby((group for group in groups if group.num_rows), _name):
            columns = pa.concat_tables(part.select(["key", "count"]) for part in parts)
            yield name, (columns["key"].to_numpy(), columns["count"].to_numpy())


def _name(group: pa.Table) -> tuple[str, str]:
    return group["view"][0].as_py(), group["tensor"][0].as_py()


def _counted_tensor(row, keys: np.ndarray, counts: np.ndarray, path: Path) -> CountedTensor:
    if counts.sum() != row.n - row.n_nan - row.n_inf:
        _refuse(path, row.view, row.tensor)
    stored = KeyCounts(
        dtype=row.dtype,
        key_bits=int(row.key_bits),
        keys=keys,
        counts=counts,
        n_nan=row.n_nan,
        n_inf=row.n_inf,
        minimum=row.min,
        maximum=row.max,
    )
    layer, depth = (None if pd.isna(value) else int(value) for value in (row.layer, row.depth))
    return CountedTensor(row.view, row.tensor, layer, depth, row.role, stored.values())


def _refuse(path: Path, view: str, tensor: str) -> NoReturn:
    raise AtlasError(
        f"{path}: counts of {tensor} ({view}) do not match the ledger beside them; "
        "measure the model again"
    )
