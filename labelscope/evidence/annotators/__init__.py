"""Several people's answers: who answered what, what they say together, and how good each of them is."""

from __future__ import annotations

from labelscope.evidence.annotators.answers import Answers, answers_from_table, read_answers
from labelscope.evidence.annotators.consensus import Consensus, majority
from labelscope.evidence.annotators.crowdlab import active_lab, crowdlab
from labelscope.evidence.annotators.dawid_skene import dawid_skene
from labelscope.evidence.annotators.given import given_answers
from labelscope.evidence.annotators.glad import glad
from labelscope.evidence.annotators.methods import METHODS, check_method, consensus_by
from labelscope.evidence.annotators.providers import AnnotatorConsensus, AnnotatorLabels

__all__ = [
    "METHODS",
    "AnnotatorConsensus",
    "AnnotatorLabels",
    "Answers",
    "Consensus",
    "active_lab",
    "answers_from_table",
    "check_method",
    "consensus_by",
    "crowdlab",
    "dawid_skene",
    "given_answers",
    "glad",
    "majority",
    "read_answers",
]
