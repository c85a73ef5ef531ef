"""Numbers as a reader wants them written: one way for each kind of number."""

import math
import re
from collections.abc import Sequence

import pandas as pd

MISSING = "—"


def whole(n: float) -> str:
    """A count with separators: 2,046,000; a dash where it is unknown."""
    return MISSING if pd.isna(n) else f"{int(n):,}"


def counted(n: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 network", "12 networks"."""
    return f"{whole(n)} {one if n == 1 else many or one + 's'}"


def real(x: float, digits: int = 3) -> str:
    """`digits` significant digits, with a real minus sign and without needless exponents."""
    if pd.isna(x):
        return MISSING
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    decimals = digits - 1 - int(exponent)
    if decimals > digits + 4 or decimals < -6:
        return f"{mantissa} × 10^{int(exponent)}".replace("-", "−")
    return f"{x:.{max(decimals, 0)}f}".replace("-", "−")


def signed(x: float, decimals: int = 2) -> str:
    """A number that may go either way, with its sign: +0.26, −0.31; 0.00 has none."""
    if pd.isna(x):
        return MISSING
    text = f"{x:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def fixed(x: float, decimals: int) -> str:
    """A number with so many decimals, so that a column of them lines up."""
    return MISSING if pd.isna(x) else f"{x:.{decimals}f}".replace("-", "−")


def short(x: float) -> str:
    """A number that was chosen, not measured, as it was written: 0.2, 0.95."""
    return MISSING if pd.isna(x) else f"{x:g}".replace("-", "−")


def percent(share: float, decimals: int = 1) -> str:
    """A share of one as a percentage: 24.6 %."""
    return MISSING if pd.isna(share) else f"{100 * share:.{decimals}f}\u00a0%"


def probability(name: str, p: float) -> str:
    """A p or q value with its name: "p = 0.31", "p < 0.001"; empty where it is unknown."""
    if pd.isna(p):
        return ""
    return f"{name}\u00a0<\u00a00.001" if p < 0.001 else f"{name}\u00a0=\u00a0{p:.2g}"


def interval(low: float, high: float, confidence: float) -> str:
    """An interval in words; says so where there is none."""
    if pd.isna(low) or pd.isna(high):
        return "no interval"
    return f"{percent(confidence, 0)} interval {signed(low)} to {signed(high)}"


def minus(text: str) -> str:
    """The text with real minus signs before its numbers; hyphens inside words stay."""
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def listed(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    items = list(items)
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
