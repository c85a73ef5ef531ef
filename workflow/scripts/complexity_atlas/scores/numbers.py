"""Printed numbers, intervals and quantities, read by written rules; doubt is an error."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal

FACTORS = {
    "one": Decimal(1),
    "mega": Decimal(10**6),
    "million": Decimal(10**6),
    "giga": Decimal(10**9),
    "billion": Decimal(10**9),
    "trillion": Decimal(10**12),
    "1e21": Decimal(10**21),
}
"""What a quantity's unit multiplies it by."""

_ABSENT = "- -- — – / ? n/a na n.a. none null nil missing error offline unknown tbd"
MISSING = frozenset({"", "not available", *_ABSENT.split()})
"""Lower-case tokens by which sources say that there is no value. None of them means zero."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_NOTHING = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF], "")
_PLAIN = _FULL_WIDTH | _SPACES | _NOTHING | {0x2212: "-", 0xFE63: "-", 0xFE6A: "%"}

_THIN_GROUPS = re.compile(r"(?<=[0-9])[\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
_DIGITS_AND_MARKS = re.compile(r"[+-]?[0-9][0-9., ']*")
_SPREAD = re.compile(r"^(.+?)(?:±|\+/-|\+-|\\pm)(.+)$")
_BRACKETED = re.compile(r"^(.+?)[\[(]([^\[\]()]+?)(?:,|;| to |–|—)([^\[\]()]+)[\])]$")
_ASYMMETRIC = re.compile(r"^\+?([^/+-]+)/ ?-?([^/+-]+)$")


class NoNumber(ValueError):
    """Text that is not read as a number; `reason` is a key of `reported.REASONS`."""

    def __init__(self, reason: str, text: str):
        super().__init__(f"{text[:60]!r}: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number, as printed: 77.0% has `value` 77.0, `percent` and one of `decimals`.

    `spread` is what follows a ±, None if nothing does; whether it is a standard error or half an
    interval is the source's to say. `low` and `high` are a bracketed interval's ends. All three
    share the value's scale.
    """

    value: float
    decimals: int
    percent: bool = False
    spread: float | None = None
    low: float | None = None
    high: float | None = None


def read_number(text: str, grouped: bool = False) -> Printed:
    """Read a number as English sources print it.

    Accepts a percent sign (full-width too), U+2212 for minus, spaces of any width around,
    exponents, "20.0 ± 1.2" and "62.1 [60.0, 64.2]". Commas and thin spaces may group thousands; a
    single group without a decimal point ("1,013", which elsewhere means 1.013) only where `grouped`
    says that the source groups. "1.013,01" is refused. Raises NoNumber: `missing`, `not_finite`,
    `ambiguous_number` or `not_a_number`.
    """
    if _DECIMAL.fullmatch(text):
        return Printed(*_scalar(text, text, grouped))
    plain = plain_text(_THIN_GROUPS.sub(",", text))
    _refuse_tokens(plain, text)
    if match := _SPREAD.match(plain):
        (value, decimals, percent), (spread, _, spread_percent) = (
            _scalar(part, text, grouped) for part in match.groups()
        )
        if spread < 0:
            raise NoNumber("not_a_number", text)
        return Printed(value, decimals, percent or spread_percent, spread)
    if match := _BRACKETED.match(plain):
        (value, decimals, percent), (low, _, _), (high, _, _) = (
            _scalar(part, text, grouped) for part in match.groups()
        )
        if not low <= value <= high:
            raise NoNumber("not_a_number", text)
        return Printed(value, decimals, percent, None, low, high)
    return Printed(*_scalar(plain, text, grouped))


def read_interval(text: str, value: float) -> tuple[float, float]:
    """Return the ends of an interval about `value` printed as "+3/-5", "±4" or "[1190, 1204]".

    Raises NoNumber as `read_number` does, and where the interval does not hold the value.
    """
    plain = plain_text(text)
    _refuse_tokens(plain, text)
    if plain[0] in "[(":
        found = read_number(f"{value!r} {plain}")
        return found.low, found.high
    if plain.startswith(("±", "+/-")):
        spread = read_number(f"{value!r} {plain}").spread
        return value - spread, value + spread
    match = _ASYMMETRIC.match(plain)
    if not match:
        raise NoNumber("not_a_number", text)
    up, down = (_scalar(part, text, False)[0] for part in match.groups())
    return value - down, value + up


def read_quantity(text: str, unit: str = "one") -> float:
    """Return a positive quantity in ones: "1,013.01" million parameters are 1.01301e9.

    A float64 from the start: counts of operations overflow integers. Zero and negative numbers are
    how sources say that they do not know. Raises NoNumber.
    """
    plain = plain_text(text)
    number = read_number(plain, grouped=True)
    if number.percent or number.spread is not None or number.low is not None:
        raise NoNumber("not_a_number", text)
    if number.value <= 0:
        raise NoNumber("missing", text)
    return float(Decimal(plain.replace(",", "")) * FACTORS[unit])


def plain_text(text: str) -> str:
    """Return text with full-width characters, odd spaces and minus signs made plain, and stripped.

    Not Unicode's NFKC, which makes a digit of a superscript footnote mark.
    """
    return " ".join((text if text.isascii() else text.translate(_PLAIN)).split())


def _refuse_tokens(plain: str, text: str) -> None:
    token = plain.lower()
    if token in MISSING:
        raise NoNumber("missing", text)
    if token.lstrip("+-") in ("nan", "inf", "infinity"):
        raise NoNumber("not_finite", text)


def _scalar(part: str, text: str, grouped: bool) -> tuple[float, int, bool]:
    plain = part.strip()
    percent = plain.endswith("%")
    digits = plain.removesuffix("%").rstrip()
    if "," in digits and _GROUPED.fullmatch(digits):
        if digits.count(",") == 1 and "." not in digits and not grouped:
            raise NoNumber("ambiguous_number", text)
        digits = digits.replace(",", "")
    if not _DECIMAL.fullmatch(digits):
        doubtful = _DIGITS_AND_MARKS.fullmatch(digits)
        raise NoNumber("ambiguous_number" if doubtful else "not_a_number", text)
    value = float(digits)
    if math.isinf(value):
        raise NoNumber("not_finite", text)
    return value, _decimals(digits), percent


def _decimals(digits: str) -> int:
    mantissa, _, exponent = digits.lower().partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))
