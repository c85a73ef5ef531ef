"""Remove the lock of a Snakemake that was killed in this folder; leave that of a live one."""

import subprocess
import sys
from pathlib import Path

import psutil


def running_here() -> list[psutil.Process]:
    """Snakemake processes that work in this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if "snakemake" in " ".join(process.cmdline()[:3]) and process.cwd() == str(Path.cwd()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def main() -> int:
    """Exit status 1 when a live Snakemake holds the lock."""
    locks = Path(".snakemake", "locks")
    if not locks.is_dir() or not any(locks.iterdir()):
        return 0
    if alive := running_here():
        print(f"Snakemake is running in this folder (process {alive[0].pid}); wait for it to end.")
        return 1
    print("A Snakemake that no longer runs left this folder locked; unlocking.")
    unlock = [sys.executable, "-m", "snakemake", "--unlock", "--quiet", "all"]
    return subprocess.run(unlock, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
