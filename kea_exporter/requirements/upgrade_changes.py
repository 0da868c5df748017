"""What each version of Kea takes otherwise than the ones before, without a message: one entry for each.

Source: real daemons of 2.6.3, 3.0.4 and a build of 3.3.1, and Kea's ChangeLog. Further entries go here; the function
that finds them goes to `kea_exporter.kea.review`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kea_exporter.requirements.upgrade_table import Numbers


@dataclass(frozen=True)
class Change:
    """Something that Kea does otherwise from a version on, without a message.

    Attributes:
        id: what the review calls it.
        text: what changes, and what to do about it.
    """

    id: str
    since: Numbers
    text: str


CHANGES = (
    Change(
        "released_leases",
        (2, 7, 0),
        "A released lease is sent to the partner; while one partner still runs 2.6, it rejects these updates. Upgrade "
        "both in one maintenance window.",
    ),
    Change(
        "spawned_class_options",
        (2, 7, 3),
        "Options of a spawned class take precedence over those of its template class.",
    ),
    Change(
        "classes_without_test",
        (2, 7, 4),
        "Additional classes without a test are always added, and pools are evaluated before subnets and networks.",
    ),
    Change(
        "lease_cache",
        (3, 0, 0),
        "cache-threshold becomes 0.25, so that early renewals reuse the lease, without a DNS update. Set it to 0.0 to "
        "keep the old behaviour.",
    ),
    Change(
        "restricted_commands",
        (3, 0, 0),
        "restrict-commands becomes true, so that the listener for partners answers config-get and version-get with "
        "403. Query a control socket instead.",
    ),
    Change(
        "postgresql_tls",
        (3, 1, 0),
        "TLS settings of PostgreSQL databases take effect, and the certificate of the database is verified.",
    ),
    Change(
        "partner_user_file",
        (3, 1, 2),
        "basic-auth-user-file takes effect; older versions send no credentials to the partner. Use basic-auth-user "
        "until both partners are upgraded.",
    ),
    Change(
        "standby_drops",
        (3, 1, 2),
        "A server that does not serve counts the packets that it refuses as dropped; the rules of the exporter leave "
        "these out.",
    ),
    Change("hostname_characters", (3, 1, 3), "A host name that sanitising leaves with empty labels is dropped."),
    Change(
        "address_registration",
        (3, 1, 4),
        "Clients may register their own addresses (RFC 9686). Set allow-address-registration to false to refuse that.",
    ),
    Change("socket_mode", (3, 1, 5), "The group of a unix control socket gets write access."),
    Change(
        "radius",
        (3, 1, 5),
        "The key realm of libdhcp_radius.so is refused, and from 3.1.6 on Message-Authenticator is required.",
    ),
    Change(
        "class_names",
        (3, 3, 0),
        "Blanks, quotes and other rare characters are escaped in the names of generated classes; guards that name the "
        "unescaped ones match nobody.",
    ),
    Change(
        "forensic_log",
        (3, 3, 0),
        "Continuation lines of the forensic log begin with a hyphen. Set mark-continuation-lines to false to keep the "
        "old format.",
    ),
    Change(
        "own_credentials",
        (3, 3, 1),
        "The listener for partners demands the basic-auth credentials of this server's own entry. Write the same ones "
        "into the copy of the entry on the partner.",
    ),
    Change("reservation_order", (3, 3, 1), "A reservation of a subnet takes precedence over a global one."),
)
