"""Configuration files of Kea: their syntax, and `check --kea-config`."""

from __future__ import annotations

import json
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.cli import cli
from kea_exporter.kea.configuration_file import (
    MAX_BYTES,
    MAX_VALUES,
    ConfigurationFileError,
    read_configuration_file,
)
from tests.support.configuration_file import SERVER
from tests.support.configurations import SOUND, Tree, dhcp4, host, subnet
from tests.support.kea_syntax import ACCEPTED, REFUSED
from tests.support.pairs import partners
from tests.support.review_cases import CASES, Case

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NONSENSE: tuple[object, ...] = (5, "x", [], [[]], {}, None)
SOUND_FILE = json.dumps({"Dhcp4": SOUND["Dhcp4"]})
OF_HOOKS = {"hook-subnet-cmds-loaded", "hook-host-cmds-loaded", "hook-lease-cmds-loaded", "hook-stat-cmds-loaded"}


Place = tuple[str | int, ...]


def no_include(path: str) -> tuple[str, bytes]:
    raise ConfigurationFileError(f"{path} is not included")


def written(folder: Path, content: bytes | str) -> Path:
    path = folder / "kea.conf"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def check(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, ["check", *arguments], input=stdin, standalone_mode=False)


def check_file(path: Path, *arguments: str) -> Result:
    return check("--kea-config", str(path), *arguments)


def verdicts(path: Path, *arguments: str) -> dict[str, str]:
    """Return the status of each requirement on the daemon of a file."""
    result = check_file(path, "--output", "json", *arguments)
    [daemon] = json.loads(result.stdout)["daemons"]
    return {requirement["id"]: requirement["status"] for requirement in daemon["requirements"]}


def error_of(result: Result) -> str:
    """Return the one clear error that a check ended with: no traceback, exit code 3."""
    assert getattr(result.exception, "exit_code", None) is not None, result.exc_info
    message: str = result.exception.format_message()  # type: ignore[union-attr]
    assert message.isprintable()
    assert len(message) < 600
    return message


@pytest.mark.parametrize("content", ACCEPTED, ids=repr)
def test_what_kea_accepts_is_read(content: bytes) -> None:
    assert read_configuration_file("kea.conf", content, no_include).root == "Dhcp4"


@pytest.mark.parametrize("content", REFUSED, ids=repr)
def test_what_kea_refuses_ends_with_an_error_at_its_place(tmp_path: Path, content: bytes) -> None:
    error = error_of(check_file(written(tmp_path, content)))
    assert error.startswith(f"{tmp_path}/kea.conf:1:")


def test_an_error_names_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, '{ "Dhcp4": {\n    // a comment\n    "valid-lifetime": TRUE\n} }\n')
    assert error_of(check_file(path)) == f"{path}:3:23: a value is expected, found 'TRUE'"


LISTS, MAPS = b"[" * 100_000, b'{"a":' * 100_000
ODD = {
    "only opening brackets": LISTS,
    "only opening braces": MAPS,
    "deep lists": b'{"Dhcp4": {"user-context": {"a": ' + LISTS + b"]" * 100_000 + b"}}}",
    "deep maps": b'{"Dhcp4": {"user-context": {"a": ' + MAPS + b"1" + b"}" * 100_000 + b"}}}",
    "UTF-16": SOUND_FILE.encode("utf-16"),
    "UTF-32": SOUND_FILE.encode("utf-32"),
    "zeros": bytes(1000),
    "all bytes": bytes(range(256)),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "an open string": b'{"Dhcp4": {"comment": "' + b"x" * 1_000_000,
    "an open comment": b"/*" + b"x" * 1_000_000,
    "many quotes": b'"' * 100_001,
    "a number of a million digits": b'{"Dhcp4": {"valid-lifetime": ' + b"9" * 1_000_000 + b"}}",
    "a key of a million letters": b'{"' + b"k" * 1_000_000 + b'": 1}',
    "text after the end": SOUND_FILE.encode() + b" x",
    "two configurations": SOUND_FILE.encode() * 2,
    "YAML": b"Dhcp4:\n  valid-lifetime: 4000\n",
    "the exporter's own": b"servers:\n- name: kea\n  dhcp4: {url: http://192.0.2.1:8000}\n",
    "another daemon": b'{"Control-agent": {"http-port": 8000}}',
    "an answer of config-get": b'[{"result": 0, "arguments": {}}]',
    "subnets that are a map": b'{"Dhcp4": {"subnet4": {}}}',
    "a subnet that is a text": b'{"Dhcp4": {"subnet4": ["10.0.0.0/24"]}}',
    "a subnet without an id": b'{"Dhcp4": {"subnet4": [{"subnet": "10.0.0.0/24"}]}}',
    "a subnet without a prefix": b'{"Dhcp4": {"subnet4": [{"id": 1}]}}',
    "a prefix that is none": b'{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "10.0.0.0/99"}]}}',
    "one id twice": json.dumps({"Dhcp4": dhcp4(subnet(1), subnet(2, id=1))}).encode(),
    "a pool that is none": b'{"Dhcp4": {"subnet4": [{"id": 1, "subnet": "10.0.0.0/24", "pools": [{"pool": "x"}]}]}}',
    "a network that is a text": b'{"Dhcp4": {"shared-networks": ["office"]}}',
    "hooks that are texts": b'{"Dhcp4": {"hooks-libraries": ["libdhcp_ha.so"]}}',
    "a socket that is a text": b'{"Dhcp4": {"control-sockets": ["/run/kea/kea4"]}}',
    "an include without a name": b"<?include?>",
    "an include of nothing": b'<?include "nothing.json"?>',
    "an include of the folder": b'<?include "."?>',
    "an include outside": b'<?include "/etc/passwd"?>',
    "an include above": b'<?include "../../etc/passwd"?>',
    "an include of a zero byte": b'<?include "a\x00b"?>',
    "an include of itself": b'<?include "kea.conf"?>',
    "an include of a FIFO": b'<?include "fifo"?>',
    "an include of a link to outside": b'<?include "link"?>',
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_odd_files_end_with_one_clear_error(tmp_path: Path, content: bytes) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert "kea.conf" in error_of(check_file(written(tmp_path, content)))


def severities(path: Path, *arguments: str) -> dict[str, str]:
    [daemon] = json.loads(check_file(path, "--output", "json", *arguments).stdout)["daemons"]
    return {requirement["id"]: requirement["severity"] for requirement in daemon["requirements"]}


def test_files_are_judged_by_a_profile(tmp_path: Path) -> None:
    path, config = written(tmp_path, SOUND_FILE), tmp_path / "config.yml"
    config.write_text(f"profiles: {{house: {{leave_out: [logging-is-not-debug], hooks: [ha]}}}}\n{SERVER}")
    assert severities(path)["subnets-have-pools"] == "recommended"
    assert severities(path, "--profile", "strict")["subnets-have-pools"] == "required"
    house = severities(path, "--profile", "house", "--config.file", str(config))
    assert "hook-ha-loaded" in house
    assert not {"logging-is-not-debug", "hook-subnet-cmds-loaded"} & house.keys()


def test_a_profile_that_files_cannot_be_judged_by_is_an_error(tmp_path: Path) -> None:
    path, config = written(tmp_path, SOUND_FILE), tmp_path / "config.yml"
    config.write_text(f"profiles: {{house: {{extends: hous}}}}\n{SERVER}")
    assert error_of(check_file(path, "--profile", "house")).endswith("there are: ipam, kea-best-practice, strict")
    assert "did you mean 'house'?" in error_of(check_file(path, "--profile", "house", "--config.file", str(config)))
    assert "--kea-config stands alone" in error_of(check_file(path, "--config.file", str(config)))
    assert "cannot read the file" in error_of(check_file(path, "--profile", "house", "--config.file", f"{path}.yml"))


def test_files_that_are_none_end_with_one_clear_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("nothing", "fifo", "loop", "."):
        assert str(tmp_path) in error_of(check_file(tmp_path / name))
    assert "/dev/zero" in error_of(check("--kea-config", "/dev/zero"))


def test_a_file_that_is_too_large_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "kea.conf"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    tracemalloc.start()
    try:
        error = error_of(check_file(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "larger than" in error
    assert peak < 3 * MAX_BYTES


def test_the_number_of_values_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kea_exporter.kea.configuration_file.MAX_VALUES", 1000)
    assert MAX_VALUES > 500_000
    content = b'{"Dhcp4": {"user-context": {"a": [' + b"1," * 2000 + b"]}}}"
    with pytest.raises(ConfigurationFileError, match="more than 1,000 values"):
        read_configuration_file("kea.conf", content, no_include)


def test_includes_are_read_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "subnets.json").write_text(json.dumps(SOUND["Dhcp4"]["subnet4"]))
    path = written(
        tmp_path, '{"Dhcp4": {"interfaces-config": {"interfaces": ["*"]}, "subnet4": <?include "parts/subnets.json"?>}}'
    )
    assert verdicts(path)["subnets-have-pools"] == "met"
    outside = written(tmp_path / "parts", f'<?include "{path}"?>')
    assert "--include-dir" in error_of(check_file(outside))
    assert verdicts(outside, "--include-dir", str(tmp_path))["subnets-have-pools"] == "met"


def test_an_error_in_an_include_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text("[\n  1 2\n]")
    path = written(tmp_path, '{"Dhcp4": {"subnet4": <?include "part.json"?>}}')
    assert error_of(check_file(path)).startswith("part.json:2:5: ")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_file_has_the_verdict_of_its_configuration(tmp_path: Path, case: Case) -> None:
    file = written(tmp_path, json.dumps({case.root: case.tree}))
    result = check_file(file, "--kea-version", "3.0.4", "--output", "json")
    [daemon] = json.loads(result.stdout)["daemons"]
    found = {requirement["id"]: requirement for requirement in daemon["requirements"]}
    if case.requirement == "subnets-have-routers":
        assert case.requirement not in found
        return
    requirement = found[case.requirement]
    assert requirement["status"] == ("unmet" if case.cause else "met")
    assert requirement["cause"] == (case.cause or None)


def places(tree: object, place: Place = ()) -> list[Place]:
    """Return the place of each value in a tree, by the keys and indices that lead there."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place, *(deeper for key, value in entries for deeper in places(value, (*place, key)))]


def replaced(tree: object, place: Place, value: object) -> object:
    if not place:
        return value
    assert isinstance(tree, dict | list)
    copy = tree.copy()
    copy[place[0]] = replaced(tree[place[0]], place[1:], value)  # type: ignore[index]
    return copy


PLACES = [(number, place) for number, case in enumerate(CASES) for place in places(case.tree)]


@given(st.sampled_from(PLACES), st.sampled_from(NONSENSE))
def test_a_value_of_another_type_is_judged_or_one_clear_error(where: tuple[int, Place], value: object) -> None:
    case = CASES[where[0]]
    assert_judged_or_refused({case.root: replaced(case.tree, where[1], value)})


@pytest.mark.parametrize(
    "tree",
    [
        {"Dhcp4": dhcp4(subnet(1, id=[]))},
        {"Dhcp4": dhcp4(subnet(1, id={}))},
        {"Dhcp4": dhcp4(subnet(1, reservations=[{**host(), "ip-address": ["10.0.1.5"]}]))},
        {"Dhcp4": {**dhcp4(), "shared-networks": {}}},
        {"Dhcp4": {**dhcp4(), "subnet4": [[]]}},
    ],
    ids=json.dumps,
)
def test_values_of_other_types_end_with_one_clear_error(tree: Tree) -> None:
    assert_judged_or_refused(tree)


def assert_judged_or_refused(tree: object) -> None:
    result = check("--kea-config", "-", "--output", "json", stdin=json.dumps(tree).encode())
    if result.exception is not None:
        error_of(result)
        return
    [daemon] = json.loads(result.stdout)["daemons"]
    assert not any(requirement["evidence"].startswith("internal error") for requirement in daemon["requirements"])


def test_what_a_file_cannot_tell_does_not_appear(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND_FILE)
    found = verdicts(path)
    assert "unknown" not in found.values()
    assert {name for name, status in found.items() if status == "unmet"} == OF_HOOKS
    assert "version-supported" not in found
    assert "control-socket-reachable" not in found
    assert verdicts(path, "--kea-version", "2.6.3")["version-supported"] == "unmet"


def test_several_files_are_checked_at_once_and_standard_input_too(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND_FILE)
    content = json.dumps({"DhcpDdns": SOUND["DhcpDdns"]}).encode()
    result = check("--kea-config", str(path), "--kea-config", "-", "--output", "json", stdin=content)
    assert [(daemon["server"], daemon["daemon"]) for daemon in json.loads(result.stdout)["daemons"]] == [
        (str(path), "dhcp4"),
        ("stdin", "d2"),
    ]


def test_files_that_are_checked_together_are_those_of_one_server(tmp_path: Path) -> None:
    updates = dhcp4(**{"dhcp-ddns": {"enable-updates": True}, "ddns-qualifying-suffix": "example.com."})
    sender = written(tmp_path, json.dumps({"Dhcp4": updates}))

    def status(**changes: object) -> str:
        content = json.dumps({"DhcpDdns": {**SOUND["DhcpDdns"], **changes}}).encode()
        arguments = ("--kea-config", str(sender), "--kea-config", "-", "--output", "json", "--only", "ddns-matches-d2")
        [daemon, _] = json.loads(check(*arguments, stdin=content).stdout)["daemons"]
        [requirement] = daemon["requirements"]
        return str(requirement["status"])

    assert status() == "met"
    assert status(port=53002) == "unmet"
    assert verdicts(sender)["ddns-matches-d2"] == "not_applicable"


def test_the_exit_code_is_that_of_a_server(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"DhcpDdns": {**SOUND["DhcpDdns"], "ip-address": "0.0.0.0"}}))
    assert check_file(path).return_value == 0
    assert check_file(path, "--fail-on", "recommended").return_value == 1


def test_subnets_without_an_id_are_numbered_for_kea_before_2_6(tmp_path: Path) -> None:
    subnets = [{key: value for key, value in subnet(number).items() if key != "id"} for number in (1, 2)]
    path = written(tmp_path, json.dumps({"Dhcp4": dhcp4(*subnets)}))
    assert "has no id" in error_of(check_file(path))
    assert verdicts(path, "--kea-version", "2.4.1")["subnets-do-not-overlap"] == "met"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--kea-config", "-", "--url", "http://192.0.2.1:8000"),
        ("--kea-config", "-", "--audit-leases"),
        ("--kea-config", "-", "--server", "kea"),
        ("--kea-version", "3.0.4"),
        ("--include-dir", "/"),
        ("--kea-config", "-", "--kea-version", "three"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...]) -> None:
    assert error_of(check(*arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "prometheus"), "--output prometheus is about servers that answer"),
        (("--kea-config", "-", "--kea-config", "-"), "standard input can be read once"),
        (("--kea-config", "-", "--watch", "1"), "standard input can be read once"),
        (("--kea-config", "-", "--config.file", "-", "--profile", "house"), "standard input can be read once"),
    ],
)
def test_a_file_has_no_metrics_and_standard_input_is_read_once(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in error_of(check_file(written(tmp_path, SOUND_FILE), *arguments))


def test_files_of_partners_are_compared(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.conf", "b.conf")]
    for path, tree in zip(paths, partners(change=lambda tree: tree["subnet4"][0].update(id=40)), strict=True):
        path.write_text(json.dumps({"Dhcp4": tree}))
    files = [argument for path in paths for argument in ("--kea-config", str(path))]
    only = ("--only", "partners-have-the-same-subnets", "--only", "partners-have-the-same-pools")
    result = check(*files, "--output", "json", *only)
    [pair] = json.loads(result.stdout)["pairs"]
    assert [requirement["status"] for requirement in pair["requirements"]] == ["unmet", "met"]
    assert pair["requirements"][0]["evidence"] == f"subnet 10.0.0.0/24 has id 1 on {paths[0]} and 40 on {paths[1]}"
    assert result.return_value == 1
    assert check(*files, "--only", "partners-have-the-same-pools").return_value == 0
    assert json.loads(check(*files[:2], "--output", "json").stdout)["pairs"] == []


def test_files_of_one_server_are_no_partners(tmp_path: Path) -> None:
    before, after = tmp_path / "before.conf", tmp_path / "after.conf"
    one, _ = partners()
    before.write_text(json.dumps({"Dhcp4": one}))
    one["subnet4"][0]["id"] = 40
    after.write_text(json.dumps({"Dhcp4": one}))
    result = check("--kea-config", str(before), "--kea-config", str(after), "--output", "json")
    assert json.loads(result.stdout)["pairs"] == []
