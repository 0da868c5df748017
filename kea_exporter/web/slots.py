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

    def are_free_for(self, client: str) -> bool:
        """Return whether this client could take a slot now."""
        own, left = self._taken.get(client, 0) + 1, self._size - len(self) - 1
        return left >= 0 and (own == 1 or own <= SHARE * left)

    def take(self, client: str) -> None:
        """Take a slot.

        Raises:
            FullError: there is none for this client.
        """
        if not self.are_free_for(client):
            raise FullError
        self._taken[client] += 1

    def give_back(self, client: str) -> None:
        """Give a slot back."""
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]
