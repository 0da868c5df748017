"""What the soak takes for flat; the soak itself takes minutes: `make soak`."""

from __future__ import annotations

import pytest

from soak.__main__ import Sample, verdicts


def samples(first: float, last: float, threads: int = 9, descriptors: int = 7) -> list[Sample]:
    """Return 40 samples after a warm-up, memory rising steadily, the others from the middle on."""
    warm_up = [Sample(0, 0.0, first / 2, 1, 1)] * 4
    steps = [first + (last - first) * number / 35 for number in range(36)]
    late = [(threads, descriptors) if number > 18 else (9, 7) for number in range(36)]
    return warm_up + [Sample(0, 0.0, mebibytes, *others) for mebibytes, others in zip(steps, late, strict=True)]


@pytest.mark.parametrize("last", [100.0, 107.0, 60.0])
def test_memory_that_wavers_is_flat(last: float) -> None:
    assert list(verdicts(samples(100, last))) == []


def test_memory_that_grows_is_not_flat() -> None:
    [verdict] = verdicts(samples(100, 130))
    assert verdict.startswith("mebibytes grew by 15")


@pytest.mark.parametrize("name", ["threads", "descriptors"])
def test_what_leaks_is_not_flat(name: str) -> None:
    [verdict] = verdicts(samples(100, 100, **{name: 20}))
    assert verdict.startswith(name)
