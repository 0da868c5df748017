"""Simulated daemons that answer what was recorded, each answer a little late.

`python -m bench.daemons COUNT` listens on as many ports of loopback, prints them as JSON, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.wire import HEAD_END, answered, content_length

if TYPE_CHECKING:
    from collections.abc import Callable

Tree = dict[str, Any]

RECORDED = Path("tests/recorded/kea-3.0.3/dhcp4")
LATENCY_SECONDS = 0.05
BACKLOG = 64
# As if they had been started a while ago, and not again for every answer.
UPTIME_SECONDS, STARTED_AT = 1000, time.monotonic()


class Conversation(asyncio.Protocol):
    """One connection: request after request, each answered as recorded."""

    def __init__(self, answer: Callable[[Tree], bytes], latency: float = LATENCY_SECONDS) -> None:
        self._answer = answer
        self._latency = latency
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer, once a request is complete."""
        self._unread += data
        head, end, body = self._unread.partition(HEAD_END)
        if end and len(body) >= (length := content_length(head)):
            self._unread = body[length:]
            answer = self._answer(json.loads(body[:length]))
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)


class Answers:
    """What every daemon answers, written beforehand as far as it can be."""

    def __init__(self) -> None:
        self._recorded = _recorded()
        self._written = {name: _written(answer) for name, answer in self._recorded.items()}

    def __call__(self, request: Tree) -> bytes:
        """Return the answer to a request, as it goes over the wire."""
        name = request["command"]
        if name == "statistic-get":
            return _written(self._statistic(request["arguments"]["name"]))
        if name == "status-get":
            return _written(self._status())
        unsupported = {"result": 2, "text": f"'{name}' command not supported."}
        return self._written.get(name) or _written(unsupported)

    def _statistic(self, name: str) -> Tree:
        everything = self._recorded["statistic-get-all"]["arguments"]
        return {"result": 0, "arguments": {name: everything[name]} if name in everything else {}}

    def _status(self) -> Tree:
        status, age = self._recorded["status-get"], UPTIME_SECONDS + int(time.monotonic() - STARTED_AT)
        return {**status, "arguments": {**status["arguments"], "uptime": age, "reload": age}}


def _written(answer: Tree) -> bytes:
    return answered(json.dumps([answer]).encode())


def _recorded() -> dict[str, Tree]:
    answers: dict[str, Tree] = {path.stem: json.loads(path.read_text()) for path in RECORDED.glob("*.json")}
    if "subnet4-list" not in answers:
        config = answers["config-get"]["arguments"]["Dhcp4"]
        subnets = [
            {"id": entry["id"], "shared-network-name": None, "subnet": entry["subnet"]} for entry in config["subnet4"]
        ]
        answers["subnet4-list"] = {"result": 0, "arguments": {"subnets": subnets}}
    return answers


async def _serve(count: int) -> None:
    answers, loop = Answers(), asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda: Conversation(answers), "127.0.0.1", 0, backlog=BACKLOG) for _ in range(count)
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
