"""Invented text with something to learn in it."""

import numpy as np

WINDOW = 32


def invented_documents(count=60, sentences=40):
    """Documents of sentences over a hundred words, where a word depends on the one before."""
    rng = np.random.default_rng(0)
    letters = np.array(list("aaaeeeiioouubcdfghklmnprstvwz"))
    words = ["".join(rng.choice(letters, length)) for length in rng.integers(4, 8, 100)]
    following = rng.permutation(len(words))
    documents = {}
    for number in range(count):
        paragraphs = []
        for _ in range(sentences):
            word, sentence = rng.integers(len(words)), []
            for _ in range(12):
                sentence.append(words[word])
                word = following[word] if rng.random() < 0.7 else rng.integers(len(words))
            paragraphs.append(" ".join(sentence) + ".")
        documents[f"document{number}"] = "\n\n".join(paragraphs)
    return documents
