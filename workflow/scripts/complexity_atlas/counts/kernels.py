"""The loops over weights, compiled: each adds what a block of bytes holds to a table.

A table holds occurrences, uint32 for each key. The loops release the interpreter's lock, so that
threads run beside one another.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def tally_bytes(rows, first, stop, tables):
    """Count the bytes [first, stop) of each row, uint8[k, block]; `tables` is uint32[4, 256].

    Four tables in turn, because equal neighbours would wait for each other in one.
    """
    for row in rows:
        for i in range(first, stop):
            tables[i & 3, row[i]] += np.uint32(1)


@njit(cache=True, nogil=True)
def tally_split_codes(
    rows, low_byte, low_shift, low_width, high_byte, high_shift, high_width, table
):
    """Count codes whose high bits are in another part of the row, uint8[k, block], than the low.

    Of each code in a row, `low_byte` and `low_shift` (and `high_…`) are the place of a part, and
    `low_width` is its number of bits.
    """
    low_mask, high_mask = (1 << low_width) - 1, (1 << high_width) - 1
    for row in rows:
        for i in range(len(low_byte)):
            low = (row[low_byte[i]] >> low_shift[i]) & low_mask
            high = (row[high_byte[i]] >> high_shift[i]) & high_mask
            table[low | (high << low_width)] += np.uint32(1)


@njit(cache=True, nogil=True)
def tally_16_bits(words, table):
    """Count the four 16-bit patterns of each word, uint64[k].

    An increment has to wait for the last one of the same entry, and equal patterns come in runs
    (pruned weights, padding): four equal ones are added at once. Several tables would be another
    way, but weights that use much of one fill the nearest cache already.
    """
    low = np.uint64(0xFFFF)
    repeat = np.uint64(0x0001_0001_0001_0001)
    for word in words:
        pattern = word & low
        if word == pattern * repeat:
            table[pattern] += np.uint32(4)
        else:
            table[pattern] += np.uint32(1)
            table[(word >> np.uint64(16)) & low] += np.uint32(1)
            table[(word >> np.uint64(32)) & low] += np.uint32(1)
            table[word >> np.uint64(48)] += np.uint32(1)


@njit(cache=True, nogil=True)
def tally_keys(patterns, shift, top, table, state):
    """Count patterns, uint32[k] or uint64[k], by the bits that `shift` leaves, and scan them.

    By stretches that stay in the nearest cache, where the scan costs little.
    """
    one = np.uint32(1)
    for start in range(0, len(patterns), 4096):
        stretch = patterns[start : start + 4096]
        _scan_patterns(stretch, shift, top, state)
        for pattern in stretch:
            table[pattern >> shift] += one


@njit(cache=True, nogil=True)
def _scan_patterns(patterns, shift, top, state):
    """Bring the state of a scan up to date; `top` is the pattern of infinity.

    The state holds the least and the greatest finite pattern, turned so that they order as the
    values do, the numbers of +0.0, -0.0 and infinities, and the OR of the bits beyond the key.
    One type throughout and no branch: so it becomes vector instructions.
    """
    unsigned = patterns.dtype.type
    zero = unsigned(0)
    ones = unsigned(~zero)
    magnitude = unsigned(ones >> unsigned(1))
    sign = unsigned(~magnitude)
    low, high, plus, minus, infinite, used = ones, zero, zero, zero, zero, zero
    for i in range(len(patterns)):
        pattern = patterns[i]
        size = unsigned(pattern & magnitude)
        turned = unsigned(~pattern) if pattern & sign else unsigned(pattern | sign)
        low = min(low, turned if size < top else ones)
        high = max(high, turned if size < top else zero)
        plus = unsigned(plus + unsigned(pattern == zero))
        minus = unsigned(minus + unsigned(pattern == sign))
        infinite = unsigned(infinite + unsigned(size == top))
        used = unsigned(used | pattern)
    state[0] = min(state[0], low)
    state[1] = max(state[1], high)
    state[2] += plus
    state[3] += minus
    state[4] += infinite
    state[5] |= used & ((unsigned(1) << shift) - unsigned(1))
