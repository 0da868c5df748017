"""HTTP basic authentication against bcrypt hashes, and the headers of every response.

The response time does not depend on whether a user exists. One hash is computed at a time, off the event loop, with a
bounded queue that serves clients in turn, so that correct passwords are checked while others are guessed. Successful
checks are cached.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import bcrypt
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

from kea_exporter.httpd.fair_queue import FairQueue, QueueFullError, client_of
from kea_exporter.process import NoThreadError
from kea_exporter.rate_limit import RateLimitedWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kea_exporter.config.web import WebSettings

    Check = Callable[[bytes, bytes], bool]

MAX_REMEMBERED = 100
MAX_WAITING = 64
MAX_WAITING_OF_CLIENT = 8
# bcrypt uses only these bytes of a password; the library raises if there are more.
BCRYPT_BYTES = 72
# Salt and digest that match no password; the cost precedes them.
NOBODY = "." * 53
CHALLENGE = {"WWW-Authenticate": 'Basic realm="kea-exporter", charset="UTF-8"', "Cache-Control": "no-store"}


class LoginResult(Enum):
    """Result of a login."""

    ACCEPTED = auto()
    REFUSED = auto()
    TOO_MANY = auto()
    NO_THREAD = auto()


class Logins:
    """Checks passwords, and caches successful checks.

    Args:
        check: compares a password with a hash; slow.
    """

    def __init__(self, check: Check = bcrypt.checkpw) -> None:
        self._check = check
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, None] = {}
        self._turns = FairQueue(MAX_WAITING, MAX_WAITING_OF_CLIENT)

    async def outcome(self, users: Mapping[str, str], user: str, password: bytes, client: str) -> LoginResult:
        """Return the result of a login.

        Args:
            users: hashes by user name, at least one.
            user: the name given.
            password: the password given.
            client: the client; each may have only a few logins queued.
        """
        hashed = users.get(user, self._dummy_hash(users, user))
        # Each field with its length: no two logins have the same bytes (CVE-2022-46146).
        digest = self._digest(user.encode(), hashed.encode(), password)
        if digest in self._remembered:
            return LoginResult.ACCEPTED
        try:
            is_right = await self._turns.run(client, partial(self._check, password[:BCRYPT_BYTES], hashed.encode()))
        except QueueFullError:
            return LoginResult.TOO_MANY
        except NoThreadError:
            return LoginResult.NO_THREAD
        if not is_right or user not in users:
            return LoginResult.REFUSED
        self._remembered[digest] = None
        if len(self._remembered) > MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        return LoginResult.ACCEPTED

    def _dummy_hash(self, users: Mapping[str, str], user: str) -> str:
        """Return a hash with the cost of a user's hash; always the same one for the same name."""
        chosen = int.from_bytes(self._digest(user.encode())) % len(users)
        return "$2b$" + sorted(users.values())[chosen][4:7] + NOBODY

    def _digest(self, *fields: bytes) -> bytes:
        text = b"".join(len(field).to_bytes(8) + field for field in fields)
        return hmac.digest(self._key, text, "sha256")


class Authentication:
    """Authenticates requests, and adds the configured headers to every response.

    Args:
        app: the protected application.
        settings: returns the active settings.
        logins: checks passwords.
    """

    def __init__(self, app: ASGIApp, settings: Callable[[], WebSettings], logins: Logins) -> None:
        self._app = app
        self._settings = settings
        self._logins = logins
        self._refusals = RateLimitedWarning("authentication failed")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        settings, client = self._settings(), client_of(scope)
        outcome = LoginResult.ACCEPTED
        if settings.users:
            given = credentials(scope["headers"])
            outcome = await self._logins.outcome(settings.users, *given, client) if given else LoginResult.REFUSED
            if given and outcome is not LoginResult.ACCEPTED:
                self._refusals.warn(client=client, outcome=outcome.name.lower())
        await self._answer(outcome)(scope, receive, _with_headers(send, settings.headers))

    def _answer(self, outcome: LoginResult) -> ASGIApp:
        if outcome is LoginResult.ACCEPTED:
            return self._app
        if outcome is LoginResult.REFUSED:
            return PlainTextResponse("authentication required\n", HTTPStatus.UNAUTHORIZED, CHALLENGE)
        if outcome is LoginResult.NO_THREAD:
            return PlainTextResponse(f"{NoThreadError()}\n", HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
        return PlainTextResponse(
            "too many password checks are queued, try again later\n", HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "5"}
        )


def credentials(headers: list[tuple[bytes, bytes]]) -> tuple[str, bytes] | None:
    """Return the user and password of a request (RFC 7617); None without credentials or with several."""
    given = [value for name, value in headers if name == b"authorization"]
    scheme, _, encoded = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except ValueError:
        return None


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    """Return a *send* that replaces default headers by configured ones."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers if headers else send
