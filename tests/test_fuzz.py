"""Whatever is answered, sent or written, nothing but the documented errors comes out, and every page can be read.

`make fuzz` goes on where this ends; what it finds is kept here.
"""

from __future__ import annotations

import json
import socket
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kea_exporter.certificates import CertificateError, read_der, read_pem
from kea_exporter.config import ConfigError, Settings, load, settings_from_tree
from kea_exporter.facts.snapshot import Tls
from kea_exporter.requirements import REQUIREMENTS, judge_all
from kea_exporter.transport import TransportError, transport_to
from kea_exporter.transport.deadline import Deadline
from tests.answers import paths, put
from tests.conversations import assert_sane, assert_shown, conversation, settings_of
from tests.peers import peer
from tests.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

    from kea_exporter.config import DaemonSettings

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
MEBIBYTE = 2**20
EXAMPLE = Path("config.example.yml")

ODD_TEXTS = st.sampled_from(
    ["", " ", "\0", "\x1b[2J", "\ud800", "<script>alert(1)</script>", "é" * 300, '"', "\\", "\n", "1" * 400, "__class__"]
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
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | ODD_TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
) | st.integers(1, 900).map(lambda depth: nested(depth))


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


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


@st.composite
def spliced(draw: DrawFn, text: bytes, pieces: SearchStrategy[bytes] = st.binary(max_size=8)) -> bytes:
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
    return {name: draw(spliced(body)) if name in odd and draw(st.integers(0, 9)) == 0 else body for name, body in bodies.items()}


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
