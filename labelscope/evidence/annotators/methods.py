"""The methods of consensus by name."""

from __future__ import annotations

from typing import Any

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.annotators.answers import Answers
from labelscope.evidence.annotators.consensus import Consensus, majority
from labelscope.evidence.annotators.crowdlab import crowdlab
from labelscope.evidence.annotators.dawid_skene import dawid_skene
from labelscope.evidence.annotators.glad import glad

METHODS = ("auto", "majority", "dawid_skene", "glad", "crowdlab")


def check_method(method: str) -> None:
    """Refuse a name that is none of `METHODS`; the near miss is named."""
    if method not in METHODS:
        raise InvalidInputError.unknown("consensus method", method, METHODS)


def consensus_by(method: str, answers: Answers, pred_probs: Any = None) -> Consensus:
    """Find a consensus by the name of the method.

    Parameters
    ----------
    method : {"auto", "majority", "dawid_skene", "glad", "crowdlab"}
        ``auto`` is ``crowdlab`` with ``pred_probs`` and ``dawid_skene`` without.
    answers : Answers
        Who answered what.
    pred_probs : (n, K) float, optional
        Needed by ``crowdlab``; breaks ties of ``majority``; the others do not read it.

    Returns
    -------
    Consensus

    Raises
    ------
    InvalidInputError
        No such method.
    MissingEvidenceError
        ``crowdlab`` without ``pred_probs``.
    """
    check_method(method)
    if method == "crowdlab" or (method == "auto" and pred_probs is not None):
        if pred_probs is None:
            raise MissingEvidenceError.of("pred_probs", "crowdlab")
        return crowdlab(answers, pred_probs)
    if method == "majority":
        return majority(answers, pred_probs=pred_probs)
    return glad(answers) if method == "glad" else dawid_skene(answers)
