"""Printed dates and times, read without a locale; what is not certain is no date."""

import re
from datetime import UTC, datetime

from complexity_atlas.scores.numbers import plain_text

_ISO = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[-/])(?P<month>[0-9]{2})(?P=mark)(?P<day>[0-9]{2})"
    r"(?:[T_ ](?P<hour>[0-9]{2})[:-](?P<minute>[0-9]{2})(?:[:-](?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r" ?(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ENGLISH = re.compile(
    r"(?P<day>[0-9]{1,2}) (?P<month>[A-Za-z]{3,9})\.? (?P<year>[0-9]{4})"
    r"(?:,? (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?P<second>)? ?(?P<half>[apAP][mM])?"
    r" ?(?P<zone>Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_MONTHS = {
    "january": 1,
    "february": 2,
    "march": 3,
    "april": 4,
    "may": 5,
    "june": 6,
    "july": 7,
    "august": 8,
    "september": 9,
    "october": 10,
    "november": 11,
    "december": 12,
}
"""Not Python's calendar, which follows the locale."""
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()}
_EPOCH = re.compile(r"[0-9]+(\.[0-9]*)?")


def read_date(text: str, utc: bool = False) -> str:
    """Return a printed date as ISO 8601 in UTC, or "" where it is not certain.

    Knows ISO dates and times (also with "-" for ":", as in file names), epoch seconds and
    milliseconds, "2025/06/13" and "17 November 2025 4:28pm". A time of day without a zone is
    uncertain unless `utc` says that the source means UTC; a date alone is taken as printed.
    Numbers outside 2001 to 2100, such as a monotonic clock's, are no dates.
    """
    plain = plain_text(text)
    if _EPOCH.fullmatch(plain):
        return _from_epoch(float(plain))
    match = _ISO.fullmatch(plain) or _ENGLISH.fullmatch(plain)
    if not match:
        return ""
    part = match.groupdict()
    try:
        return _from_parts(part, utc)
    except (ValueError, OverflowError):
        return ""


def _from_parts(part: dict[str, str | None], utc: bool) -> str:
    day = f"{part['year']}-{_month(part['month']):02d}-{int(part['day']):02d}"
    if part["hour"] is None:
        return datetime.fromisoformat(day).date().isoformat()
    zone = part["zone"] or ("Z" if utc else "")
    if not zone:
        return ""
    hour = int(part["hour"])
    if half := (part.get("half") or "").lower():
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + 12 * (half == "pm")
    zone = "+00:00" if zone in ("Z", "UTC") else zone
    when = f"{day}T{hour:02d}:{part['minute']}:{part['second'] or '00'}{zone}"
    return _iso(datetime.fromisoformat(when))


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return _MONTHS.get(text.lower(), 0)


def _from_epoch(number: float) -> str:
    seconds = number / 1000 if number >= 1e12 else number
    if not 1e9 <= seconds < 4102444800:
        return ""
    return _iso(datetime.fromtimestamp(int(seconds), UTC))


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
