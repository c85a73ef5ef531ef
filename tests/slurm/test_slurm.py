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
    rule: str
    state: str
    partition: str
    tres: str
    minutes: int

    @classmethod
    def from_record(cls, record: str) -> "Job":
        """Read a line of `scontrol --oneliner show job`."""
        fields = dict(word.split("=", 1) for word in record.split() if "=" in word)
        hours, minutes, _ = fields["TimeLimit"].split(":")
        return cls(
            id=fields["JobId"],
            rule=fields["Comment"].removeprefix("rule_").replace("_wildcards_", ":"),
            state=fields["JobState"],
            partition=fields["Partition"],
            tres=fields["TRES"],
            minutes=60 * int(hours) + int(minutes),
        )


def slurm(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def jobs() -> list[Job]:
    """Every job since the controller was started, in the order of submission."""
    records = slurm("scontrol", "--oneliner", "show", "job").splitlines()
    found = [Job.from_record(record) for record in records if record.startswith("JobId=")]
    return sorted(found, key=lambda job: int(job.id))


def running(rule: str, process: subprocess.Popen, timeout: float = 100) -> Job:
    """Wait until a job runs."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for job in jobs():
            if (job.rule, job.state) == (rule, "RUNNING"):
                return job
        assert process.poll() is None, "Snakemake ended before the job ran"
        time.sleep(0.1)
    raise AssertionError(f"{rule} did not run within {timeout} s: {jobs()}")


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


def test_a_second_call_finishes_only_what_a_cancelled_job_left(cluster, profile, tmp_path):
    study = create(tmp_path / "study")
    process = start(study, profile, "--retries", "0")
    subprocess.run(["scancel", running("measure_weights:ant", process).id], check=True)
    assert finish(study, process) != 0
    first = jobs()
    assert {job.partition for job in first} == {"cpu"}
    cancelled = [job for job in first if job.state != "COMPLETED"]
    assert [(job.rule, job.state) for job in cancelled] == [("measure_weights:ant", "CANCELLED")]
    others = Counter(f"measure_weights:{name}" for name in SIZES if name != "ant")
    others += Counter(f"compute_complexity:{name}" for name in SIZES if name != "ant")
    assert Counter(job.rule for job in first if job.state == "COMPLETED") == others + Counter(
        ["curate_scores"]
    )

    # A job that is cancelled within a call is submitted again, and asks for more.
    process = start(study, profile)
    subprocess.run(["scancel", running("measure_weights:ant", process).id], check=True)
    assert finish(study, process) == 0
    second = jobs()[len(first) :]
    assert sorted(job.rule for job in second if job.state == "COMPLETED") == [
        "collect_complexity",
        "collect_models",
        "compute_complexity:ant",
        "join_analysis",
        "measure_weights:ant",
    ]
    once, again = (job for job in second if job.rule == "measure_weights:ant")
    assert (once.state, again.state) == ("CANCELLED", "COMPLETED")
    assert ("mem=2000M" in once.tres, "mem=4000M" in again.tres) == (True, True)
    assert (once.minutes, again.minutes) == (30, 60)
    models = pd.read_parquet(study / "results/models.parquet")
    assert (models.status == "ok").all()
    assert slurm("squeue", "--noheader") == ""
