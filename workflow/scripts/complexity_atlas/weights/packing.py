"""Where quantised types keep their codes: the layouts of GGUF, GPTQ, AWQ and bitsandbytes.

A quantised tensor is a sequence of blocks; a block has some codes, and with them the scales that
turn codes into weights. The codes are counted, the scales are not: they are few, and of another
kind. Layouts are those of ggml (https://github.com/ggml-org/ggml, `ggml-common.h`, and the `gguf`
package), AutoGPTQ, AutoAWQ and bitsandbytes.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Bits:
    """Bits of the codes of a block: `width` of each code, in the bytes from `first` on.

    By stretches of `run` bytes: the codes of the lowest bits of all its bytes come first, then
    those of the next ones.
    """

    first: int
    width: int
    run: int

    def places(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Byte in the block and shift in the byte of the n codes, int64[n] each."""
        code = np.arange(n)
        per_byte = 8 // self.width
        stretch, inside = np.divmod(code, per_byte * self.run)
        level, byte = np.divmod(inside, self.run)
        return self.first + stretch * self.run + byte, level * self.width


@dataclass(frozen=True)
class Packing:
    """Blocks of `block_bytes` bytes with `n` codes each.

    A code is its `low` bits and, in some types, its `high` bits from another part of the block.
    """

    block_bytes: int
    n: int
    low: Bits
    high: Bits | None = None

    @property
    def scale_bytes(self) -> int:
        """Bytes of a block that are no codes."""
        return self.block_bytes - self.n * self.width // 8

    @property
    def width(self) -> int:
        """Bits of a code."""
        return self.low.width + (self.high.width if self.high else 0)

    @cached_property
    def code_bytes(self) -> tuple[int, int] | None:
        """First byte of a block with codes and the byte after the last; None of split codes."""
        return None if self.high else (self.low.first, self.low.first + self.n * self.width // 8)

    def unpack(self, blocks: np.ndarray) -> np.ndarray:
        """Codes of blocks uint8[m, block_bytes], in the order of the weights: uint8[m, n]."""
        codes = _extract(blocks, self.low, self.n)
        if self.high:
            codes |= _extract(blocks, self.high, self.n) << self.low.width
        return codes


def _extract(blocks: np.ndarray, bits: Bits, n: int) -> np.ndarray:
    byte, shift = bits.places(n)
    return (blocks[:, byte] >> shift.astype(np.uint8)) & np.uint8((1 << bits.width) - 1)


def _nibbles(block_bytes: int, n: int, first: int, run: int) -> Packing:
    return Packing(block_bytes, n, Bits(first, 4, run))


PACKINGS: dict[str, Packing] = {
    "q4_0": _nibbles(18, 32, 2, 16),
    "q4_1": _nibbles(20, 32, 4, 16),
    "q5_0": Packing(22, 32, Bits(6, 4, 16), Bits(2, 1, 1)),
    "q5_1": Packing(24, 32, Bits(8, 4, 16), Bits(4, 1, 1)),
    "q8_0": Packing(34, 32, Bits(2, 8, 32)),
    "q2_k": Packing(84, 256, Bits(16, 2, 32)),
    "q3_k": Packing(110, 256, Bits(32, 2, 32), Bits(0, 1, 32)),
    "q4_k": _nibbles(144, 256, 16, 32),
    "q5_k": Packing(176, 256, Bits(48, 4, 32), Bits(16, 1, 32)),
    "q6_k": Packing(210, 256, Bits(0, 4, 64), Bits(128, 2, 32)),
    "nf4": _nibbles(1, 2, 0, 1),
    "fp4": _nibbles(1, 2, 0, 1),
    "gptq_int4": _nibbles(4, 8, 0, 1),
    "gptq_int8": Packing(4, 4, Bits(0, 8, 1)),
    "awq_int4": _nibbles(4, 8, 0, 1),
    "llm_int8": Packing(1, 1, Bits(0, 8, 1)),
    "int8_scaled": Packing(1, 1, Bits(0, 8, 1)),
}
"""Packed types by name: those of GGUF, of bitsandbytes (nf4, fp4, llm_int8), of GPTQ and AWQ, and
any other 8-bit integers with scales.

Codes of nf4 and fp4 leave `unpack` with the halves of a byte exchanged, those of awq_int4 in the
order of the words: counts do not see it.
"""

SIGNED = frozenset({"q8_0", "llm_int8", "int8_scaled"})
"""Packed types whose codes are signed; the codes of all others count from 0."""
