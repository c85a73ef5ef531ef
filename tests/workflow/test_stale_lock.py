import subprocess
import sys

import pytest

from .conftest import PROJECT

SCRIPT = PROJECT / "workflow" / "scripts" / "clear_stale_lock.py"


def clear(folder) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def locked(tmp_path):
    (tmp_path / "Snakefile").write_text("rule all:\n    output: 'done'\n    shell: 'touch done'\n")
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("done\n")
    return tmp_path


def test_the_lock_of_a_dead_snakemake_is_removed(locked):
    done = clear(locked)
    assert done.returncode == 0, done.stderr
    assert not any((locked / ".snakemake" / "locks").glob("*.lock"))
    assert clear(locked).stdout == ""


def test_the_lock_of_a_live_snakemake_is_left(locked):
    # Anything that sleeps here under the name of Snakemake.
    (locked / "snakemake").write_text("import time; time.sleep(60)")
    alive = subprocess.Popen([sys.executable, "snakemake"], cwd=locked)
    try:
        done = clear(locked)
    finally:
        alive.kill()
        alive.wait()
    assert done.returncode == 1
    assert str(alive.pid) in done.stdout
    assert any((locked / ".snakemake" / "locks").glob("*.lock"))
