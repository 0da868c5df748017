"""What a review of a configuration found: for each requirement, its causes with evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kea_exporter.facts.failure import Fact

# Sentences kept for each cause; further findings are counted.
MAX_SENTENCES = 20
# In a review: what some later version of Kea refuses, and what changes in one without a refusal.
UPGRADE_BLOCKERS, UPGRADE_CHANGES = "upgrade-blockers", "upgrade-changes"


@dataclass(frozen=True)
class Observed:
    """Findings of one cause.

    Attributes:
        cause: the id of a cause of the requirement.
        evidence: one sentence for each finding, at most MAX_SENTENCES.
        count: the number of findings.
    """

    cause: str
    evidence: tuple[str, ...]
    count: int


# By requirement; an empty tuple where it is met. A requirement that does not apply is absent.
Review = Mapping[str, Fact[tuple[Observed, ...]]]
NOT_REVIEWED: Review = MappingProxyType({})


def observed(findings: Iterable[tuple[str, str]]) -> tuple[Observed, ...]:
    """Return pairs of cause and sentence by cause, with a limited number of sentences."""
    found: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for cause, evidence in findings:
        sentences = found.setdefault(cause, [])
        if len(sentences) < MAX_SENTENCES:
            sentences.append(evidence)
        counts[cause] += 1
    return tuple(Observed(cause, tuple(sentences), counts[cause]) for cause, sentences in found.items())
