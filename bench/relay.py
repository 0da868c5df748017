"""A relay between an exporter and Kea that notes the commands that pass, so that the same can be sent bare."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

from bench.wire import CHUNK, HEAD_END, content_length


class Relay:
    """Copies bytes both ways between whoever connects and a port on loopback.

    Attributes:
        bodies: of the requests that passed, in their order; empty it to begin anew.
    """

    def __init__(self, port: int) -> None:
        self.bodies: list[bytes] = []
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._converse, args=(client,), daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            self._forward(client, server)
            back.join()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """Copy the requests, and note the body of each once it is complete."""
        unread = b""
        with suppress(OSError):
            while chunk := client.recv(CHUNK):
                server.sendall(chunk)
                unread += chunk
                while (body := _first_body(unread)) is not None:
                    self.bodies.append(body)
                    unread = unread[unread.index(HEAD_END) + len(HEAD_END) + len(body) :]
            server.shutdown(socket.SHUT_WR)


def _first_body(received: bytes) -> bytes | None:
    head, end, rest = received.partition(HEAD_END)
    length = content_length(head)
    return rest[:length] if end and len(rest) >= length else None


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
