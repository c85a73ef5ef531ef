"""Hostile and damaged content: refused or neutralised, with a reason, whatever the format."""

import gzip
import io
import pickle
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_files import FIXTURES, fuzz, parse, reasons

from complexity_atlas.errors import AtlasError
from complexity_atlas.scores import sources
from complexity_atlas.scores.reported import FLAGS, REASONS
from complexity_atlas.scores.sources import PARSERS, archives

CSV = "Model,ARC,HellaSwag,MMLU,TruthfulQA\norg/m,60,80,50,40\n"


def zipped(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class Payload:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def scores_of(kind, content):
    """The scores of content, none where it is named as a file of another kind."""
    try:
        return parse(kind, content).reported
    except AtlasError:
        return ()


@pytest.mark.parametrize("kind", sorted(PARSERS))
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nasty_29_a_pickle_is_not_loaded(kind, protocol):
    assert not scores_of(kind, pickle.dumps(Payload(), protocol))


@pytest.mark.parametrize("kind", sorted(PARSERS))
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"\0" * 64, b"PAR1 PAR1", b"a,b\n1,2"])
def test_other_bytes_give_no_scores(kind, content):
    assert not scores_of(kind, content)


@pytest.mark.parametrize("kind", sorted(PARSERS))
def test_nasty_28_an_html_error_page_gives_no_scores(kind):
    page = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
    assert not scores_of(kind, page)


@pytest.mark.parametrize("kind", ["harness", "helm", "mteb", "openllm_v1", "arena"])
def test_nasty_29_deep_json_is_too_deep(kind):
    parsed = parse(kind, '{"results":' + "[" * 200_000 + "]" * 200_000 + "}")
    assert [r.reason for r in parsed.rejects] == ["too_deep"]


def test_nasty_29_a_formula_in_a_cell_is_refused():
    text = CSV + "=cmd|' /C calc'!A0,60,80,50,40\n@SUM(1),60,80,50,40\n-m/x,60,80,50,40\n"
    parsed = parse("openllm_v1_board", text)
    assert {r.model_raw for r in parsed.reported} == {"org/m", "-m/x"}
    assert {r.reason for r in parsed.rejects} == {"spreadsheet_formula"}


def test_nasty_29_a_formula_in_the_place_of_a_number_is_no_number():
    parsed = parse("openllm_v1_board", CSV.replace("60", "=1+1"))
    assert reasons(parsed)["2,2"] == "not_a_number"


def test_ragged_rows_are_rejected_and_never_shifted():
    parsed = parse("openllm_v1_board", CSV + "org/short,60,80\norg/long,1,2,3,4,5\n")
    assert {r.model_raw for r in parsed.reported} == {"org/m"}
    assert [r.reason for r in parsed.rejects] == ["ragged_row"] * 2


def test_nasty_29_zip_slip_paths_are_refused_and_honest_members_read():
    content = zipped(
        ("../../evil.csv", CSV),
        ("/etc/evil.csv", CSV),
        ("C:\\evil.csv", CSV),
        ("a\\..\\..\\evil.csv", CSV),
        ("good/board.csv", CSV),
    )
    parsed = parse("openllm_v1_board", content)
    assert {r.locator.partition("!")[0] for r in parsed.reported} == {"good/board.csv"}
    assert [r.reason for r in parsed.rejects] == ["archive_member"] * 4


def test_nasty_29_links_in_archives_are_refused():
    link = tarfile.TarInfo("link.csv")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    parsed = parse(
        "openllm_v1_board",
        tarred((link, b""), (tarfile.TarInfo("ok.csv"), CSV.encode())),
    )
    assert len(parsed.reported) == 4
    assert [r.reason for r in parsed.rejects] == ["archive_member"]


def test_nasty_29_a_bomb_in_an_archive_is_refused_before_it_unpacks(monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER", 1000)
    parsed = parse("openllm_v1_board", zipped(("bomb.csv", "0" * 10_000), ("ok.csv", CSV)))
    assert [(r.locator, r.reason) for r in parsed.rejects] == [("bomb.csv!", "archive_member")]
    assert len(parsed.reported) == 4
    monkeypatch.setattr(archives, "MAX_TOTAL", 1000)
    parsed = parse("openllm_v1_board", zipped(("bomb.csv", "0" * 10_000)))
    assert [r.reason for r in parsed.rejects] == ["too_big"]


def test_members_are_chosen_by_pattern_and_read_in_order_of_their_paths():
    content = zipped(("b.csv", CSV), ("a.csv", CSV), ("notes.txt", "x"))
    rows = parse("openllm_v1_board", content, members="*.csv").reported
    assert [r.locator for r in rows[::4]] == ["a.csv!2,2", "b.csv!2,2"]


def test_nasty_28_a_truncated_archive_is_undecodable():
    for whole in (zipped(("a.csv", CSV * 100)), gzip.compress(CSV.encode() * 100)):
        parsed = parse("openllm_v1_board", whole[:-12])
        assert [r.reason for r in parsed.rejects] == ["undecodable"]


def test_nasty_29_a_file_above_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    assert [r.reason for r in parse("openllm_v1_board", CSV).rejects] == ["too_big"]


def test_nasty_30_a_name_is_kept_as_printed():
    name = "org/Mistral\u20117B\u200b-v0.1"
    text = CSV.replace("org/m", name)
    assert {r.model_raw for r in parse("openllm_v1_board", text).reported} == {name}


@pytest.mark.parametrize("kind", ["openllm_v1_board", "obsscaling", "timm", "epoch", "arena"])
@fuzz
@given(text=st.text(max_size=200))
def test_any_text_under_an_honest_header_is_scores_or_rejects(kind, text):
    headers = {
        "openllm_v1_board": "Model,ARC,HellaSwag,MMLU,TruthfulQA",
        "obsscaling": (FIXTURES / "obsscaling.csv").read_text().splitlines()[0],
        "timm": "model,img_size,top1,top5",
        "epoch": "id,Model version,Score",
        "arena": "model,arena_score,95_pct_ci",
    }
    parsed = parse(kind, headers[kind] + "\n" + text.encode("utf-8", "ignore").decode())
    assert all(r.model_raw.strip() for r in parsed.reported)
    assert {r.reason for r in parsed.rejects} <= set(REASONS)
    assert {flag for r in parsed.reported for flag in r.flags} <= set(FLAGS)


def test_every_kind_is_explained(project):
    text = (project / "config" / "scores" / "README.md").read_text()
    assert [kind for kind in PARSERS if f"| `{kind}` |" not in text] == []
