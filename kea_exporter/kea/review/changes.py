"""Settings that mean something else, or get another default, in a later version of Kea, which starts with them.

Source: real daemons of 2.6.3, 3.0.4 and a build of 3.3.1, and Kea's ChangeLog. The versions and the words are in
`kea_exporter.requirements.upgrade`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kea_exporter.kea.prepared import SUBNET_KEYS
from kea_exporter.kea.reading import as_list, as_map
from kea_exporter.kea.review.high_availability import name_of, own_peer, peers_of
from kea_exporter.kea.review.paths import control_sockets
from kea_exporter.kea.review.upgrade import databases_of
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.kea.prepared import Prepared

    Findings = Iterator[tuple[str, str]]

# Kea's default, which config-get shows.
HOSTNAME_CHARACTERS = "[^A-Za-z0-9.-]"
# Kea 3.3 replaces all other characters of generated names.
PLAIN_CLASS_NAME = re.compile(r"[A-Za-z0-9!#$%&*+\-./:?@^_\\|~]*")


def changes(configuration: Prepared) -> Findings:
    """Yield what changes without a refusal in some later version; which one is not judged here."""
    yield from _of_the_daemon(configuration)
    yield from _of_partners(configuration)
    yield from _of_classes(configuration)
    yield from _of_hooks(configuration)
    for key, entry in databases_of(configuration.tree):
        if entry.get("type") == "postgresql" and entry.get("trust-anchor"):
            yield "postgresql_tls", f"{key} has trust-anchor"


def _of_the_daemon(configuration: Prepared) -> Findings:
    tree = configuration.tree
    if any(socket.get("socket-type") == "unix" for socket in control_sockets(tree)):
        yield "socket_mode", "a control socket is a unix socket"
    if configuration.root not in SUBNET_KEYS:
        return
    if "cache-threshold" not in tree:
        yield "lease_cache", "cache-threshold is not set"
    if configuration.root == "Dhcp6" and "allow-address-registration" not in tree:
        yield "address_registration", "allow-address-registration is not set"
    if tree.get("hostname-char-set", HOSTNAME_CHARACTERS) != HOSTNAME_CHARACTERS:
        yield "hostname_characters", "hostname-char-set is set"
    has_both = any(subnet.reservations for subnet in configuration.subnets) and tree.get("reservations")
    if has_both and tree.get("reservations-global"):
        yield "reservation_order", "there are global reservations and reservations of subnets"


def _of_partners(configuration: Prepared) -> Findings:
    processing = as_map(configuration.tree.get("expired-leases-processing") or {}, "expired-leases-processing")
    for relationship in configuration.relationships:
        name = name_of(relationship)
        yield "standby_drops", name
        if "restrict-commands" not in relationship:
            yield "restricted_commands", f"{name} does not set restrict-commands"
        if processing.get("hold-reclaimed-time", 1):
            yield "released_leases", name
        own = own_peer(relationship) or {}
        if any(key.startswith("basic-auth-") for key in own):
            yield "own_credentials", f"{name}: the entry of this server has basic-auth keys"
        if any("basic-auth-user-file" in peer for peer in peers_of(relationship)):
            yield "partner_user_file", f"{name} has basic-auth-user-file"


def _of_classes(configuration: Prepared) -> Findings:
    for name, entry in configuration.classes.items():
        if "template-test" in entry and entry.get("option-data"):
            yield "spawned_class_options", f"client class {printable(name)}"
        if PLAIN_CLASS_NAME.fullmatch(name) is None:
            yield "class_names", f"client class {printable(name)}"
    untested = {name for name, entry in configuration.classes.items() if not entry.get("test")}
    used: set[str] = set()
    for holder in (*(subnet.entry for subnet in configuration.subnets), *configuration.tree.get("shared-networks", [])):
        for key in ("require-client-classes", "evaluate-additional-classes"):
            used.update(as_list(holder.get(key, []), key))
    for name in sorted(untested & used):
        yield "classes_without_test", f"client class {printable(name)}"


def _of_hooks(configuration: Prepared) -> Findings:
    if "legal_log" in configuration.hooks:
        yield "forensic_log", "libdhcp_legal_log.so is loaded"
    if "radius" in configuration.hooks:
        yield "radius", "libdhcp_radius.so is loaded"
