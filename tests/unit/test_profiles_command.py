"""`kea-exporter profiles`: what it lists, shows, and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.cli import cli
from kea_exporter.config import BUILT_IN, duration_text
from kea_exporter.config.values import parse_period
from kea_exporter.requirements import DEMANDS, severity_in
from tests.support.configuration_file import SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

HOUSE = (
    'profiles:\n  house: {extends: strict, upgrade_target: "3.2", renewal_window: 1d12h, leave_out: [version-tested]}\n'
)
NAMES = ["ipam", "kea-best-practice", "strict"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def profiles(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, ["profiles", *arguments], input=stdin, standalone_mode=False)


def printed(*arguments: str, stdin: str = "") -> list[str]:
    found = profiles(*arguments, stdin=stdin)
    assert found.exit_code == 0, found.exception
    return found.stdout.splitlines()


def error_of(*arguments: str, stdin: str = "") -> str:
    """Return the one clear error that the command ended with."""
    found = profiles(*arguments, stdin=stdin)
    assert found.stdout == ""
    assert getattr(found.exception, "exit_code", None) is not None, found.exc_info
    message: str = found.exception.format_message()  # type: ignore[union-attr]
    return message


def names(*arguments: str, stdin: str = "") -> list[str]:
    return [line.split()[0] for line in printed(*arguments, stdin=stdin)[1:]]


@pytest.mark.usefixtures("folder")
def test_without_a_configuration_the_built_in_profiles_are_listed() -> None:
    heading, *lines = printed()
    assert heading.split() == ["PROFILE", "EXTENDS", "REQUIRED", "RECOMMENDED", "ADVISORY"]
    assert [line.split()[:2] for line in lines] == [["ipam", "-"], ["kea-best-practice", "ipam"], ["strict", "ipam"]]
    for line, profile in zip(lines, BUILT_IN.values(), strict=True):
        severities = [severity_in(profile, requirement) for requirement in DEMANDS]
        expected = [severities.count(severity) for severity in ("required", "recommended", "advisory")]  # type: ignore[arg-type]
        assert [int(number) for number in line.split()[2:]] == expected


def test_profiles_of_a_configuration_are_listed_after_the_built_in_ones(folder: Path) -> None:
    path = folder / "kea.yml"
    path.write_text(HOUSE + SERVER)
    assert names() == NAMES
    assert names("--config.file", str(path)) == [*NAMES, "house"]
    assert names("--config.file", "-", stdin=HOUSE + SERVER) == [*NAMES, "house"]
    path.rename(folder / "config.yml")
    assert names() == [*NAMES, "house"]


def test_a_profile_is_shown_with_its_parameters_and_all_severities(folder: Path) -> None:
    (folder / "config.yml").write_text(HOUSE + SERVER)
    heading, _, *parameters = (lines := printed("house"))[:7]
    assert heading == "house, extends strict, extends ipam"
    assert [line.split(maxsplit=1) for line in parameters] == [
        ["minimum_version", "3.0.0"],
        ["tested_version", "3.1.3"],
        ["realms", "dhcp4 kea-dhcpv4-server, dhcp6 kea-dhcpv6-server"],
        ["renewal_window", "1d12h"],
        ["upgrade_target", "3.2"],
    ]
    assert [line.split()[-1] for line in lines[8:]] == [requirement.id for requirement in DEMANDS]
    assert "required     control-socket-uses-tls" in lines
    assert "not judged   version-tested" in lines


@pytest.mark.usefixtures("folder")
def test_a_built_in_profile_is_shown_as_such() -> None:
    heading, *lines = printed("kea-best-practice")
    assert heading == "kea-best-practice, built in, extends ipam"
    assert "realms           any" in lines
    assert "upgrade_target   the next stable version" in lines


def test_json_has_the_parameters_in_the_form_of_the_configuration_file(folder: Path) -> None:
    (folder / "config.yml").write_text(HOUSE + SERVER)
    document = json.loads("\n".join(printed("--output", "json")))
    assert [profile["name"] for profile in document["profiles"]] == [*NAMES, "house"]
    assert json.loads("\n".join(printed("house", "--output", "json"))) == {"profiles": [document["profiles"][-1]]}
    house = document["profiles"][-1]
    severities = house.pop("requirements")
    counts = {
        severity: list(severities.values()).count(severity) for severity in ("required", "recommended", "advisory")
    }
    assert house == {
        "name": "house",
        "built_in": False,
        "extends": "strict",
        "minimum_version": "3.0.0",
        "tested_version": "3.1.3",
        "realms": {"dhcp4": "kea-dhcpv4-server", "dhcp6": "kea-dhcpv6-server", "d2": None},
        "renewal_window": "1d12h",
        "upgrade_target": "3.2",
        "counts": counts,
    }
    assert list(severities) == [requirement.id for requirement in DEMANDS]
    assert (severities["version-tested"], severities["hsts-header-present"]) == (None, "recommended")


WRONG = {
    "strickt": "there is no profile 'strickt'; did you mean 'strict'?",
    "STRICT": "there is no profile 'STRICT'; did you mean 'strict'?",
    "netbox": "there is no profile 'netbox'; there are: ipam, kea-best-practice, strict",
    "": "there is no profile ''; there are: ipam, kea-best-practice, strict",
    "a\nb\x1b[31m": "there is no profile 'a b [31m'; there are: ipam, kea-best-practice, strict",
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", WRONG)
def test_an_unknown_profile_is_an_error_with_a_suggestion(name: str) -> None:
    assert error_of(name) == f"Invalid value for NAME: {WRONG[name]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profiles: {strict: {}}\n" + SERVER, "line 1: profiles.strict: this profile is built in; use another name"),
        ("profiles: {a: {extends: a}}\n" + SERVER, "line 1: profiles.a.extends: a profile cannot extend itself"),
        ("profiles: {a: {extends: b}}\n" + SERVER, "line 1: profiles.a.extends: unknown profile; use one of: a, ipam"),
        ("profiles: {a: {}}\n", "line 1: servers: the key is missing"),
        ("profiles: [\n", "line 2: this is not YAML"),
        ("", "servers: the key is missing"),
    ],
)
def test_errors_of_the_configuration_are_printed_with_their_line(folder: Path, text: str, expected: str) -> None:
    (folder / "config.yml").write_text(text)
    assert error_of().startswith(f"config.yml: {expected}")
    assert error_of("--config.file", "-", stdin=text).startswith(f"standard input: {expected}")


def test_a_configuration_file_that_is_missing_is_named(folder: Path) -> None:
    missing = f"{folder}/missing.yml"
    assert error_of("--config.file", missing) == f"{missing}: cannot read the file: No such file or directory"
    assert error_of("--config.file", str(folder)) == f"{folder}: cannot read the file: Is a directory"


@given(seconds=st.integers(60, 366 * 86400))
def test_a_period_is_printed_as_it_is_written(seconds: int) -> None:
    assert parse_period(duration_text(float(seconds))) == seconds
