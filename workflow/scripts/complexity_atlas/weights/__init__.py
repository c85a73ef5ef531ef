"""Pretrained weights: where they come from, the formats they are stored in, and what counts.

`sources.fetch` brings a model's files to this machine, `open_weights` lists every tensor in them,
and `roles` says which part of the network a tensor belongs to.
"""

from complexity_atlas.weights.entries import Entry, View, Weights
from complexity_atlas.weights.formats import open_weights

__all__ = ["Entry", "View", "Weights", "open_weights"]
