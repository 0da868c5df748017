"""Review of logging, statistics and control sockets (Kea ARM, "Logging", "Statistics", "Management API")."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.plan import FEW_SUBNETS
from kea_exporter.kea.reading import as_list, as_map
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared

    Findings = Iterator[tuple[str, str]]

SAMPLE_COUNT = 20
HTTP_ADDRESS, HTTP_PORT = "127.0.0.1", 8000
OUTPUTS_WITHOUT_ROTATION = ("stdout", "stderr", "syslog")


def debug_logging(configuration: Prepared) -> Findings:
    """Yield loggers that write every packet."""
    for value in as_list(configuration.tree.get("loggers", []), "loggers"):
        logger = as_map(value, "loggers")
        level = logger.get("debuglevel", 0)
        name = printable(str(logger.get("name")))
        if str(logger.get("severity", "INFO")).upper() == "DEBUG" and level:
            yield "debug", f"logger {name} has severity DEBUG with debuglevel {level}"
        for output in logger.get("output-options", logger.get("output_options", [])):
            target = str(output.get("output", ""))
            if output.get("maxsize") == 0 and not target.startswith(OUTPUTS_WITHOUT_ROTATION):
                yield (
                    "no_rotation",
                    f"logger {name} writes {printable(target)} with maxsize 0: the file grows without limit",
                )


def many_samples(configuration: Prepared) -> Findings:
    """Yield a number of samples that makes statistic-get-all expensive, where scrapes send it."""
    count = configuration.tree.get("statistic-default-sample-count", SAMPLE_COUNT)
    subnets = len(configuration.subnets)
    is_sent = subnets <= FEW_SUBNETS or "stat_cmds" not in configuration.hooks
    if isinstance(count, int) and count > 1 and subnets and is_sent:
        noun = "subnet" if subnets == 1 else "subnets"
        yield (
            "many_samples",
            f"statistic-default-sample-count is {count}, and scrapes of {subnets} {noun} send statistic-get-all",
        )


def without_interfaces(configuration: Prepared) -> Findings:
    """Yield a DHCP daemon that listens on no interface."""
    interfaces = as_map(configuration.tree.get("interfaces-config") or {}, "interfaces-config")
    if not interfaces.get("interfaces"):
        yield "no_interfaces", "interfaces of interfaces-config is empty: the daemon serves no clients"


def network_sockets(configuration: Prepared) -> list[Mapping[str, Any]]:
    """Return the control sockets over http or https."""
    entries = as_list(configuration.tree.get("control-sockets", []), "control-sockets")
    sockets = [as_map(entry, "control-sockets") for entry in entries]
    return [socket for socket in sockets if socket.get("socket-type") in {"http", "https"}]


def open_sockets(configuration: Prepared) -> Findings:
    """Yield control sockets that take commands from everybody who reaches them."""
    for socket in network_sockets(configuration):
        if _is_protected(socket):
            continue
        address = str(socket.get("socket-address", HTTP_ADDRESS))
        if not _is_loopback(address):
            where = f"{socket['socket-type']} on {printable(address)} port {socket.get('socket-port', HTTP_PORT)}"
            yield "open_socket", f"the control socket {where} has no authentication"


def _is_protected(socket: Mapping[str, Any]) -> bool:
    """Return whether a control socket demands credentials or a client certificate."""
    authentication = as_map(socket.get("authentication") or {}, "authentication")
    has_tls = all(socket.get(key) for key in ("trust-anchor", "cert-file", "key-file"))
    return bool(authentication.get("clients")) or (has_tls and socket.get("cert-required", True) is True)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
