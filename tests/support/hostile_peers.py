"""Behaviours of hostile peers on the wire, for `tests.support.peers.peer`, each for one connection."""

from __future__ import annotations

import gzip
import json
import os
import socket
import ssl
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from lab.servers.certificates import Pair

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
BLOCK = b"x" * 2**18
GIBIBYTE = 2**30


def silent(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def closing(sock: socket.socket) -> None:
    sock.close()


def resetting(sock: socket.socket) -> None:
    """End the connection by a reset."""
    sock.recv(65536)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Answer the first request, and end."""

    def behave(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)

    return behave


def greeting(words: bytes) -> Callable[[socket.socket], None]:
    """Speak first, and then listen."""

    def behave(sock: socket.socket) -> None:
        sock.sendall(words)
        silent(sock)

    return behave


def with_body(head: bytes, body: bytes) -> Callable[[socket.socket], None]:
    return saying(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def dripping(start: bytes, seconds: float = 0.2) -> Callable[[socket.socket], None]:
    """Send one byte at a time after a start."""

    def behave(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(start)
        while True:
            sock.sendall(b"1")
            time.sleep(seconds)

    return behave


def repeating(start: bytes, block: bytes = BLOCK, at_most: int | None = None) -> Callable[[socket.socket], None]:
    """Send a block over and over, without end or up to as many bytes, after a start."""

    def behave(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(start)
        sent = 0
        while at_most is None or sent < at_most:
            sock.sendall(block)
            sent += len(block)

    return behave


def under_tls(words: bytes) -> Callable[[socket.socket], None]:
    """Send what is no TLS over a connection that spoke it before."""

    def behave(sock: socket.socket) -> None:
        sock.recv(65536)
        os.write(sock.fileno(), words)
        silent(sock)

    return behave


def handing_out_tickets(pair: Pair) -> Callable[[socket.socket], None]:
    """Send session tickets without end after the handshake of TLS 1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.num_tickets = 2**31 - 1

    def behave(sock: socket.socket) -> None:
        context.wrap_socket(sock, server_side=True)

    return behave


@cache
def sound() -> Mapping[str, bytes]:
    """Return the answers of a sound daemon, by command."""
    return {name: json.dumps(answer).encode() for name, answer in recorded("kea-3.2.0", "dhcp4").items()}


def answering(odd: Mapping[str, bytes], head: bytes = JSON) -> Callable[[socket.socket], None]:
    """Answer as a sound daemon over HTTP, but for some commands."""
    answers = {**sound(), **odd}

    def behave(sock: socket.socket) -> None:
        while command := command_from(sock):
            answer = answers[command]
            sock.sendall(head + b"Content-Length: %d\r\n\r\n" % len(answer) + answer)

    return behave


def answering_on_unix(odd: Mapping[str, bytes]) -> Callable[[socket.socket], None]:
    """Answer as a sound daemon on a unix socket, but for some commands."""
    answers = {**sound(), **odd}

    def behave(sock: socket.socket) -> None:
        sock.sendall(answers.get(command_from(sock), b""))
        sock.shutdown(socket.SHUT_WR)

    return behave


def breaking_off(sock: socket.socket) -> None:
    """Answer the first command, half of the second, and close."""
    for share in (1, 2):
        answer = sound()[command_from(sock)]
        sock.sendall(JSON + b"Content-Length: %d\r\n\r\n" % len(answer) + answer[: len(answer) // share])
    sock.close()


def command_from(sock: socket.socket) -> str:
    """Return the command of the next request, with or without HTTP around it; empty where there is none."""
    request = b""
    while not request.rstrip().endswith(b"}"):
        part = sock.recv(65536)
        if not part:
            return ""
        request += part
    command: str = json.loads(request[request.index(b"{") :])["command"]
    return command


@cache
def bomb() -> bytes:
    """Return ten kilobytes that unpack to ten megabytes."""
    return gzip.compress(bytes(10_000_000))


@contextmanager
def crowded(path: Path) -> Iterator[None]:
    """Listen on a unix socket that has no room for a further connection, as a daemon that hangs."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as filler:
        listener.bind(str(path))
        listener.listen(0)
        filler.connect(str(path))
        yield


@contextmanager
def stale(path: Path) -> Iterator[None]:
    """Leave a unix socket behind that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    yield
