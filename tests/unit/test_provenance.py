import hashlib

from complexity_atlas import METHOD_VERSION, provenance


def test_hashes_are_those_of_the_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"weights" * 1000)
    assert provenance.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_versions_name_what_can_change_a_number():
    found = provenance.versions("numpy", "no-such-package")
    assert found["method"] == METHOD_VERSION
    assert found["numpy"].count(".") == 2
    assert found["no-such-package"] == "absent"


def test_a_digest_follows_the_code_of_its_modules_only(tmp_path, monkeypatch):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "inner.py").write_text("a = 1\n")
    (tmp_path / "alone.py").write_text("b = 1\n")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    before = provenance.code_digest("part"), provenance.code_digest("alone")
    (tmp_path / "part" / "inner.py").write_text("a = 2\n")
    after = provenance.code_digest("part"), provenance.code_digest("alone")
    assert before[0] != after[0]
    assert before[1] == after[1]
    assert provenance.code_digest("part", "alone") == provenance.code_digest("alone", "part")


def test_a_run_record_holds_configuration_inputs_and_outputs(tmp_path):
    path = tmp_path / "models.tsv"
    path.write_text("models")
    record = provenance.run_record({"seed": 1}, {"models.tsv": str(path)}, [path], 1)
    digest = hashlib.sha256(b"models").hexdigest()
    assert record["inputs"]["models.tsv"] == {"path": str(path), "sha256": digest}
    assert record["outputs"] == {path.as_posix(): digest}
    assert set(provenance.PACKAGES) < set(record["versions"])
