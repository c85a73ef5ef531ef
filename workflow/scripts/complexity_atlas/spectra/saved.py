"""The spectra of a measured model on disk, and as matrices with their place in the network."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.contracts import LEDGER, SPECTRA, read_table
from complexity_atlas.spectra.measures import (
    ROUNDED_CONDITION,
    SPECTRAL_MEASURES,
    SpectralOutcome,
    spectral_measures,
)

_NARROW = ("bfloat16", "float16", "float8_e4m3fn", "float8_e5m2")


@dataclass(frozen=True, eq=False)
class MatrixSpectrum:
    """One matrix of a measured network, with its place in it.

    `values` is float64[min(rows, columns)], descending; empty where `note` says why.
    """

    view: str
    name: str
    layer: int | None
    depth: int | None
    role: str
    rows: int
    columns: int
    dtype: str
    note: str
    values: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def used(self) -> bool:
        """Whether there are values, and not zeros only."""
        return len(self.values) > 0 and self.width > 0

    @property
    def n(self) -> int:
        """Number of weights."""
        return self.rows * self.columns

    @cached_property
    def width(self) -> float:
        """Root mean square of the weights, NaN where there are no values."""
        norm = np.linalg.norm(self.values) if len(self.values) else np.nan
        return float(norm / np.sqrt(self.n))

    @cached_property
    def outcome(self) -> SpectralOutcome:
        """Every measure; flagged where rounding of the stored type sets the least value."""
        if self.note and not len(self.values):
            undefined = dict.fromkeys(SPECTRAL_MEASURES, np.nan)
            return SpectralOutcome(undefined, dict.fromkeys(SPECTRAL_MEASURES, self.note))
        found = spectral_measures(self.values, self.rows, self.columns)
        if self.dtype in _NARROW and found.values["log_condition"] > np.log(ROUNDED_CONDITION):
            flag = f"the least singular value is set by rounding to {self.dtype}"
            names = ("log_condition", "log_condition_excess")
            return SpectralOutcome(found.values, found.flags | dict.fromkeys(names, flag))
        return found


def read_spectra(ledger_path: Path, spectra_path: Path) -> list[MatrixSpectrum]:
    """Read the spectra of a model from its tensors.parquet and spectra.parquet.

    Raises AtlasError when a file is missing or damaged.
    """
    ledger = read_table(ledger_path, LEDGER)
    place = ledger.set_index(["view", "tensor"])[["layer", "depth"]]
    spectra = read_table(spectra_path, SPECTRA)
    return [
        MatrixSpectrum(
            row.view,
            row.matrix,
            *(None if pd.isna(v) else int(v) for v in place.loc[(row.view, row.tensor)]),
            row.role,
            row.rows,
            row.columns,
            row.dtype,
            row.note,
            np.asarray(row.singular_values, np.float64),
        )
        for row in spectra.itertuples()
    ]
