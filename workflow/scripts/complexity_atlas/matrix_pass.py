"""What needs the weights as matrices and in their order, computed while they are counted.

Weights are read once: a tensor whose spectrum is wanted is read into memory, and counted from
there while its singular values and the codes of its blocks are computed beside.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from complexity_atlas.contracts import CODES, SPECTRA
from complexity_atlas.counts.formats import FORMATS
from complexity_atlas.quantisation.codes import codes_by_block
from complexity_atlas.spectra.singular_values import Spectrum, singular_values, singular_values_on
from complexity_atlas.weights import Entry
from complexity_atlas.weights.matrices import Matrix, matrices
from complexity_atlas.weights.tensors import Tensor

log = logging.getLogger(__name__)

_BATCH_BYTES = 1 << 30  # matrices in memory before they go to a device


class MatrixPass:
    """Singular values and codes of the tensors that pass through `loading`.

    Tensors of more than `max_weights` weights, and codes of quantised ones, are left alone, with a
    note; 0 leaves all alone without one. At most `threads` tensors, and the one that is being read,
    are in memory, plus some megabytes of float64 per thread; on a device as many as fill a batch.
    Each matrix is worked on by one thread, since BLAS is slower on two, and its sums would depend
    on their number. Use as a context, in which BLAS has one thread, and ask for the tables at its
    end.
    """

    def __init__(self, max_weights: int, threads: int = 1, device: str = "cpu"):
        self._max_weights = max_weights
        self._threads = threads
        # Apple's devices have no float64, without which a Gram matrix is wrong.
        self._device = device if device.startswith("cuda") else "cpu"
        self._spectra: list[dict] = []
        self._codes: list[dict] = []
        self._running: set[Future] = set()
        self._waiting: dict[tuple, list[tuple[Entry, Matrix]]] = {}
        self._seconds = 0.0

    def __enter__(self) -> "MatrixPass":
        self._limits = threadpool_limits(1, user_api="blas")
        self._pool = ThreadPoolExecutor(self._threads)
        return self

    def __exit__(self, *exception) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._limits.restore_original_limits()

    def loading(self, entries: Iterable[Entry]) -> Iterator[Tensor]:
        """The tensors of the entries, in order: read into memory where a spectrum is wanted."""
        for entry in entries:
            if not self._max_weights:
                yield entry.tensor
            elif reason := self._reason(entry):
                self._leave_out(entry, reason)
                yield entry.tensor
            else:
                entry.tensor.claim(0, entry.tensor.nbytes)
                array = entry.tensor.array()
                self._submit(entry, array)
                yield Tensor.of(entry.name, array)

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Singular values (contract SPECTRA) and codes by block (CODES), when all are computed."""
        started = time.perf_counter()
        for shape in list(self._waiting):
            self._flush(shape)
        self._finish(0)
        if self._spectra:
            seconds = time.perf_counter() - started
            log.info("%d spectra, the last %.2f s after the count", len(self._spectra), seconds)
        return as_tables(self._spectra, self._codes)

    def _reason(self, entry: Entry) -> str:
        """Why a tensor is only counted, or ""."""
        if entry.tensor.packing or FORMATS[entry.tensor.dtype].alphabet:
            return f"only counted: codes of {entry.tensor.dtype}, whose scales are stored apart"
        if entry.tensor.n > self._max_weights:
            return f"only counted: more than {self._max_weights:,} weights (spectra.max_weights)"
        return ""

    def _leave_out(self, entry: Entry, note: str) -> None:
        log.info("%s: %s", entry.name, note)
        rows, columns = entry.shape[0], entry.tensor.n // entry.shape[0]
        unread = Matrix(entry.name, entry.role, np.broadcast_to(np.float32(0), (rows, columns)))
        self._spectra.append(_row(entry, unread, Spectrum(np.empty(0), "", note)))

    def _submit(self, entry: Entry, array: np.ndarray) -> None:
        if self._device == "cpu":
            self._start(_examine, entry, array)
            return
        self._start(_codes_of, entry, array)
        for matrix in matrices(entry, array):
            shape = (*matrix.values.shape, matrix.values.dtype)
            self._waiting.setdefault(shape, []).append((entry, matrix))
        sizes = {shape: _nbytes(batch) for shape, batch in self._waiting.items()}
        if sum(sizes.values()) > _BATCH_BYTES:
            self._flush(max(sizes, key=sizes.get))

    def _flush(self, shape: tuple) -> None:
        batch = self._waiting.pop(shape)
        found = singular_values_on(self._device, [matrix.values for _, matrix in batch])
        for (entry, matrix), spectrum in zip(batch, found, strict=True):
            self._spectra.append(_row(entry, matrix, spectrum))

    def _start(self, work, entry: Entry, array: np.ndarray) -> None:
        self._finish(self._threads - 1)
        self._running.add(self._pool.submit(work, entry, array))

    def _finish(self, unfinished: int) -> None:
        """Wait until no more than so many tensors are being worked on."""
        while len(self._running) > unfinished:
            done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                spectra, codes = future.result()
                self._spectra += spectra
                self._codes += codes


def as_tables(
    spectra: Sequence[Mapping], codes: Sequence[Mapping]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of spectra and of codes by block as tables of the contracts SPECTRA and CODES."""
    return (
        SPECTRA.check(pd.DataFrame(spectra, columns=list(SPECTRA.columns))),
        CODES.check(pd.DataFrame(codes, columns=list(CODES.columns))),
    )


def _examine(entry: Entry, array: np.ndarray) -> tuple[list[dict], list[dict]]:
    spectra = [_row(entry, m, singular_values(m.values)) for m in matrices(entry, array)]
    return spectra, _codes_of(entry, array)[1]


def _codes_of(entry: Entry, array: np.ndarray) -> tuple[list[dict], list[dict]]:
    codes = [
        {
            "view": entry.view,
            "tensor": entry.name,
            "type": name,
            "counts": found.counts,
            "squared_error": found.squared_error,
            "squares": found.squares,
        }
        for name, found in codes_by_block(array).items()
    ]
    return [], codes


def _row(entry: Entry, matrix: Matrix, spectrum: Spectrum) -> dict:
    rows, columns = matrix.values.shape
    return {
        "view": entry.view,
        "tensor": entry.name,
        "matrix": matrix.name,
        "role": matrix.role,
        "rows": rows,
        "columns": columns,
        "dtype": entry.dtype,
        "method": spectrum.method,
        "note": spectrum.note,
        "singular_values": spectrum.values,
    }


def _nbytes(batch: list[tuple[Entry, Matrix]]) -> int:
    return sum(matrix.values.nbytes for _, matrix in batch)
