"""ActiveLab: where one more answer would help most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import MissingEvidenceError
from labelscope.evidence.annotators import active_lab, given_answers
from labelscope.types import Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class ActiveLab:
    """Rows whose label is known least, after weighing the people's answers and the model, come first.

    Few answers, answers that differ and a model that hesitates or disagrees all bring a row to the front;
    rows without any answer take part. Decided rows come last. Without ``annotator_labels`` the given labels
    count as the answers of one person.

    Notes
    -----
    Goh, Mueller: ActiveLab: active learning with re-labeling by multiple annotators, 2023.

    Examples
    --------
    >>> evidence = Evidence(
    ...     classes=np.array(["cat", "dog"]), given_labels=np.array([0, 0, 1]), state=np.zeros(3, int),
    ...     annotator_labels=np.array([[0, 0], [0, 1], [1, 1]]), suspicion=np.zeros(3),
    ...     pred_probs=np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]),
    ... )
    >>> ActiveLab().order(evidence, 1).rows.tolist()
    [1]
    """

    name: ClassVar[str] = "active_lab"

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``pred_probs`` (n, K); ``annotator_labels`` (n, A) or ``given_labels`` (n,), ``classes`` (K,) and
            ``state`` (n,) when there are any.
        n : int, optional
            How many rows; by default all.

        Returns
        -------
        Ranking
            Weights are 1 - score. ``meta`` holds ``n_left``, ``model_weight``, ``mean_annotator_weight`` and
            ``temperature``.

        Raises
        ------
        MissingEvidenceError
            No ``pred_probs``, or neither answers nor given labels.
        InvalidInputError
            Answers or probabilities that do not fit.
        """
        if "pred_probs" not in evidence:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        if "annotator_labels" not in evidence and "given_labels" in evidence:
            one = np.asarray(evidence["given_labels"])
            evidence = evidence.including(annotator_labels=one[:, None])
        answers, _ = given_answers(evidence, by=type(self).__name__)
        scores, facts = active_lab(answers, evidence["pred_probs"])
        decided = np.asarray(evidence.get("state", np.zeros(answers.n))) != 0
        rows = np.lexsort((scores, decided))[:n].astype(np.int64)
        return Ranking(rows, 1.0 - scores[rows], {"n_left": int((~decided).sum()), **facts})
