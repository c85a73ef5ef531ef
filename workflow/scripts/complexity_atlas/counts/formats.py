"""The number types whose values can be counted, and how their bits become numbers."""

from dataclasses import dataclass
from typing import Literal

import ml_dtypes  # noqa: F401  registers bfloat16 and the 8-bit floats with numpy
import numpy as np

from complexity_atlas.weights.packing import PACKINGS, SIGNED

EXACT_VALUES = 1 << 22
"""Tensors of wide types with more values than this are counted by keys, not by whole patterns."""


@dataclass(frozen=True)
class Format:
    """How a number type lays out its bits.

    `step` is the least distance between two values, `key_bits` the length of the keys by which
    large tensors are counted. Of a float, `largest` is the pattern of the largest finite value;
    the next one is infinity where `infinite`, and every pattern beyond is NaN.

    The values of a type of 8 bits or less are codes: so few that they are an alphabet, which
    stands for weights by scales that are stored apart.
    """

    kind: Literal["float", "signed", "unsigned"]
    width: int
    mantissa_bits: int
    step: float
    key_bits: int
    largest: int = 0
    infinite: bool = True

    @property
    def sign(self) -> int:
        """The most significant bit."""
        return 1 << (self.width - 1)

    @property
    def alphabet(self) -> int:
        """Number of codes: distinct finite values of a type of 8 bits or less; 0 of any other."""
        if self.width > 8:
            return 0
        return 2 * self.largest + 1 if self.kind == "float" else 1 << self.width


def _packed_format(dtype: str) -> Format:
    width = PACKINGS[dtype].width
    return Format("signed" if dtype in SIGNED else "unsigned", width, width - 1, 1.0, width)


FORMATS = {
    "int8": Format("signed", 8, 6, 1.0, 8),
    "uint8": Format("unsigned", 8, 7, 1.0, 8),
    "float8_e4m3fn": Format("float", 8, 3, 2.0**-9, 8, 0x7E, infinite=False),
    "float8_e5m2": Format("float", 8, 2, 2.0**-16, 8, 0x7B),
    "float16": Format("float", 16, 10, 2.0**-24, 16, 0x7BFF),
    "bfloat16": Format("float", 16, 7, 2.0**-133, 16, 0x7F7F),
    "float32": Format("float", 32, 23, 2.0**-149, 20, 0x7F7F_FFFF),
    "float64": Format("float", 64, 52, 2.0**-1074, 23, 0x7FEF_FFFF_FFFF_FFFF),
    **{dtype: _packed_format(dtype) for dtype in PACKINGS},
}
"""The types whose values can be counted, by numpy's name, or by that of their packing."""


def decode(patterns: np.ndarray, dtype: str) -> np.ndarray:
    """The values of bit patterns, uint64[k], as float64[k]."""
    kind = FORMATS[dtype]
    if kind.kind == "float":
        return patterns.astype(f"uint{kind.width}").view(dtype).astype(np.float64)
    values = patterns.astype(np.float64)
    return values - 2 * kind.sign * (values >= kind.sign) if kind.kind == "signed" else values
