"""Reading Kea's JSON with a clear error where it has not the expected shape."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any

# Kea counts the addresses of IPv6 in 128 bits.
MAX_NUMBER = 2**128


class MalformedAnswerError(Exception):
    """An answer has not the shape that Kea's documentation gives it; the message never repeats a value."""


def as_map(value: object, where: str) -> dict[str, Any]:
    """Return *value* as a map, or raise MalformedAnswerError."""
    if not isinstance(value, dict):
        raise MalformedAnswerError(f"'{where}' is not a map")
    return value


def as_list(value: object, where: str) -> list[Any]:
    """Return *value* as a list, or raise MalformedAnswerError."""
    if not isinstance(value, list):
        raise MalformedAnswerError(f"'{where}' is not a list")
    return value


def as_int(value: object, where: str) -> int:
    """Return *value* as an integer of up to 128 bits and a sign, or raise MalformedAnswerError."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_NUMBER:
        raise MalformedAnswerError(f"'{where}' is not a whole number of 128 bits at most")
    return value


def as_number(value: object, where: str) -> float:
    """Return *value* as a number, or raise MalformedAnswerError."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MalformedAnswerError(f"'{where}' is not a number")
    if not abs(value) <= MAX_NUMBER:
        raise MalformedAnswerError(f"'{where}' is too large")
    return float(value)


def as_bool(value: object, where: str) -> bool:
    """Return *value* as a truth value, or raise MalformedAnswerError."""
    if not isinstance(value, bool):
        raise MalformedAnswerError(f"'{where}' is neither true nor false")
    return value


def as_text(value: object, where: str) -> str:
    """Return *value* as text, or raise MalformedAnswerError.

    Kea writes each byte of a non-ASCII text as one escape of its own; this puts them together again.
    """
    if not isinstance(value, str):
        raise MalformedAnswerError(f"'{where}' is not a text")
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def address_number(text: str) -> int:
    """Return an IPv4 or IPv6 address as a number, or raise MalformedAnswerError.

    A configuration has tens of thousands of them: `ipaddress` takes ten times as long.
    """
    try:
        return int.from_bytes(inet_pton(AF_INET6 if ":" in text else AF_INET, text))
    except (OSError, ValueError):
        raise MalformedAnswerError("an address is none") from None


def address_text(number: int, *, is_v6: bool) -> str:
    """Return an address as text in its shortest spelling, or raise MalformedAnswerError."""
    try:
        return inet_ntop(AF_INET6, number.to_bytes(16)) if is_v6 else inet_ntop(AF_INET, number.to_bytes(4))
    except OverflowError:
        raise MalformedAnswerError("an address is of the other family") from None


def newest(samples: object) -> int | None:
    """Return the newest value of a statistic, of either sign; None where it has none that Kea could count to."""
    # Read thousands of times in a scrape: JSON has no other numbers than int and float, and bool is another type.
    if type(samples) is list and samples and type(samples[0]) is list and samples[0]:
        value = samples[0][0]
        if type(value) is int and -MAX_NUMBER <= value <= MAX_NUMBER:
            return value
    return None
