"""Whatever is answered, sent or written, nothing but the documented errors comes out, and every page can be read.

`make fuzz` goes on where this ends; what it finds is kept here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kea_exporter.certificates import CertificateError, read_der, read_pem
from kea_exporter.config import ConfigError, Settings, load, settings_from_tree
from kea_exporter.config.web import load_web
from kea_exporter.facts.snapshot import Tls
from kea_exporter.requirements import REQUIREMENTS, judge_all
from tests.answers import paths, put
from tests.conversations import assert_sane, assert_shown, conversation, settings_of
from tests.odd_certificates import CERTIFICATES, as_pem
from tests.odd_configurations import CANARY, WEB_YAML, YAML
from tests.recordings import RECORDED, recorded
from tests.talker import CHUNKED, PLAIN, Talker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kea_exporter.config.web import WebSettings
    from kea_exporter.facts.snapshot import Snapshot

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\x1b[2J",
        "\ud800",
        "<script>alert(1)</script>",
        "é" * 300,
        '"',
        "\\",
        "\n",
        "1" * 400,
        "__class__",
    ]
)
ODD_NUMBERS = st.sampled_from([0, -1, 2**31, 2**32, 2**63, -(2**63) - 1, 2**64, 2**128, 10**400, -(10**400)])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | ODD_NUMBERS
    | st.floats()
    | st.text(max_size=8)
    | ODD_TEXTS
    | st.sampled_from(["10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/32", "3.0.3", "ready", "0.0.0.0/0", "::/0"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | ODD_TEXTS, inner, max_size=4),
    max_leaves=8,
) | st.integers(1, 500).map(nested)


@cache
def answers_of(version: str, daemon: str) -> dict[str, Any]:
    return recorded(version, daemon)


@st.composite
def changed(draw: DrawFn, tree: object) -> object:
    """Return a tree with a few parts replaced, left out, doubled, or put in another's place."""
    for _ in range(draw(st.integers(1, 3))):
        every = list(paths(tree))
        path = draw(st.sampled_from(every))
        change = draw(st.sampled_from(["replace", "replace", "leave out", "double", "move"]))
        if change == "replace" or not path:
            tree = put(tree, path, draw(ANYTHING))
        elif change == "move":
            tree = put(tree, path, at(tree, draw(st.sampled_from(every))))
        else:
            tree = put(tree, path[:-1], without_or_twice(at(tree, path[:-1]), path[-1], twice=change == "double"))
    return tree


def at(tree: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - JSON
    for step in path:
        tree = tree[step]
    return tree


def without_or_twice(holder: Any, key: str | int, *, twice: bool) -> object:  # noqa: ANN401 - JSON
    if isinstance(holder, dict):
        return {name: value for name, value in holder.items() if twice or name != key}
    index = int(key)
    return [*holder[:index], *([holder[index]] * 2 if twice else []), *holder[index + 1 :]]


BYTES = st.binary(max_size=8)


@st.composite
def spliced(draw: DrawFn, text: bytes, pieces: SearchStrategy[bytes] = BYTES) -> bytes:
    """Return bytes of which a few parts are left out, repeated or replaced."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 16)))
        text = text[:start] + draw(st.just(b"") | st.just(text[start:end] * 2) | pieces) + text[end:]
    return text


@st.composite
def odd_answers(draw: DrawFn, version: str, daemon: str) -> dict[str, bytes]:
    answers = answers_of(version, daemon)
    odd = draw(st.sets(st.sampled_from(sorted(answers)), min_size=1, max_size=2))
    bodies = {name: json.dumps(draw(changed(it)) if name in odd else it).encode() for name, it in answers.items()}
    return {
        name: draw(spliced(body)) if name in odd and draw(st.integers(0, 9)) == 0 else body
        for name, body in bodies.items()
    }


class TestAnswers:
    @pytest.mark.parametrize(("version", "daemon"), RECORDED)
    @settings(QUICK, max_examples=25)
    @given(data=st.data())
    def test_whatever_a_daemon_answers_its_report_can_be_exported_and_shown(
        self, version: str, daemon: str, data: st.DataObject
    ) -> None:
        collect = {"statistics": data.draw(st.sampled_from(["auto", "all"])), "pools": data.draw(st.booleans())}
        daemon_settings = settings_of(daemon, **collect)
        report = conversation(data.draw(odd_answers(version, daemon)), daemon_settings)
        assert_sane(report)
        assert_shown(report)

    @settings(QUICK, max_examples=40)
    @given(data=st.data())
    def test_whatever_is_answered_after_a_sound_answer_can_be_exported(self, data: st.DataObject) -> None:
        daemon_settings = settings_of("dhcp4")
        sound = {name: json.dumps(it).encode() for name, it in answers_of("kea-3.2.0", "dhcp4").items()}
        first, second = sound, data.draw(odd_answers("kea-3.2.0", "dhcp4"))
        if data.draw(st.booleans()):
            first, second = second, first
        before = conversation(first, daemon_settings).snapshot
        assert_sane(conversation(second, daemon_settings, before))


HTTP_PIECES = st.sampled_from(
    """HTTP/1.1 |HTTP/1.0 |HTTP/0.9 |HTTP/2 |100 Continue|204 No|301 Moved|401 No|403 No|503 No|Content-Length: |
    Transfer-Encoding: chunked|Transfer-Encoding: gzip, chunked|Content-Encoding: gzip|Connection: close|Location: /|
    WWW-Authenticate: Basic realm="|Set-Cookie: a=b; expires=|Retry-After: 9|Content-Type: a; charset=|-1|0|ffffffffff|
    99999999999|,|;|:|"|=| ||x: """.replace("\n    ", "")
    .encode()
    .split(b"|")
) | st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"0\r\n", b"x" * 70_000])


@pytest.fixture(scope="module")
def talkers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Talker]]:
    with closing(Talker()) as http, closing(Talker(tmp_path_factory.mktemp("talker") / "kea.sock")) as unix:
        yield {"http": http, "unix": unix}


class TestFraming:
    @pytest.mark.parametrize("scheme", ["http", "unix"])
    @settings(QUICK, max_examples=150)
    @given(answer=st.sampled_from([PLAIN, CHUNKED, PLAIN + PLAIN, b""]).flatmap(lambda it: spliced(it, HTTP_PIECES)))
    def test_whatever_comes_is_an_answer_or_a_failure(
        self, talkers: Mapping[str, Talker], scheme: str, answer: bytes
    ) -> None:
        talkers[scheme].say(answer)


HTTPS = settings_of("dhcp4")


@cache
def sound_snapshot() -> Snapshot:
    answers = {name: json.dumps(it).encode() for name, it in answers_of("kea-3.2.0", "dhcp4").items()}
    return conversation(answers, HTTPS).snapshot


@st.composite
def overwritten(draw: DrawFn, der: bytes) -> bytes:
    """Return bytes of which a few are others, so that what is around them keeps its length."""
    changed_bytes = bytearray(der)
    for _ in range(draw(st.integers(1, 6))):
        changed_bytes[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    return bytes(changed_bytes)


IDS = tuple(it.id for it in REQUIREMENTS)
YAML_PIECES = BYTES | st.sampled_from(
    [
        *b"&a |*a|<<: *a|!!python/object:os.system |!!int |!!binary |{|}|[|]|: |- |  |? |'|#|~|null|=|1_000".split(
            b"|"
        ),
        *b"%YAML 9.9\n|---\n|...\n|>\n|1e999|.nan|0x|0b1|2026-01-01|servers:|defaults:|dhcp4:|timeout: ".split(b"|"),
        *(b"|\n", b'"', b"\n", b"\t", b"\xff", b"\0", "\u2028".encode(), b"[" * 3000, b"1" * 5000, b"https://[::1"),
    ]
)


@pytest.mark.filterwarnings("ignore:::kea_exporter.certificates")
class TestCertificates:
    @pytest.mark.parametrize("kind", CERTIFICATES)
    @settings(QUICK, max_examples=60)
    @given(data=st.data(), host=st.text(max_size=8) | st.sampled_from(["127.0.0.1", "::1", "a.example.com", "*", ""]))
    def test_any_bytes_are_a_certificate_that_can_be_shown_or_none(
        self, kind: str, data: st.DataObject, host: str
    ) -> None:
        der = data.draw(overwritten(CERTIFICATES[kind]) | spliced(CERTIFICATES[kind]))
        try:
            certificate = read_der(der)
        except CertificateError:
            return
        assert certificate.covers(host) in {True, False}
        snapshot = replace(sound_snapshot(), tls=Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384", (certificate,), None))
        report = judge_all(REQUIREMENTS, snapshot, HTTPS.profile)
        assert_sane(report)
        assert_shown(report)

    @settings(QUICK, max_examples=60)
    @given(data=st.data())
    def test_any_text_is_a_certificate_in_pem_or_none(self, data: st.DataObject) -> None:
        with suppress(CertificateError):
            read_pem(data.draw(spliced(as_pem(CERTIFICATES["plain"]))))


class TestConfigurations:
    @settings(QUICK, max_examples=150)
    @given(data=st.data())
    def test_any_text_is_a_configuration_or_has_mistakes(self, tmp_path: Path, data: st.DataObject) -> None:
        path = tmp_path / "config.yml"
        path.write_bytes(data.draw(spliced(YAML, YAML_PIECES)))
        settings_or_mistakes(lambda: load(path, IDS))

    @settings(QUICK, max_examples=100)
    @given(data=st.data())
    def test_any_tree_is_a_configuration_or_has_mistakes(self, tmp_path: Path, data: st.DataObject) -> None:
        tree = data.draw(changed(yaml.safe_load(YAML)))
        settings_or_mistakes(lambda: settings_from_tree(tree, tmp_path, None, IDS))

    @settings(QUICK, max_examples=60)
    @given(data=st.data())
    def test_any_text_is_a_web_configuration_or_has_mistakes(self, tmp_path: Path, data: st.DataObject) -> None:
        path = tmp_path / "web.yml"
        path.write_bytes(data.draw(spliced(WEB_YAML, YAML_PIECES)))
        settings_or_mistakes(lambda: load_web(path))


def settings_or_mistakes(read: Callable[[], Settings | WebSettings]) -> None:
    with suppress(ConfigError):
        assert CANARY not in repr(read())


# What longer runs, and `make fuzz`, have found.


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b"\x02\x09\x01\0\0\0\0\0\0\0\0", b"\x02\x09\x80\0\0\0\0\0\0\0\0"),
        (b"\x06\x03\x55\x04\x0a", b"\x06\x03\x55\x04\x06"),
    ],
    ids=["a negative serial number", "a country of many letters"],
)
def test_an_odd_certificate_is_no_news(part: bytes, other: bytes) -> None:
    assert part in CERTIFICATES["plain"]
    der = CERTIFICATES["plain"].replace(part, other)
    read = f"from kea_exporter.certificates import read_der; read_der({der!r})"
    found = subprocess.run([sys.executable, "-W", "default", "-c", read], capture_output=True, check=True)
    assert found.stderr == b""
