"""Slots for requests that cost something: bounded, and no client has all of them."""

from __future__ import annotations

from collections import Counter

# A client has at most so many times the slots that are left for others: 30 of 40, where it is the only one.
SHARE = 3


class FullError(Exception):
    """There is no slot, or none for this client."""


class Slots:
    """A number of slots. One client has at most three times as many as it leaves free; the first is always his."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many are taken."""
        return self._taken.total()

    def take(self, client: str) -> None:
        """Take a slot.

        Raises:
            FullError: there is none for this client.
        """
        own, left = self._taken[client] + 1, self._size - len(self) - 1
        if left < 0 or (own > 1 and own > SHARE * left):
            raise FullError
        self._taken[client] = own

    def give_back(self, client: str) -> None:
        """Give a slot back."""
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]
