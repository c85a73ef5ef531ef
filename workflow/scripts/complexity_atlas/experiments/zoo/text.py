"""The corpus: English prose that every Python brings along, split by document.

Sources are pydoc's topics (chapters of the language reference) and the docstrings of the standard
library, read with `ast`: nothing of it is imported. Parts that distributors leave out or ship in
packages of their own (tests, IDLE, tkinter, distutils, …) are skipped. The text still differs
between versions of Python, so scores are comparable only where `Corpus.sha256` is the same.
"""

import ast
import hashlib
import re
import sysconfig
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from complexity_atlas.contracts import Contract, one_of, read_table, text, write_table
from complexity_atlas.errors import AtlasError

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz0.,:;'\"()-_*`=/~"
"""Every character of a corpus. "0" stands for any digit, "~" for whatever is not listed."""

SKIPPED = {
    *("__pycache__", "dist-packages", "lib-dynload", "site-packages", "pydoc_data"),
    *("test", "tests", "idlelib", "tkinter", "turtle", "turtledemo"),
    *("distutils", "ensurepip", "lib2to3"),
}
"""Folders and modules of the standard library that are not read."""

SHORTEST_PARAGRAPH = 40
LEAST_LETTERS = 0.85
"""A paragraph is prose when at least this share of it is letters and spaces."""

DOCUMENTS = Contract(
    "zoo text",
    {"document": text(), "split": one_of("train", "test"), "text": text()},
    ("document",),
)


@dataclass(frozen=True)
class Document:
    """One document: its name, "train" or "test", its text over ALPHABET, a paragraph per line."""

    name: str
    split: str
    text: str


@dataclass(frozen=True)
class Corpus:
    """Documents in the order of their names; no paragraph occurs twice."""

    documents: tuple[Document, ...]

    @cached_property
    def sha256(self) -> str:
        """Hash of names, splits and texts: equal exactly where the corpus is equal."""
        lines = (f"{d.name}\t{d.split}\t{d.text}\0" for d in self.documents)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def encoded(self, split: str) -> np.ndarray:
        """All documents of a split in a row, a line each paragraph: uint8 indices into ALPHABET."""
        return encode("\n".join(d.text for d in self.documents if d.split == split))


def encode(text: str) -> np.ndarray:
    """Indices of the characters of `text` in ALPHABET, uint8[len(text)].

    Raises ValueError on a character outside it; `normalise` leaves none.
    """
    indices = _INDEX[np.frombuffer(text.encode("ascii"), np.uint8)]
    if (indices == len(ALPHABET)).any():
        raise ValueError("text has characters outside ALPHABET")
    return indices


def collect_documents(sources: Iterable[str] = ("topics", "docstrings")) -> dict[str, str]:
    """Raw text by document name. Raises AtlasError when a source has none here."""
    readers = {"topics": _topics, "docstrings": _docstrings}
    documents: dict[str, str] = {}
    for source in sources:
        found = readers[source]()
        if not found:
            raise AtlasError(
                f"zoo.sources: {source} has no text in {sysconfig.get_path('stdlib')}; install "
                "Python with its standard library as source, or leave the source out"
            )
        documents |= found
    return documents


def build_corpus(documents: Mapping[str, str], test_share: float = 0.1) -> Corpus:
    """Normalise documents, keep the first occurrence of every paragraph, and split.

    A document is held out when the hash of its name falls below `test_share`, so that adding
    documents moves no other one. Raises AtlasError when a split is empty.
    """
    seen: set[str] = set()
    kept = []
    for name, raw in sorted(documents.items()):
        paragraphs = [line for line in dict.fromkeys(normalise(raw)) if line not in seen]
        seen.update(paragraphs)
        if paragraphs:
            kept.append(Document(name, _split(name, test_share), "\n".join(paragraphs)))
    counts = Counter(document.split for document in kept)
    if len(counts) < 2:
        raise AtlasError(
            f"the zoo's text has {counts['train']} training and {counts['test']} held-out "
            f"documents; give more text or another zoo.test_share than {test_share}"
        )
    return Corpus(tuple(kept))


def normalise(raw: str) -> list[str]:
    """Paragraphs of prose in `raw`, over ALPHABET: lower case, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", raw).casefold().translate(_PUNCTUATION)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", plain))
    return [part.translate(_SPELLING) for part in paragraphs if _is_prose(part)]


def write_corpus(corpus: Corpus, path: Path) -> None:
    """Write a corpus as a table (contract DOCUMENTS)."""
    rows = [(document.name, document.split, document.text) for document in corpus.documents]
    write_table(pd.DataFrame(rows, columns=list(DOCUMENTS.columns)), path, DOCUMENTS)


def read_corpus(path: Path) -> Corpus:
    """Read what `write_corpus` wrote. Raises AtlasError when it is something else."""
    table = read_table(path, DOCUMENTS).sort_values("document")
    return Corpus(tuple(Document(*row) for row in table.itertuples(index=False, name=None)))


def _topics() -> dict[str, str]:
    from pydoc_data.topics import topics

    return {f"topics/{name}": body for name, body in topics.items()}


def _docstrings() -> dict[str, str]:
    root = Path(sysconfig.get_path("stdlib"))
    found = {}
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        skipped = SKIPPED & {*place.parts[:-1], place.stem}
        if not skipped and (body := _docstrings_of(path)):
            found[place.as_posix()] = body
    return found


def _docstrings_of(path: Path) -> str:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ""  # templates and broken leftovers; no loss to a corpus
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    nodes.sort(key=lambda node: getattr(node, "lineno", 0))
    return "\n\n".join(filter(None, map(ast.get_docstring, nodes)))


def _is_prose(paragraph: str) -> bool:
    letters = sum(character.isalpha() or character == " " for character in paragraph)
    return len(paragraph) >= SHORTEST_PARAGRAPH and letters >= LEAST_LETTERS * len(paragraph)


def _split(name: str, test_share: float) -> str:
    first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return "test" if first < test_share * 2**32 else "train"


class _Spelling(dict):
    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if character in ALPHABET else "0" if character.isdigit() else "~"
        return self[code]


_INDEX = np.full(256, len(ALPHABET), np.uint8)
_INDEX[np.frombuffer(ALPHABET.encode("ascii"), np.uint8)] = np.arange(len(ALPHABET))
_SPELLING = _Spelling()
_PUNCTUATION = str.maketrans("‘’‚“”„‐‑‒–—−", "'''\"\"\"------")
