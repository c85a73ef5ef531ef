"""The tiny study on a real Slurm: two nodes on loopback, with queues for CPUs and GPUs.

Every assertion on jobs reads the records of Slurm's own controller.
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from workflow.conftest import PROJECT, SIZES, Study, create, environment

pytestmark = pytest.mark.slurm

HERE = Path(__file__).parent
PROFILE = PROJECT / "workflow" / "profiles" / "slurm"
COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
TARGETS = ["results/statistics/analysis.parquet", "results/models.parquet"]


@dataclass(frozen=True)
class Job:
    """What Slurm knows of a job."""

    id: str
    name: str
    state: str
    partition: str
    gpus: int
    mem_mb: int
    minutes: int

    @classmethod
    def from_record(cls, record: str) -> "Job":
        """Read a line of `scontrol --oneliner show job`."""
        fields = dict(word.split("=", 1) for word in record.split() if "=" in word)
        hours, minutes, _ = fields["TimeLimit"].split(":")
        return cls(
            id=fields["JobId"],
            name=fields["Comment"].removeprefix("rule_").replace("_wildcards_", ":"),
            state=fields["JobState"],
            partition=fields["Partition"],
            gpus=int(fields.get("TresPerJob", "gres:gpu:0").rpartition(":")[2]),
            mem_mb=int(fields["MinMemoryNode"].removesuffix("M")),
            minutes=60 * int(hours) + int(minutes),
        )


def slurm(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def jobs() -> list[Job]:
    """Every job since the controller was started, in the order of submission."""
    records = slurm("scontrol", "--oneliner", "show", "job").splitlines()
    found = [Job.from_record(record) for record in records if record.startswith("JobId=")]
    return sorted(found, key=lambda job: int(job.id))


def running(name: str, process: subprocess.Popen, timeout: float = 240) -> Job:
    """Wait until a job runs."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for job in jobs():
            if (job.name, job.state) == (name, "RUNNING"):
                return job
        assert process.poll() is None, "Snakemake ended before the job ran"
        time.sleep(0.1)
    raise AssertionError(f"{name} did not run within {timeout} s: {jobs()}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Slurm that ends with the tests, also when these are killed."""
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing or os.getuid() != 0:
        pytest.skip(f"needs root, and the commands {', '.join(COMMANDS)}")
    folder = tmp_path_factory.mktemp("slurm")
    stop = [str(HERE / "stop.sh"), str(folder)]
    wait = f"while kill -0 {os.getpid()}; do sleep 1; done; exec {' '.join(stop)}"
    watchdog = subprocess.Popen(
        ["sh", "-c", wait], start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        subprocess.run([str(HERE / "start.sh"), str(folder)], check=True, timeout=60)
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
        yield folder
    finally:
        os.environ.pop("SLURM_CONF", None)
        subprocess.run(stop, check=True, timeout=120)
        watchdog.kill()
        watchdog.wait()


@pytest.fixture
def profile(tmp_path) -> Path:
    """The profile with the lines uncommented that name the queues."""
    folder = tmp_path / "profile"
    shutil.copytree(PROFILE, folder)
    partitions = folder / "partitions.yaml"
    text = partitions.read_text()
    for kind in ("cpu", "gpu"):
        line = f"# my_{kind}_partition:"
        assert line in text
        text = text.replace(line, f"{kind}:")
    partitions.write_text(text)
    return folder


def start(study: Study, profile: Path, *arguments: str) -> subprocess.Popen:
    """Snakemake with the profile, looking at jobs as often as it can."""
    command = [sys.executable, "-m", "snakemake", "-s", str(PROJECT / "Snakefile")]
    command += ["--configfile", "study.yaml", "--workflow-profile", str(profile)]
    command += ["--jobs", "4", "--slurm-init-seconds-before-status-checks", "1"]
    with open(study / "snakemake.log", "ab") as log:
        return subprocess.Popen(
            [*command, *arguments, *TARGETS],
            cwd=study.folder,
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def finish(study: Study, process: subprocess.Popen) -> int:
    try:
        return process.wait(timeout=300)
    finally:
        process.kill()
        print((study / "snakemake.log").read_text())


def completed(records: list[Job]) -> Counter:
    return Counter(job.name for job in records if job.state == "COMPLETED")


def test_a_second_call_finishes_only_what_a_cancelled_job_left(cluster, profile, tmp_path):
    study = create(tmp_path / "study")
    study.configure(spectra={"models": ["bee", "cat"]})
    planned = study.planned("--rerun-incomplete", *TARGETS)
    assert planned["measure_weights"] == planned["compute_complexity"] == len(SIZES)

    cancelled = "compute_complexity:ant"
    process = start(study, profile, "--retries", "0")
    subprocess.run(["scancel", running(cancelled, process).id], check=True)
    assert finish(study, process) != 0
    first = jobs()
    assert [job.name for job in first if job.state == "CANCELLED"] == [cancelled]
    queues = {job.name: (job.partition, job.gpus) for job in first}
    with_spectra = {"measure_weights:bee", "measure_weights:cat"}
    assert {name for name, queue in queues.items() if queue == ("gpu", 1)} == with_spectra
    assert {queues[name] for name in queues.keys() - with_spectra} == {("cpu", 0)}

    # A job that is cancelled within a call is submitted again, and asks for more.
    process = start(study, profile)
    subprocess.run(["scancel", running(cancelled, process).id], check=True)
    assert finish(study, process) == 0
    second = jobs()[len(first) :]
    once, again = (job for job in second if job.name == cancelled)
    assert (once.state, once.mem_mb, once.minutes) == ("CANCELLED", 2000, 30)
    assert (again.state, again.mem_mb, again.minutes) == ("COMPLETED", 4000, 60)

    finished = completed(first) + completed(second)
    assert max(finished.values()) == 1
    by_rule = Counter(name.partition(":")[0] for name in finished)
    assert by_rule == Counter(planned)
    assert (pd.read_parquet(study / "results/models.parquet").status == "ok").all()
    assert slurm("squeue", "--noheader") == ""
