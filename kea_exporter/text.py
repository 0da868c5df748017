"""Texts of other programs made printable, and hosts with ports and counts as text."""

from __future__ import annotations

MAX_LENGTH = 200


def printable(text: str, max_length: int = MAX_LENGTH) -> str:
    """Return *text* as one line without control characters, cut where it is too long."""
    if text.isprintable() and len(text) <= max_length:
        return text
    shown = "".join(character if character.isprintable() else " " for character in text[: max_length + 1])
    return shown if len(shown) <= max_length else f"{shown[:max_length]}..."


def counted(number: int, what: str) -> str:
    """Return `1 server`, `2 servers`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def bracketed(host: str) -> str:
    """Return a host as URLs have it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def host_and_port(host: str, port: int) -> str:
    """Return `host:port`, or `[address]:port` for an IPv6 address."""
    return f"{bracketed(host)}:{port}"
