"""One checkpoint, or two side by side, without a study."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from huggingface_hub import constants
from safetensors.numpy import save_file

from complexity_atlas import one_model
from complexity_atlas.__main__ import main
from complexity_atlas.complexity.binning import parse_rules
from complexity_atlas.contracts import COMPARISON, MODEL_COMPLEXITY, read_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.weights.sources import ModelSpec
from fake_hub import FakeHub


def tensors(seed: int, layers: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    found = {"wte.weight": rng.standard_normal((120, 90)).astype(np.float32)}
    for layer in range(layers):
        values = rng.standard_t(4, size=(110, 90)).astype(np.float32)
        found[f"layers.{layer}.mlp.weight"] = values
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    for name, seed, layers in (("short", 1, 2), ("long", 2, 11)):
        (folder / name).mkdir()
        save_file(tensors(seed, layers), folder / name / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def short(folder):
    return one_model.measure_one(one_model.find_model(str(folder / "short")), 1, "cpu")


@pytest.fixture(scope="module")
def long(folder):
    return one_model.measure_one(one_model.find_model(str(folder / "long")), 1, "cpu")


def lmc(values: np.ndarray) -> float:
    """C = H D in 128 bins over ±6 robust standard deviations, from the definition."""
    values = values.astype(np.float64)
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    scaled = np.clip((values - median) / ((high - low) / 1.3489795), -5.999, 5.999)
    p = np.histogram(scaled, 128, (-6, 6))[0] / values.size
    entropy = -(p[p > 0] * np.log(p[p > 0])).sum() / np.log(128)
    return entropy * ((p - 1 / 128) ** 2).sum()


def test_the_method_is_that_of_the_default_study(project):
    config = yaml.safe_load((project / "config" / "config.yaml").read_text())
    primary = config["statistics"]["primary"]["variant"]
    variants = {primary: config["complexity"]["variants"][primary]}
    assert one_model.METHOD.rules == parse_rules(variants)
    assert one_model.METHOD.null_draws == config["complexity"]["null_draws"]
    assert one_model.METHOD.seed == config["seed"]


def test_a_summary_has_layers_by_number_then_roles_then_the_model(short, long):
    parts = one_model.summary(long).part.tolist()
    assert parts[:11] == [f"layer {layer}" for layer in range(11)]
    assert parts[11:] == ["role embedding", "role mlp", "model"]
    values = tensors(1, 2)
    found = one_model.summary(short).set_index("part")
    assert found.n.to_dict() == {
        "layer 0": 9900,
        "layer 1": 9900,
        "role embedding": 10800,
        "role mlp": 19800,
        "model": 30600,
    }
    # A value on an edge may fall on either side of it: one weight in ten thousand.
    assert found.C["layer 1"] == pytest.approx(lmc(values["layers.1.mlp.weight"]), rel=1e-3)
    pooled = np.concatenate([array.ravel() for array in values.values()])
    assert found.C["model"] == pytest.approx(lmc(pooled), rel=1e-3)
    assert found.C.to_numpy() == pytest.approx((found.H * found.D).to_numpy())
    assert found.excess.to_numpy() == pytest.approx((found.C - found.noise).to_numpy())
    assert abs(found.excess["role embedding"]) < abs(found.excess["role mlp"])


def test_a_comparison_is_the_second_minus_the_first(short, long):
    forth, back = one_model.comparison(short, long), one_model.comparison(long, short)
    assert (forth.difference.dropna() == -back.difference.dropna()).all()
    assert forth.value_a.equals(back.value_b)
    only_b = forth[forth.scope == "layer:7"]
    assert only_b.value_a.isna().all()
    assert only_b.value_b.notna().all()
    same = one_model.comparison(short, short)
    assert (same[["difference", "excess_difference"]] == 0).all(axis=None)
    first = one_model.comparison_summary(forth)
    assert first.part.tolist() == one_model.summary(long).part.tolist()


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_result_is_written_as_its_name_says(short, tmp_path, suffix):
    path = tmp_path / f"result.{suffix}"
    one_model.write_result(path, short.complexity, MODEL_COMPLEXITY, {"model": short.record})
    pd.testing.assert_frame_equal(read_table(path, MODEL_COMPLEXITY), short.complexity)


def test_json_holds_the_records_beside_the_rows(short, long, tmp_path):
    path = tmp_path / "result.json"
    compared = one_model.comparison(short, long)
    one_model.write_result(path, compared, COMPARISON, {"a": short.record, "b": long.record})
    content = json.loads(path.read_text())
    assert content["a"]["n_weights"] == 30600
    rows = COMPARISON.check(pd.DataFrame(content["rows"]))
    pd.testing.assert_frame_equal(rows, compared)


def test_a_name_is_a_file_a_folder_or_a_glob(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("short", "short/model.safetensors", "short/*.safetensors"):
        spec = one_model.find_model(name)
        assert (spec.source, spec.location.endswith("safetensors")) == ("file", True)
    odd = tmp_path / "[1] odd"
    odd.mkdir()
    save_file(tensors(0, 1), odd / "model-00001-of-00001.safetensors")
    assert one_model.measure_one(one_model.find_model(str(odd)), 1, "cpu").record.n_weights == 20700


@pytest.mark.parametrize(
    ("name", "revision", "message"),
    [
        ("gone.safetensors", "", "no such file"),
        ("a/b/c", "", "no such file"),
        ("short", "v1", "has no revision"),
        (".", "", "holds no weights"),
    ],
)
def test_a_name_that_is_nothing_says_so(folder, monkeypatch, name, revision, message):
    monkeypatch.chdir(folder)
    with pytest.raises(AtlasError, match=message):
        one_model.find_model(name, revision)


def test_weights_that_cannot_be_read_are_an_error_with_the_reason(tmp_path):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(b"\x10")
    with pytest.raises(AtlasError, match=r"unreadable.*cut\.safetensors"):
        one_model.measure_one(ModelSpec("cut", "file", str(path)), 1, "cpu")


def test_the_commands_print_and_write(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    out = tmp_path / "out.csv"
    assert main(["measure", "short", "--device", "cpu", "--out", str(out)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "short/*.safetensors: 30,600 weights, safetensors"
    assert printed[-1].startswith("model")
    assert set(read_table(out, MODEL_COMPLEXITY).model) == {"short"}
    assert main(["compare", "short", "long", "--device", "cpu", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("model")
    assert len(read_table(out, COMPARISON))


def test_a_result_of_unknown_format_is_refused_before_any_work(folder, capsys):
    assert main(["measure", str(folder / "short"), "--out", "x.xlsx"]) == 1
    assert "ends in .parquet, .csv, .json" in capsys.readouterr().err


@pytest.fixture
def hub(folder, monkeypatch):
    weights = {"model.safetensors": folder / "short" / "model.safetensors"}
    with FakeHub({"org/short": {"main": weights}}) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


def test_an_id_on_the_hub_is_measured_at_the_commit_that_is_printed(hub, short, capsys):
    assert main(["measure", "org/short", "--device", "cpu"]) == 0
    commit = hub.commit("org/short")
    printed = capsys.readouterr().out
    assert printed.startswith(f"org/short, --revision {commit}: 30,600 weights")
    assert printed.endswith(one_model.table_text(one_model.summary(short)) + "\n")
    assert one_model.find_model("org/short", "main").revision == commit


def test_an_id_that_the_hub_does_not_know_is_an_error(hub, capsys):
    assert main(["measure", "org/nothing"]) == 1
    assert "org/nothing" in capsys.readouterr().err


def test_a_server_that_stays_broken_is_an_error(hub, capsys):
    hub.fault("/cdn/", status=500, headers={"Retry-After": "0"}, times=10**6)
    assert main(["measure", "org/short", "--device", "cpu"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("the server answers 500")


def test_both_names_are_looked_up_before_any_work(hub, capsys):
    assert main(["compare", "org/short", "org/nothing"]) == 1
    assert "org/nothing" in capsys.readouterr().err
    assert not [request for request in hub.log if "/cdn/" in request.path]
