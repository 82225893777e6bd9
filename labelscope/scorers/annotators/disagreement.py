"""Annotator disagreement: how improbable the given label is after hearing everyone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import MissingEvidenceError
from labelscope.evidence.annotators import check_method, consensus_by, given_answers
from labelscope.scorers.inputs import labels_of, read
from labelscope.types import Evidence, Score

_TIE = 1e-9


@dataclass(frozen=True, kw_only=True)
class AnnotatorDisagreement:
    """Suspicion is the probability of all other classes than the given one, by the consensus of the people.

    Parameters
    ----------
    method : {"auto", "majority", "dawid_skene", "glad", "crowdlab"}
        ``auto`` is ``crowdlab`` where there are ``pred_probs`` and ``dawid_skene`` elsewhere.

    Notes
    -----
    Rows that nobody answered have suspicion 0 and are never flagged, except with ``crowdlab``, where the
    model answers. ``flagged`` are the rows where the consensus is another label and more probable than the
    given one. ``details`` holds ``p_given``, ``p_suggested`` (n,), and counts ``answers_for``,
    ``answers_against`` (n,); ``meta`` holds ``method``, ``annotator_quality`` (None where nothing can be
    said) and what the method learned.

    Examples
    --------
    >>> people = np.array([["a", "a"], ["b", "b"], ["b", "b"], ["a", "a"]])
    >>> evidence = Evidence(given_labels=["a", "b", "a", "a"], annotator_labels=people)
    >>> score = AnnotatorDisagreement().score(evidence)
    >>> score.flagged.tolist(), score.suggested.tolist()
    ([False, False, True, False], ['a', 'b', 'b', 'a'])
    """

    name: ClassVar[str] = "annotator_disagreement"
    family: ClassVar[str] = "annotators"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "annotator_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Dawid, Skene: Maximum likelihood estimation of observer error-rates using the EM algorithm, 1979;"
        " Goh, Tkachenko, Mueller: CROWDLAB, 2022"
    )
    fitted: ClassVar[bool] = False

    method: str = "auto"

    def __post_init__(self) -> None:
        check_method(self.method)

    @property
    def enough(self) -> tuple[tuple[str, ...], ...]:
        """Alternatives of ``needs``: only ``crowdlab`` cannot do without a model."""
        return (self.needs,) if self.method == "crowdlab" else (self.needs[:2],)

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``annotator_labels`` (n, A), and ``pred_probs`` (n, K) for ``crowdlab``.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        by = type(self).__name__
        if "given_labels" not in evidence:
            raise MissingEvidenceError.of("given_labels", by, evidence)
        answers, codes = given_answers(evidence, by=by)
        inputs = read(evidence.including(given_labels=codes, classes=answers.classes), by)
        found = consensus_by(self.method, answers, inputs.pred_probs)
        per_row, labelled = answers.per_row(), inputs.labelled
        rows, given = np.arange(inputs.n), np.maximum(inputs.codes, 0)
        probabilities, votes = found.probabilities, answers.votes()
        if inputs.n_classes == 0:
            probabilities, votes = np.ones((inputs.n, 1)), np.zeros((inputs.n, 1))
        judged = labelled & ((per_row > 0) | (found.meta["method"] == "crowdlab"))
        suggested = np.where(found.codes >= 0, found.codes, given)
        p_given = np.where(labelled, probabilities[rows, given], 0.0)
        p_suggested = probabilities[rows, suggested]
        flagged = judged & (suggested != given) & (p_suggested > p_given + _TIE)
        n_for = np.where(labelled, votes[rows, given], 0.0)
        return Score(
            suspicion=np.where(judged, np.clip(1.0 - p_given, 0.0, 1.0), 0.0).astype(np.float32),
            suggested=labels_of(suggested, inputs.classes),
            flagged=np.asarray(flagged),
            details={
                "p_given": p_given,
                "p_suggested": p_suggested,
                "answers_for": n_for.astype(np.int32),
                "answers_against": np.where(labelled, per_row - n_for, 0).astype(np.int32),
            },
            meta={
                "scale": "rank",
                "method": found.meta["method"],
                "annotators": [str(one) for one in found.annotators],
                "annotator_quality": [
                    None if np.isnan(one) else round(float(one), 6) for one in found.annotator_quality
                ],
            },
        )
