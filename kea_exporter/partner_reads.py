"""What was read of the servers of each pair, so that one is read again after the other has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.facts.snapshot import Daemon, Snapshot, Target

    # When a configuration changed, and its hashes by part.
    Changed = tuple[float, Mapping[str, int]]


class PartnerReads:
    """Remembers the hashes of each daemon by its pairs, and when they changed."""

    def __init__(self) -> None:
        self._of_pairs: dict[tuple[Daemon, str], dict[Target, Changed]] = {}

    def note(self, snapshot: Snapshot) -> None:
        """Remember what a probe has read; what was read of the same daemon before is forgotten."""
        configuration, read = snapshot.configuration, snapshot.configuration_read
        if isinstance(configuration, Failure) or read is None:
            return
        target = snapshot.target
        self._forget({target})
        for entry in configuration.pair_configurations:
            if entry.pair:
                of_pair = self._of_pairs.setdefault((target.daemon, entry.pair), {})
                of_pair[target] = read.changed_at, entry.hashes

    def marked(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot, marked where a partner with other hashes changed after this configuration was read.

        So each change leads to one more reading of the partner at most, however long they differ.
        """
        configuration, read = snapshot.configuration, snapshot.configuration_read
        if isinstance(configuration, Failure) or read is None:
            return snapshot
        is_outdated = any(
            target != snapshot.target and changed_at > read.at and hashes != entry.hashes
            for entry in configuration.pair_configurations
            for target, (changed_at, hashes) in self._of_pairs.get((snapshot.target.daemon, entry.pair), {}).items()
        )
        return replace(snapshot, configuration_read=replace(read, is_outdated=True)) if is_outdated else snapshot

    def keep_only(self, targets: Iterable[Target]) -> None:
        """Forget everything about other daemons than these."""
        kept = set(targets)
        self._forget({target for of_pair in self._of_pairs.values() for target in of_pair if target not in kept})

    def _forget(self, targets: set[Target]) -> None:
        for of_pair in self._of_pairs.values():
            for target in targets & of_pair.keys():
                del of_pair[target]
        self._of_pairs = {key: of_pair for key, of_pair in self._of_pairs.items() if of_pair}
