"""Pieces of annotations (Prometheus documentation, "Template reference").

What is looked up when an alert fires need not be a label of it. A label is part of what the alert is: one whose stage
changes would be another alert, and start to wait anew.
"""

from __future__ import annotations

DAEMON = "{{ $labels.daemon }} on {{ $labels.server }}"
NUMBER = "{{ $value | humanize }}"
# Increases are extrapolated: ten may be 10.17.
COUNT = '{{ $value | printf "%.0f" }}'
PERCENTAGE = "{{ $value | humanizePercentage }}"
DURATION = "{{ $value | humanizeDuration }}"


def label(name: str) -> str:
    """Return the value of a label of the alert."""
    return "{{ $labels." + name + " }}"


def spaced(value: str) -> str:
    """Return a word of a closed list as people write it."""
    return "{{ " + value + ' | reReplaceAll "_" " " }}'


def lookup(family: str, *labels: str, where: str = "", condition: str = "") -> str:
    """Return a query for the samples of a family that have the alert's own values of *labels*.

    *where* is a further matcher, with single quotes, as the query is a quoted string of the template; *condition* a
    comparison, such as `" == 1"`.
    """
    matchers = ",".join((*(f"{label}=%q" for label in labels), *([where] if where else [])))
    values = " ".join(f"$labels.{label}" for label in labels)
    return f'printf "{family}{{{matchers}}}{condition}" {values} | query'


def each(query: str, by: str, text: str, between: str) -> str:
    """Return a text for each sample that a query finds, sorted by a label; `.Labels` in it are those of the sample.

    A query answers in an order that changes from one to the next, and a message whose words change is another message.
    """
    separator = "{{ if $number }}" + between + "{{ end }}"
    return "{{ range $number, $sample := " + query + f' | sortByLabel "{by}" }}}}' + separator + text + "{{ end }}"


def first(query: str, text: str) -> str:
    """Return a text for the first sample that a query finds, and nothing where there is none."""
    return "{{ with " + query + " }}{{ with . | first }}" + text + "{{ end }}{{ end }}"


OF_DAEMON = ("job", "instance", "server", "daemon")
_REQUIREMENT_INFO = lookup("kea_requirement_info", "requirement")
_UNMET = lookup("kea_requirement_unmet", *OF_DAEMON, "requirement")
_UNMET_INFO = 'printf "kea_requirement_unmet_info{requirement=%q,cause=%q}" .Labels.requirement .Labels.cause | query'
_FAILURE_INFO = 'printf "kea_probe_failure_info{reason=%q}" .Labels.reason | query'

# The remedy for each cause for which the requirement of the alert is unmet; the second begins with the requirement.
# A cause is no label of an alert: a changed cause would be another alert.
REMEDY = each(_UNMET, by="cause", text=first(_UNMET_INFO, "{{ .Labels.remedy }}"), between=" ")
REQUIREMENT = first(_REQUIREMENT_INFO, "{{ .Labels.title }}. ") + REMEDY
# Where and why the probe fails, and what to do next.
FAILURE = each(
    lookup("kea_probe_failure", *OF_DAEMON),
    by="stage",
    text=f"The probe fails at stage {{{{ .Labels.stage }}}}: {spaced('.Labels.reason')}. "
    + first(_FAILURE_INFO, "{{ .Labels.remedy }}"),
    between=" ",
)
