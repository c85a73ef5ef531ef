"""A tiny study that runs offline in seconds, and ways to run it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from filelock import FileLock
from safetensors.numpy import save_file

from .parts import add_companions, add_source, add_zoo

PROJECT = Path(__file__).parents[2]
SIZES = {"ant": 60, "bee": 80, "cat": 100, "dog": 120, "eel": 140, "fox": 160}


@dataclass(frozen=True)
class Study:
    """A folder with a tiny study in it."""

    folder: Path

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run Snakemake on the study and return what it printed."""
        done = subprocess.run(
            [*self.command(), *arguments],
            cwd=self.folder,
            env=environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stdout
        return done

    def kill_when_measured(self, models: int, target: str, cores: int = 2) -> None:
        """Make a target, and kill Snakemake and its jobs when so many models are measured."""
        process = subprocess.Popen(
            [*self.command(cores=cores), target],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        try:
            while len(list(self.folder.glob("results/models/*/model.json"))) < models:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def command(self, config: str = "study.yaml", cores: int = 2) -> list[str]:
        """Snakemake on the study; targets and options may follow."""
        snakemake = [sys.executable, "-m", "snakemake", "-s", str(PROJECT / "Snakefile")]
        return [*snakemake, "--configfile", config, "--cores", str(cores)]

    def planned(self, *arguments: str) -> dict[str, int]:
        """Jobs that a run would start, by rule."""
        lines = self.run("--dry-run", "--quiet", "rules", *arguments).stdout.splitlines()
        jobs = {}
        for line in lines:
            words = line.split()
            if len(words) == 2 and words[1].isdigit() and words[0] != "total":
                jobs[words[0]] = int(words[1])
        return jobs

    def configure(self, **changes: object) -> None:
        """Merge `changes` into the study's configuration."""
        path = self.folder / "study.yaml"
        config = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            config[key] = {**config.get(key, {}), **value} if isinstance(value, dict) else value
        path.write_text(yaml.safe_dump(config))

    def add_model(self, name: str, location: str, sha256: str = "") -> None:
        with open(self.folder / "models.tsv", "a") as table:
            table.write(f"{name}\tfile\t{location}\t{sha256}\tfamily-{name}\n")

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
    return kept | {"COMPLEXITY_ATLAS_CACHE": "cache", "PYTHONWARNINGS": "ignore"}


def save_network(path: Path, seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    tensors = {
        f"layers.{i}.mlp.weight": rng.standard_t(4 + seed, size=(width, width)).astype(np.float32)
        for i in range(2)
    }
    tensors["layers.0.mlp.bias"] = np.zeros(width, np.float32)
    tensors["position_ids"] = np.arange(16)
    save_file(tensors, path)


def create(folder: Path) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    study = Study(folder)
    (folder / "models.tsv").write_text("model\tsource\tlocation\tsha256\tfamily\n")
    scores = ["model_id,benchmark_id,metric_id,value_raw,scale_raw,source_id,n_items"]
    for seed, (name, width) in enumerate(SIZES.items()):
        save_network(folder / f"{name}.safetensors", seed, width)
        study.add_model(name, f"{name}.safetensors")
        scores.append(f"{name},quiz,accuracy,{0.4 + 0.07 * (seed * 5 % 7):.2f},fraction,test,500")
    (folder / "scores.csv").write_text("\n".join(scores) + "\n")
    (folder / "benchmarks.csv").write_text(
        "benchmark_id,name,metric_id,unit,proportion,higher_is_better,lower_bound,upper_bound,"
        "chance_level,n_items,n_choices,description,url\n"
        "quiz,Quiz,accuracy,fraction,true,true,0,1,0.25,500,,A quiz,\n"
    )
    config = {
        "models": "models.tsv",
        "scores": {"benchmarks": "benchmarks.csv", "curated": ["scores.csv"]},
        "complexity": {"null_draws": 8},
        "statistics": {"resamples": 199},
        "zoo": {"include": False},
        "companions": {"include": False},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    return study


def create_full(folder: Path) -> Study:
    """The same with a zoo, companion experiments and a source of scores."""
    study = create(folder)
    add_zoo(study, (PROJECT / "config/scores/benchmarks.csv").read_text())
    add_companions(study)
    add_source(study, [*SIZES, "gnu"])
    return study


@pytest.fixture
def new_study(tmp_path) -> Study:
    """A tiny study of which nothing has run."""
    return create(tmp_path / "study")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Study:
    """A tiny study with all its parts that has run to the end, made once, for reading only."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all workers
    with FileLock(folder / "finished.lock"):
        if not (folder / "finished").exists():
            study = create_full(folder / "unfinished")
            study.run()
            study.folder.rename(folder / "finished")
    return Study(folder / "finished")


@pytest.fixture
def study(finished, tmp_path) -> Study:
    """The finished study; a copy of its own."""
    shutil.copytree(finished.folder, tmp_path / "study", symlinks=True)
    return Study(tmp_path / "study")
