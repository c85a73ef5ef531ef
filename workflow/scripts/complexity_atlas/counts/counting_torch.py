"""Counting bit patterns with torch, where the weights are: on a CUDA device, Apple's, or the CPU.

The results are those of `counting`, bit for bit. Floats are never touched, only their patterns
as integers: a GPU may flush subnormals.
"""

import numpy as np
import torch

from complexity_atlas.counts.formats import EXACT_VALUES, FORMATS
from complexity_atlas.counts.key_counts import KeyCounts
from complexity_atlas.counts.tallies import Scan, Tally, tally_of_sorted, tally_of_table
from complexity_atlas.errors import AtlasError

_CHUNK = 1 << 24  # values at a time: their keys are 64-bit numbers for a moment

_SIGNED = {8: torch.int8, 16: torch.int16, 32: torch.int32, 64: torch.int64}


def count(tensor: torch.Tensor) -> KeyCounts:
    """Counts of a tensor on the device where it is, by the policy of `counting.count_many`.

    Raises AtlasError where its type cannot be counted.
    """
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in FORMATS:
        raise AtlasError(f"values of type {dtype} cannot be counted, only {', '.join(FORMATS)}")
    patterns = tensor.detach().reshape(-1).view(_SIGNED[FORMATS[dtype].width])
    exact = len(patterns) <= EXACT_VALUES
    first, *others = [tally(chunk, dtype, exact) for chunk in patterns.split(_CHUNK)]
    return sum(others, start=first).total()


def tally(patterns: torch.Tensor, dtype: str, exact: bool) -> Tally:
    """Counts of bit patterns, signed integers of the width of `dtype`, on their device.

    `exact` asks for whole patterns of a type that has more than 16 bits.
    """
    kind = FORMATS[dtype]
    if kind.width <= 16:
        return tally_of_table(dtype, _table(patterns.int(), kind.width))
    if exact:
        ascending = patterns.sort().values.cpu().numpy()
        unsigned = np.roll(ascending, -np.searchsorted(ascending, 0))  # negative ones come last
        return tally_of_sorted(dtype, unsigned.view(f"uint{kind.width}"))
    table = _table(patterns >> (kind.width - kind.key_bits), kind.key_bits)
    return tally_of_table(dtype, table, _scan(patterns, dtype))


def _table(patterns: torch.Tensor, bits: int) -> np.ndarray:
    """Occurrences of each pattern of the last `bits` bits, int64[2**bits]."""
    size = 1 << bits
    return torch.bincount(patterns & (size - 1), minlength=size).cpu().numpy()


def _scan(patterns: torch.Tensor, dtype: str) -> Scan:
    kind = FORMATS[dtype]
    least, greatest = -kind.sign, kind.sign - 1
    size = patterns & greatest
    finite = size <= kind.largest
    # Negative floats ascend as their patterns descend: turn these round.
    turned = patterns ^ ((patterns >> (kind.width - 1)) & greatest)
    found = [
        torch.where(finite, turned, greatest).min(),
        torch.where(finite, turned, least).max(),
        (patterns == 0).sum(),
        (patterns == least).sum(),
        (size == kind.largest + 1).sum(),
        ((patterns & ((1 << (kind.width - kind.key_bits)) - 1)) != 0).sum(),
    ]
    low, high, plus_zeros, minus_zeros, infinities, cut = torch.stack(
        [entry.long() for entry in found]
    ).tolist()
    ends = [end if end >= 0 else (end ^ greatest) + 2 * kind.sign for end in (low, high)]
    extremes = tuple(sorted(ends)) if low <= high else ()
    return Scan(plus_zeros, minus_zeros, infinities, extremes, bool(cut))
