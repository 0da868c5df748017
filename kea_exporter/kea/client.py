"""One conversation with one daemon: read-only commands in, facts out."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from kea_exporter.facts.failure import Fact, Failure, Reason, Stage
from kea_exporter.facts.snapshot import Exchange
from kea_exporter.kea.large import TURNS, BusyError
from kea_exporter.kea.protocol import Answer, Command, Result, decode, encode, longest_answer
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.transport.model import Transport, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kea_exporter.facts.snapshot import Target

T = TypeVar("T")


class ReadFromAnswer(Protocol):
    """A fact that knows the answer that it was read from."""

    @property
    def digest(self) -> bytes:
        """Return the digest of the answer."""


R = TypeVar("R", bound=ReadFromAnswer)

# Kea takes the next command before the packets that came meanwhile, and receives packets on the same thread. A command
# that took long is followed by a pause in which those are received; other threads of Kea answer them. As many wait as
# came in its time, so the pause is a share of it. What takes Kea long has a large answer: other commands may only be
# slow on their way.
LONG_SECONDS, LARGE_BYTES = 0.005, 16 * 1024
PAUSE_SHARE, MAX_PAUSE_SECONDS = 0.2, 0.01

# The texts of result 1 where leases cannot be read (measured on 3.0.3 and 3.3.1, of lease_cmds and of stat_cmds).
NO_LEASES = {
    "no current lease manager is available": Reason.NO_LEASE_MANAGER,
    "fatal database error or connectivity lost": Reason.LEASE_DATABASE_LOST,
}


class KeaClient:
    """Asks one command after another over one transport.

    Once the connection has failed, or credentials were refused, nothing more is sent: the same failure then stands
    for every further fact. A command that is forbidden costs only itself.

    Attributes:
        ended: that failure; None while the conversation goes on.
    """

    def __init__(
        self,
        transport: Transport,
        target: Target,
        ended: Failure | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = transport
        # Only a Control Agent is told whom a command is for: a daemon of Kea 3 would ignore it.
        self._service = str(target.daemon) if target.control_agent else None
        self._clock = clock
        self._sleep = sleep
        self._pause = 0.0
        self._exchanges: list[Exchange] = []
        self.ended = ended

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the commands sent so far, in their order."""
        return tuple(self._exchanges)

    def ask(
        self,
        command: Command,
        read: Callable[[Answer], T],
        arguments: Mapping[str, object] | None = None,
    ) -> Fact[T]:
        """Send *command* and return what *read* picks from its answer, or why there is nothing to pick.

        Args:
            command: one of the closed list.
            read: picks the fact from an answer with result 0 or 3; raises MalformedAnswerError.
            arguments: of the command.
        """
        return self._ask(command, encode(command, self._service, arguments), partial(self._read, command, read))

    def ask_for_news(self, command: Command, read: Callable[[Answer], R], before: R | None) -> Fact[R]:
        """Do as `ask`, but return *before* where it was read from the very same answer: reading takes its time."""

        def read_news(body: bytearray) -> Fact[R]:
            digest = hashlib.blake2b(body).digest()
            same = before is not None and before.digest == digest
            return before if same and before is not None else self._read(command, read, body, digest)

        return self._ask(command, encode(command, self._service), read_news)

    def ask_whoever_answers(self, command: Command, read: Callable[[Answer], T]) -> Fact[T]:
        """Do as `ask`, but of a Control Agent itself where there is one."""
        return self._ask(command, encode(command), partial(self._read, command, read))

    def _ask(self, command: Command, request: bytes, read_body: Callable[[bytearray], Fact[T]]) -> Fact[T]:
        if self.ended is not None:
            return self.ended
        if self._pause:
            self._sleep(self._pause)
        started = self._clock()
        fact: Fact[T]
        try:
            body = self._transport.exchange(request, longest_answer(command))
        except TransportError as error:
            duration, size, fact = self._clock() - started, 0, error.failure
            if fact.reason is not Reason.FORBIDDEN:
                self.ended = fact
        else:
            duration, size = self._clock() - started, len(body)
            fact = read_body(body)
        is_long = duration >= LONG_SECONDS and size >= LARGE_BYTES
        self._pause = min(PAUSE_SHARE * duration, MAX_PAUSE_SECONDS) if is_long else 0.0
        failure = fact if isinstance(fact, Failure) else None
        self._exchanges.append(Exchange(str(command), duration, failure, size))
        return fact

    def _read(self, command: Command, read: Callable[[Answer], T], body: bytearray, digest: bytes = b"") -> Fact[T]:
        try:
            with TURNS.one(len(body), self._transport.remaining()):
                answer = decode(body, digest)
                return _refusal(command, answer) or read(answer)
        except BusyError:
            detail = f"other large answers were being read until it was too late for that to {command}"
            return Failure(Stage.DEADLINE, Reason.BUDGET_USED_UP, detail)
        except MalformedAnswerError as error:
            return Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, f"the answer to {command} is not Kea's: {error}")


def _refusal(command: Command, answer: Answer) -> Failure | None:
    if answer.result in {Result.SUCCESS, Result.EMPTY}:
        return None
    if answer.result == Result.UNSUPPORTED:
        return Failure(Stage.COMMAND, Reason.UNSUPPORTED, f"the daemon does not have the command {command}")
    reason = NO_LEASES.get(answer.text, Reason.ERROR_RESULT) if answer.result == Result.ERROR else Reason.ERROR_RESULT
    # What a Control Agent says when the daemon behind it does not answer.
    if answer.text.startswith(("unable to forward command", "forwarding socket is not configured")):
        reason = Reason.DAEMON_OFFLINE
    # What a daemon of Kea 3.1.9 and later says to what is for another daemon.
    elif answer.text.startswith("unsupported service "):
        reason = Reason.UNSUPPORTED_SERVICE
    return Failure(Stage.COMMAND, reason, f"{command} answered with result {answer.result}: {answer.text}")
