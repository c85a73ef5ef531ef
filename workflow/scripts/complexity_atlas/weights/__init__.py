"""Pretrained weights: where they come from, the formats they are stored in, and what counts.

`sources.fetch` brings a model's files to this machine, `open_weights` lists every tensor in them,
`roles` says which part of the network a tensor belongs to, and `matrices` takes the linear maps out
of tensors that hold several.
"""

from complexity_atlas.weights.entries import Entry, View, Weights
from complexity_atlas.weights.formats import open_weights
from complexity_atlas.weights.matrices import Matrix, matrices

__all__ = ["Entry", "Matrix", "View", "Weights", "matrices", "open_weights"]
