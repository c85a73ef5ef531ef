"""How fast and in how much memory a model on a Hub is streamed, beside curl on the same loopback.

Makes a sharded model of Gaussian weights in a temporary folder and serves it from a stand-in Hub in
a process of its own. Prints a table and the gates, and writes the table as CSV. The exit status is
1 if a gate is missed.
"""

import argparse
import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes  # noqa: F401  registers bfloat16 with numpy
import numpy as np
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from reporting import peak_megabytes, report, write_csv

from fake_hub import FakeHub

MATRIX = (4096, 8192)
EXACT = [(2047, 2048)] * 6 + [(2047, 1024)] * 12
"""Shapes of float32 matrices that are still counted exactly: what takes the most memory."""

SMALL, WIDE = "small.safetensors", "wide.safetensors"
PACE = 200e6  # bytes per second


def main() -> int:
    """Serve a model, and read it in every way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=8.0, help="size of the model")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3, help="runs, of which the best counts")
    parser.add_argument("--directory", type=Path, help="folder for the model")
    parser.add_argument("--output", type=Path, default=Path("results/benchmark/streaming.csv"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        folder = Path(directory, "model")
        write_model(folder, int(arguments.gigabytes * 1e9), arguments.shards)
        write_wide(folder / WIDE)
        results = compare(folder, Path(directory), arguments.repeat)
    write_csv(results, arguments.output)
    print_table(results)
    return 0 if gates(results) else 1


@dataclass(frozen=True)
class Result:
    """One way to read a model: the best run."""

    server: str
    method: str
    gigabytes: float
    seconds: float
    gigabytes_per_second: float
    peak_megabytes: float = math.nan
    written_megabytes: float = math.nan


def compare(folder: Path, scratch: Path, repeat: int) -> list[Result]:
    """Every method, at full speed on all shards and from a paced server on the first two."""
    results = []
    for server, pace in (("full speed", None), ("200 MB/s", PACE)):
        spawn = multiprocessing.get_context("spawn")
        told, ready = spawn.Queue(), spawn.Event()
        served = spawn.Process(target=serve, args=(folder, pace, told, ready), daemon=True)
        served.start()
        url, commit, files = told.get()
        size = sum((folder / name).stat().st_size for name in files)
        methods = [stream, curl] if pace else [stream, stream_float32, curl_and_hash]
        for method in methods:
            runs = [method(url, commit, files, scratch) for _ in range(1 if pace else repeat)]
            seconds, peak, written = min(runs)
            read = (folder / WIDE).stat().st_size if method is stream_float32 else size
            rates = read / 1e9, seconds, read / seconds / 1e9
            results.append(Result(server, method.__name__, *rates, peak, written))
        served.terminate()
        served.join()
    return results


def serve(folder: Path, pace: float | None, told, ready) -> None:
    """Be the Hub, until the process is ended."""
    alone = {name.removesuffix(".safetensors"): folder / name for name in (SMALL, WIDE)}
    files = {path.name: path for path in sorted(folder.iterdir()) if path not in alone.values()}
    if pace:  # two shards tell as much as eight, in less time
        names = sorted(name for name in files if name.endswith(".safetensors"))[:2]
        files = {name: files[name] for name in names}
        files = {f"model-{i:05d}-of-00002.safetensors": files[n] for i, n in enumerate(names, 1)}
    repositories = {f"org/{name}": {"main": {"model.safetensors": p}} for name, p in alone.items()}
    with FakeHub({"org/model": {"main": files}} | repositories) as hub:
        hub.sha |= dict.fromkeys(repositories, hub.sha["org/model"])
        hub.pace = pace
        shards = [path.name for path in files.values() if path.suffix == ".safetensors"]
        served = {path.name: name for name, path in files.items()}
        told.put((hub.url, hub.commit("org/model"), {shard: served[shard] for shard in shards}))
        ready.wait()


# The methods. Each reads the files and returns seconds, peak memory and megabytes written.


def stream(
    url: str, commit: str, files: dict[str, str], scratch: Path, repository: str = "org/model"
) -> tuple:
    """The whole measurement of a model, verified, in a fresh process."""
    environment = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(scratch / "hf")}
    arguments = [sys.executable, __file__, "measure", repository, commit, str(scratch)]
    done = subprocess.run(arguments, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    left = [path for path in (scratch / "hf").rglob("*") if path.stat().st_size > 1e6]
    if left:
        raise SystemExit(f"weights were left on the disk: {left}")
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def stream_float32(url: str, commit: str, files: dict[str, str], scratch: Path) -> tuple:
    """The measurement that takes the most memory: float32 matrices that are counted exactly."""
    return stream(url, commit, files, scratch, "org/wide")


def measure(repository: str, commit: str, scratch: Path) -> None:
    """What `stream` runs: measure a model that the environment's Hub serves."""
    from complexity_atlas.measure import measure_model
    from complexity_atlas.weights.sources import ModelSpec

    for name in ("org/small", repository):  # the first loads what is loaded once
        started = time.perf_counter()
        spec = ModelSpec("model", "hub", name, commit)
        record = measure_model(spec, scratch / "out", scratch, threads=2)
        seconds = time.perf_counter() - started
        if record.status != "ok":
            raise SystemExit(record.reason)
    written = int(re.search(r"write_bytes: (\d+)", Path("/proc/self/io").read_text())[1]) / 1e6
    print(json.dumps([seconds, peak_megabytes(), written]))


def curl(url: str, commit: str, files: dict[str, str], scratch: Path) -> tuple:
    """Reading from the network, and nothing else."""
    return shell(f"curl -sSfL {addresses(url, commit, files)} > /dev/null")


def curl_and_hash(url: str, commit: str, files: dict[str, str], scratch: Path) -> tuple:
    """Reading and hashing, as one would do it by hand."""
    return shell(f"curl -sSfL {addresses(url, commit, files)} | sha256sum > /dev/null")


def addresses(url: str, commit: str, files: dict[str, str]) -> str:
    """Where curl finds the files."""
    return " ".join(f"{url}/org/model/resolve/{commit}/{name}" for name in files.values())


def shell(command: str) -> tuple:
    """Run a command, of which only the time is of interest."""
    started = time.perf_counter()
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True)
    return time.perf_counter() - started, math.nan, math.nan


# The model, the table, the gates.


def write_model(folder: Path, nbytes: int, shards: int) -> None:
    """A sharded bfloat16 model with an index, the same noise in every shard."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(MATRIX, dtype=np.float32).astype("bfloat16").tobytes()
    count = max(1, round(nbytes / shards / len(noise)))
    homes = {}
    for shard in range(1, shards + 1):
        name = f"model-{shard:05d}-of-{shards:05d}.safetensors"
        tensors = [f"model.layers.{shard * count + i}.mlp.up_proj.weight" for i in range(count)]
        homes |= dict.fromkeys(tensors, name)
        write_shard(folder / name, tensors, noise)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": homes}))
    write_shard(folder / SMALL, ["layers.0.mlp.weight"], noise)


def write_wide(path: Path) -> None:
    """A float32 model of noise."""
    rng = np.random.default_rng(0)
    names = [f"model.layers.{index}.mlp.up_proj.weight" for index in range(len(EXACT))]
    noise = (rng.standard_normal(shape, dtype=np.float32) for shape in EXACT)
    save_file(dict(zip(names, noise, strict=True)), path)


def write_shard(path: Path, tensors: list[str], noise: bytes) -> None:
    """A safetensors file whose tensors all hold the same."""
    places = [[i * len(noise), (i + 1) * len(noise)] for i in range(len(tensors))]
    described = {"dtype": "BF16", "shape": MATRIX}
    header = {
        tensor: {**described, "data_offsets": place}
        for tensor, place in zip(tensors, places, strict=True)
    }
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in tensors:
            file.write(noise)


def gates(results: list[Result]) -> bool:
    """Print what must hold; whether all of it does."""
    best = {(result.server, result.method): result for result in results}
    streamed = best["full speed", "stream"]
    hashed = best["full speed", "curl_and_hash"].gigabytes_per_second
    share = (
        best["200 MB/s", "stream"].gigabytes_per_second
        / best["200 MB/s", "curl"].gigabytes_per_second
    )
    times = streamed.gigabytes_per_second / hashed
    peak = max(result.peak_megabytes for result in results if result.method.startswith("stream"))
    must = [
        (times > 1, f"faster than curl | sha256sum ({times:.1f} times)"),
        (share >= 0.95, f"at least 95 % of curl from a paced server ({100 * share:.0f} %)"),
        (peak < 500, f"under 500 MB ({peak:.0f} MB)"),
        (streamed.written_megabytes < 50, "no weights on the disk"),
    ]
    return report(must)


def print_table(results: list[Result]) -> None:
    """Print the results in columns."""
    print("server     method              GB seconds   GB/s  peak MB")
    for r in results:
        print(
            f"{r.server:10} {r.method:15} {r.gigabytes:6.1f} {r.seconds:7.1f}"
            f" {r.gigabytes_per_second:6.2f} {r.peak_megabytes:8.0f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        sys.exit(main())
