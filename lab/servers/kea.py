"""Real Kea daemons on loopback: a configuration in, a running daemon out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lab.servers.certificates import Authority
from lab.servers.configurations import ON_LOOPBACK, http
from lab.servers.processes import Running, StartError, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.servers.certificates import Pair
    from lab.servers.chroot import Chroot

Tree = dict[str, Any]

PROGRAMS = {
    "Dhcp4": "/usr/sbin/kea-dhcp4",
    "Dhcp6": "/usr/sbin/kea-dhcp6",
    "DhcpDdns": "/usr/sbin/kea-dhcp-ddns",
    "Control-agent": "/usr/sbin/kea-ctrl-agent",
}
# Kea's environment: where it keeps its process id, its locks and its leases.
FOLDERS = ("KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR", "KEA_DHCP_DATA_DIR")
# Results of commands (Kea's cc/command_interpreter.h).
SUCCESS, EMPTY = 0, 3
REALMS = {"Dhcp4": "kea-dhcpv4-server", "Dhcp6": "kea-dhcpv6-server", "DhcpDdns": "kea-dhcp-ddns-server"}


class KeaDaemon:
    """One running daemon, with a unix socket of its own for the lab's commands.

    Args:
        root: the root key of its configuration, which says what daemon it is.
        configuration: what stands below it, as is written into its file.
        config_file: the file that it reads at its start, and when it is reloaded.
        unix_socket: the socket for the lab's commands.
        launch: starts its program.

    Attributes:
        dhcp_port: where it listens for DHCP clients; 0 for its usual port.
    """

    dhcp_port = 0

    def __init__(
        self, root: str, configuration: Tree, config_file: Path, unix_socket: Path, launch: Callable[[], Running]
    ) -> None:
        self.root = root
        self.unix_socket = unix_socket
        self.configuration = configuration
        self._config_file = config_file
        self._launch = launch
        self.write(configuration)
        self.running = launch()

    def command(self, name: str, /, **arguments: object) -> Tree:
        """Send any command over the lab's own socket and return the answer.

        Raises:
            OSError: there is none.
        """
        request = {"command": name, **({"arguments": arguments} if arguments else {})}
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(str(self.unix_socket))
            sock.sendall(json.dumps(request).encode())
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        if not answer:
            raise ConnectionError(f"{name}: the daemon closed the connection without an answer")
        said: Tree = json.loads(answer)
        return said

    def log(self) -> str:
        """Return what the daemon has logged so far."""
        return self.running.output.read_text(errors="replace")

    def stop(self) -> None:
        """End the daemon."""
        self.running.stop()

    def start_again(self) -> None:
        """Start the daemon anew, with the sockets that it had.

        Raises:
            StartError: it did not start; the message has what it logged.
        """
        self.stop()
        self.running = self._launch()
        self.wait_until_it_listens()

    def wait_until_it_listens(self) -> None:
        """Return when its sockets answer.

        Raises:
            StartError: it ended before, or took too long.
        """
        self.running.wait_until(lambda: _listens(self.root, self.configuration, self.unix_socket))

    def write(self, configuration: Tree) -> None:
        """Write the file of its configuration."""
        self._config_file.write_text(json.dumps({self.root: configuration}, ensure_ascii=False))

    def reload(self) -> None:
        """Let the daemon read its configuration anew, and the files that it names.

        Raises:
            StartError: it does not take them.
        """
        succeeded("config-reload", self.command("config-reload"))


def succeeded(command: str, answer: Tree) -> None:
    """Do nothing, if a daemon did what a command says, or if there was nothing to be done.

    Raises:
        StartError: it did not; the message says why.
    """
    if answer["result"] not in {SUCCESS, EMPTY}:
        raise StartError(f"{command}: {answer['text']}")


class Lab:
    """Everything that is started together and cleaned up together."""

    def __init__(self, chroot: Chroot) -> None:
        self.chroot = chroot
        home = chroot.path("/var/lib/kea-lab")
        home.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(dir=home))
        self.authority = Authority(self.folder)
        self._daemons: list[KeaDaemon] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self._daemons:
            daemon.stop()
            daemon.unix_socket.unlink(missing_ok=True)
            daemon.unix_socket.with_name(f"{daemon.unix_socket.name}.lock").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def inside(self, path: Path) -> str:
        """Return how a path of the lab's folder is called inside the chroot."""
        return f"/{path.relative_to(self.chroot.root)}"

    def write(self, name: str, text: str) -> Path:
        """Write a file that the programs of the lab may read."""
        path = self.folder / name
        path.write_text(text)
        return path

    def secret(self, name: str, text: str) -> Path:
        """Write a file that only root may read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def start(
        self,
        root: str,
        configuration: Tree,
        arguments: tuple[str, ...] = (),
        run_by: tuple[str, ...] = (),
        **environment: str,
    ) -> KeaDaemon:
        """Start a daemon with the tree below its root key, and return when its sockets answer.

        Args:
            root: the root key, which says what daemon it is.
            configuration: what stands below it.
            arguments: further arguments of its command line.
            run_by: the command that runs it, such as one that enters a network namespace first.
            environment: further environment variables, such as KEA_HOOKS_PATH.

        Raises:
            StartError: it did not start; the message has what it logged.
        """
        name = f"{self.folder.name}-{len(self._daemons)}"
        folder = self.folder / name
        folder.mkdir()
        unix_socket = self.chroot.path(f"/run/kea/{name}.sock")
        tree = _with_own_socket(root, configuration, f"/run/kea/{unix_socket.name}")
        config_file = folder / "kea.json"
        options = (*arguments, *_dhcp_port(root, configuration, arguments))
        program = [*run_by, *self.chroot.command(PROGRAMS[root], "-c", self.inside(config_file), *options)]
        whole = {**os.environ, **dict.fromkeys(FOLDERS, self.inside(folder)), **environment}
        daemon = KeaDaemon(root, tree, config_file, unix_socket, lambda: Running(program, folder / "log", whole))
        daemon.dhcp_port = int(options[options.index("-p") + 1]) if "-p" in options else 0
        self._daemons.append(daemon)
        daemon.wait_until_it_listens()
        return daemon

    def https(self, port: int, pair: Pair, address: str = "127.0.0.1", **more: object) -> Tree:
        """Return an https control socket with a certificate of the lab's authority."""
        return {
            **http(port, address),
            "socket-type": "https",
            "trust-anchor": self.inside(self.authority.certificate),
            "cert-file": self.inside(pair.certificate),
            "key-file": self.inside(pair.key),
            "cert-required": False,
            **more,
        }

    def authentication(self, root: str, user: Path, password: Path) -> Tree:
        """Return an authentication whose one client is kept in files."""
        client = {"user-file": user.name, "password-file": password.name}
        return {
            "type": "basic",
            "realm": REALMS[root],
            "directory": self.inside(self.folder),
            "clients": [client],
        }


def _dhcp_port(root: str, configuration: Tree, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the option for a port of its own, so that many daemons can listen on loopback at the same time."""
    loopback = ON_LOOPBACK.get(root, {}).get("interfaces")
    listening = configuration.get("interfaces-config", {}).get("interfaces")
    if loopback is None or listening != loopback or "-p" in arguments:
        return ()
    [interface] = loopback
    return ("-p", str(free_port(interface.rpartition("/")[2], socket.SOCK_DGRAM)))


def _with_own_socket(root: str, configuration: Tree, socket_name: str) -> Tree:
    if root == "Control-agent":
        return configuration
    own = {"socket-type": "unix", "socket-name": socket_name}
    if "control-sockets" not in configuration:  # Kea before 3.0 has one only
        return {**configuration, "control-socket": own}
    return {**configuration, "control-sockets": [*configuration["control-sockets"], own]}


def _listens(root: str, tree: Tree, unix_socket: Path) -> bool:
    if root == "Control-agent":
        return accepts(tree["http-host"], tree["http-port"])
    over_http = [socket for socket in tree.get("control-sockets", ()) if socket["socket-type"] != "unix"]
    return unix_socket.exists() and all(_accepts(entry["socket-address"], entry["socket-port"]) for entry in over_http)


def _accepts(address: str, port: int) -> bool:
    return accepts({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address), port)  # noqa: S104 - not bound here
