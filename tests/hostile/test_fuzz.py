"""Random input: only the documented errors are raised, and every page can be read.

`make fuzz` goes on where this ends; what it finds is kept here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kea_exporter.certificates import CertificateError, read_der, read_pem
from kea_exporter.config import IPAM, ConfigError, Settings, load, settings_from_tree
from kea_exporter.config.web import load_web
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.snapshot import Tls
from kea_exporter.kea.lease_pages import AuditTally, read_lease_page
from kea_exporter.kea.protocol import Answer, decode
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.requirements import REQUIREMENTS, judge_all
from tests.support.answers import paths, put
from tests.support.conversations import NOW, assert_exported, assert_sane, assert_shown, conversation, settings_of
from tests.support.odd import BYTES, at, changed, overwritten, spliced
from tests.support.odd_certificates import CERTIFICATES, as_pem
from tests.support.odd_configurations import CANARY, WEB_YAML, YAML
from tests.support.recordings import RECORDED, recorded
from tests.support.talker import CHUNKED, PLAIN, Talker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hypothesis.strategies import DrawFn

    from kea_exporter.config.web import WebSettings

QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@cache
def answers_of(version: str, daemon: str) -> dict[str, Any]:
    return recorded(version, daemon)


@cache
def sound_answers(version: str, daemon: str) -> dict[str, bytes]:
    return {name: json.dumps(answer).encode() for name, answer in answers_of(version, daemon).items()}


@st.composite
def odd_answers(draw: DrawFn, version: str, daemon: str) -> dict[str, bytes]:
    answers = answers_of(version, daemon)
    odd = draw(st.sets(st.sampled_from(sorted(answers)), min_size=1, max_size=2))
    bodies = {
        name: json.dumps(draw(changed(answer)) if name in odd else answer).encode() for name, answer in answers.items()
    }
    return {
        name: draw(spliced(body)) if name in odd and draw(st.integers(0, 9)) == 0 else body
        for name, body in bodies.items()
    }


LEASES = {
    "result": 0,
    "arguments": {
        "count": 3,
        "leases": [
            {"ip-address": "192.0.2.1", "subnet-id": 1, "state": 0},
            {"ip-address": "198.51.100.1", "subnet-id": 99, "state": 1},
            {"ip-address": "2001:db8:ff::", "subnet-id": 1, "state": 0, "type": "IA_PD", "prefix-len": 56},
        ],
    },
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
        first, second = sound_answers("kea-3.2.0", "dhcp4"), data.draw(odd_answers("kea-3.2.0", "dhcp4"))
        if data.draw(st.booleans()):
            first, second = second, first
        before = conversation(first, daemon_settings).snapshot
        assert_sane(conversation(second, daemon_settings, before))

    @settings(QUICK, max_examples=40)
    @given(page=changed(LEASES), daemon=st.sampled_from(["dhcp4", "dhcp6"]))
    def test_whatever_leases_are_listed_their_audit_can_be_exported_and_shown(self, page: object, daemon: str) -> None:
        before = conversation(sound_answers("kea-3.2.0", daemon), settings_of(daemon)).snapshot
        assert not isinstance(before.subnets, Failure)
        tally = AuditTally(before.subnets.by_id)
        try:
            tally.add(read_lease_page(decode(json.dumps(page).encode())))
        except MalformedAnswerError:
            return
        audited = replace(before, audit=tally.result(NOW, is_complete=True))
        report = judge_all(REQUIREMENTS, audited, IPAM)
        assert_sane(report)
        assert_shown(report)

    @pytest.mark.parametrize("command", ["config-get", "status-get", "subnet4-list", "version-get"])
    def test_whatever_stands_in_the_place_of_a_text_can_be_shown(self, command: str) -> None:
        answers, answer = sound_answers("kea-3.2.0", "dhcp4"), answers_of("kea-3.2.0", "dhcp4")[command]
        asked = settings_of("dhcp4", pools=True)
        for path in paths(answer):
            if isinstance(at(answer, path), str | None):
                odd = json.dumps(put(answer, path, "\x1b[2J<script>\ud800\0\n")).encode()
                report = conversation({**answers, command: odd}, asked)
                assert_exported(report)
                assert_shown(report)


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
    @given(
        answer=st.sampled_from([PLAIN, CHUNKED, PLAIN + PLAIN, b""]).flatmap(
            lambda response: spliced(response, HTTP_PIECES)
        )
    )
    def test_whatever_comes_is_an_answer_or_a_failure(
        self, talkers: Mapping[str, Talker], scheme: str, answer: bytes
    ) -> None:
        talkers[scheme].say(answer)


IDS = tuple(requirement.id for requirement in REQUIREMENTS)
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
        snapshot = conversation(sound_answers("kea-3.2.0", "dhcp4"), settings_of("dhcp4")).snapshot
        snapshot = replace(snapshot, tls=Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384", (certificate,), None))
        report = judge_all(REQUIREMENTS, snapshot, IPAM)
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


def test_an_address_with_a_scope_is_no_address_of_a_lease() -> None:
    lease = {"ip-address": "fe80::1%\x1b[2J", "subnet-id": 1}
    with pytest.raises(MalformedAnswerError):
        read_lease_page(Answer(0, "", {"leases": [lease]}))
