"""A PostgreSQL server of its own on loopback, which can be stopped and started again: a lease database of Kea's."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lab.servers.chroot import LabBuildError, install
from lab.servers.processes import ENDS_WITH_US, Running, free_port

if TYPE_CHECKING:
    from lab.servers.chroot import Chroot
    from lab.servers.configurations import Tree

ADDRESS = "127.0.0.1"
DATABASE = "kea"
# The user of Debian's package: PostgreSQL refuses to be run by root.
USER = "postgres"
AS_USER = ("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups")
PROGRAMS = Path("/usr/lib/postgresql")
SCHEMA = "/usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql"
# Nothing has to outlive the machine; whoever comes from loopback may do anything.
SETTINGS = ("fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=")
STOP_SECONDS = 20.0


class Postgresql:
    """A server with the schema of Kea's lease database; a context manager.

    Args:
        chroot: whose Kea brings the schema.

    Raises:
        LabUnavailableError: Debian's package is not there and cannot be installed.
        LabBuildError: the database cannot be made.
        StartError: the server did not start.
    """

    def __init__(self, chroot: Chroot) -> None:
        install("postgresql", "postgresql-client", needed=(str(PROGRAMS),))
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="kea-lab-postgresql-"))
        shutil.chown(self._folder, USER, USER)
        self._programs = max(PROGRAMS.glob("*/bin"), key=lambda path: float(path.parent.name))
        _run(*AS_USER, str(self._programs / "initdb"), "--auth=trust", "--no-sync", str(self._data))
        self._running = self._launch()
        self._psql("postgres", f"CREATE DATABASE {DATABASE}")
        self._psql(DATABASE, chroot.path(SCHEMA).read_text())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def lease_database(self, **more: object) -> Tree:
        """Return the lease-database of Kea's configuration that is in here."""
        return {"type": "postgresql", "host": ADDRESS, "port": self.port, "name": DATABASE, "user": USER, **more}

    def stop(self) -> None:
        """End the server, whoever is connected; ending it twice is fine."""
        if not self._running.has_ended():
            self._running.signal(signal.SIGINT)
            self._running.wait(STOP_SECONDS)

    def start_again(self) -> None:
        """Start the server anew at its port, with the leases that it had."""
        self.stop()
        self._running = self._launch()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _launch(self) -> Running:
        options = [option for setting in (*SETTINGS, f"port={self.port}") for option in ("-c", setting)]
        program = [*AS_USER, *ENDS_WITH_US, str(self._programs / "postgres"), "-D", str(self._data), *options]
        running = Running(program, self._folder / "log")
        running.wait_until(self._is_ready)
        return running

    def _is_ready(self) -> bool:
        # It listens before it lets anybody connect to a database.
        command = [str(self._programs / "pg_isready"), "--quiet", "--host", ADDRESS, "--port", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - ours

    def _psql(self, database: str, commands: str) -> None:
        where = ("--host", ADDRESS, "--port", str(self.port), "--username", USER, database)
        _run("psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", *where, stdin=commands)


def _run(*arguments: str, stdin: str = "") -> None:
    done = subprocess.run(arguments, input=stdin, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        raise LabBuildError(f"{arguments[-1]} failed: {done.stderr[-500:]}")
