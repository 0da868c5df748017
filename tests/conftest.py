"""Fixtures of the whole suite."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from lab.chroot import Chroot, LabUnavailableError, ensure
from lab.kea import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def chroot() -> Chroot:
    try:
        return ensure()
    except LabUnavailableError as error:
        message = f"no real Kea on this machine: {error}"
        warnings.warn(pytest.PytestWarning(message), stacklevel=1)
        pytest.skip(message)


@pytest.fixture
def lab(chroot: Chroot) -> Iterator[Lab]:
    with Lab(chroot) as running:
        yield running
