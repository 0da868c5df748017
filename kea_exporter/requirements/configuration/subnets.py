"""Requirements on subnets, pools, classes and options of the configuration."""

from __future__ import annotations

from kea_exporter.requirements.configuration.judged import reviewed
from kea_exporter.requirements.model import Cause, Severity

REQUIREMENTS = (
    reviewed(
        "subnets-do-not-overlap",
        Severity.RECOMMENDED,
        "Subnets must not overlap",
        short="no overlap",
        rule="no subnet contains another one, except where client classes tell them apart.",
        arm="Subnet Selection",
        causes=(
            Cause(
                "overlap",
                "A subnet lies in another subnet",
                "Remove one of the subnets, or give them client-classes that tell their clients apart.",
            ),
            Cause(
                "same_prefix",
                "Two subnets are the same prefix, written differently",
                "Remove one of the two subnets. Keep the id that leases carry.",
            ),
        ),
    ),
    reviewed(
        "subnet-prefixes-are-canonical",
        Severity.ADVISORY,
        "Prefixes of subnets must be written without host bits",
        short="host bits",
        rule="the prefix of every subnet is its first address.",
        arm="IPv4 Subnet Identifier",
        causes=(
            Cause(
                "host_bits",
                "The prefix of a subnet contains host bits",
                "Write the prefix that the evidence names, with the same id. IPAM products compare prefixes as text.",
            ),
        ),
    ),
    reviewed(
        "subnets-have-pools",
        Severity.RECOMMENDED,
        "Every subnet must have a pool or reservations",
        short="has pools",
        rule="every subnet outside a shared network has pools, pd-pools or reservations that Kea uses, or serves "
        "options only.",
        arm="Configuration of IPv4 Address Pools",
        causes=(
            Cause(
                "no_pool",
                "A subnet has neither pools nor reservations that Kea uses",
                "Add a pool, or remove the subnet if no client uses it.",
                '"pools": [{"pool": "10.0.1.10 - 10.0.1.200"}]',
            ),
        ),
    ),
    reviewed(
        "pools-are-inside-their-subnet",
        Severity.REQUIRED,
        "Pools must lie in their subnet and not overlap",
        short="pools fit",
        rule="every pool lies in its subnet and overlaps no other pool. Kea refuses other configurations at start.",
        arm="Configuration of IPv4 Address Pools",
        causes=(
            Cause(
                "outside",
                "A pool lies outside its subnet",
                "Correct the range of the pool or the prefix of the subnet.",
            ),
            Cause("overlapping", "Two pools overlap", "Merge the two pools, or correct their ranges."),
            Cause("reversed", "A pool ends before it begins", "Exchange the two addresses of the pool."),
        ),
    ),
    reviewed(
        "pools-serve-all-clients",
        Severity.ADVISORY,
        "A subnet should have a pool for clients without a class",
        short="open pool",
        rule="a subnet without client-classes has at least one pool without client-classes.",
        arm="Configuring Pools With Class Information",
        causes=(
            Cause(
                "all_guarded",
                "Every pool of a subnet is restricted to client classes",
                "Add a pool without client-classes if other clients are to be served.",
            ),
        ),
    ),
    reviewed(
        "shared-networks-have-subnets",
        Severity.ADVISORY,
        "Shared networks should contain subnets",
        short="networks",
        rule="every shared network contains a subnet.",
        arm="Shared Networks in DHCPv4",
        causes=(
            Cause(
                "no_subnets", "A shared network contains no subnet", "Remove the shared network, or add its subnets."
            ),
        ),
    ),
    reviewed(
        "client-classes-exist",
        Severity.RECOMMENDED,
        "Client classes that subnets and pools name must exist",
        short="classes",
        rule="every client class that a shared network, subnet or pool names is configured or built in.",
        arm="Client Classification",
        causes=(
            Cause(
                "undefined_class",
                "A subnet, pool or shared network names a client class that is not defined",
                "Define the class under client-classes, or correct its name: nobody can use the subnet or pool until "
                "then.",
                '"client-classes": [{"name": "voip", "test": "..."}]',
            ),
        ),
    ),
    reviewed(
        "routers-are-in-their-subnet",
        Severity.RECOMMENDED,
        "Routers must lie in their subnet and outside its pools",
        short="routers",
        rule="the option routers of every IPv4 subnet names addresses in the subnet that no pool contains.",
        arm="Standard DHCPv4 Options",
        causes=(
            Cause("outside_subnet", "The router lies outside the subnet", "Correct the address in option-data."),
            Cause(
                "in_pool",
                "The router lies in a pool",
                "Shorten the pool so that it does not contain the router, or reserve the address for the router.",
            ),
        ),
    ),
    # Only where a profile asks for it: links without a router are common.
    reviewed(
        "subnets-have-routers",
        None,
        "Every IPv4 subnet with pools should have the option routers",
        short="has routers",
        rule="every IPv4 subnet with pools has the option routers, of its own or inherited.",
        arm="Standard DHCPv4 Options",
        causes=(
            Cause(
                "no_router",
                "A subnet has no option routers",
                "Add the option routers to the subnet, its shared network or the daemon.",
                '"option-data": [{"name": "routers", "data": "10.0.1.1"}]',
            ),
        ),
    ),
    reviewed(
        "timers-are-ordered",
        Severity.RECOMMENDED,
        "Timers must be ordered: renew-timer < rebind-timer < valid-lifetime",
        short="timers",
        rule="renew-timer is below rebind-timer, and both are below valid-lifetime. Kea does not send the others.",
        arm="Sending T1 (Option 58) and T2 (Option 59)",
        causes=(
            Cause(
                "renew_after_rebind", "renew-timer is not below rebind-timer", "Lower renew-timer below rebind-timer."
            ),
            Cause(
                "timer_after_expiry",
                "renew-timer or rebind-timer is not below valid-lifetime",
                "Lower both timers below valid-lifetime; half of it and seven eighths of it are usual.",
                '"renew-timer": 3600, "rebind-timer": 6300, "valid-lifetime": 7200',
            ),
        ),
    ),
    reviewed(
        "leases-are-long-enough",
        Severity.RECOMMENDED,
        "Leases must last at least a minute",
        short="lifetime",
        rule="valid-lifetime of every subnet is 60 seconds or more.",
        arm="Lease Lifetimes",
        causes=(
            Cause(
                "too_short",
                "Leases expire within a minute",
                "Raise valid-lifetime; the default is 7200 seconds.",
                '"valid-lifetime": 7200',
            ),
        ),
    ),
)
