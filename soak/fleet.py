"""A fleet of which half is simulated Kea and half fails in as many ways; `python -m soak.fleet FOLDER`.

Prints the servers of a configuration as JSON, each with what its probe has to end with, and stays until it is ended.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kea_simulator.server import KeaServer, Tls
from lab.servers.certificates import Authority
from lab.servers.processes import free_port
from tests.support.hostile_peers import JSON, dripping, repeating, saying
from tests.support.peers import blackhole, peer
from tests.support.recordings import recorded

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

Entry = dict[str, Any]

SOUND = "sound"
USER, PASSWORD = "monitor", "secret"
UPTIME_SECONDS = 10_000
# Only those that never answer have it: a busy machine must not make a sound one look silent.
SHORT_TIMEOUT = "200ms"


class Fleet:
    """Starts the peers, and describes them as servers of a configuration."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        self._started = time.monotonic()
        self._authority = Authority(folder)
        (folder / "other").mkdir()
        other = Authority(folder / "other")
        self._pair = self._authority.issue("kea", addresses=["127.0.0.1"])
        self._untrusted = other.issue("kea", addresses=["127.0.0.1"])
        self._answers = {daemon: recorded("kea-3.2.0", daemon) for daemon in ("dhcp4", "dhcp6")}

    def servers(self) -> Iterator[tuple[str, Entry]]:
        """Yield each server with the reason that its probe has to end with."""
        for number, daemon in enumerate(("dhcp4", "dhcp6") * 2):
            yield SOUND, self._entry(f"http-{number}", daemon, self._kea(daemon).url)
            yield SOUND, self._secured(f"https-{number}", daemon, self._kea(daemon, Tls(self._pair)).url)
        yield "refused", self._entry("refused", "dhcp4", f"http://127.0.0.1:{free_port()}")
        yield "timed_out", self._entry("blackholed", "dhcp4", self._url(blackhole()), timeout=SHORT_TIMEOUT)
        yield "unauthorized", self._secured("password", "dhcp4", self._kea("dhcp4", Tls(self._pair)).url, "wrong")
        yield "invalid_http", self._entry("garbage", "dhcp4", self._url(peer(repeating(b"", b"garbage " * 999))))
        untrusted = self._kea("dhcp4", Tls(self._untrusted)).url
        yield "certificate_untrusted_issuer", self._secured("untrusted", "dhcp4", untrusted)
        yield "timed_out", self._entry("slow", "dhcp4", self._url(peer(_slow)), timeout=SHORT_TIMEOUT)
        half = peer(saying(JSON + b"Content-Length: 99\r\n\r\n[{"))
        yield "answer_incomplete", self._entry("half", "dhcp4", self._url(half))
        drips = peer(dripping(JSON + b"X: "))
        yield "timed_out", self._entry("drips", "dhcp4", self._url(drips), timeout=SHORT_TIMEOUT)

    def _kea(self, daemon: str, tls: Tls | None = None) -> KeaServer:
        credentials = (USER, PASSWORD) if tls else None
        server = KeaServer(lambda command: [self._answer(daemon, command["command"])], credentials, tls=tls)
        return self._stack.enter_context(server)

    def _answer(self, daemon: str, command: str) -> Entry:
        answer: Entry = self._answers[daemon].get(command, {"result": 2, "text": f"'{command}' command not supported."})
        if command != "status-get":
            return answer
        age = UPTIME_SECONDS + int(time.monotonic() - self._started)
        return {**answer, "arguments": {**answer["arguments"], "uptime": age, "reload": age}}

    def _url(self, listening: AbstractContextManager[int]) -> str:
        return f"http://127.0.0.1:{self._stack.enter_context(listening)}"

    def _entry(self, name: str, daemon: str, url: str, **options: object) -> Entry:
        return {"name": name, daemon: {"url": url, **options}}

    def _secured(self, name: str, daemon: str, url: str, password: str = PASSWORD) -> Entry:
        tls = {"ca_file": str(self._authority.certificate)}
        return self._entry(name, daemon, url, tls_config=tls, basic_auth={"username": USER, "password": password})


def _slow(sock: socket.socket) -> None:
    while sock.recv(65536):
        time.sleep(1)


def main(folder: Path) -> None:
    with ExitStack() as stack:
        print(json.dumps(list(Fleet(folder, stack).servers())), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
