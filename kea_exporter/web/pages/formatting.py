"""Texts for times and numbers, of any value that a peer can send."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400
# Larger numbers are shown by their magnitude.
MAX_DIGITS = 10**9
# More than all IPv6 addresses: a larger number is wrong, and would fill the page.
MAX_NUMBER = 10**39
SUPERSCRIPTS = str.maketrans("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def moment(seconds: float) -> str:
    """Return a moment, in seconds since the epoch, as RFC 3339 in UTC; empty if it is out of range."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""


def day(seconds: float) -> str:
    """Return the day of a moment, in seconds since the epoch, as 2027-01-15; empty if it is out of range."""
    return moment(seconds).partition("T")[0]


def span(seconds: float) -> str:
    """Return a duration in whole units, such as `12 s`, `4 min`, `47 h`, `5 d`; never negative."""
    whole = int(max(seconds, 0))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    return f"{whole // HOUR} h" if whole < 2 * DAY else f"{amount(whole // DAY)} d"


def amount(number: int) -> str:
    """Return a number in groups of digits; a large one as a power of two or ten."""
    number = max(-MAX_NUMBER, min(number, MAX_NUMBER))
    if abs(number) <= MAX_DIGITS:
        return f"{number:,}"
    if number > 0 and number & (number - 1) == 0:
        return f"2{_exponent(number.bit_length() - 1)}"
    digits = len(str(abs(number))) - 1
    return f"{number / 10**digits:.1f} \N{MULTIPLICATION SIGN} 10{_exponent(digits)}"


def per_cent(part: int, whole: int) -> float:
    """Return the percentage of *part* in *whole* (above 0): between 0 and 100, with one decimal."""
    return min(max(part, 0) * 1000 // whole, 1000) / 10


def counted(number: int, what: str) -> str:
    """Return `1 server`, `2 servers`."""
    return f"{amount(number)} {what}" if number == 1 else f"{amount(number)} {what}s"


def _exponent(number: int) -> str:
    return str(number).translate(SUPERSCRIPTS)
