"""Judgements: models, functions, columns and offline judges that say of each row which class it is."""

from __future__ import annotations

from labelscope.evidence.judgements.callable_judge import CallableJudge
from labelscope.evidence.judgements.cases import Cases, cases_of
from labelscope.evidence.judgements.centroid import CentroidJudge
from labelscope.evidence.judgements.column_judge import ColumnJudge
from labelscope.evidence.judgements.http_judge import HTTPJudge
from labelscope.evidence.judgements.naive_bayes import NaiveBayesJudge
from labelscope.evidence.judgements.prompts import PROMPTS, JudgePrompt
from labelscope.evidence.judgements.provider import Judgements, check_judges, offline_judges
from labelscope.evidence.judgements.vector_neighbors import NeighborJudge
from labelscope.evidence.judgements.verdicts import Judge, Verdicts

__all__ = [
    "PROMPTS",
    "CallableJudge",
    "Cases",
    "CentroidJudge",
    "ColumnJudge",
    "HTTPJudge",
    "Judge",
    "JudgePrompt",
    "Judgements",
    "NaiveBayesJudge",
    "NeighborJudge",
    "Verdicts",
    "cases_of",
    "check_judges",
    "offline_judges",
]
