"""Reloads by signals and requests: one standing thread, and nothing that a signal could end."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING

import pytest

from kea_exporter.reloader import Reloader, ignore_hangup, reload_on_hangup
from kea_exporter.service import ReloadError
from tests.support.serving import GENEROUS
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def usual_hangup() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


class Reloads:
    """Reloads that wait until they may end, and are counted."""

    def __init__(self) -> None:
        self.count, self.may_end = 0, threading.Event()

    def __call__(self) -> None:
        self.count += 1
        assert self.may_end.wait(GENEROUS)


def test_requests_during_a_reload_share_the_next_one() -> None:
    reloader, reloads = Reloader(), Reloads()
    reloader.start(reloads)
    first = reloader.request()
    wait_until(lambda: reloads.count == 1)
    others = [reloader.request() for _ in range(1000)]
    assert len(set(map(id, others))) == 1
    assert not first.done()
    reloads.may_end.set()
    wait([first, *others], GENEROUS)
    assert (reloads.count, first.result(0), others[0].result(0)) == (2, None, None)


def test_hangup_needs_no_thread_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP started a thread each; without one to be had, the error ended the process."""
    reloader, reloads = Reloader(), Reloads()
    reloads.may_end.set()
    reloader.start(reloads)
    reload_on_hangup(reloader)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(100):
            signal.raise_signal(signal.SIGHUP)
    wait_until(lambda: reloads.count > 0)


def test_hangup_before_the_start_is_kept_until_after_it() -> None:
    reloader, reloads = Reloader(), Reloads()
    reloads.may_end.set()
    reload_on_hangup(reloader)
    signal.raise_signal(signal.SIGHUP)
    reloader.start(reloads)
    wait_until(lambda: reloads.count == 1)


def test_hangup_during_the_end_is_ignored() -> None:
    ignore_hangup()
    signal.raise_signal(signal.SIGHUP)


@pytest.mark.parametrize("error", [ReloadError("line 1: wrong"), RuntimeError("a bug"), MemoryError()])
def test_an_error_is_reported_and_ends_no_further_reload(error: Exception) -> None:
    errors = [error]

    def reload() -> None:
        if errors:
            raise errors.pop()

    reloader = Reloader()
    reloader.start(reload)
    failed = reloader.request().exception(GENEROUS)
    assert isinstance(failed, ReloadError)
    assert "a bug" not in str(failed)
    assert reloader.request().result(GENEROUS) is None
