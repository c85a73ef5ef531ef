"""A zoo of small character-level language models with a known history.

Published networks differ in everything at once. Here size, data, family, seed and number type are
chosen, and capability is measured by the study itself: `text` makes the corpus, `networks` the
three families, `train` runs one training run with its checkpoints, `controls` the networks without
capability, `evaluate` and `cloze` the scores, `weight_features` the baseline from the literature.
"""
