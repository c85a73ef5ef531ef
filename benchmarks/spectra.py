"""Spectra and counts of a transformer, beside WeightWatcher on the same file.

Makes a bfloat16 checkpoint of a transformer with weights of several kinds of tails, measures it as
a study does (counts, singular values, codes by block, then every spectral measure), and lets
WeightWatcher analyse the same file in a process of its own. WeightWatcher lives in an environment
of its own too, which is made for the occasion and needs the package index; without it that part is
skipped. Prints the table, what agrees, and the gates; the exit status is 1 if a gate is missed.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np
import pandas as pd
from reporting import peak_megabytes, report, write_csv
from safetensors.numpy import save_file

from complexity_atlas.counts.counting import count_many
from complexity_atlas.measure import measure_model
from complexity_atlas.spectra.measures import spectral_measures
from complexity_atlas.spectra.saved import MatrixSpectrum, read_spectra
from complexity_atlas.spectra.singular_values import singular_values
from complexity_atlas.study import load_models
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.matrices import matrices
from complexity_atlas.weights.sources import ModelSpec, fetch

RIVAL = "weightwatcher==0.7.7"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
AGREEMENT = {"alpha": 0.05, "alpha_distance": 0.01}
"""How far the power law of a matrix may be from WeightWatcher's, absolute."""


def main() -> int:
    """Run both on one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--environment", type=Path, default=Path(".cache/weightwatcher"))
    parser.add_argument("--study", type=Path, help="table of models whose matrices to compare too")
    parser.add_argument("--cache", type=Path, default=Path(".cache/weights"))
    parser.add_argument("--output", type=Path, default=Path("results/benchmark/spectra.csv"))
    arguments = parser.parse_args()
    python = rival_environment(arguments.environment)
    compared = {}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "model.safetensors")
        n = write_transformer(path, arguments.hidden, arguments.layers)
        results, ours = run_ours(path, n, arguments.threads)
        if python:
            theirs, seconds, peak = run_rival(python, path)
            covered = float((theirs.N * theirs.M).sum()) / n
            results.append(Result(RIVAL, seconds, covered, peak))
            compared["the transformer"] = ours, theirs
    if python and arguments.study:
        compared["the study"] = compare_study(python, arguments.study, arguments.cache)
    write_csv(results, arguments.output)
    print_table(results)
    agree = [report_agreement(what, *tables) for what, tables in compared.items()]
    return 0 if gates(results) and all(agree) else 1


@dataclass(frozen=True)
class Result:
    """One method on the file: seconds, share of the weights that it covered, peak memory."""

    method: str
    seconds: float
    covered: float
    peak_megabytes: float


def write_transformer(path: Path, hidden: int, layers: int, vocabulary: int = 50_304) -> int:
    """Save a transformer of random weights; returns their number.

    Beside noise the matrices of the layers have some large singular values that fall as a power,
    more of them in the later layers, as those of trained networks do.
    """
    rng = np.random.default_rng(0)
    shapes = {"embed_tokens": (vocabulary, hidden), "lm_head": (vocabulary, hidden)}
    block = {f"self_attn.{name}_proj": (hidden, hidden) for name in "qkvo"}
    block |= {"mlp.up_proj": (4 * hidden, hidden), "mlp.down_proj": (hidden, 4 * hidden)}
    for layer in range(layers):
        shapes |= {f"layers.{layer}.{name}": shape for name, shape in block.items()}
    header, end = {}, 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * shape[0] * shape[1]
        entry = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
        header[f"model.{name}.weight"] = entry
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for position, (rows, columns) in enumerate(shapes.values()):
            matrix = rng.standard_normal((rows, columns), dtype=np.float32)
            spikes = 8 + 56 * position // len(shapes)
            u = rng.standard_normal((rows, spikes), dtype=np.float32)
            v = rng.standard_normal((spikes, columns), dtype=np.float32)
            strength = 3 * np.arange(1, spikes + 1, dtype=np.float32) ** -0.5 / np.sqrt(hidden)
            matrix += (u * strength) @ v * np.sqrt(max(rows, columns) / columns)
            file.write((0.02 * matrix).astype(ml_dtypes.bfloat16).tobytes())
        os.fsync(file.fileno())
    return end // 2


# Ours.


def run_ours(path: Path, n: int, threads: int) -> tuple[list[Result], pd.DataFrame]:
    """Counting alone, and everything, each in a fresh process; the measures of every matrix."""
    found = []
    for work in (count_only, measure_all):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            found.append(process.submit(work, path, threads).result())
    (counted, count_seconds, count_peak), (ours, seconds, peak) = found
    covered = ours["n"].sum() / n
    return [
        Result("counts", count_seconds, counted / n, count_peak),
        Result("counts, spectra, codes, measures", seconds, covered, peak),
    ], ours


def count_only(path: Path, threads: int) -> tuple[int, float, float]:
    """Number of weights counted, seconds, megabytes."""
    tensors = [entry.tensor for entry in open_weights([path]).counted("stored")]
    list(count_many(tensors[-1:], threads))  # compiles what is compiled
    started = time.perf_counter()
    n = sum(int(counts.counts.sum()) for counts in count_many(tensors, threads))
    return n, time.perf_counter() - started, peak_megabytes()


def measure_all(path: Path, threads: int) -> tuple[pd.DataFrame, float, float]:
    """Measures of every matrix, seconds, megabytes: from the file to the last number."""
    small = path.with_name("small.safetensors")
    write_transformer(small, hidden=128, layers=1, vocabulary=512)
    for file in (small, path):  # the small one compiles what is compiled
        out = path.with_name("measured")
        started = time.perf_counter()
        spec = ModelSpec("transformer", "file", str(file))
        measure_model(spec, out, path.parent, threads, spectra_up_to=10**9)
        ours = measures_of(read_spectra(out / "tensors.parquet", out / "spectra.parquet"))
        seconds = time.perf_counter() - started
    small.unlink()
    return ours, seconds, peak_megabytes()


def measures_of(spectra: list[MatrixSpectrum]) -> pd.DataFrame:
    """Measures by the name of the matrix, with its number of weights."""
    rows = [{"name": m.name, "n": m.n, "k": len(m.values)} | m.outcome.values for m in spectra]
    return pd.DataFrame(rows).set_index("name")


# Theirs.


def rival_environment(folder: Path) -> Path | None:
    """Python of an environment with WeightWatcher, made where it is missing; None without."""
    python = folder / "bin" / "python"
    if (
        python.exists()
        and not subprocess.run([python, "-c", "import weightwatcher, torch"], **QUIET).returncode
    ):
        return python
    print(f"Making an environment with {RIVAL} in {folder}")
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", RIVAL]
        subprocess.run(install, check=True)
        # torch is large, and here already: the environment looks for what it lacks in this one.
        name = f"python{sys.version_info.major}.{sys.version_info.minor}"
        site = folder / "lib" / name / "site-packages"
        ours = next(path for path in map(Path, sys.path) if (path / "torch").is_dir())
        (site / "torch_of_the_project.pth").write_text(f"{ours}\n")
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        print(f"SKIPPED: WeightWatcher cannot be installed ({error})")
        return None
    return python


ANALYSE = """
import json, logging, re, sys, time
import weightwatcher
started = time.perf_counter()
watcher = weightwatcher.WeightWatcher(log_level=logging.ERROR)
details = watcher.analyze(model=sys.argv[1])
seconds = time.perf_counter() - started
status = open("/proc/self/status").read()
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024 / 1e6
rows = details[["longname", "N", "M", "num_evals", "alpha", "D"]].to_dict("records")
json.dump({"seconds": seconds, "peak": peak, "rows": rows}, open(sys.argv[2], "w"))
"""


def run_rival(python: Path, path: Path) -> tuple[pd.DataFrame, float, float]:
    """WeightWatcher's analyze() of the file, with its defaults: rows, seconds, megabytes."""
    found = path.with_name("found.json")
    subprocess.run([python, "-c", ANALYSE, path.parent, found], check=True, **QUIET)
    answer = json.loads(found.read_text())
    rows = pd.DataFrame(answer["rows"])
    return rows.set_index(rows.longname + ".weight"), answer["seconds"], answer["peak"]


# The study, the agreement, the table, the gates.


def compare_study(python: Path, table: Path, cache: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measures of every matrix of a study's published networks, ours and WeightWatcher's.

    WeightWatcher does not read ONNX, and takes kernels apart by position: so it gets the matrices
    that we take, one file per network.
    """
    pairs = []
    for row in load_models(table).itertuples():
        spec = ModelSpec(row.model, row.source, row.location, file=row.file, sha256=row.sha256)
        with fetch(spec, cache) as files:
            entries = open_weights(files).counted("stored")
            found = [m for entry in entries for m in matrices(entry, entry.tensor.array())]
        ours = [
            {"name": f"model.layers.{i}.mlp.weight", "k": min(m.values.shape)}
            | spectral_measures(singular_values(m.values).values, *m.values.shape).values
            for i, m in enumerate(found)
        ]
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "model.safetensors")
            stored = {
                o["name"]: m.values.astype(np.float32) for o, m in zip(ours, found, strict=True)
            }
            save_file({name: np.ascontiguousarray(w) for name, w in stored.items()}, path)
            theirs = run_rival(python, path)[0]
        pairs.append((pd.DataFrame(ours).set_index("name"), theirs))
        for frame in pairs[-1]:
            frame.index = f"{row.model} " + frame.index
    return tuple(pd.concat(frames) for frames in zip(*pairs, strict=True))


def agreement(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Matrices to which both fit a power law, and whether the fits agree."""
    both = ours.join(theirs[["alpha", "D", "num_evals"]].add_prefix("their_"), how="inner")
    both = both.dropna(subset=["alpha", "their_alpha"])
    near = (both.alpha - both.their_alpha).abs() <= AGREEMENT["alpha"]
    near &= (both.alpha_distance - both.their_D).abs() <= AGREEMENT["alpha_distance"]
    return both.assign(agrees=near)


def report_agreement(what: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Print the share of matrices on which the fits agree, and the others with what differs."""
    both = agreement(ours, theirs)
    share = both.agrees.mean()
    print(
        f"{what}: {share:.1%} of {len(both)} fitted matrices agree, {len(ours)} are measured here"
    )
    columns = ["k", "their_num_evals", "alpha", "their_alpha", "alpha_distance", "their_D"]
    if not both.agrees.all():
        print(both.loc[~both.agrees, columns].head(20).to_string())
    return share >= 0.9


def gates(results: list[Result]) -> bool:
    """Print what must hold and what is aimed at; whether all of the former does."""
    counts, ours, *rival = results
    must = [(ours.covered == 1 and counts.covered == 1, "every weight is covered")]
    aims = [(ours.peak_megabytes < 1000, f"under 1 GB of memory ({ours.peak_megabytes:.0f} MB)")]
    for theirs in rival:
        faster = theirs.seconds / ours.seconds
        must.append((faster >= 3, f"3 times as fast as WeightWatcher or more ({faster:.1f})"))
        aims.append((faster >= 5, f"5 times as fast as WeightWatcher ({faster:.1f})"))
        faster = theirs.seconds / counts.seconds
        must.append((faster >= 150, f"counting alone 150 times as fast ({faster:.0f})"))
    return report(must, aims)


def print_table(results: list[Result]) -> None:
    """Print the results in columns."""
    print(f"{'':36} seconds  covered  peak MB")
    for r in results:
        print(f"{r.method:36} {r.seconds:7.2f} {r.covered:8.1%} {r.peak_megabytes:8.0f}")


if __name__ == "__main__":
    sys.exit(main())
