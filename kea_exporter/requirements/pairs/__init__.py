"""Pairs of servers in high availability: which daemons are partners, and whether they are configured alike."""

from kea_exporter.requirements.pairs.by_hash import differences_by_hash
from kea_exporter.requirements.pairs.model import PairReport, PairSnapshot, judge_pair
from kea_exporter.requirements.pairs.recognition import pairs_of
from kea_exporter.requirements.pairs.table import REQUIREMENTS

__all__ = ["REQUIREMENTS", "PairReport", "PairSnapshot", "differences_by_hash", "judge_pair", "pairs_of"]
