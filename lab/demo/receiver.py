"""Who gets the messages of Alertmanager, and prints them for people."""

from __future__ import annotations

import json
import textwrap
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WIDTH = 110
TITLE = ("server", "daemon", "requirement", "subnet", "scope", "pair", "part")
INDENT = " " * 11


@dataclass(frozen=True)
class Message:
    """One alert of a message.

    Attributes:
        receiver: for whom it is, as the route says.
        is_firing: whether the alert fires; else it is resolved.
        fingerprint: what Alertmanager calls the alert.
    """

    receiver: str
    is_firing: bool
    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return the name of the alert."""
        return self.labels["alertname"]


class Receiver:
    """A receiver of webhooks that keeps what it gets; a context manager.

    Args:
        tell: what is called with whatever is new.

    Attributes:
        messages: all that came, oldest first. A message repeats the alerts of its group that have not changed.
    """

    def __init__(self, tell: Callable[[Message], None] = lambda _: None) -> None:
        self.messages: list[Message] = []
        self._tell = tell
        self._known: dict[str, bool] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self._take))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """Return where it listens; the path does not matter."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, webhook: dict[str, Any]) -> None:
        for message in _messages(webhook):
            self.messages.append(message)
            if self._known.get(message.fingerprint, False) != message.is_firing:
                self._known[message.fingerprint] = message.is_firing
                self._tell(message)


def _messages(webhook: dict[str, Any]) -> list[Message]:
    return [
        Message(
            webhook["receiver"],
            entry["status"] == "firing",
            entry["fingerprint"],
            entry["labels"],
            entry["annotations"],
        )
        for entry in webhook["alerts"]
    ]


def _handler_for(take: Callable[[dict[str, Any]], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the messages themselves are printed."""

    return Handler


def as_text(message: Message) -> str:
    """Return a message as a person reads it who has the repository at hand."""
    labels = message.labels
    if not message.is_firing:
        return f"RESOLVED   {_title(labels)}\n"
    told = message.annotations
    paragraphs = [told["summary"], told["description"], f"docs/runbooks/{message.name}.md"]
    head = f"FIRING     {_title(labels)}  ({labels['severity']}, for {message.receiver})"
    return "\n".join([head, *map(_indented, paragraphs), ""])


def _title(labels: Mapping[str, str]) -> str:
    about = [
        labels[name]
        for name in ("server", "daemon", "requirement", "subnet", "scope", "pair", "part")
        if name in labels
    ]
    return "  ".join([labels["alertname"], " ".join(about)])


def _indented(text: str) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False
    )
