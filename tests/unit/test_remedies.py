from __future__ import annotations

import re

import pytest

from kea_exporter.commands.ad_hoc import OPTIONS, remedy_in_options
from kea_exporter.requirements import DEMANDS
from kea_exporter.requirements.next_steps import NEXT_STEPS

KEYS = [key for key in OPTIONS if "_" in key]
REMEDIES = {f"{requirement.id} {cause.id}": cause.remedy for requirement in DEMANDS for cause in requirement.causes}
REMEDIES |= {str(reason): step for reason, step in NEXT_STEPS.items()}


@pytest.mark.parametrize("name", REMEDIES)
def test_no_remedy_of_a_check_by_url_names_a_key_that_is_an_option(name: str) -> None:
    said = remedy_in_options(REMEDIES[name])
    assert not [key for key in KEYS if re.search(rf"(?<![\w-]){key}\b", said)]
    assert "exporter's url" not in said


@pytest.mark.parametrize(
    ("remedy", "said"),
    [
        ("Set control_agent: true for this daemon in the exporter's configuration.", "Set --control-agent."),
        (
            "Give the exporter a certificate: cert_file and key_file under tls_config.",
            "Give the exporter a certificate: --cert-file and --key-file.",
        ),
        (
            "Use the port of an entry of control-sockets in the exporter's url.",
            "Use the port of an entry of control-sockets in --url.",
        ),
        ("Set socket-type to https.", "Set socket-type to https."),
    ],
)
def test_a_remedy_names_the_option(remedy: str, said: str) -> None:
    assert remedy_in_options(remedy) == said


DELETING = re.compile(r"\b(delete the leases|delete its leases|Delete only|wipe)\b")


def test_a_remedy_that_deletes_comes_last_and_names_the_risk() -> None:
    remedies = {name: remedy.replace("Do not delete", "") for name, remedy in REMEDIES.items()}
    deleting = {name: remedy for name, remedy in remedies.items() if DELETING.search(remedy)}
    assert deleting
    for name, remedy in deleting.items():
        found = DELETING.search(remedy)
        assert found is not None
        # Restoring the configuration, or an inspection, comes first.
        assert found.start() > len(remedy) / 3, name
        assert "clients that still use their addresses lose them" in remedy or "no client can still use" in remedy, name
