"""How fast weights are counted, beside reading them at all and beside one histogram per tensor.

Makes safetensors files of Gaussian weights in a temporary folder, runs every method on them in a
process of its own, prints a table and the gates, and writes the table as CSV. The exit status is 1
if a gate is missed.
"""

import argparse
import json
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import ml_dtypes  # noqa: F401  registers bfloat16 with numpy
import numpy as np
from reporting import peak_megabytes, report, write_csv

from complexity_atlas.counts.counting import count_many
from complexity_atlas.weights import open_weights
from complexity_atlas.weights.tensors import Tensor

LARGE = ((4096, 4096), (11008, 4096))
SMALL = ((1024, 4096),)  # no more values than are counted exactly in float32
FILES = {
    "bfloat16": ("bfloat16", LARGE),
    "float32": ("float32", LARGE),
    "float32 exact": ("float32", SMALL),
}
CODES = {"bfloat16": "BF16", "float32": "F32"}
SLOW_BYTES = 200_000_000  # the slow methods see no more than this


def main() -> int:
    """Run every method on every file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of each file")
    parser.add_argument("--repeat", type=int, default=5, help="runs, of which the best counts")
    parser.add_argument("--directory", type=Path, help="folder for the files, on a real disk")
    parser.add_argument("--output", type=Path, default=Path("results/benchmark/counting.csv"))
    arguments = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        for file, (dtype, shapes) in FILES.items():
            path = Path(directory, "model.safetensors")
            write_safetensors(path, dtype, shapes, int(arguments.gigabytes * 1e9))
            results += compare(file, path, arguments.repeat)
    write_csv(results, arguments.output)
    print_table(results)
    return 0 if gates(results) else 1


# The methods. Each reads a file and returns how many bytes of it.


def count_values(path: Path, threads: int) -> int:
    """Our count."""
    tensors = tensors_of(path)
    for _ in count_many(tensors, threads):
        pass
    return sum(tensor.nbytes for tensor in tensors)


def cat(path: Path, threads: int) -> int:
    """Reading, and nothing else."""
    subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)
    return path.stat().st_size


def numpy_histogram(path: Path, threads: int) -> int:
    """A histogram of 100 bins per tensor, by numpy."""
    return per_tensor(path, lambda tensor: np.histogram(tensor.array().astype(np.float32), 100))


def torch_histc(path: Path, threads: int) -> int:
    """A histogram of 100 bins per tensor, by torch."""
    import torch

    torch.set_num_threads(threads)

    def histogram(tensor: Tensor) -> None:
        bits = tensor.array().view(f"int{8 * tensor.itemsize}")
        torch.from_numpy(bits).view(getattr(torch, tensor.dtype)).float().histc(100)

    return per_tensor(path, histogram)


METHODS = (
    (cat, 1, "warm"),
    (cat, 1, "cold"),
    (count_values, 1, "warm"),
    (count_values, 2, "warm"),
    (count_values, 2, "cold"),
    (numpy_histogram, 1, "warm"),
    (torch_histc, 2, "warm"),
)


def tensors_of(path: Path) -> list[Tensor]:
    """All weights of a file."""
    return [entry.tensor for entry in open_weights([path]).counted("stored")]


def per_tensor(path: Path, histogram: Callable[[Tensor], object]) -> int:
    """Bytes of the first tensors, after a histogram of each."""
    done = 0
    for tensor in tensors_of(path):
        histogram(tensor)
        done += tensor.nbytes
        if done >= SLOW_BYTES:
            break
    return done


# Timing.


@dataclass(frozen=True)
class Result:
    """One method on one file: the best run, and its rate beside that of others."""

    file: str
    method: str
    threads: int
    cache: str
    gigabytes: float
    seconds: float
    gigabytes_per_second: float
    peak_megabytes: float
    times_cat: float = math.nan
    times_numpy_histogram: float = math.nan


def compare(file: str, path: Path, repeat: int) -> list[Result]:
    """Every method on one file, each in a fresh process."""
    results = []
    for method, threads, cache in METHODS:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as process:
            run = process.submit(measure, method, path, threads, cache, repeat)
            nbytes, seconds, peak = run.result()
        rate = nbytes / seconds / 1e9
        name = method.__name__
        results.append(Result(file, name, threads, cache, nbytes / 1e9, seconds, rate, peak))
    rates = {(r.method, r.cache): r.gigabytes_per_second for r in results if r.threads == 1}
    return [
        replace(
            result,
            times_cat=result.gigabytes_per_second / rates["cat", result.cache],
            times_numpy_histogram=result.gigabytes_per_second / rates["numpy_histogram", "warm"],
        )
        for result in results
    ]


def measure(
    method: Callable[[Path, int], int], path: Path, threads: int, cache: str, repeat: int
) -> tuple[int, float, float]:
    """Bytes read, seconds of the best run, and this process's peak memory in megabytes."""
    nbytes = method(path, threads)  # compiles what is compiled, and fills the cache
    seconds = []
    for _ in range(repeat):
        if cache == "cold":
            drop_from_cache(path)
        started = time.perf_counter()
        method(path, threads)
        seconds.append(time.perf_counter() - started)
    return nbytes, min(seconds), math.nan if method is cat else peak_megabytes()


def drop_from_cache(path: Path) -> None:
    """Make the next read come from the disk (on Linux, and not from a memory file system)."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


# The file, the table, the gates.


def write_safetensors(path: Path, dtype: str, shapes: tuple, nbytes: int) -> None:
    """Matrices of Gaussian weights of different widths, `nbytes` or somewhat more in all."""
    header, sizes, end = {}, [], 0
    while end < nbytes:
        shape = shapes[len(sizes) % len(shapes)]
        sizes.append(math.prod(shape) * np.dtype(dtype).itemsize)
        start, end = end, end + sizes[-1]
        entry = {"dtype": CODES[dtype], "shape": shape, "data_offsets": [start, end]}
        header[f"layers.{len(sizes)}.mlp.weight"] = entry
    text = json.dumps(header).encode()
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(1 << 22, dtype=np.float32)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for size in sizes:
            block = (noise * np.float32(rng.uniform(0.005, 0.1))).astype(dtype).view(np.uint8)
            for written in range(0, size, len(block)):
                file.write(block[: size - written])
        os.fsync(file.fileno())


def gates(results: list[Result]) -> bool:
    """Print what must hold and what is aimed at; whether all of the former does."""
    best = {(r.file, r.method, r.threads, r.cache): r for r in results}
    half = best["bfloat16", "count_values", 2, "warm"]
    cold = best["bfloat16", "count_values", 2, "cold"]
    peak = max(r.peak_megabytes for r in results if r.method == "count_values")
    must = [
        (half.gigabytes_per_second >= 3, "16-bit weights at 3 GB/s or more on 2 threads"),
        (half.times_numpy_histogram >= 10, "10 times numpy.histogram or more on bfloat16"),
        (peak < 400, f"under 400 MB of memory ({peak:.0f} MB)"),
    ]
    aims = [
        (half.gigabytes_per_second >= 9, "16-bit weights at 9 GB/s on 2 threads"),
        (cold.times_cat >= 1 / 1.2, "from the disk within 1.2 times the time of cat"),
    ]
    return report(must, aims)


def print_table(results: list[Result]) -> None:
    """Print the results in columns."""
    print("file           method           threads cache    GB/s   × cat × numpy  peak MB")
    for r in results:
        print(
            f"{r.file:14} {r.method:16} {r.threads:7} {r.cache:5} {r.gigabytes_per_second:7.2f}"
            f" {r.times_cat:7.2f} {r.times_numpy_histogram:7.1f} {r.peak_megabytes:8.0f}"
        )


if __name__ == "__main__":
    sys.exit(main())
