"""Texts of others, made fit to be shown."""

from __future__ import annotations

LONGEST = 200


def printable(text: str, longest: int = LONGEST) -> str:
    """Return *text* as one line without control characters, cut where it is too long."""
    if text.isprintable() and len(text) <= longest:
        return text
    shown = "".join(character if character.isprintable() else " " for character in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[:longest]}..."
