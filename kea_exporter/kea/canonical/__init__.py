"""The canonical form of what HA partners must share: equal where the configurations mean the same.

It drops what may differ (names, interfaces, relays, loggers, paths, credentials), fills in Kea's defaults of high
availability, and has one spelling and order for everything. A change of it that changes hashes needs another
`FORM_VERSION`, and an entry in the release notes.
"""

from __future__ import annotations

from kea_exporter.kea.canonical.hashing import pair_configurations
from kea_exporter.kea.canonical.shared import SharedConfiguration, shared_configurations

__all__ = ["SharedConfiguration", "pair_configurations", "shared_configurations"]
