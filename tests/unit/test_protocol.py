"""Commands and answers as bytes, and the texts in them."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.kea.protocol import Answer, Command, decode, encode
from kea_exporter.kea.reading import MalformedAnswerError, as_text
from kea_exporter.text import MAX_LENGTH, printable
from tests.support.answers import as_kea_writes, said


def test_a_command_is_a_map_with_its_name() -> None:
    assert json.loads(encode(Command.VERSION_GET)) == {"command": "version-get"}


def test_a_command_for_a_daemon_behind_an_agent_names_the_service() -> None:
    assert json.loads(encode(Command.CONFIG_GET, "dhcp6")) == {"command": "config-get", "service": ["dhcp6"]}


def test_a_command_may_have_arguments() -> None:
    assert json.loads(encode(Command.LEASE4_GET_PAGE, arguments={"from": "start", "limit": 1000})) == {
        "command": "lease4-get-page",
        "arguments": {"from": "start", "limit": 1000},
    }


def test_a_command_is_not_written_with_escapes_which_kea_refuses() -> None:
    assert "東京".encode() in encode(Command.LEASE4_GET_PAGE, arguments={"from": "東京"})


def test_no_command_but_those_of_the_closed_list_can_be_sent() -> None:
    with pytest.raises(ValueError, match="config-set"):
        encode(cast("Command", "config-set"))


def test_every_command_only_reads() -> None:
    assert set(Command) == {
        "config-get",
        "lease4-get",
        "lease4-get-page",
        "lease6-get",
        "lease6-get-page",
        "list-commands",
        "stat-lease4-get",
        "stat-lease6-get",
        "reservation-get-page",
        "statistic-get",
        "statistic-get-all",
        "statistic-global-get-all",
        "status-get",
        "subnet4-list",
        "subnet6-list",
        "version-get",
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'[ { "arguments": { "pid": 1 }, "result": 0, "text": "3.0.4" } ]', id="a list over HTTP"),
        pytest.param(b'{ "arguments": { "pid": 1 }, "result": 0, "text": "3.0.4" }', id="a bare map on a unix socket"),
    ],
)
def test_an_answer_is_read_with_and_without_its_list(body: bytes) -> None:
    assert decode(body) == Answer(0, "3.0.4", {"pid": 1})


def test_an_answer_may_have_neither_text_nor_arguments() -> None:
    answer = decode(b'{"result": 0}')
    assert (answer.text, answer.map) == ("", {})


def test_a_refusal_keeps_its_result_and_text() -> None:
    refusal = decode(b'[{"result": 2, "text": "\'foo\' command not supported."}]')
    assert (refusal.result, refusal.text, refusal.arguments) == (2, "'foo' command not supported.", None)
    assert decode(b'{ "result": 400, "text": "Bad Request" }').result == 400


def test_the_text_of_an_answer_is_one_printable_line_of_bounded_length() -> None:
    assert decode(b'{"result": 1, "text": "one\\ntwo\\u0000\\u00e2\\u0080\\u00aethree"}').text == "one two  three"
    long = decode(json.dumps({"result": 1, "text": "x" * 5000}).encode()).text
    assert long == "x" * MAX_LENGTH + "..."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"\xff\xfe\xff", id="no text"),
        pytest.param(b'{"result": 0', id="cut off"),
        pytest.param(b'{"result": 0} {"result": 0}', id="two in a row"),
        pytest.param(b"[]", id="no answer"),
        pytest.param(b'[{"result": 0}, {"result": 0}]', id="two answers"),
        pytest.param(b'[[{"result": 0}]]', id="a list in a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"result"', id="a text"),
        pytest.param(b"{}", id="no result"),
        pytest.param(b'{"result": null}', id="result null"),
        pytest.param(b'{"result": true}', id="result true"),
        pytest.param(b'{"result": 0.0}', id="result not whole"),
        pytest.param(b'{"result": "0"}', id="result a text"),
        pytest.param(b'{"result": NaN}', id="not a number"),
        pytest.param(b'{"result": 0, "arguments": {"pid": Infinity}}', id="infinite"),
        pytest.param(b'{"result": 0, "text": null}', id="text null"),
        pytest.param(b'{"result": 0, "text": ["3.0.4"]}', id="text a list"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"result": ' + b"9" * 10_000 + b"}", id="a number of ten thousand digits"),
    ],
)
def test_what_is_no_answer_of_keas_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        decode(body)


@pytest.mark.parametrize("arguments", [[], "text", 1, True])
def test_arguments_that_are_no_map_are_malformed_where_a_map_is_needed(arguments: object) -> None:
    with pytest.raises(MalformedAnswerError):
        _ = said(arguments).map


# Text


def test_text_that_kea_wrote_byte_by_byte_is_put_together_again() -> None:
    assert decode(b'{"result": 0, "text": "B\\u00c3\\u00bcro"}').text == "Büro"


@given(st.text())
def test_any_text_is_put_together_again(text: str) -> None:
    assert as_text(as_kea_writes(text), "text") == text


@pytest.mark.parametrize("text", ["Büro", "東京", "\ud800"])
def test_text_that_is_already_whole_stays_as_it_is(text: str) -> None:
    assert as_text(text, "text") == text


@given(st.text(st.characters(exclude_categories=()), max_size=3 * MAX_LENGTH))
def test_what_is_shown_is_always_one_printable_line_of_bounded_length(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= MAX_LENGTH + len("...")


def test_short_printable_text_is_shown_as_it_is() -> None:
    assert printable("Büro 1") == "Büro 1"
    assert printable("x" * MAX_LENGTH) == "x" * MAX_LENGTH
