"""What the simulated Kea and the real one have in common: the same tests run against both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests

from lab.kea import Lab, dhcp, http, subnet4
from lab.processes import free_port
from tests.peers import SimulatedKea
from tests.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDENTIALS = ("monitor", "a-throw-away-password")


@dataclass(frozen=True)
class Kea:
    url: str

    def post(self, body: object, auth: tuple[str, str] | None = CREDENTIALS) -> requests.Response:
        return requests.post(self.url, json=body, auth=auth, timeout=10)


@pytest.fixture(scope="module", params=["simulated", pytest.param("real", marks=pytest.mark.lab)])
def kea(request: pytest.FixtureRequest) -> Iterator[Kea]:
    if request.param == "simulated":
        with SimulatedKea(recorded("kea-3.0.3", "dhcp4"), CREDENTIALS) as simulated:
            yield Kea(simulated.url)
        return
    with Lab(request.getfixturevalue("chroot")) as lab:
        user, password = (lab.secret(name, text) for name, text in zip(("u", "p"), CREDENTIALS, strict=True))
        port = free_port()
        socket = http(port, authentication=lab.authentication("Dhcp4", user, password))
        lab.start("Dhcp4", dhcp("Dhcp4", [socket], subnet4=[subnet4(1), subnet4(2)]))
        yield Kea(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("command", ["version-get", "status-get", "list-commands", "config-get", "stat-lease4-get"])
def test_an_answer_is_a_list_of_one_map_with_result_0(kea: Kea, command: str) -> None:
    answer = kea.post({"command": command})
    assert answer.status_code == 200
    [said] = answer.json()
    assert said["result"] == 0


def test_both_give_the_same_keys(kea: Kea) -> None:
    [status] = kea.post({"command": "status-get"}).json()
    [version] = kea.post({"command": "version-get"}).json()
    [rows] = kea.post({"command": "stat-lease4-get"}).json()
    assert {"pid", "uptime", "reload", "dhcp-state", "sockets"} <= status["arguments"].keys()
    assert version["text"].startswith("3.")
    assert rows["arguments"]["result-set"]["columns"][0] == "subnet-id"


def test_an_unknown_command_has_result_2(kea: Kea) -> None:
    [said] = kea.post({"command": "no-such-command"}).json()
    assert said == {"result": 2, "text": "'no-such-command' command not supported."}


@pytest.mark.parametrize("auth", [None, ("monitor", "wrong"), ("nobody", "a-throw-away-password")])
def test_wrong_credentials_are_answered_with_401_and_the_realm(kea: Kea, auth: tuple[str, str] | None) -> None:
    answer = kea.post({"command": "version-get"}, auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="kea-dhcpv4-server"'
    assert answer.json() == {"result": 401, "text": "Unauthorized"}


def test_anything_but_a_posted_json_command_is_answered_with_400(kea: Kea) -> None:
    got = requests.get(kea.url, auth=CREDENTIALS, timeout=10)
    form = requests.post(kea.url, data='{"command": "version-get"}', auth=CREDENTIALS, timeout=10)
    for answer in (got, form):
        assert answer.status_code == 400
        assert answer.json() == {"result": 400, "text": "Bad Request"}


def test_a_connection_serves_many_commands(kea: Kea) -> None:
    with requests.Session() as session:
        answers = [
            session.post(kea.url, json={"command": "version-get"}, auth=CREDENTIALS, timeout=10) for _ in range(5)
        ]
    assert [answer.status_code for answer in answers] == [200] * 5
