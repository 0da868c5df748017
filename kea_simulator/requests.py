"""Which bodies Kea takes for commands, and what it says of those that it does not (measured on 3.0.3)."""

from __future__ import annotations

import json
import re
from typing import Any, Never

Tree = dict[str, Any]

NOTHING = object()
# Kea takes text for bytes: an escape that is more than a byte is none.
WIDE_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00)")
# What Kea says of arguments that are something else; it also says where they stand.
NO_MAP = "get(string) called on a non-map Element"
PROCESSING = "Error during command processing:"
KEYS = {"command", "arguments", "service", "remote-address"}
KINDS = {dict: "map", list: "list", str: "string", bool: "boolean", int: "integer", float: "real", type(None): "null"}


class RefusedError(Exception):
    """A command that is answered with result 1; the message is the text of the answer."""


class ForbiddenError(Exception):
    """A command that this control socket does not take."""


def read_body(body: bytes) -> object:
    r"""Return the value of a body, each character of its texts a byte; NOTHING where it is empty.

    Raises:
        ValueError: it is not JSON, or has an escape above \u00ff.
    """
    if not body:
        return NOTHING
    if WIDE_ESCAPE.search(body):
        raise ValueError("an escape is more than a byte")
    value: object = json.loads(body.decode("latin-1"), parse_constant=_refuse)
    return value


def _refuse(_: str) -> Never:
    raise ValueError("it is no number of JSON's")


def command_of(body: object) -> Tree:
    """Return a body that is a command.

    Raises:
        RefusedError: it is none.
    """
    if body is NOTHING:
        raise RefusedError("Command processing failed: NULL command parameter")
    if not isinstance(body, dict):
        raise _invalid(f"expected toplevel entry to be a map, got {KINDS[type(body)]} instead")
    if "command" not in body:
        raise _invalid("does not contain mandatory 'command'")
    if not isinstance(body["command"], str):  # Kea names the kind of the whole
        raise _invalid("expected 'command' to be a string, got map instead")
    if strange := sorted(body.keys() - KEYS):
        raise _invalid(f"unsupported parameter '{strange[0]}'")
    return body


def _invalid(what: str) -> RefusedError:
    return RefusedError(f"{PROCESSING} invalid command: {what}")


def success(arguments: object = None, text: str | None = None) -> Tree:
    """Return the answer to a command that went well."""
    return answer(0, arguments, text)


def empty(arguments: object, text: str) -> Tree:
    """Return the answer to a command that found nothing."""
    return answer(3, arguments, text)


def error(text: str) -> Tree:
    """Return the answer to a command that went wrong."""
    return answer(1, None, text)


def unsupported(command: str) -> Tree:
    """Return the answer to a command that is not registered."""
    return answer(2, None, f"'{command}' command not supported.")


def answer(result: int, arguments: object, text: str | None) -> Tree:
    """Return an answer; None for what it has not."""
    said = {"result": result, "text": text, "arguments": arguments}
    return {key: value for key, value in said.items() if value is not None}
