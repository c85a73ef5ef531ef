"""Networks with the statistics of a trained one and without its capability.

Both keep every tensor's name, shape and number type, and are networks of the same family: they can
be scored. They say what a measure of weight distributions sees when there is nothing to see.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Weights = dict[str, Tensor]


def shuffled(weights: Weights, seed: int) -> Weights:
    """Permute the values within each tensor: every value count, hence every complexity, stays."""
    generator = torch.Generator().manual_seed(seed)

    def permute(tensor: Tensor) -> Tensor:
        order = torch.randperm(tensor.numel(), generator=generator)
        return tensor.flatten()[order].view(tensor.shape)

    return _each(weights, permute)


def reinitialised(weights: Weights, seed: int) -> Weights:
    """Draw each tensor from the Gaussian with its mean and standard deviation (float64, ddof 0)."""
    generator = torch.Generator().manual_seed(seed)

    def draw(tensor: Tensor) -> Tensor:
        values = tensor.double()
        noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        return (values.mean() + values.std(correction=0) * noise).to(tensor.dtype)

    return _each(weights, draw)


CONTROLS: dict[str, Callable[[Weights, int], Weights]] = {
    "shuffled": shuffled,
    "reinitialised": reinitialised,
}


def _each(weights: Weights, change: Callable[[Tensor], Tensor]) -> Weights:
    return {name: change(weights[name]) for name in sorted(weights)}
