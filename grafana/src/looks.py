"""Looks of values: units, colours, and words for states. Colours change at the thresholds of the alerts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    DashboardSpecialValueMapOptions,
    RangeMap,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from kea_exporter.alerts.thresholds import (
    ALLOCATION_FAILURES_IN_15_MINUTES,
    CERTIFICATE_CRITICAL_DAYS,
    CERTIFICATE_WARNING_DAYS,
    CLOCK_SKEW_CRITICAL_SECONDS,
    CLOCK_SKEW_WARNING_SECONDS,
    DDNS_FAILED_SHARE,
    DECLINED_IN_AN_HOUR,
    DROPPED_SHARE,
    EXHAUSTION_WITHIN_SECONDS,
    FULLNESS_CRITICAL,
    FULLNESS_WARNING,
    SLOW_SHARE,
    UNANSWERED_REQUESTS_SHARE,
    UNANSWERED_SHARE,
)
from kea_exporter.metrics.health import SOCKETS_STATUSES
from kea_exporter.metrics.high_availability import OTHER_STATE, STATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Shades of Grafana's palette, by the names that it gives them; they differ between its themes. Good is pale and
# critical is dark: all kinds of colour blindness see the difference. Text on each is readable in both themes
# (tests/docs/test_dashboards_looks.py).
GOOD, NOTICE, WARNING, CRITICAL = "super-light-green", "yellow", "super-light-orange", "dark-red"
# What is unknown, and what does not judge.
NEUTRAL = "#687081"
COLOURS = (GOOD, NOTICE, WARNING, CRITICAL, NEUTRAL)
# One colour for each type of message, in all panels: requests of clients in blue and green, answers in a lighter shade,
# refusals in red.
MESSAGES: Mapping[str, str] = {
    "discover": "blue",
    "offer": "light-blue",
    "request": "green",
    "ack": "light-green",
    "solicit": "dark-blue",
    "advertise": "super-light-blue",
    "reply": "super-light-green",
    "renew": "dark-green",
    "rebind": "dark-yellow",
    "confirm": "light-yellow",
    "release": "yellow",
    "inform": "super-light-yellow",
    "infrequest": "semi-dark-yellow",
    "nak": "red",
    "decline": "dark-red",
    "unknown": NEUTRAL,
    "lease-query": "orange",
    "lease-query-reply": "light-orange",
    "lease-query-response-active": "super-light-orange",
    "lease-query-response-unassigned": "semi-dark-orange",
    "lease-query-response-unknown": "dark-orange",
    "addr-reg-inform": "semi-dark-blue",
    "addr-reg-reply": "semi-dark-green",
    "dhcpv4-query": "light-red",
    "dhcpv4-response": "super-light-red",
}
NOTHING = "-"
# Lines of one panel that mean different things: none, and lengths of dashes and gaps in pixels.
DASHES = ((), (10, 10), (2, 6))
# As in 12.3 %.
DECIMALS = {"percentunit": 1, "s": 1}
# Grafana's own unit for days writes 28 days as 4 weeks.
DAYS = "suffix: days"


@dataclass(frozen=True)
class State:
    """What a number means: a word, and its colour."""

    word: str
    colour: str = NEUTRAL


@dataclass(frozen=True)
class Look:
    """How a value is shown.

    Attributes:
        unit: as Grafana calls it.
        steps: from which value on a colour is used, after the first one, which is for all below.
        states: words for numbers.
        span: the least and the greatest value of a bar or an axis, where that is known.
        decimals: of numbers that stand alone; None for as many as Grafana takes.
        words: instead of the numbers of a range, which is open above with None.
    """

    unit: str = "short"
    steps: tuple[tuple[float, str], ...] = ()
    lowest: str = NEUTRAL
    states: Mapping[int, State] = field(default_factory=dict)
    span: tuple[float, float] | None = None
    decimals: int | None = None
    words: tuple[tuple[float, float | None, str], ...] = ()

    @property
    def judges(self) -> bool:
        """Whether any colour says that something is well or is not."""
        return bool(self.steps) or any(state.colour != NEUTRAL for state in self.states.values())

    @property
    def is_falling(self) -> bool:
        """Whether less is worse."""
        return bool(self.steps) and self.lowest != GOOD

    def thresholds(self) -> ThresholdsConfig:
        """Return the colours of the values."""
        first = Threshold(color=self.lowest)
        steps = [first, *(Threshold(value=value, color=colour) for value, colour in self.steps)]
        return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)

    def mappings(self) -> list[ValueMap | RangeMap]:
        """Return the words of the values."""
        ranges = [
            RangeMap(options=DashboardRangeMapOptions(from_val=low, to=high, result=ValueMappingResult(text=word)))
            for low, high, word in self.words
        ]
        results = {
            str(value): ValueMappingResult(text=state.word, color=state.colour, index=index)
            for index, (value, state) in enumerate(self.states.items())
        }
        return [*ranges, *([ValueMap(options=results)] if results else [])]


def unknown(colour: str = "transparent") -> SpecialValueMap:
    """Return how the lack of a value is shown: Grafana would give it the colour of the least values."""
    result = ValueMappingResult(text=NOTHING, color=colour)
    return SpecialValueMap(options=DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=result))


def rising(unit: str, warning: float, critical: float | None = None, span: tuple[float, float] | None = None) -> Look:
    """Return the look of what is worse the more there is."""
    steps = ((warning, WARNING),) if critical is None else ((warning, WARNING), (critical, CRITICAL))
    return Look(unit, steps, lowest=GOOD, span=span, decimals=DECIMALS.get(unit))


def falling(unit: str, warning: float, critical: float | None = None) -> Look:
    """Return the look of what is worse the less there is."""
    if critical is None:
        return Look(unit, ((warning, GOOD),), lowest=WARNING, decimals=DECIMALS.get(unit))
    return Look(unit, ((critical, WARNING), (warning, GOOD)), lowest=CRITICAL, decimals=DECIMALS.get(unit))


def either(yes: State, no: State) -> Look:
    """Return the look of a truth value."""
    return Look("none", states={1: yes, 0: no})


def numbered(states: Sequence[State]) -> Look:
    """Return the look of one of several states, by its number (see `queries.numbered`)."""
    return Look("none", states=dict(enumerate(states)))


PLAIN = Look()
NUMBER = Look("none")
SECONDS = Look("s")
PER_SECOND = Look("cps")
PACKETS = Look("pps")
BYTES = Look("bytes")
SHARE_OF_ALL = Look("percentunit", span=(0, 1))
# Of what there may be several of.
SHARE_OF_ONE = Look("percentunit")
MOMENT = Look("dateTimeAsIso")
AGO = Look("dateTimeFromNow")
# Numbers of faults, by the severity of the alert on them.
FAULT = Look("none", ((1, CRITICAL),), lowest=GOOD)
WARN = rising("none", 1)
NOTE = Look("none", ((1, NOTICE),), lowest=GOOD)
FULLNESS = rising("percentunit", FULLNESS_WARNING, FULLNESS_CRITICAL, span=(0, 1))
EXHAUSTION = falling("s", EXHAUSTION_WITHIN_SECONDS)
CERTIFICATE_DAYS = replace(falling(DAYS, CERTIFICATE_WARNING_DAYS, CERTIFICATE_CRITICAL_DAYS), decimals=1)
DROPPED = rising("percentunit", DROPPED_SHARE)
# In milliseconds or microseconds, as Grafana chooses.
MILLISECONDS = Look("s", decimals=1)
UNANSWERED_REQUESTS = rising("percentunit", UNANSWERED_REQUESTS_SHARE, span=(0, 1))
UNANSWERED_DISCOVERS = rising("percentunit", UNANSWERED_SHARE, span=(0, 1))
UNANSWERED = rising("percentunit", UNANSWERED_REQUESTS_SHARE, UNANSWERED_SHARE, span=(0, 1))
DDNS_FAILED = rising("percentunit", DDNS_FAILED_SHARE)
SLOWNESS = rising("percentunit", SLOW_SHARE, span=(0, 1))
ALLOCATION_FAILURES = rising("cps", ALLOCATION_FAILURES_IN_15_MINUTES / (15 * 60))
REFUSED_REQUESTS = replace(rising("none", ALLOCATION_FAILURES_IN_15_MINUTES), decimals=0)
DECLINED_RISE = replace(rising("none", DECLINED_IN_AN_HOUR), decimals=0)
CLOCK_SKEW = rising("s", CLOCK_SKEW_WARNING_SECONDS, CLOCK_SKEW_CRITICAL_SECONDS)

UP = either(State("up", GOOD), State("DOWN", CRITICAL))
YES = either(State("yes", GOOD), State("NO", CRITICAL))
ADVISED = either(State("yes", GOOD), State("no", WARNING))
FACT = either(State("yes"), State("no"))
# In a timeline, what is short has no word.
SERVES = either(State("yes", GOOD), State("no"))
ALARM = either(State("YES", CRITICAL), State("no", GOOD))
SUCCEEDED = either(State("succeeded", GOOD), State("FAILED", WARNING))
# The alert on it is for information.
LIMIT = NOTE
LIMIT_REACHED = either(State("reached", NOTICE), State("no", GOOD))
# Of a daemon towards its clients, by the worst of its alerts.
ANSWERS = numbered(
    [
        State("answers", GOOD),
        State("refuses leases", WARNING),
        State("drops packets", WARNING),
        State("NO ANSWER", WARNING),
    ]
)
# Of unmet requirements, by severity (see `conditions.UNMET`).
SEVERITIES = {"advisory": NOTICE, "recommended": WARNING, "required": CRITICAL}
UNMET = Look(
    "none", states={rank: State(name, colour) for rank, (name, colour) in enumerate(SEVERITIES.items(), start=1)}
)
SERVING = numbered([State("DOWN", CRITICAL), State("NOT SERVING", CRITICAL), State("serving", GOOD)])
# Of the clients of a fleet, by the number of servers, pairs and scopes that serve nobody.
SERVED = Look("none", ((1, CRITICAL),), lowest=GOOD, words=((0, 0, "YES"), (1, None, "NO")))
STANDING = numbered(
    [
        State("well", GOOD),
        State("recommendation unmet", WARNING),
        State("requirement unmet", CRITICAL),
        State("NOT SERVING", CRITICAL),
        State("DOWN", CRITICAL),
    ]
)
VERSION = either(State("supported", GOOD), State("TOO OLD", CRITICAL))
IMPAIRED = numbered([State("well", GOOD), State("IMPAIRED", CRITICAL)])
HOOK = Look(
    "none",
    states={
        0: State("not loaded"),
        1: State("loaded", GOOD),
        2: State("CONFIGURED, NOT LOADED", CRITICAL),
        3: State("loaded", GOOD),
        # By the severity of the requirement that is unmet (see `fleet.HOOKS`).
        **{
            4 * rank + configured: State(f"NOT LOADED, {name}", colour)
            for rank, (name, colour) in enumerate(SEVERITIES.items(), start=1)
            for configured in (0, 2)
        },
    },
)
SOCKETS = numbered(
    [State(word, colour) for word, colour in zip(SOCKETS_STATUSES, (GOOD, WARNING, CRITICAL), strict=True)]
)
# In these a pair does what it is there for; in those of CALLING somebody has to act. All others pass, or are wanted.
AT_WORK = {"backup", "hot-standby", "load-balancing", "passive-backup"}
CALLING = {"communication-recovery", "partner-down", "terminated", "unavailable"}


def _of_pair(state: str) -> State:
    return State(state, GOOD if state in AT_WORK else CRITICAL if state in CALLING else WARNING)


HA_STATE = numbered([_of_pair(state) for state in (*STATES, OTHER_STATE)])
