"""Hostile peers: how each is reached, and the failure that it has to become."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.failure import Reason, Stage
from lab.servers.certificates import Authority
from lab.servers.processes import free_port
from tests.support.hostile_peers import (
    answering,
    answering_on_unix,
)
from tests.support.peers import blackhole, peer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lab.servers.certificates import Pair

    Behaviour = Callable[[socket.socket], None]
    Expected = tuple[Stage, Reason] | None
    Entry = Callable[[Path], AbstractContextManager[dict[str, Any]]]

LIMIT = 4 * 2**20
SECONDS = 1.5
# A body that is refused, once while it is read and once as bytes, and what a collection costs anyway.
FEW_MEBIBYTES = 3 * LIMIT / 2**20
# Of OpenSSL, once for all connections.
MEBIBYTES_OF_TLS = 8


@dataclass(frozen=True)
class Case:
    """One hostile peer.

    Attributes:
        enter: lets it listen in a folder, and gives what the configuration says of it.
        expected: stage and reason of the first failure; None where nothing fails.
        mebibytes: how much memory a collection from it may take.
        seconds: how much time it has.
        is_large: it costs so much time that others had better not be measured beside it.
    """

    enter: Entry
    expected: Expected
    mebibytes: float = FEW_MEBIBYTES
    seconds: float = SECONDS
    is_large: bool = False


def http(behaviour: Behaviour, expected: Expected) -> Case:
    @contextmanager
    def enter(_: Path) -> Iterator[dict[str, Any]]:
        with peer(behaviour) as port:
            yield {"url": f"http://127.0.0.1:{port}"}

    return Case(enter, expected)


def at(url: str) -> Entry:
    """Return what lets nobody listen: the url alone is what is wrong."""

    @contextmanager
    def enter(_: Path) -> Iterator[dict[str, Any]]:
        yield {"url": url}

    return enter


def unix(behaviour: Behaviour, expected: Expected) -> Case:
    return on_unix(lambda path: peer(behaviour, path=path), expected)


def no_tls(behaviour: Behaviour, reason: Reason) -> Case:
    """Return a peer that is thought to speak TLS."""

    @contextmanager
    def enter(_: Path) -> Iterator[dict[str, Any]]:
        with peer(behaviour) as port:
            yield {"url": f"https://127.0.0.1:{port}"}

    return Case(enter, (Stage.TLS, reason))


def tls(
    behaviour: Behaviour,
    expected: Expected,
    certify: Callable[[Authority], Pair] = lambda authority: authority.issue("kea", ["127.0.0.1"]),
) -> Case:
    """Return a peer with a certificate."""

    @contextmanager
    def enter(folder: Path) -> Iterator[dict[str, Any]]:
        authority = Authority(folder)
        with peer(behaviour, certify(authority)) as port:
            yield {"url": f"https://127.0.0.1:{port}", "tls_config": {"ca_file": str(authority.certificate)}}

    return Case(enter, expected, FEW_MEBIBYTES + MEBIBYTES_OF_TLS)


def own_tls(speak: Callable[[Pair], Behaviour], expected: Expected) -> Case:
    """Return a peer that speaks TLS in its own way, with a sound certificate."""

    @contextmanager
    def enter(folder: Path) -> Iterator[dict[str, Any]]:
        authority = Authority(folder)
        with peer(speak(authority.issue("kea", ["127.0.0.1"]))) as port:
            yield {"url": f"https://127.0.0.1:{port}", "tls_config": {"ca_file": str(authority.certificate)}}

    return Case(enter, expected, FEW_MEBIBYTES + MEBIBYTES_OF_TLS)


def on_unix(
    listening: Callable[[Path], AbstractContextManager[object]],
    expected: Expected,
    mebibytes: float = FEW_MEBIBYTES,
) -> Case:
    @contextmanager
    def enter(folder: Path) -> Iterator[dict[str, Any]]:
        with listening(folder / "kea.sock"):
            yield {"url": f"unix://{folder}/kea.sock"}

    return Case(enter, expected, mebibytes)


@dataclass(frozen=True)
class Odd:
    """An odd answer to one command, among sound answers to the others; *body* may be what makes it."""

    command: str
    body: bytes | Callable[[], bytes]
    expected: Expected
    mebibytes: float = FEW_MEBIBYTES
    seconds: float = SECONDS
    is_large: bool = False

    def over_http(self, **options: object) -> Case:
        @contextmanager
        def enter(_: Path) -> Iterator[dict[str, Any]]:
            with peer(answering(self._answers())) as port:
                yield {"url": f"http://127.0.0.1:{port}", **options}

        return Case(enter, self.expected, self.mebibytes, self.seconds, self.is_large)

    def on_unix(self) -> Case:
        # There is no HTTP that could fail.
        expected = self.expected and (Stage.COMMAND, self.expected[1])
        return on_unix(lambda path: peer(answering_on_unix(self._answers()), path=path), expected, self.mebibytes)

    def _answers(self) -> dict[str, bytes]:
        return {self.command: self.body() if callable(self.body) else self.body}


@contextmanager
def refusing(_: Path) -> Iterator[dict[str, Any]]:
    yield {"url": f"http://127.0.0.1:{free_port()}"}


@contextmanager
def blackholed(_: Path) -> Iterator[dict[str, Any]]:
    with blackhole() as port:
        yield {"url": f"http://127.0.0.1:{port}"}
