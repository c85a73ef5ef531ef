"""Models on the Hub as rows of a study."""

import json
from collections.abc import Iterator

import pytest

from fake_hub import SIGNATURE, FakeHub

from .conftest import Study

GOOD, GATED = "results/models/org--good/model.json", "results/models/org--gated/model.json"


@pytest.fixture
def hub(new_study, tmp_path, monkeypatch) -> Iterator[FakeHub]:
    content = (new_study / "ant.safetensors").read_bytes()
    files = {"main": {"model.safetensors": content, "config.json": b"{}"}}
    with FakeHub({"org/good": files, "org/gated": files}, tokens=("hf_other",)) as hub:
        hub.meta["org/gated"] = {"gated": "manual"}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        table = "model\tsource\tlocation\trevision\tfamily\n"
        for name in ("good", "gated"):
            table += f"org--{name}\thub\torg/{name}\t{hub.commit(f'org/{name}')}\tf\n"
        (new_study / "models.tsv").write_text(table)
        yield hub


def record(study: Study, path: str) -> dict:
    return json.loads((study / path).read_text())


def test_hub_models_are_measured_once_whatever_the_way(hub, new_study, tmp_path):
    new_study.run(GOOD, GATED)
    assert record(new_study, GOOD)["status"] == "ok"
    assert record(new_study, GATED)["status"] == "gated"
    assert not list((tmp_path / "hf").rglob("*.safetensors"))
    new_study.configure(weights="cache", keep=False)
    assert new_study.planned("--", GOOD, GATED) == {}
    logs = "".join(path.read_text() for path in (new_study / "results/logs").rglob("*.log"))
    assert "hf_secret" not in logs
    assert SIGNATURE not in logs


def test_prefetched_models_are_measured_without_a_network(hub, new_study, monkeypatch):
    new_study.run("--", "prefetch")
    assert not (new_study / "results/models").exists()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = len(hub.log)
    new_study.run(GOOD)
    assert record(new_study, GOOD)["status"] == "ok"
    assert len(hub.log) == asked
