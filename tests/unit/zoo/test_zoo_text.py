import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.text import (
    ALPHABET,
    SHORTEST_PARAGRAPH,
    SKIPPED,
    build_corpus,
    collect_documents,
    encode,
    normalise,
    read_corpus,
    write_corpus,
)

PROSE = "This is a sentence of plain English prose, number {} of several in a row."


@pytest.fixture(scope="module")
def topics():
    return collect_documents(["topics"])


def test_normalised_prose_is_lower_case_ascii_on_one_line():
    raw = (
        "The  “naïve”\n  façade’s ３ columns — and\tno more than that — stand still.\n\n>>> code(1)"
    )
    assert normalise(raw) == [
        'the "naive" facade\'s 0 columns - and no more than that - stand still.'
    ]


@given(st.text(max_size=300))
def test_whatever_comes_in_only_the_alphabet_comes_out(raw):
    for paragraph in normalise(raw + " and enough plain words to be taken for prose by the filter"):
        assert set(paragraph) <= set(ALPHABET) - {"\n"}
        assert len(paragraph) >= SHORTEST_PARAGRAPH


def test_code_and_tables_are_not_prose():
    assert normalise("x = f(1) + g[2] ** 3 # == {'a': 1, 'b': 2} and some more of the kind") == []


@given(st.text(alphabet=ALPHABET))
def test_encoding_gives_places_in_the_alphabet(text):
    indices = encode(text)
    assert indices.dtype == np.uint8
    assert "".join(ALPHABET[i] for i in indices) == text


@pytest.mark.parametrize("character", ["A", "\x00", "é"])
def test_what_is_not_normalised_cannot_be_encoded(character):
    with pytest.raises(ValueError):
        encode(character)


def test_no_paragraph_occurs_twice(topics):
    corpus = build_corpus({**topics, "zz/copy": topics["topics/specialnames"]})
    paragraphs = [line for d in corpus.documents for line in d.text.split("\n")]
    assert len(set(paragraphs)) == len(paragraphs)
    assert "zz/copy" not in {d.name for d in corpus.documents}


def test_the_split_of_a_document_depends_on_its_name_alone(topics):
    whole = build_corpus(topics, 0.2)
    names = sorted(topics)[::2]
    half = build_corpus({name: topics[name] for name in names}, 0.2)
    splits = {d.name: d.split for d in whole.documents}
    assert all(splits.get(d.name, d.split) == d.split for d in half.documents)


def test_the_hash_follows_the_text_and_not_the_order(topics):
    corpus = build_corpus(topics)
    assert build_corpus(dict(reversed(topics.items()))).sha256 == corpus.sha256
    changed = {**topics, "topics/if": topics["topics/if"] + "\n\n" + PROSE.format(1)}
    assert build_corpus(changed).sha256 != corpus.sha256


def test_a_corpus_survives_the_disk(topics, tmp_path):
    corpus = build_corpus(topics)
    write_corpus(corpus, tmp_path / "text.parquet")
    assert read_corpus(tmp_path / "text.parquet") == corpus


def test_docstrings_are_read_and_nothing_is_imported(tmp_path, monkeypatch):
    package = tmp_path / "package"
    for folder in (package, tmp_path / "test"):
        folder.mkdir()
        (folder / "module.py").write_text(
            f'"""{PROSE.format(1)}"""\nraise SystemExit\n\nclass A:\n'
            f'    """{PROSE.format(2)}"""\n\n    def f(self):\n        """{PROSE.format(3)}"""\n'
        )
    (package / "broken.py").write_text("def (:\n")
    (package / "latin.py").write_bytes(b'"""\xff"""')
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    documents = collect_documents(["docstrings"])
    assert list(documents) == ["package/module.py"]
    assert documents["package/module.py"].count("sentence") == 3
    assert "test" in SKIPPED


def test_a_python_without_sources_is_an_error_that_names_the_key(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    with pytest.raises(AtlasError, match=r"zoo\.sources: docstrings has no text"):
        collect_documents(["docstrings"])


def test_too_little_text_for_two_splits_is_an_error():
    with pytest.raises(AtlasError, match=r"zoo\.test_share"):
        build_corpus({"only": PROSE.format(1)})
