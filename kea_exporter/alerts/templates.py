"""Parts of annotations (Prometheus documentation, "Template reference").

Facts that change while an alert fires (stage, reason, cause) are queried by the template and are no labels: labels
identify the alert, so that a changed label would be another alert, whose `for` starts again.
"""

from __future__ import annotations

DAEMON = "{{ $labels.daemon }} on {{ $labels.server }}"
NUMBER = "{{ $value | humanize }}"
# Prometheus extrapolates increases: ten may be 10.17.
COUNT = '{{ $value | printf "%.0f" }}'
PERCENTAGE = "{{ $value | humanizePercentage }}"
DURATION = "{{ $value | humanizeDuration }}"


def label(name: str) -> str:
    """Return the value of a label of the alert."""
    return "{{ $labels." + name + " }}"


def spaced(value: str) -> str:
    """Return a label value with blanks instead of underscores."""
    return "{{ " + value + ' | reReplaceAll "_" " " }}'


def lookup(family: str, *labels: str, where: str = "", condition: str = "", by: str = "") -> str:
    """Return a query for the samples of a family that have the alert's own values of *labels*.

    *where* is a further matcher, with single quotes, as the query is a quoted string of the template; *condition* a
    comparison, such as `" == 1"`. With *by*, there is one sample for each value of that label.
    """
    matchers = ",".join((*(f"{label}=%q" for label in labels), *([where] if where else [])))
    values = " ".join(f"$labels.{label}" for label in labels)
    selected = f"{family}{{{matchers}}}{condition}"
    return f'printf "{f"group by ({by}) ({selected})" if by else selected}" {values} | query'


def each(query: str, by: str, text: str, between: str, at_most: int = 0) -> str:
    """Return *text* for each sample of a query, sorted by a label. `.Labels` in *text* are those of the sample.

    The order of a query's samples differs between evaluations, and a changed annotation is sent again. Where there are
    more than *at_most* samples, if that is not 0, the rest is " and others".
    """
    separator = "{{ if $number }}" + between + "{{ end }}"
    body = separator + text
    if at_most:
        others = "{{ if eq $number " + str(at_most) + " }} and others{{ end }}"
        body = "{{ if lt $number " + str(at_most) + " }}" + body + "{{ end }}" + others
    return "{{ range $number, $sample := " + query + f' | sortByLabel "{by}" }}}}' + body + "{{ end }}"


def first(query: str, text: str) -> str:
    """Return *text* for the first sample of a query, and nothing if there is none."""
    return "{{ with " + query + " }}{{ with . | first }}" + text + "{{ end }}{{ end }}"


OF_DAEMON = ("job", "instance", "server", "daemon")
_REQUIREMENT_INFO = lookup("kea_requirement_info", "requirement")
_UNMET = lookup("kea_requirement_unmet", *OF_DAEMON, "requirement")
_UNMET_INFO = 'printf "kea_requirement_unmet_info{requirement=%q,cause=%q}" .Labels.requirement .Labels.cause | query'
_FAILURE_INFO = 'printf "kea_probe_failure_info{reason=%q}" .Labels.reason | query'

# The remedy of each cause for which the requirement of the alert is unmet; REQUIREMENT begins with its title.
REMEDY = each(_UNMET, by="cause", text=first(_UNMET_INFO, "{{ .Labels.remedy }}"), between=" ")
REQUIREMENT = first(_REQUIREMENT_INFO, "{{ .Labels.title }}. ") + REMEDY
# Stage and reason of the failed probe, and the next step.
FAILURE = each(
    lookup("kea_probe_failure", *OF_DAEMON),
    by="stage",
    text=f"The probe fails at stage {{{{ .Labels.stage }}}}: {spaced('.Labels.reason')}. "
    + first(_FAILURE_INFO, "{{ .Labels.remedy }}"),
    between=" ",
)
