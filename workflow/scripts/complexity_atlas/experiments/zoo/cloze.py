"""Cloze: which of four words ends a held-out passage?

The four words of an item have the same length and nearly the same frequency, and each of them is
the answer of equally many items, so that whoever ignores the passage scores exactly 1/4. A network
answers with the log-likelihood that it gives to each word after the passage.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from complexity_atlas.contracts import read_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.networks import LanguageModel
from complexity_atlas.experiments.zoo.settings import LONGEST_WORD
from complexity_atlas.experiments.zoo.tables import ITEMS
from complexity_atlas.experiments.zoo.text import ALPHABET, Corpus, encode
from complexity_atlas.scores.per_item import item_uid

CLOZE = "zoo_cloze"
OPTIONS = 4
PASSAGES = 8
"""Most passages that one word ends."""
WORD = re.compile(rf"(?<= )[a-z]{{4,{LONGEST_WORD}}}(?=[ .,;:)\n]|$)")

_BATCH = 32  # items at once: what a CPU's cache holds
_LETTERS = torch.tensor([character.isalpha() for character in ALPHABET])


@dataclass(frozen=True)
class Item:
    """A passage of a held-out document, four words, and which of them (0 to 3) ends it."""

    document: str
    passage: str
    options: tuple[str, ...]
    answer: int

    @property
    def uid(self) -> str:
        """SHA-256 over benchmark and prompt, whitespace collapsed, in hexadecimal."""
        return item_uid(CLOZE, f"{self.passage} [{'|'.join(self.options)}]")


@dataclass(frozen=True)
class Answers:
    """What a network makes of the items.

    `log_likelihood` is float64[items, 4], in nats, of each option after the passage. `completed`
    is bool[items]: greedy decoding writes exactly the right word, as LAMBADA asks.
    """

    log_likelihood: np.ndarray
    completed: np.ndarray

    @property
    def probability(self) -> np.ndarray:
        """Softmax over the options, float64[items, 4]."""
        odds = np.exp(self.log_likelihood - self.log_likelihood.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def trials(self, answers: np.ndarray, count: int, seed: Sequence[int]) -> np.ndarray:
        """Whether each of `count` options drawn from the softmax is right, bool[items, count]."""
        draws = np.random.default_rng(seed).random((len(answers), count))
        chosen = (draws[..., None] > self.probability.cumsum(axis=1)[:, None, :-1]).sum(axis=-1)
        return chosen == answers[:, None]


def make_items(corpus: Corpus, count: int, window: int, seed: int = 0) -> tuple[Item, ...]:
    """`count` items (a multiple of 4) on the most frequent words of the held-out text.

    A passage is the `window` - LONGEST_WORD characters before the word, and occurs in one item
    only. Raises AtlasError when the text has too few words.
    """
    places = _places(corpus, window - LONGEST_WORD)
    rng = np.random.default_rng(seed)
    items: list[Item] = []
    for quartet in _quartets({word: len(found) for word, found in places.items()}):
        each = min(
            PASSAGES, min(len(places[word]) for word in quartet), (count - len(items)) // OPTIONS
        )
        for word in quartet:
            chosen = rng.choice(len(places[word]), each, replace=False)
            found = [places[word][place] for place in sorted(chosen)]
            items += [Item(*place, quartet, quartet.index(word)) for place in found]
    if len(items) < count:
        raise AtlasError(
            f"zoo.cloze_items: {count} wanted, the held-out text has {len(items)}; "
            "ask for fewer or raise zoo.test_share"
        )
    return tuple(items)


def items_table(items: Iterable[Item]) -> pd.DataFrame:
    """The items as a table (contract ITEMS); the group of an item is its document."""
    rows = [
        (item.uid, CLOZE, item.document, "test", item.passage, "|".join(item.options), item.answer)
        for item in items
    ]
    return ITEMS.check(pd.DataFrame(rows, columns=list(ITEMS.columns)))


def read_items(path: Path) -> tuple[Item, ...]:
    """Read a table of items. Raises AtlasError when it is something else."""
    return tuple(
        Item(row.group_id, row.text, tuple(row.options.split("|")), row.answer)
        for row in read_table(path, ITEMS).itertuples()
    )


@torch.inference_mode()
def answer(network: LanguageModel, items: Sequence[Item], device: str = "cpu") -> Answers:
    """Let a network answer items; each passage is read once for its four words."""
    scores = np.empty((len(items), OPTIONS))
    completed = np.empty(len(items), bool)
    by_length = defaultdict(list)
    for index, item in enumerate(items):
        by_length[len(item.options[0])].append(index)
    for indices in by_length.values():
        for chunk in (indices[i : i + _BATCH] for i in range(0, len(indices), _BATCH)):
            scores[chunk], completed[chunk] = _answer(network, [items[i] for i in chunk], device)
    return Answers(scores, completed)


def _answer(
    network: LanguageModel, items: Sequence[Item], device: str
) -> tuple[np.ndarray, np.ndarray]:
    passages = _tokens([item.passage for item in items], device)
    words = _tokens([word for item in items for word in item.options], device)
    first, state = network(passages)
    state = tuple(part.repeat_interleave(OPTIONS, 0) for part in state)
    after, _ = network(words, state)
    logits = torch.cat([first[:, -1:].repeat_interleave(OPTIONS, 0), after], 1)
    log_p = logits[:, :-1].log_softmax(-1).gather(-1, words[..., None]).double().sum((1, 2))
    right = torch.tensor([OPTIONS * i + item.answer for i, item in enumerate(items)], device=device)
    best = logits[right].argmax(-1)
    ends = ~_LETTERS.to(device)[best[:, -1]]
    completed = (best[:, :-1] == words[right]).all(1) & ends
    return log_p.view(-1, OPTIONS).cpu().numpy(), completed.cpu().numpy()


def _tokens(texts: Sequence[str], device: str) -> torch.Tensor:
    """int64[texts, length] of texts that have one length."""
    return torch.from_numpy(encode("".join(texts))).long().view(len(texts), -1).to(device)


def _places(corpus: Corpus, length: int) -> dict[str, list[tuple[str, str]]]:
    """Document and passage of every word that can be asked for; no passage twice."""
    places = defaultdict(list)
    seen = set()
    for document in corpus.documents:
        matches = WORD.finditer(document.text, length) if document.split == "test" else ()
        for match in matches:
            passage = document.text[match.start() - length : match.start()]
            if passage not in seen:
                seen.add(passage)
                places[match.group()].append((document.name, passage))
    return places


def _quartets(counts: dict[str, int]) -> list[tuple[str, ...]]:
    """Words of one length in fours of neighbouring frequency, the most frequent fours first."""
    ranked: dict[int, list[str]] = defaultdict(list)
    for word in sorted(counts, key=lambda word: (-counts[word], word)):
        ranked[len(word)].append(word)
    quartets = [
        tuple(sorted(words[i : i + OPTIONS]))
        for words in ranked.values()
        for i in range(0, len(words) - OPTIONS + 1, OPTIONS)
    ]
    return sorted(quartets, key=lambda four: (-sum(counts[word] for word in four), four))
