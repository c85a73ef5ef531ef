from collections import Counter

import numpy as np
import pytest
import torch
from invented import WINDOW

from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.cloze import (
    Answers,
    answer,
    items_table,
    make_items,
)
from complexity_atlas.experiments.zoo.networks import build
from complexity_atlas.experiments.zoo.settings import FAMILIES, LONGEST_WORD
from complexity_atlas.experiments.zoo.tables import ITEMS
from complexity_atlas.experiments.zoo.text import ALPHABET, encode


def test_every_word_of_a_quartet_is_equally_often_the_answer(exam):
    answers = Counter((item.options, item.options[item.answer]) for item in exam.items)
    by_options = {options: set() for options, _ in answers}
    for (options, _), count in answers.items():
        by_options[options].add(count)
    assert all(len(counts) == 1 for counts in by_options.values())
    assert len(answers) == 4 * len(by_options)
    # so a guesser that looks at the words alone is right in exactly a quarter of the items
    alphabetical = [item.answer == 0 for item in exam.items]
    assert np.mean(alphabetical) == 0.25


def test_options_have_one_length_and_passages_are_held_out(corpus, exam):
    held_out = {d.name: d.text for d in corpus.documents if d.split == "test"}
    for item in exam.items:
        assert len({len(word) for word in item.options}) == 1
        assert len(item.passage) == WINDOW - LONGEST_WORD
        assert item.passage + item.options[item.answer] in held_out[item.document]
    assert len({item.passage for item in exam.items}) == len(exam.items)


def test_items_do_not_change_between_calls(corpus):
    assert make_items(corpus, 40, WINDOW) == make_items(corpus, 40, WINDOW)


def test_too_many_items_name_the_key(corpus):
    with pytest.raises(AtlasError, match=r"zoo\.cloze_items: 100000 wanted"):
        make_items(corpus, 100_000, WINDOW)


def test_the_table_of_items_meets_its_contract(exam):
    table = items_table(exam.items)
    assert set(table.columns) == set(ITEMS.columns)
    assert len(table) == len(exam.items)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_likelihood_is_that_of_passage_and_word_read_together(exam, family):
    network = sharp(family)
    answers = answer(network, exam.items)
    for item, found in zip(exam.items[:6], answers.log_likelihood, strict=False):
        for word, value in zip(item.options, found, strict=True):
            text = torch.from_numpy(encode(item.passage + word)).long()[None]
            log_p = network(text)[0].log_softmax(-1)[0]
            start = len(item.passage)
            expected = sum(log_p[i - 1, text[0, i]] for i in range(start, text.shape[1]))
            assert value == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_completion_is_greedy_decoding(exam, family):
    network = sharp(family)
    items = [with_answer(item, decode(network, item.passage)) for item in exam.items]
    items = [item for item in items if item.options[item.answer]]
    expected = [decode(network, item.passage) == item.options[item.answer] for item in exam.items]
    assert answer(network, exam.items).completed.tolist() == expected
    assert answer(network, items).completed.all()


def test_trials_follow_the_softmax():
    odds = np.array([[0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25], [1e-9, 0, 0, 1]])
    answers = Answers(np.log(np.maximum(odds, 1e-300)), np.zeros(3, bool))
    hits = answers.trials(np.array([0, 3, 3]), 20_000, [1])
    assert hits.mean(axis=1) == pytest.approx([0.7, 0.25, 1], abs=0.015)
    np.testing.assert_array_equal(hits, answers.trials(np.array([0, 3, 3]), 20_000, [1]))


def sharp(family):
    """An untrained network that is sure of what it says."""
    network = build(family, 4000, len(ALPHABET), 0)
    with torch.no_grad():
        network.lm_head.weight.mul_(30)
    return network


def decode(network, passage, longest=8):
    """The word that greedy decoding writes after the passage; "" when it is too long."""
    text = passage
    for _ in range(longest + 1):
        logits, _ = network(torch.from_numpy(encode(text)).long()[None])
        letter = ALPHABET[logits[0, -1].argmax()]
        if not letter.isalpha():
            return text[len(passage) :]
        text += letter
    return ""


def with_answer(item, word):
    from dataclasses import replace

    return replace(item, options=(word, *["z" * len(word)] * 3), answer=0)
