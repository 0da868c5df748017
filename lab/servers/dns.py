"""A DNS server on loopback that takes the updates of D2."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.servers.datagrams import LOOPBACK, send

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def dns_server(*, answers: bool) -> Iterator[int]:
    """Run a DNS server that accepts every update, or receives it and does not answer; return its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        thread = threading.Thread(target=_agree, args=(sock,))
        if answers:
            thread.start()
        port = int(sock.getsockname()[1])
        try:
            yield port
        finally:
            if answers:
                send(port, b"")
                thread.join()


def _agree(sock: socket.socket) -> None:
    """Answer updates with their own zone section and no error, until something empty comes."""
    while update := sock.recvfrom(65535):
        message, sender = update
        if not message:
            return
        # An answer (QR) to an update (opcode 5), with one zone and nothing else.
        head = message[:2] + struct.pack("!5H", 0xA800, 1, 0, 0, 0)
        end_of_name = message.index(b"\0", 12)
        sock.sendto(head + message[12 : end_of_name + 5], sender)
