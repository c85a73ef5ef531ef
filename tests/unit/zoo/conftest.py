"""A zoo that trains in seconds on invented text."""

import pytest
import torch
from invented import WINDOW, invented_documents

from complexity_atlas.experiments.zoo.cloze import make_items
from complexity_atlas.experiments.zoo.evaluate import make_exam
from complexity_atlas.experiments.zoo.settings import RunSpec
from complexity_atlas.experiments.zoo.text import build_corpus


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpus():
    return build_corpus(invented_documents(), test_share=0.2)


@pytest.fixture(scope="session")
def exam(corpus):
    return make_exam(corpus, make_items(corpus, 40, WINDOW), 50, WINDOW, trials=10)


@pytest.fixture
def tiny_run():
    def make(family="lstm", seed=0, dtype="float32", steps=12, size=4000):
        return RunSpec(family, size, seed, dtype, steps, batch=8, window=WINDOW)

    return make
