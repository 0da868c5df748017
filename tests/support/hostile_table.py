"""The table of hostile peers: what each does, and the failure that it has to become."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Reason, Stage
from kea_exporter.kea.protocol import LIMITS, Command
from lab.servers.certificates import Authority
from tests.support import hostile_answers as answers
from tests.support.hostile_cases import (
    FEW_MEBIBYTES,
    LIMIT,
    Case,
    Odd,
    at,
    blackholed,
    http,
    no_tls,
    on_unix,
    own_tls,
    refusing,
    tls,
    unix,
)
from tests.support.hostile_peers import (
    CHUNKED,
    GIBIBYTE,
    JSON,
    OK,
    answering,
    bomb,
    breaking_off,
    closing,
    crowded,
    dripping,
    greeting,
    handing_out_tickets,
    repeating,
    resetting,
    saying,
    silent,
    sound,
    stale,
    under_tls,
    with_body,
)
from tests.support.peers import peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lab.servers.certificates import Pair

MILLION = 1_000_000
SHORT = LIMITS[Command.VERSION_GET]
# JSON of many small pieces takes a multiple of its size in memory.
MANY_MEBIBYTES = 40 * LIMIT / 2**20
# A whole exporter has at most 300 beside one lying daemon at the default limits; without it, 60.
MEBIBYTES_OF_ONE = 240
# Since Python 3.14, json goes as deep as the stack of its thread, which has 8 MiB.
MEBIBYTES_OF_DEPTH = FEW_MEBIBYTES + 8

DROPPED = (Stage.CONNECT, Reason.TIMED_OUT)
INVALID_ADDRESS = (Stage.CONNECT, Reason.INVALID_ADDRESS)
REFUSED = (Stage.CONNECT, Reason.REFUSED)
HTTP_TIMED_OUT = (Stage.HTTP, Reason.TIMED_OUT)
CLOSED = (Stage.HTTP, Reason.CONNECTION_CLOSED)
INCOMPLETE = (Stage.HTTP, Reason.ANSWER_INCOMPLETE)
TOO_LARGE = (Stage.HTTP, Reason.ANSWER_TOO_LARGE)
NO_HTTP = (Stage.HTTP, Reason.INVALID_HTTP)
REDIRECTED = (Stage.HTTP, Reason.REDIRECTED)
OTHER_STATUS = (Stage.HTTP, Reason.UNEXPECTED_STATUS)
BY_PROXY = (Stage.AUTH, Reason.REFUSED_BY_PROXY)
MALFORMED = (Stage.COMMAND, Reason.MALFORMED_ANSWER)
LATE = (Stage.DEADLINE, Reason.BUDGET_USED_UP)


def _many_names(authority: Authority, *, length: int) -> Pair:
    """Return a certificate whose SAN has ten thousand entries, the right one first."""
    names = [f"{number:04}".rjust(length, "x") for number in range(9_999)]
    return authority.issue("kea", ["127.0.0.1"], names)


def _many_addresses(authority: Authority) -> Pair:
    """Return a certificate whose SAN has ten thousand entries, the right one last."""
    return authority.issue("kea", [*(f"10.0.{number >> 8}.{number & 255}" for number in range(9_999)), "127.0.0.1"])


def _chain(authority: Authority, folder: Path, length: int) -> Pair:
    authorities = [authority]
    for number in range(length - 2):
        authorities.append(Authority(folder, f"ca-{number}", authorities[-1]))
    pair = authorities[-1].issue("kea", ["127.0.0.1"])
    for above in reversed(authorities):
        above.append_to(pair)
    return pair


def _long(bodies: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return {name: body for name, body in bodies.items() if name not in LIMITS}


def _head_of(name: bytes, value: bytes) -> bytes:
    """Return an answer with nearly as many lines in its head as http.client takes."""
    return OK + (name + value + b"\r\n") * 95 + b"\r\n[]"


HTTP: Mapping[str, Case] = {
    "refuses": Case(refusing, REFUSED),
    "drops all packets": Case(blackholed, DROPPED),
    "accepts and says nothing": http(silent, HTTP_TIMED_OUT),
    "closes without a word": http(closing, CLOSED),
    "resets the connection": http(resetting, CLOSED),
    "drips its head": http(dripping(OK + b"X: "), HTTP_TIMED_OUT),
    "drips its body": http(dripping(JSON + b"Content-Length: 9999\r\n\r\n"), HTTP_TIMED_OUT),
    "drips a chunk size": http(dripping(CHUNKED), HTTP_TIMED_OUT),
    "sends half an answer": http(saying(JSON + b"Content-Length: 99\r\n\r\n[{"), INCOMPLETE),
    "sends half an answer of no length": http(saying(JSON + b"\r\n[{"), MALFORMED),
    "sends half a chunk": http(saying(CHUNKED + b"99\r\n[{"), INCOMPLETE),
    "closes in the middle of the second answer": http(breaking_off, INCOMPLETE),
    "Content-Length: too large": http(greeting(JSON + b"Content-Length: 99\r\n\r\n[{}]"), HTTP_TIMED_OUT),
    "Content-Length: too small": http(saying(JSON + b"Content-Length: 2\r\n\r\n[{}]"), MALFORMED),
    "Content-Length: negative": http(saying(JSON + b"Content-Length: -4\r\n\r\n[{}]"), MALFORMED),
    "Content-Length: negative, without end": http(repeating(JSON + b"Content-Length: -4\r\n\r\n"), TOO_LARGE),
    "Content-Length: twice, the same": http(saying(JSON + b"Content-Length: 2\r\n" * 2 + b"\r\n[]"), MALFORMED),
    "Content-Length: twice, another": http(
        saying(JSON + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n[{}]"), NO_HTTP
    ),
    "Content-Length: no number": http(saying(JSON + b"Content-Length: many\r\n\r\n[{}]"), MALFORMED),
    "Content-Length: 5000 digits": http(saying(JSON + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"), TOO_LARGE),
    "Content-Length beside chunks": http(
        saying(JSON + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"), MALFORMED
    ),
    "announces a gigabyte, and sends it": http(
        repeating(JSON + b"Content-Length: %d\r\n\r\n" % GIBIBYTE, at_most=GIBIBYTE), TOO_LARGE
    ),
    "sends a gigabyte unannounced": http(repeating(JSON + b"\r\n", at_most=GIBIBYTE), TOO_LARGE),
    "endless body": http(repeating(JSON + b"\r\n"), TOO_LARGE),
    "endless chunks": http(repeating(CHUNKED, (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 64), TOO_LARGE),
    "an endless chunk": http(repeating(CHUNKED + b"ffffffffffffffff\r\n"), TOO_LARGE),
    "an endless chunk of negative size": http(repeating(CHUNKED + b"-1\r\n"), NO_HTTP),
    "an endless chunk size": http(repeating(CHUNKED), NO_HTTP),
    "a chunk size that is none": http(saying(CHUNKED + b"many\r\n"), NO_HTTP),
    "an endless trailer": http(
        repeating(CHUNKED + b"2\r\n[]\r\n0\r\n", (b"X: " + b"y" * 1000 + b"\r\n") * 100), NO_HTTP
    ),
    "a gzip bomb": http(with_body(JSON + b"Content-Encoding: gzip\r\n", bomb()), MALFORMED),
    "a gzip bomb, chunked": http(
        saying(
            JSON
            + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
            % (len(bomb()), bomb())
        ),
        MALFORMED,
    ),
    "a gzip bomb with a redirect": http(
        with_body(b"HTTP/1.1 307 No\r\nLocation: /\r\nContent-Encoding: gzip\r\n", bomb()), REDIRECTED
    ),
    "a redirect with an endless body": http(repeating(b"HTTP/1.1 302 No\r\nLocation: /\r\n\r\n"), REDIRECTED),
    "a page in HTML": http(with_body(OK + b"Content-Type: text/html\r\n", b"<!DOCTYPE html><p>Hi"), MALFORMED),
    "a page in HTML, not found": http(with_body(b"HTTP/1.1 404 Not Found\r\n", b"<!DOCTYPE html>"), OTHER_STATUS),
    "100 without end": http(repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), NO_HTTP),
    "103 before the answer": http(saying(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"\r\n[]"), OTHER_STATUS),
    "101": http(saying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), OTHER_STATUS),
    "204 with a body": http(saying(b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n[{}]"), OTHER_STATUS),
    "503 and Retry-After": http(saying(b"HTTP/1.1 503 No\r\nRetry-After: 3600\r\n\r\n"), OTHER_STATUS),
    "407": http(saying(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n"), BY_PROXY),
    "10,000 lines of a head": http(saying(OK + b"X: y\r\n" * 10_000 + b"\r\n[]"), NO_HTTP),
    "a line of 10 MB in a head": http(saying(OK + b"X: " + b"y" * 10_000_000 + b"\r\n\r\n[]"), NO_HTTP),
    "a head of 6 MB in lines that are legal": http(
        saying(OK + (b"X: " + b"y" * 65_000 + b"\r\n") * 95 + b"\r\n[]"), NO_HTTP
    ),
    "cookies without end": http(saying(OK + (b"Set-Cookie: a=b" + b";" * 65_000 + b"\r\n") * 95 + b"\r\n[]"), NO_HTTP),
    "carriage returns in a head": http(saying(OK + (b"X: " + b"\r " * 32_000 + b"\r\n") * 95 + b"\r\n[]"), NO_HTTP),
    "a chunk for each byte of 300,000": http(saying(CHUNKED + b"1\r\n \r\n" * 300_000 + b"0\r\n\r\n"), NO_HTTP),
    "a challenge that is slow to search": http(
        saying(b"HTTP/1.1 401 No\r\nWWW-Authenticate: " + b"basic " * 8_000 + b"\r\n\r\n"), BY_PROXY
    ),
    "a head without colons": http(saying(OK + b"nothing\r\n\r\n[]"), MALFORMED),
    "control characters in a head": http(saying(OK + b"X\x00\x1b[2J: \xff\xfe\r\n\r\n[]"), MALFORMED),
    "a status line of words": http(saying(b"HTTP/1.1 fine fine\r\n\r\n[]"), NO_HTTP),
    "a status line of a number too large": http(saying(b"HTTP/1.1 99999999999 OK\r\n\r\n[]"), NO_HTTP),
    "a status line without end": http(repeating(b"HTTP/1.1 200 "), NO_HTTP),
    "a status line of HTTP/2": http(saying(b"HTTP/2 200 OK\r\n\r\n[]"), NO_HTTP),
    "another protocol": http(greeting(b"SSH-2.0-OpenSSH_9.2\r\n"), NO_HTTP),
    "HTTP/0.9": http(saying(b'[{"result": 0}]'), NO_HTTP),
    "a link-local address without its interface": Case(at("http://[fe80::1]:8001"), INVALID_ADDRESS),
    "zeros": http(repeating(b"", bytes(2**18)), NO_HTTP),
}

TLS: Mapping[str, Case] = {
    "TLS: says nothing": no_tls(silent, Reason.TIMED_OUT),
    "TLS: closes": no_tls(closing, Reason.CONNECTION_CLOSED),
    "TLS: drips": no_tls(dripping(b"\x16\x03\x03\x40\x00"), Reason.TIMED_OUT),
    "TLS: speaks HTTP": no_tls(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.NOT_TLS),
    "TLS: garbage": no_tls(repeating(b"", b"garbage " * 9999), Reason.NOT_TLS),
    "TLS: a record that is too large": no_tls(repeating(b"\x16\x03\x03\xff\xff"), Reason.HANDSHAKE_FAILED),
    "TLS: a handshake of 16 MB": no_tls(
        repeating(b"", b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + b"x" * 16380), Reason.HANDSHAKE_FAILED
    ),
    "TLS: an alert": no_tls(saying(b"\x15\x03\x03\x00\x02\x02\x28"), Reason.HANDSHAKE_FAILED),
    "TLS: warnings without end": no_tls(repeating(b"", b"\x15\x03\x03\x00\x02\x01\x5a" * 999), Reason.HANDSHAKE_FAILED),
    "TLS: ours, echoed": no_tls(lambda sock: sock.sendall(sock.recv(65536)), Reason.HANDSHAKE_FAILED),
    "TLS: garbage after the handshake": tls(under_tls(b"garbage " * 99), (Stage.TLS, Reason.HANDSHAKE_FAILED)),
    "TLS: drips its head": tls(dripping(OK + b"X: "), HTTP_TIMED_OUT),
    "TLS: closes after the handshake": tls(closing, CLOSED),
    # OpenSSL reads on and on by itself, so that it may be the collector which gives up.
    "TLS: session tickets without end": own_tls(handing_out_tickets, LATE),
    "TLS: endless body": tls(repeating(JSON + b"\r\n"), TOO_LARGE),
    "certificate: 10,000 names": tls(answering({}), None, lambda authority: _many_names(authority, length=4)),
    "certificate: 10,000 names of 60 characters": tls(
        answering({}), (Stage.TLS, Reason.HANDSHAKE_FAILED), lambda authority: _many_names(authority, length=60)
    ),
    "certificate: 10,000 addresses, ours last": tls(
        answering({}), (Stage.TLS, Reason.CERTIFICATE_NAME_MISMATCH), _many_addresses
    ),
    "certificate: expired ten years ago": tls(
        answering({}),
        (Stage.TLS, Reason.CERTIFICATE_EXPIRED),
        lambda authority: authority.issue("kea", ["127.0.0.1"], days=(-3660, -3650)),
    ),
    "certificate: begins in ten years": tls(
        answering({}),
        (Stage.TLS, Reason.CERTIFICATE_NOT_YET_VALID),
        lambda authority: authority.issue("kea", ["127.0.0.1"], days=(3650, 3660)),
    ),
    "certificate: a chain of 200": tls(
        answering({}),
        (Stage.TLS, Reason.CERTIFICATE_INVALID),
        lambda authority: _chain(authority, authority.certificate.parent, 200),
    ),
}

UNIX: Mapping[str, Case] = {
    "unix: is not there": on_unix(lambda _: peer(silent), (Stage.CONNECT, Reason.NO_SUCH_SOCKET)),
    "unix: refuses": on_unix(stale, REFUSED),
    "unix: leads through a file": Case(at("unix:///etc/passwd/x"), (Stage.CONNECT, Reason.NO_SUCH_SOCKET)),
    "unix: is a file": Case(at("unix:///etc/passwd"), (Stage.CONNECT, Reason.NO_SUCH_SOCKET)),
    "unix: accepts nobody": on_unix(crowded, DROPPED),
    "unix: says nothing": unix(silent, (Stage.COMMAND, Reason.TIMED_OUT)),
    "unix: closes": unix(closing, (Stage.COMMAND, Reason.CONNECTION_CLOSED)),
    "unix: drips": unix(dripping(b"{"), (Stage.COMMAND, Reason.TIMED_OUT)),
    "unix: half an answer": unix(saying(b'{"result": 0, "te'), MALFORMED),
    "unix: endless": unix(repeating(b'{"'), (Stage.COMMAND, Reason.ANSWER_TOO_LARGE)),
    "unix: a gigabyte": unix(repeating(b"", at_most=GIBIBYTE), (Stage.COMMAND, Reason.ANSWER_TOO_LARGE)),
    "unix: speaks HTTP": unix(with_body(JSON, b'[{"result": 0}]'), MALFORMED),
}

ANSWERS: Mapping[str, Odd] = {
    "100,000 brackets": Odd("version-get", b"[" * 100_000, MALFORMED, MEBIBYTES_OF_DEPTH),
    "100,000 maps in one another": Odd("status-get", b'{"a":' * 100_000, MALFORMED, MEBIBYTES_OF_DEPTH),
    "900 brackets in a sound answer": Odd("status-get", answers.nested(900), MALFORMED),
    "40,000 brackets in a sound answer": Odd("status-get", answers.nested(40_000), MALFORMED),
    "invalid UTF-8": Odd("version-get", b'{"result": 0, "text": "3.0.\xff\xfe"}', MALFORMED),
    "an answer in UTF-16": Odd("version-get", '{"result": 0, "text": "3.2.0"}'.encode("utf-16"), None),
    "half a surrogate": Odd("version-get", b'{"result": 0, "text": "3.2.0-\\ud800\\u0000"}', None),
    "nothing but blanks": Odd("version-get", b" " * 1000, MALFORMED),
    "a list of two": Odd("version-get", b'[{"result": 0}, {"result": 0}]', MALFORMED),
    "null": Odd("version-get", b"null", MALFORMED),
    "10^400 threads": Odd("status-get", answers.status({"thread-pool-size": 10**400}), MALFORMED),
    "10^5000": Odd("status-get", b'{"result": 1' + b"0" * 5000 + b"}", MALFORMED),
    "10^400 in statistics": Odd("statistic-get-all", answers.statistics(10**400), None),
    "-10^400 in statistics": Odd("statistic-get-all", answers.statistics(-(10**400)), None),
    "10^400 leases": Odd("stat-lease4-get", answers.rows([1, *[10**400] * 4]), MALFORMED),
    "-1 leases": Odd("stat-lease4-get", answers.rows([1, -1, -1, -1, -1]), None),
    "NaN": Odd("version-get", b'{"result": NaN}', MALFORMED),
    "Infinity": Odd("status-get", answers.status({"packet-queue-statistics": [float("inf")]}), MALFORMED),
    "1e999": Odd("status-get", answers.status({"pid": 77777}).replace(b"[0.0,", b"[1e999,"), MALFORMED),
    "a result twice": Odd("version-get", b'{"result": 1, "text": "3.2.0", "result": 0}', None),
    "a relationship thrice": Odd("status-get", answers.status({"high-availability": answers.pair() * 3}), None),
    "a subnet twice": Odd("subnet4-list", answers.said({"subnets": [{"id": 1, "subnet": "10.0.0.0/8"}] * 2}), None),
    "rows of another width": Odd("stat-lease4-get", answers.rows([1, 2, 3]), MALFORMED),
    "rows of several widths": Odd("stat-lease4-get", answers.rows([1, 2, 3, 4, 5], [1, 2]), MALFORMED),
    "rows of texts": Odd("stat-lease4-get", answers.rows(["1", "2", "3", "4", "5"]), MALFORMED),
    "rows that are texts": Odd("stat-lease4-get", answers.rows("abcde"), MALFORMED),
    "rows that are numbers": Odd("stat-lease4-get", answers.rows(1, 2, 3), MALFORMED),
    "rows of truth values": Odd("stat-lease4-get", answers.rows([True] * 5), MALFORMED),
    "a million subnets": Odd("version-get", partial(answers.subnets, MILLION), TOO_LARGE),
}
# What is legal takes its time.
LARGE: Mapping[str, Odd] = {
    name: Odd(command, body, expected, MANY_MEBIBYTES, seconds=8, is_large=True)
    for name, command, body, expected in (
        ("as many commands as fit", "list-commands", answers.filled('"a"', SHORT), None),
        ("as many lists as fit", "version-get", answers.filled("[[]]", SHORT), MALFORMED),
        ("as many subnets as fit", "subnet4-list", answers.subnets(60_000), None),
        ("as many statistics as fit", "statistic-get-all", answers.names(180_000, "odd-%d"), MALFORMED),
        ("as many statistics as are parsed", "statistic-get-all", answers.names(90_000, "odd-%030d"), None),
    )
}
# With a limit that lets them in: what takes longer than the deadline is not waited for.
VERY_LARGE: Mapping[str, Odd] = {
    "a million subnets, let in": Odd(
        "subnet4-list", partial(answers.subnets, MILLION), TOO_LARGE, seconds=8, is_large=True
    ),
    "millions of samples, let in": Odd(
        "statistic-get-all", partial(answers.sampled, 96 * 2**20), LATE, 1000, seconds=1, is_large=True
    ),
}
# At the limit that is the default: what an answer of 32 MiB may do at worst.
DEFAULT = 32 * 2**20
DENSE: Mapping[str, Callable[[], bytes]] = {
    "nested lists": partial(answers.filled, "[[]]", DEFAULT),
    "empty lists": partial(answers.filled, "[]", DEFAULT),
    "lists nested eight deep": partial(answers.filled, "[[[[[[[[]]]]]]]]", DEFAULT),
    "nested maps": partial(answers.filled, '{"":{"":{}}}', DEFAULT),
    "empty maps": partial(answers.filled, "{}", DEFAULT),
    "maps of one number": partial(answers.filled, '{"":0}', DEFAULT),
    "tiny texts": partial(answers.filled, '"ab"', DEFAULT),
    "tiny texts of wide characters": partial(answers.filled, '"\\u0100"', DEFAULT),
    "tiny texts full of escaped quotes": partial(answers.filled, r'"\":\":\":"', DEFAULT),
    "numbers": partial(answers.filled, "257", DEFAULT),
    "numbers with a point": partial(answers.filled, "1.5", DEFAULT),
    "zeros": partial(answers.filled, "0", DEFAULT),
    "millions of keys": partial(answers.numbered, '"%x":0', DEFAULT),
    "millions of keys with blanks": partial(answers.numbered, '"%x" : 0', DEFAULT),
    "lists beside a long text": partial(answers.beside_a_text, "[[]]", DEFAULT, share=0.15),
}
# What is parsed, as none of it is too dense: the reader of a map refuses a list.
PARSED: Mapping[str, Callable[[], bytes]] = {
    "as many lists as are parsed": partial(answers.beside_a_text, "[[]]", DEFAULT, share=0.11),
    "as many texts as are parsed": partial(answers.filled, '"abcdefghij"', DEFAULT),
}
READ: Mapping[str, Callable[[], bytes]] = {
    "a long text of wide characters": partial(answers.wide_text, DEFAULT),
    "as many samples as are parsed": partial(answers.sampled, DEFAULT),
}
AT_DEFAULT: Mapping[str, Odd] = {
    f"32 MiB: {name}": Odd(command, body, expected, MEBIBYTES_OF_ONE, seconds=8, is_large=True)
    for command, expected, bodies in (
        ("config-get", MALFORMED, DENSE),
        ("statistic-get-all", MALFORMED, PARSED),
        ("statistic-get-all", None, READ),
    )
    for name, body in bodies.items()
} | {
    # A million statistics that nobody knows.
    "32 MiB: as many keys as are parsed": Odd(
        "statistic-get-all",
        partial(answers.numbered, '"%030x":0', DEFAULT),
        LATE,
        MEBIBYTES_OF_ONE,
        seconds=1,
        is_large=True,
    )
}

CASES: Mapping[str, Case] = {
    **HTTP,
    **TLS,
    **UNIX,
    **{name: odd.over_http() for name, odd in ANSWERS.items()},
    **{f"unix: {name}": odd.on_unix() for name, odd in ANSWERS.items()},
    **{name: odd.over_http() for name, odd in LARGE.items()},
    "padding in every answer": http(answering(answers.padded(sound(), "[[]]", LIMIT)), TOO_LARGE),
    "padding in every long answer": replace(
        http(answering(answers.padded(_long(sound()), "[[]]", LIMIT)), MALFORMED),
        mebibytes=MANY_MEBIBYTES,
        seconds=8,
        is_large=True,
    ),
    **{name: odd.over_http(body_size_limit="128MiB") for name, odd in VERY_LARGE.items()},
    **{name: odd.over_http(body_size_limit="32MiB") for name, odd in AT_DEFAULT.items()},
}
