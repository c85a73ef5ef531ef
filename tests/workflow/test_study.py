"""The workflow as its users run it, on a tiny study in a temporary folder."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup

from .conftest import SIZES, create_full, environment, save_network
from .parts import RUNS

STATUS_TABLES = ["models.parquet", "ledger.parquet"]


def test_a_study_runs_to_the_end_and_then_has_nothing_to_do(study):
    assert "Nothing to be done" in study.run().stdout
    models = pd.read_parquet(study / "results/models.parquet")
    assert (models.status == "ok").all()
    models = models[models.run == ""]
    assert models.n_weights.tolist() == [2 * width**2 for width in SIZES.values()]
    ledger = pd.read_parquet(study / "results/ledger.parquet")
    assert set(ledger.reason[ledger.tensor == "position_ids"]) != {""}
    run = yaml.safe_load((study / "results/run.yaml").read_text())
    assert run["config"]["complexity"]["null_draws"] == 8
    assert run["versions"]["method"]
    html = (study / "results/report.html").read_text()
    assert all(name in html for name in SIZES)


def test_a_new_variant_recomputes_complexities_and_measures_nothing(study):
    study.configure(complexity={"variants": {"coarse": {"rule": "fixed", "bins": 20}}})
    planned = study.planned()
    assert "measure_weights" not in planned
    assert planned["compute_complexity"] == len(SIZES) + len(RUNS)
    study.run("results/complexity/by_batch/ant.models.parquet")
    table = pd.read_parquet(study / "results/complexity/by_batch/ant.models.parquet")
    assert "coarse" in set(table.variant)


def test_a_new_model_runs_its_own_jobs_only(study):
    save_network(study / "gnu.safetensors", 9, 90)
    study.add_model("gnu", "gnu.safetensors")
    with open(study / "scores.csv", "a") as scores:
        scores.write("gnu,quiz,accuracy,0.61,fraction,test,500\n")
    planned = study.planned()
    assert planned["measure_weights"] == planned["compute_complexity"] == 1
    study.run("results/statistics/analysis.parquet")
    analysis = pd.read_parquet(study / "results/statistics/analysis.parquet")
    assert "gnu" in set(analysis.model)


def test_only_a_model_whose_spectra_are_no_longer_wanted_is_measured_again(study):
    spectra = pd.read_parquet(study / "results/models/ant/spectra.parquet")
    assert spectra.singular_values.map(len).tolist() == [SIZES["ant"]] * 2
    order = pd.read_csv(study / "results/complexity/quantised_order.csv")
    assert set(order.n_models) == {len(SIZES), 3 * len(RUNS)}  # three steps of a run
    study.configure(spectra={"models": ["[!a]*"]})
    assert study.planned()["measure_weights"] == 1
    study.run("results/models/ant/spectra.parquet")
    assert pd.read_parquet(study / "results/models/ant/spectra.parquet").empty


def test_parts_that_are_no_longer_wanted_leave_the_study(study):
    wanted = {part: {"include": False} for part in ("zoo", "companions")}
    study.configure(**wanted, scores={"sources": []})
    assert not {"measure_weights", "compute_complexity"} & set(study.planned())
    study.run()
    assert set(pd.read_parquet(study / "results/models.parquet").model) == set(SIZES)
    assert set(pd.read_parquet(study / "results/scores/view.parquet").source_id) == {"test"}
    page = BeautifulSoup((study / "results/report.html").read_text(), "lxml")
    assert page.select_one("#answer p")
    assert not page.select_one("#companions")
    assert "A zoo with a known history" not in page.get_text()


def test_a_setting_of_the_statistics_leaves_complexities_alone(study):
    study.configure(statistics={"resamples": 299})
    planned = study.planned()
    assert "compute_complexity" not in planned
    assert "answer_question" in planned


@pytest.mark.slow
def test_another_primary_effect_changes_the_first_line_of_the_answer(study):
    def first_line() -> str:
        page = BeautifulSoup((study / "results/report.html").read_text(), "lxml")
        return page.select_one("#answer p").get_text()

    assert "chosen before any score was seen" in first_line()
    study.configure(statistics={"resamples": 199, "primary": {"variant": "rice"}})
    study.run("results/report.html")
    assert first_line().startswith("NOT THE PRE-REGISTERED CHOICE")


def test_a_model_that_cannot_be_measured_is_a_status_and_the_study_goes_on(new_study):
    rows = (new_study / "models.tsv").read_text().splitlines(True)
    (new_study / "models.tsv").write_text("".join(rows[:2]))
    (new_study / "cut.safetensors").write_bytes((new_study / "ant.safetensors").read_bytes()[:900])
    new_study.add_model("cut", "cut.safetensors")
    new_study.add_model("gone", "gone.safetensors")
    new_study.add_model("swapped", "bee.safetensors", "0" * 64)
    new_study.run("results/complexity/models.parquet", "results/models.parquet")
    models = pd.read_parquet(new_study / "results/models.parquet").set_index("model")
    assert models.status[["cut", "gone", "swapped"]].tolist() == [
        "unreadable",
        "unavailable",
        "hash_mismatch",
    ]
    assert "cut.safetensors" in models.reason["cut"]
    complexity = pd.read_parquet(new_study / "results/complexity/models.parquet")
    assert set(complexity.model) == {"ant"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "colour"),
        ({"complexity": {"variants": {"odd": {"rule": "fixed", "bns": 3}}}}, "bns"),
        ({"statistics": {"primary": {"variant": "nowhere"}}}, "nowhere"),
        ({"models": "none.tsv"}, "none.tsv"),
    ],
)
def test_a_bad_configuration_stops_before_any_job(new_study, change, message):
    new_study.configure(**change)
    done = new_study.run("--dry-run", check=False)
    assert done.returncode != 0
    assert message in done.stdout
    assert "Traceback" not in done.stdout


def test_a_duplicate_model_is_named_by_its_rows(new_study):
    new_study.add_model("ANT", "ant.safetensors")
    done = new_study.run("--dry-run", check=False)
    assert done.returncode != 0
    assert "rows 2, 8" in done.stdout


def measured(study) -> list[Path]:
    return list(study.folder.glob("results/models/*/model.json"))


def test_a_killed_run_repeats_nothing_that_was_finished(new_study):
    target = "results/models.parquet"
    new_study.kill_when_measured(4, target)
    before = {path: path.stat().st_mtime_ns for path in measured(new_study)}
    new_study.run("--unlock")
    new_study.run("--rerun-incomplete", target)
    # A job that wrote its last file but had not been checked by Snakemake is run again, rightly.
    assert sum(path.stat().st_mtime_ns != before[path] for path in before) <= 1
    assert not list(new_study.folder.rglob("*.part"))
    records = [json.loads(path.read_text()) for path in measured(new_study)]
    assert [record["status"] for record in records] == ["ok"] * len(SIZES)


def test_an_archive_rebuilds_the_study_without_weights(study, tmp_path):
    package = [study.command()[0], "-m", "complexity_atlas"]
    subprocess.run([*package, "archive"], cwd=study.folder, check=True)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    archive = study / "results/archive.tar"
    subprocess.run([*package, "unpack", str(archive)], cwd=fresh, check=True)
    command = study.command("results/archived/config.yaml")
    done = subprocess.run(
        command, cwd=fresh, env=environment(), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for rule in ("measure_weights", "measure_zoo", "train_zoo", "tune_zoo_heads"):
        assert rule not in done.stderr + done.stdout
    verified = subprocess.run([*package, "verify"], cwd=fresh, text=True, capture_output=True)
    assert verified.returncode == 0, verified.stdout
    assert "identical bytes" in verified.stdout
    assert "weight_features" in verified.stdout
    assert "linear_heads" in verified.stdout
    assert "within" not in verified.stdout


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_cores(study, tmp_path):
    other = create_full(tmp_path / "other")
    command = other.command(cores=1)
    subprocess.run(
        [*command, "results/statistics/verdict.csv", "results/statistics/calibration.csv"],
        cwd=other.folder,
        env=environment(),
        check=True,
        capture_output=True,
    )
    tables = [
        path.relative_to(other / "results") for path in other.folder.glob("results/statistics/*")
    ]
    tables = [path for path in tables if path.suffix == ".csv"]
    assert len(tables) > 10
    for name in ("complexity/models.parquet", *tables):
        assert (study / "results" / name).read_bytes() == (other / "results" / name).read_bytes()


def test_a_missing_package_stops_at_once_with_the_remedy(new_study, tmp_path):
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'numba' else find(name, *a)\n"
    )
    done = subprocess.run(
        [*new_study.command(), "--dry-run"],
        cwd=new_study.folder,
        env=environment() | {"PYTHONPATH": str(hide)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode != 0
    assert "Python packages are missing: numba" in done.stdout
    assert "make results" in done.stdout


def test_another_directory_holds_the_results(new_study, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(new_study.folder, elsewhere)
    subprocess.run(
        [
            *new_study.command(str(elsewhere / "study.yaml")),
            *("--directory", str(elsewhere), "results/models/ant/model.json"),
        ],
        cwd=tmp_path,
        env=environment(),
        check=True,
        capture_output=True,
    )
    assert (elsewhere / "results/models/ant/model.json").exists()
    assert not (tmp_path / "results").exists()


def test_figures_are_listed_in_the_report_of_snakemake(study):
    study.run("--report", "report.zip")
    with zipfile.ZipFile(study / "report.zip") as archive:
        text = " ".join(archive.namelist())
    assert "score_vs_complexity" in text
