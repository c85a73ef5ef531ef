"""Five hundred models: planning stays cheap, and one more model is one more measurement."""

import pytest

from .conftest import Study

MODELS = 500


def hub_row(number: int) -> str:
    return f"m{number:03}\thub\torg/m{number:03}\t{number:040x}\tfamily-{number % 40}\n"


def pretend_to_be_finished(study: Study) -> None:
    """Put an empty file in the place of every output, and let Snakemake take them for results."""
    for line in study.run("--summary").stdout.splitlines():
        fields = line.split("\t")
        if len(fields) > 1 and fields[0].startswith("results/"):
            path = study / fields[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    study.run("--touch", "--quiet", "all")


@pytest.mark.slow
def test_one_of_five_hundred_models_is_one_measurement(new_study):
    table = new_study / "models.tsv"
    rows = [hub_row(number) for number in range(MODELS)]
    table.write_text("model\tsource\tlocation\trevision\tfamily\n" + "".join(rows))
    pretend_to_be_finished(new_study)
    assert new_study.planned() == {}
    with open(table, "a") as opened:
        opened.write(hub_row(MODELS))
    planned = new_study.planned()
    assert planned["measure_weights"] == planned["compute_complexity"] == 1
    assert sum(planned.values()) < 60
