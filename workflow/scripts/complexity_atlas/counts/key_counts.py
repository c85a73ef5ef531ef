"""Counts of bit patterns: what counting a tensor gives, and what is stored of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from complexity_atlas.counts.formats import FORMATS, decode
from complexity_atlas.counts.value_counts import STRETCH, Counts, ValueCounts, combined


@dataclass(frozen=True, eq=False)
class KeyCounts(Counts):
    """How often each bit pattern occurs in a tensor: the form in which counts are stored.

    A key is the `key_bits` most significant bits of a pattern of type `dtype`; as many as the
    type has make the counts exact. Only finite values have keys: `n_nan` and `n_inf` (of either
    sign) stand apart, and -0.0 is counted as +0.0. Key 0 is the value zero alone, also where keys
    are cut short; the subnormals that would share it go with the next key of their sign.

    `keys` is uint64[k], strictly ascending; `counts` is int64[k], positive; `minimum` and
    `maximum` are those of the finite values, exact, NaN where there is none. Raises ValueError
    where keys and counts are not so.
    """

    dtype: str
    key_bits: int
    keys: np.ndarray
    counts: np.ndarray
    n_nan: int
    n_inf: int
    minimum: float
    maximum: float

    def __post_init__(self):
        if self.dtype not in FORMATS:
            raise ValueError(f"dtype {self.dtype!r} is not one of {', '.join(FORMATS)}")
        keys, counts = self.keys, self.counts
        if not 0 < self.key_bits <= FORMATS[self.dtype].width:
            raise ValueError(f"{self.dtype} has no keys of {self.key_bits} bits")
        if (keys.dtype, counts.dtype) != (np.uint64, np.int64) or keys.shape != counts.shape:
            raise ValueError("keys must be uint64 and counts int64, one for each key")
        if not (keys[1:] > keys[:-1]).all() or (len(keys) and int(keys[-1]) >> self.key_bits):
            raise ValueError(f"keys must ascend and lie below 2**{self.key_bits}")
        if not (counts > 0).all():
            raise ValueError("counts must be positive")

    @cached_property
    def n(self) -> int:
        """Number of finite weights."""
        return int(self.counts.sum())

    @property
    def exact(self) -> bool:
        """Whether a key is a whole bit pattern."""
        return self.key_bits == FORMATS[self.dtype].width

    def __add__(self, other: "KeyCounts") -> "KeyCounts":
        """The counts of both tensors together; ValueError unless dtype and key_bits agree."""
        if (self.dtype, self.key_bits) != (other.dtype, other.key_bits):
            raise ValueError(
                f"counts of {self.dtype} by {self.key_bits} bits and of {other.dtype} by "
                f"{other.key_bits} bits do not add; add their values() with merge"
            )
        keys = np.concatenate([self.keys, other.keys])
        counts = np.concatenate([self.counts, other.counts])
        order = np.argsort(keys, kind="stable")
        (keys,), counts = combined([keys[order]], counts[order])
        return replace(
            self,
            keys=keys,
            counts=counts,
            n_nan=self.n_nan + other.n_nan,
            n_inf=self.n_inf + other.n_inf,
            minimum=float(np.fmin(self.minimum, other.minimum)),
            maximum=float(np.fmax(self.maximum, other.maximum)),
        )

    def values(self) -> ValueCounts:
        """The same counts over real numbers."""
        return self._values(0, len(self.keys))

    def stretches(self) -> Iterator[ValueCounts]:
        """`values()` by stretches, each made when it is asked for."""
        for start in range(0, len(self.keys), STRETCH):
            yield self._values(start, start + STRETCH)

    def _values(self, start: int, stop: int) -> ValueCounts:
        """The counts of the values from the `start`-th to before the `stop`-th, ascending."""
        kind = FORMATS[self.dtype]
        first = self._ascending(self.keys, start, stop)
        mantissa_bits = kind.mantissa_bits
        if self.exact:
            lower = upper = decode(first, self.dtype)
            mantissa_bits = min(mantissa_bits, _mantissa_bits(lower))
        else:
            lower, upper = self._cells(first << np.uint64(kind.width - self.key_bits))
        return ValueCounts(
            lower,
            upper,
            self._ascending(self.counts, start, stop),
            self.n_nan,
            self.n_inf,
            mantissa_bits,
            kind.step,
            self.dtype if kind.alphabet else "",
        )

    def _ascending(self, of_keys: np.ndarray, start: int, stop: int) -> np.ndarray:
        """What belongs to the keys of a range, in the order of the values."""
        kind = FORMATS[self.dtype].kind
        if kind == "unsigned":
            return of_keys[start:stop]
        split = int(np.searchsorted(self.keys, np.uint64(1 << (self.key_bits - 1))))
        outwards = -1 if kind == "float" else 1  # a larger float pattern is further from zero
        negative, positive = of_keys[split:][::outwards], of_keys[:split]
        rest = slice(*(max(0, place - len(negative)) for place in (start, stop)))
        return np.concatenate([negative[start:stop], positive[rest]])

    def _cells(self, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest value of each key, given its first pattern."""
        kind = FORMATS[self.dtype]
        sign = np.uint64(kind.sign)
        cell = np.uint64((1 << (kind.width - self.key_bits)) - 1)
        magnitude = first & ~sign
        near = np.where(magnitude == cell + 1, first - cell, first)
        far = np.where(magnitude == 0, first, first | cell)
        near, far = decode(near, self.dtype), decode(far, self.dtype)
        negative = first >= sign
        lower, upper = np.where(negative, far, near), np.where(negative, near, far)
        return (
            np.clip(lower, self.minimum, self.maximum),
            np.clip(upper, self.minimum, self.maximum),
        )


def _mantissa_bits(values: np.ndarray) -> int:
    """Mantissa bits that the values use: 52 less the trailing zeros that all of them share."""
    used = int(np.bitwise_or.reduce(values.view(np.uint64), initial=0)) & ((1 << 52) - 1)
    return 52 - (used & -used).bit_length() + 1 if used else 0
