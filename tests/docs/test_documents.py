"""The examples in the documents are accepted by the program."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from kea_exporter.audit import audit_leases
from kea_exporter.cli import cli
from kea_exporter.config import BUILT_IN, AuditSettings, Settings, settings_from_tree
from kea_exporter.httpd import authentication
from kea_exporter.kea import large, plan
from kea_exporter.kea.protocol import LIMITS, MIB, Command
from kea_exporter.reloader import Reloader
from kea_exporter.requirements import REQUIREMENTS, Severity, Subject, severity_in
from kea_exporter.service import Service
from kea_exporter.web import WebOptions, admission, create_app, handlers
from kea_exporter.web.slots import FullError, Slots
from tests.support.markdown import indented
from tests.support.peers import SimulatedKea

ROOT = Path(__file__).parent.parent.parent
IDS = tuple(requirement.id for requirement in REQUIREMENTS)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
INSTALLS_FROM_PYPI = re.compile(r"\b(?:(?:pipx?|uv pip|uv tool) (?:install|run)|uvx)(?: -\S+)* kea-exporter(?![\w/-])")


def examples(path: Path) -> list[str]:
    return [block for block in indented(path.read_text()) if "servers:" in block]


@pytest.mark.parametrize("example", examples(ROOT / "docs/profiles.md"))
def test_the_profiles_of_the_documentation_can_be_used(example: str) -> None:
    assert settings_from_tree(yaml.safe_load(example), ROOT, requirements=IDS).daemons


PRODUCTS = {
    # Profile, to the versions and the requirements that its source has, and kea-best-practice has not as required.
    "micetro": ("2.2.0", "2.6.99", {"version-supported", "hook-lease-cmds-loaded"}),
    "netbox-kea": (
        "3.0.0",
        "3.0.99",
        {"control-socket-over-http", "hook-lease-cmds-loaded", "hook-subnet-cmds-loaded"},
    ),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_profile_of_a_product_demands_what_its_source_says(name: str) -> None:
    (example,) = [text for text in examples(ROOT / "docs/profiles.md") if f"profile: {name}\n" in text]
    profile = settings_from_tree(yaml.safe_load(example), ROOT, requirements=IDS).profiles[name]
    required, of_base = (
        {requirement.id for requirement in REQUIREMENTS if severity_in(found, requirement) is Severity.REQUIRED}
        for found in (profile, BUILT_IN["kea-best-practice"])
    )
    versions = (profile.minimum_version.text, profile.tested_version.text)
    assert (*versions, required - of_base) == PRODUCTS[name]
    assert (
        severity_in(profile, next(requirement for requirement in REQUIREMENTS if requirement.id == "version-tested"))
        is Severity.RECOMMENDED
    )


@pytest.mark.parametrize("example", examples(ROOT / "docs/profiles.md"))
def test_config_check_accepts_the_profiles_of_the_documentation(example: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(example)
    checked = CliRunner().invoke(cli, ["config", "check", "--config.file", str(path)])
    assert checked.stdout.startswith(f"{path} is valid: ")


def test_the_example_configuration_can_be_used(tmp_path: Path) -> None:
    text = (ROOT / "config.example.yml").read_text()
    for name in ("password", "password6", "ca.pem"):
        (tmp_path / name).touch()
    tree = yaml.safe_load(text.replace("/etc/kea-exporter/", ""))
    settings = settings_from_tree(tree, tmp_path, requirements=IDS)
    assert settings.servers == ("dhcp-a", "dhcp-old")


@pytest.mark.parametrize("command", Command)
def test_every_command_that_can_be_sent_is_in_the_documentation(command: Command) -> None:
    assert f"`{command}`" in (ROOT / "docs/commands.md").read_text()


def test_the_numbers_of_the_plan_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs/commands.md").read_text()
    assert f"up to {plan.FEW_SUBNETS} subnets" in text
    assert f"more than {plan.SUBNETS_IN_A_SLICE:,} subnets" in text


def test_the_limits_of_answers_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs/commands.md").read_text()
    rows = re.findall(r"^\| (`.*`) \| (\d+) MiB\b.*\|$", text, re.MULTILINE)
    limits = {name: int(mebibytes) * MIB for names, mebibytes in rows for name in re.findall("`([^`]+)`", names)}
    assert limits == {str(command): limit for command, limit in LIMITS.items()}
    assert (large.MAX_SMALL, large.MAX_TIMES, large.MAX_EXEMPT) == (2 * MIB, 7, 64 * MIB)
    assert "of more than 2 MiB" in text
    assert "more than seven times its size\nand more than 64 MiB of memory" in text
    assert "takes up to seven times its size" in (ROOT / "docs/installing/kubernetes.md").read_text()
    assert re.search(r"\+ 7 . the largest answer", (ROOT / "docs/scaling.md").read_text())


def test_a_lease_audit_sends_the_commands_of_the_documentation() -> None:
    row = next(line for line in (ROOT / "docs/commands.md").read_text().splitlines() if "| `lease4-get-page`" in line)
    with SimulatedKea(
        {"config-get": {"result": 0, "arguments": {"Dhcp4": {}}}, "lease4-get-page": {"result": 3}}
    ) as kea:
        [daemon] = settings_from_tree({"servers": [{"name": "kea", "dhcp4": {"url": kea.url}}]}, ROOT).daemons
        audit_leases(daemon, AuditSettings(interval=1, page_size=1, max_leases=1))
        assert [command["command"] for command in kea.received] == ["config-get", "lease4-get-page"]
    assert "each after a `config-get`" in row


PARAMETER = re.compile(r"{(\w+)}")
PLACEHOLDERS = {"server": "NAME", "daemon": "DAEMON", "place": "PAIR"}


def _placeholder(parameter: re.Match[str]) -> str:
    return PLACEHOLDERS[parameter[1]]


def test_every_page_is_in_the_documentation() -> None:
    settings = Settings(())
    app = create_app(Service.of(settings, lambda: settings), WebOptions(), Reloader())
    paths = {PARAMETER.sub(_placeholder, getattr(route, "path", "")) for route in app.routes} - {"/static/style.css"}
    named = re.findall(r"`(?:POST )?(/[^`?]*)", (ROOT / "docs/operations.md").read_text())
    assert paths - set(named) == set()


def test_the_limits_for_each_client_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs/web-configuration.md").read_text()
    requests = WebOptions().max_requests
    assert f"{share(requests)} of {requests} |" in text
    assert (
        f"| queued reloads | {share(admission.MAX_RELOADS_WAITING)}, of all clients {admission.MAX_RELOADS_WAITING};"
        in text
    )
    for what, own, all_clients in (
        ("pages and reports", handlers.MAX_PAGES_WAITING_OF_CLIENT, handlers.MAX_PAGES_WAITING),
        ("password checks", authentication.MAX_WAITING_OF_CLIENT, authentication.MAX_WAITING),
    ):
        assert f"| queued {what} | {own}, of all clients {all_clients};" in text


def share(size: int) -> int:
    """Return how many slots one client gets of so many."""
    slots = Slots(size)
    with suppress(FullError):
        while True:
            slots.take("client")
    return len(slots)


def test_the_number_of_requirements_on_the_configuration_is_that_of_the_documentation() -> None:
    number = sum(requirement.subject is Subject.CONFIGURATION for requirement in REQUIREMENTS)
    assert (
        f"{number} requirements of the subject `configuration`" in (ROOT / "docs/configuration-review.md").read_text()
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_installs_the_other_project_on_pypi(path: Path) -> None:
    assert INSTALLS_FROM_PYPI.findall(path.read_text()) == []
