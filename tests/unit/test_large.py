"""Large answers: those of Kea are parsed, those of many small values are refused, and one at a time is read."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.kea import large
from kea_exporter.kea.large import MAX_REST_SECONDS, MAX_SMALL, SLICE, BusyError, Turns, check
from kea_exporter.kea.protocol import decode
from kea_exporter.kea.reading import MalformedAnswerError
from tests.support import hostile_answers as answers
from tests.support.recordings import recorded

SIZE = 16 * 2**20
RESERVATION = {
    "boot-file-name": "",
    "client-classes": [],
    "hostname": "host",
    "hw-address": "0a:00:00:00:00:01",
    "ip-address": "10.0.0.10",
    "next-server": "0.0.0.0",
    "option-data": [],
    "server-hostname": "",
}
# As Kea 3.0.3 answered with 20,000 subnets of five reservations each: 31 MB.
SUBNETS, RESERVATIONS = 20_000, 5


def as_kea_writes(value: object) -> bytes:
    """Return JSON with Kea's blanks: `{ "a": [ 1 ] }`, `[  ]`."""
    text = json.dumps(value)
    for bracket in "[{":
        text = text.replace(bracket, f"{bracket} ")
    for bracket in "]}":
        text = text.replace(bracket, f" {bracket}")
    return text.encode()


def large_configuration() -> dict[str, Any]:
    answer: dict[str, Any] = recorded("kea-3.0.3", "dhcp4")["config-get"]
    [subnet, *_] = answer["arguments"]["Dhcp4"]["subnet4"]
    subnets = [{**subnet, "id": number, "reservations": [RESERVATION] * RESERVATIONS} for number in range(SUBNETS)]
    answer["arguments"]["Dhcp4"]["subnet4"] = subnets
    return answer


def test_20000_subnets_with_100000_reservations_are_parsed() -> None:
    body = as_kea_writes(large_configuration())
    assert len(body) > 25 * 2**20
    check(body)
    assert len(decode(body).map["Dhcp4"]["subnet4"]) == SUBNETS
    check(json.dumps(large_configuration(), separators=(",", ":")).encode())


@pytest.mark.parametrize(("samples", "count"), [(1, 280_000), (20, 40_000)])
def test_statistics_of_many_subnets_are_parsed(samples: int, count: int) -> None:
    statistic = ", ".join(['[ 257, "2026-11-23 16:02:30.129558" ]'] * samples)
    entry = '"subnet[%d].pool[0].assigned-addresses": [ ' + statistic + " ]"
    body = f'{{ "arguments": {{ {", ".join(entry % number for number in range(count))} }}, "result": 0 }}'.encode()
    assert len(body) > 20 * 2**20
    check(body)


@pytest.mark.parametrize(
    "entry",
    [
        '{ "id": %d, "shared-network-name": null, "subnet": "10.0.0.0/24" }',
        "[ %d, 65536, 12, 3, 0, 0, 1, 0 ]",
        '"command-%d-get"',
    ],
)
def test_lists_of_kea_are_parsed(entry: str) -> None:
    check(f'{{ "arguments": [ {", ".join(entry % number for number in range(60_000))} ], "result": 0 }}'.encode())


@pytest.mark.parametrize(
    "text", ["substring(option[61].hex,0,3) == 'foo[' and relay4[1].hex == ']'", '{\\"a\\": [[[]]]}', "[2001:db8::1]"]
)
def test_brackets_in_texts_do_not_refuse_a_configuration(text: str) -> None:
    entry = f'{{ "client-classes": [ ], "test": "{text}", "comment": "a text of some length, as people write them" }}'
    check(f'{{ "arguments": [ {", ".join([entry] * 60_000)} ] }}'.encode())


@pytest.mark.parametrize(
    "piece",
    [
        "[[]]",
        "[ [ ] ]",
        "[]",
        "{}",
        '{"":{"":{}}}',
        '{"":0}',
        '{"" : 0}',
        '"ab"',
        r'"\"\""',
        "257",
        "1.5",
        r'"\n\n\n\n\n\n\n\n"',
    ],
)
def test_many_small_values_are_refused(piece: str) -> None:
    with pytest.raises(MalformedAnswerError, match="too many values"):
        check(answers.filled(piece, SIZE))


def lists_and_maps(value: object) -> tuple[int, int]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    found = [lists_and_maps(child) for child in inner]
    lists, maps = sum(counts[0] for counts in found), sum(counts[1] for counts in found)
    return lists + isinstance(value, list), maps + isinstance(value, dict)


TEXTS = st.text(alphabet='ab"\\[]{},: ', max_size=12)
JSON = st.recursive(
    TEXTS | st.integers(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4),
    max_leaves=20,
)


@given(value=JSON, size=st.integers(1, 16))
def test_lists_and_maps_outside_of_texts_are_counted_wherever_slices_end(value: object, size: int) -> None:
    body = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "SLICE", size)
        counted = [large.counts(part) for part in large.outside_of_texts(large.slices(body))]
    lists, maps, *_ = (sum(column) for column in zip(*counted, strict=True))
    assert (lists, maps) == lists_and_maps(value)


def test_nothing_is_no_large_answer() -> None:
    check(b"")


@pytest.mark.parametrize("offset", range(4))
@pytest.mark.parametrize("text", [r"\"", r"\\", r"\\\"", r"\"\\"])
def test_no_escape_at_the_end_of_a_slice_hides_values(text: str, offset: int) -> None:
    escapes = "x" * offset + text * SLICE
    body = f'{{"result": 0, "text": "{escapes}", "arguments": [{",".join(["[[]]"] * 2**20)}]}}'
    with pytest.raises(MalformedAnswerError, match="too many values"):
        check(body.encode())


@pytest.mark.parametrize("entry", ['"%x":0', '"%x" :0', '"%x":"%x"'])
def test_many_small_keys_are_refused(entry: str) -> None:
    entries = [entry.replace("%x", f"{number:x}") for number in range(1_500_000)]
    with pytest.raises(MalformedAnswerError, match="too many values"):
        check(f"{{{','.join(entries)}}}".encode())


def test_a_large_bytearray_is_emptied_before_it_is_parsed() -> None:
    body = bytearray(answers.filled('"a text of some length"', 2 * MAX_SMALL))
    assert decode(body).result == 0
    assert body == b""


def test_a_large_answer_in_utf8_is_put_together() -> None:
    said = json.dumps({"result": 0, "text": "Büro \u20ac", "more": "x" * MAX_SMALL}, ensure_ascii=False)
    assert decode(said.encode()).text == "Büro \u20ac"


# Turns


class Time:
    """A clock that goes forward while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_after_a_large_answer_others_have_as_much_time_up_to_a_second() -> None:
    time = Time()
    turns = Turns(lambda: time.now, time.sleep)
    for seconds in (0.4, 30.0):
        with turns.one(MAX_SMALL + 1, 60):
            time.now += seconds
    with turns.one(MAX_SMALL + 1, 60):
        assert time.slept == [0.0, pytest.approx(0.4), MAX_REST_SECONDS]


def test_who_cannot_have_a_turn_in_time_gives_up() -> None:
    time = Time()
    turns = Turns(lambda: time.now, time.sleep)
    with turns.one(MAX_SMALL + 1, 60):
        time.now += 5
    with pytest.raises(BusyError), turns.one(MAX_SMALL + 1, 0.5):
        pass
    with turns.one(MAX_SMALL + 1, 2):
        assert time.slept[-1] == MAX_REST_SECONDS


def test_one_large_answer_is_read_at_a_time_and_small_ones_beside() -> None:
    turns, given_up = Turns(), list[str]()

    def read_another() -> None:
        with turns.one(MAX_SMALL, 0):
            given_up.append("a small one is read")
        try:
            with turns.one(MAX_SMALL + 1, 0.05):
                given_up.append("two large ones are read")
        except BusyError:
            given_up.append("a large one is not")

    with turns.one(MAX_SMALL + 1, 1):
        thread = Thread(target=read_another)
        thread.start()
        thread.join()
    assert given_up == ["a small one is read", "a large one is not"]
