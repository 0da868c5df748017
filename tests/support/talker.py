"""A server that sends given answers in the thread of the caller: fast and deterministic."""

from __future__ import annotations

import socket
from contextlib import closing, suppress
from pathlib import Path

from kea_exporter.config import settings_from_tree
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.model import TransportError

ANSWER = b'[{"result": 0, "text": "3.0.3"}]'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(ANSWER), ANSWER)
COMMAND = b'{"command": "version-get"}'
LIMIT = 2**20
# What the kernel takes without being read.
MAX_LENGTH = 150_000
SECONDS = 10


class Talker:
    """Listens on loopback, or on a unix socket of a *path*."""

    def __init__(self, path: Path | None = None) -> None:
        self._listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self._listener.bind(str(path) if path else ("127.0.0.1", 0))
        self._listener.listen()
        url = f"unix://{path}" if path else f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        tree = {"servers": [{"name": "kea", "dhcp4": {"url": url, "body_size_limit": f"{LIMIT}B"}}]}
        [self._daemon] = settings_from_tree(tree, Path()).daemons

    def say(self, answer: bytes) -> None:
        """Answer like that; what the exporter makes of it has to be an answer or a failure."""
        with closing(transport_to(self._daemon, Deadline.after(SECONDS))) as transport:
            transport.open()
            sock, _ = self._listener.accept()
            with sock:
                sock.sendall(answer[:MAX_LENGTH])
                sock.shutdown(socket.SHUT_WR)
                # One command: a connection that is closed after an answer is replaced.
                with suppress(TransportError):
                    assert len(transport.exchange(COMMAND, LIMIT)) <= LIMIT

    def close(self) -> None:
        self._listener.close()
