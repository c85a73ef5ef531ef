"""What a table is made of, and the one way to write and to read one.

A table is checked when it is written, so that a mistake shows where it is made, and its rows are
sorted by key, so that equal content is equal bytes. A file appears under its name only when it is
whole.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from complexity_atlas.errors import AtlasError


@dataclass(frozen=True)
class Contract:
    """Columns (with types and ranges) of one table, and the columns that identify a row."""

    name: str
    columns: dict[str, pa.Column]
    key: tuple[str, ...]

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` with the contract's columns, types and row order.

        Raises AtlasError that lists every failing column and the first failing values.
        """
        schema = pa.DataFrameSchema(
            self.columns, strict=True, coerce=True, unique=list(self.key) or None, name=self.name
        )
        missing = [column for column in self.columns if column not in frame]
        if missing:
            raise AtlasError(
                f"table {self.name}: column {', '.join(missing)} is missing; "
                f"found {', '.join(map(str, frame.columns))}"
            )
        try:
            checked = schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases.head(10)
            listed = "; ".join(
                f"{case.column}: {case.check} fails for {case.failure_case!r} in row {case.index}"
                for case in cases.itertuples()
            )
            raise AtlasError(f"table {self.name} breaks its contract: {listed}") from error
        ordered = checked[list(self.columns)]
        return ordered.sort_values(list(self.key), kind="stable", ignore_index=True)


_NO_NUMBER = ["", "NA", "N/A", "n/a", "NaN", "nan", "null"]
"""How a cell of a CSV file says that it holds no number."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and rename it to `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(frame: pd.DataFrame, path: Path, contract: Contract) -> None:
    """Check `frame` and write it to `path`, as its name says: .parquet (zstd), .csv or .csv.gz.

    In CSV, text that a spreadsheet would execute as a formula gets an apostrophe before it. Raises
    AtlasError, and writes nothing, when `frame` breaks the contract.
    """
    frame = contract.check(frame)
    path = Path(path)
    if path.suffix != ".parquet":
        frame = _without_formulas(frame, contract)
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            frame.to_parquet(temporary, index=False, compression="zstd")
        elif path.suffix == ".gz":
            # Without name and time in its header, so that equal tables are equal bytes.
            with open(temporary, "wb") as raw, GzipFile("", "wb", 6, raw, mtime=0) as packed:
                frame.to_csv(packed, index=False, lineterminator="\n")
        else:
            frame.to_csv(temporary, index=False, lineterminator="\n")


def _without_formulas(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    safe = {}
    for name, column in contract.columns.items():
        if column.dtype.type == "string":
            formula = frame[name].str.match(r"[=@\t\r]|[+-][^\d.\s]").fillna(False).astype(bool)
            if formula.any():
                safe[name] = frame[name].mask(formula, "'" + frame[name])
    return frame.assign(**safe)


def read_table(path: Path, contract: Contract) -> pd.DataFrame:
    """Read a table that `write_table` wrote, checked against its contract.

    Raises AtlasError when the file is missing, unreadable or breaks the contract.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            texts = {
                name: "string"
                for name, column in contract.columns.items()
                if column.dtype.type == "string"
            }
            # A text is missing where it is empty; "NA" may be somebody's name.
            missing = {name: [""] if name in texts else _NO_NUMBER for name in contract.columns}
            frame = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=missing)
            filled = {name: "" for name in texts if not contract.columns[name].nullable}
            frame = frame.fillna({name: "" for name in filled if name in frame})
    except FileNotFoundError:
        raise AtlasError(f"{path}: no such file; expected a table of {contract.name}") from None
    except Exception as error:
        raise AtlasError(f"{path}: not a readable table of {contract.name}: {error}") from error
    try:
        return contract.check(frame)
    except AtlasError as error:
        raise AtlasError(f"{path}: {error}") from error


def read_tables(paths: Sequence[Path], contract: Contract) -> pd.DataFrame:
    """Read tables of one contract as one table, which meets the contract too: see `read_table`."""
    frames = [read_table(path, contract) for path in paths]
    if not frames:
        return contract.check(pd.DataFrame(columns=list(contract.columns)))
    return contract.check(pd.concat(frames, ignore_index=True))


def text(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    """A column of text, empty rather than missing unless `nullable`."""
    return pa.Column("string", list(checks), nullable=nullable)


def one_of(*values: str) -> pa.Column:
    """A column of text that is one of the values."""
    return text(pa.Check.isin(values))


def number(*checks: pa.Check, nullable: bool = True) -> pa.Column:
    """A column of float64; NaN is allowed unless not `nullable`."""
    return pa.Column("float64", list(checks), nullable=nullable)


def integer(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    """A column of int64, or of Int64 where `nullable`."""
    return pa.Column("Int64" if nullable else "int64", list(checks), nullable=nullable)


def count(nullable: bool = False) -> pa.Column:
    """A column of whole numbers that are not negative."""
    return integer(pa.Check.ge(0), nullable=nullable)


def numbers() -> pa.Column:
    """A column whose cells are arrays of one axis."""
    flat = pa.Check(lambda cell: np.ndim(cell) == 1, element_wise=True, error="an array per row")
    return pa.Column(object, [flat])
