"""The lock, the conda environments and the package metadata agree."""

import re
import tomllib

import pytest
import yaml
from packaging.version import Version


@pytest.fixture
def lock(project) -> dict[str, str]:
    lines = (project / "envs" / "lock.txt").read_text().split()
    return dict(line.split("==") for line in lines)


def test_the_lock_pins_plain_versions(project, lock):
    text = (project / "envs" / "lock.txt").read_text()
    assert "--" not in text
    assert lock["torch"] == "2.13.0"
    assert not [name for name in lock if name.startswith(("nvidia", "triton"))]


def test_conda_environments_agree_with_the_lock(project, lock):
    files = sorted((project / "envs").glob("*.yaml"))
    assert len(files) >= 2
    for file in files:
        pip = next(
            d for d in yaml.safe_load(file.read_text())["dependencies"] if isinstance(d, dict)
        )
        for requirement in pip["pip"]:
            name, version = requirement.split("==")
            assert lock[name] == version, f"{file.name}: {requirement}"


def test_every_rule_names_an_environment_that_exists(project):
    named = set()
    for file in (project / "workflow" / "rules").glob("*.smk"):
        named |= set(re.findall(r'"\.\./\.\./(envs/[a-z]+\.yaml)"', file.read_text()))
    assert named
    assert all((project / name).is_file() for name in named)


def test_the_package_needs_the_python_that_the_makefile_asks_for(project):
    metadata = tomllib.loads((project / "pyproject.toml").read_text())
    assert metadata["project"]["requires-python"] == ">=3.11"
    assert "(3, 11)" in (project / "Makefile").read_text()


def test_the_slurm_executor_selects_partitions(lock):
    assert Version(lock["snakemake-executor-plugin-slurm"]) >= Version("2.7.1")
