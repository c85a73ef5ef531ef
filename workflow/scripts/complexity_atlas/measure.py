"""One model in; its ledger, exact value counts, spectra and its record out.

This is the only step that sees weights, and it sees each byte once. An expected failure (a wheel
that is gone, a damaged file, a format that is refused) is written down as the model's status; the
study goes on without it.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.complexity.count_error import count_error
from complexity_atlas.contracts import CODES, LEDGER, SPECTRA, write_table
from complexity_atlas.counts.counting import count_many
from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.counts.saved import CountsWriter, writing_counts
from complexity_atlas.devices import resolve_device
from complexity_atlas.errors import WeightsUnavailable
from complexity_atlas.matrix_pass import MatrixPass, as_tables
from complexity_atlas.network import NetworkError
from complexity_atlas.provenance import versions
from complexity_atlas.records import ModelRecord, WeightFile, write_record
from complexity_atlas.weights import Entry, Weights, open_weights
from complexity_atlas.weights.files import File
from complexity_atlas.weights.sources import STREAMED, HubAccess, ModelSpec, fetch
from complexity_atlas.weights.tensors import Tensor

log = logging.getLogger(__name__)


def measure_model(
    spec: ModelSpec,
    out: Path,
    cache: Path,
    threads: int = 1,
    device: str = "cpu",
    progress: Callable | None = None,
    access: HubAccess = STREAMED,
    spectra_up_to: int = 0,
    is_last_attempt: bool = False,
) -> ModelRecord:
    """Fetch, measure and write `out`/{tensors, values, spectra, codes}.parquet and model.json.

    `device` is "auto", "cpu" or a device of torch; the counts are the same on all. Spectra and
    codes by block are those of tensors of no more than `spectra_up_to` weights.
    `progress(total)` is called with the bytes to count and returns a callable that is told of
    bytes as they are counted. A model whose weights cannot be had gets empty tables and the reason
    in model.json; other errors propagate and leave no model.json. A Hub that does not answer is
    among the latter, unless `is_last_attempt`: then the model is "unreachable".
    """
    out, device = Path(out), resolve_device(device)
    (out / "model.json").unlink(missing_ok=True)
    try:
        # Streamed weights are verified when `fetch` ends; before that, no counts are kept.
        with (
            writing_counts(out / "values.parquet") as writer,
            MatrixPass(spectra_up_to, threads, device) as beside,
            fetch(spec, cache, access) as files,
        ):
            weights = open_weights(files)
            ledger = _count(spec.model, weights, writer, threads, device, progress, beside)
            spectra, codes = beside.tables()
        outcome = _outcome(weights)
    except (WeightsUnavailable, NetworkError) as raised:
        error = _final(raised, is_last_attempt, out)
        log.warning("%s: %s: %s", spec.model, error.status, error)
        weights, ledger = Weights(format="", entries=[], notes=[], files=[]), _ledger([])
        outcome = {"status": error.status, "reason": str(error)}
        spectra, codes = as_tables([], [])
        with writing_counts(out / "values.parquet"):
            pass
    write_table(spectra, out / "spectra.parquet", SPECTRA)
    write_table(codes, out / "codes.parquet", CODES)
    write_table(ledger, out / "tensors.parquet", LEDGER)
    record = _record(_identity(spec, device) | outcome, weights, ledger)
    write_record(record, out / "model.json")
    return record


def _identity(spec: ModelSpec, device: str) -> dict:
    return {
        "model": spec.model,
        "source": spec.source,
        "location": spec.location,
        "revision": spec.revision,
        "file": spec.file,
        "device": device,
        "versions": versions("numpy", "numba", "onnx", "safetensors", "gguf"),
    }


def _final(
    error: WeightsUnavailable | NetworkError, is_last_attempt: bool, out: Path
) -> WeightsUnavailable:
    """The error as the model's status; raised again where another attempt may do better."""
    if isinstance(error, WeightsUnavailable):
        return error
    if not is_last_attempt:
        raise error
    return WeightsUnavailable(
        "unreachable",
        f"{error}; to measure it again, run the study with `--forcerun {out / 'model.json'}`",
    )


def _outcome(weights: Weights) -> dict[str, str]:
    if any(not entry.reason for entry in weights.entries):
        return {"status": "ok"}
    names = ", ".join(file.name for file in weights.files)
    return {
        "status": "empty",
        "reason": f"{names}: no tensor counts as weights; the ledger says why",
    }


def _count(
    model: str,
    weights: Weights,
    writer: CountsWriter,
    threads: int,
    device: str,
    progress: Callable | None,
    beside: MatrixPass,
) -> pd.DataFrame:
    counted = [entry for entry in weights.entries if not entry.reason]
    total = sum(entry.tensor.nbytes for entry in counted)
    advance = progress(total) if progress and total else None
    rows = [_row(model, entry) for entry in weights.entries if entry.reason]
    started = time.perf_counter()
    tensors: deque[Tensor] = deque()

    def keep(entry: Entry, counts: KeyCounts) -> None:
        writer.add(entry.view, entry.name, counts)
        rows.append(_row(model, entry, counts, tensors.popleft()))
        entry.tensor.release()

    taken = _noted(beside.loading(counted), tensors)
    with closing(count_many(taken, threads, advance, device)) as results:
        for entry in counted:
            keep(entry, next(results))  # nameless counts go before the next ones are made
    seconds = time.perf_counter() - started
    log.info("%s: counted %.1f MB in %.2f s", model, total / 1e6, seconds)
    return _ledger(rows)


def _noted(tensors: Iterable[Tensor], waiting: deque[Tensor]) -> Iterator[Tensor]:
    """The tensors as they are taken, each put into `waiting` before."""
    for tensor in tensors:
        waiting.append(tensor)
        yield tensor


def _ledger(rows: Sequence[dict]) -> pd.DataFrame:
    return LEDGER.check(pd.DataFrame(rows, columns=list(LEDGER.columns)))


def _row(
    model: str, entry: Entry, counts: KeyCounts | None = None, tensor: Tensor | None = None
) -> dict:
    row = {
        "model": model,
        "view": entry.view,
        "tensor": entry.name,
        "layer": entry.layer,
        "depth": entry.depth,
        "role": entry.role,
        "shape": "x".join(map(str, entry.shape)),
        "dtype": entry.dtype,
        "n": int(np.prod(entry.shape, dtype=np.int64)),
        "counted": counts is not None,
        "reason": entry.reason,
        "n_nan": 0,
        "n_inf": 0,
        "n_zero": 0,
        "n_dead": 0,
        "min": np.nan,
        "max": np.nan,
        "mean": np.nan,
        "std": np.nan,
        "iqr": np.nan,
        "key_bits": None,
        "count_error": np.nan,
    }
    if counts is None:
        return row
    summary = counts.summary()
    return row | {
        "n_nan": counts.n_nan,
        "n_inf": counts.n_inf,
        "n_zero": counts.n_zero,
        "n_dead": counts.n_dead,
        "min": counts.minimum,
        "max": counts.maximum,
        "mean": summary.mean,
        "std": summary.std,
        "iqr": summary.iqr,
        "key_bits": counts.key_bits,
        "count_error": 0.0 if counts.exact else count_error(tensor),
    }


def _record(identity: dict, weights: Weights, ledger: pd.DataFrame) -> ModelRecord:
    stored = ledger[ledger["view"] != "folded"]
    # Single numbers are constants of the graph, not parameters of the network.
    arrays = stored[~stored.dtype.str.fullmatch(r"u?int\d+|bool") & (stored["shape"] != "")]
    return ModelRecord(
        **identity,
        format=weights.format,
        files=tuple(_weight_file(file, identity) for file in weights.files),
        n_weights=int(stored.n[stored.counted].sum()),
        n_known_role=int(stored.n[stored.counted & (stored.role != "other")].sum()),
        n_constants=int(arrays.n.sum()),
        notes=tuple(weights.notes),
    )


def _weight_file(file: File, identity: dict) -> WeightFile:
    # A file out of a wheel lies in the cache under its hash; its own name tells more.
    name = Path(identity["file"]).name if identity["source"] == "wheel" else file.name
    return WeightFile(name, file.size, file.sha256)
