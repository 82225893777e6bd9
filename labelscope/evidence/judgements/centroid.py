"""An offline judge: the class whose mean text, or mean features, is nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.out_of_fold import Learner, judged_out_of_fold, nothing_to_learn
from labelscope.evidence.judgements.verdicts import Verdicts
from labelscope.evidence.judgements.word_tables import counts_of, tf_idf
from labelscope.types import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class CentroidJudge:
    """Cosine with the mean TF-IDF vector of each class; nearest class mean where there are features only.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.evidence.judgements.cases import Cases
    >>> texts = ("good film",) * 6 + ("bad cut",) * 6
    >>> said = CentroidJudge().judge(Cases(12, ("+", "-"), texts, codes=np.repeat([0, 1], 6)))
    >>> said.codes.tolist() == [0] * 6 + [1] * 6
    True
    """

    learns: ClassVar[bool] = True
    model: ClassVar[str] = "nearest centroid"
    prompt: ClassVar[str] = ""

    name: str = "nearest centroid"

    def judge(self, cases: Cases) -> Verdicts:
        """Judge all rows out of sample.

        Parameters
        ----------
        cases : Cases
            With texts or features, and given labels.

        Returns
        -------
        Verdicts

        Raises
        ------
        MissingEvidenceError
            Neither texts nor features.
        """
        items = cases.items(self.name)
        nothing = nothing_to_learn(cases)
        if nothing is not None:
            return nothing
        if cases.texts is not None:
            return judged_out_of_fold(cases, _cosines(tf_idf(counts_of(cases.texts))))
        return judged_out_of_fold(cases, _distances(np.asarray(items, dtype=np.float64)))


def _cosines(table: Any) -> Learner:
    def learn(train: IntArray, codes: IntArray, n_classes: int, rows: IntArray) -> FloatArray:
        from scipy.sparse import csr_matrix

        member = csr_matrix(
            (np.ones(len(train)), (codes, np.arange(len(train)))), shape=(n_classes, len(train))
        )
        means = np.asarray((member @ table[train]).todense(), dtype=np.float64)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return np.asarray(table[rows] @ means.T)

    return learn


def _distances(features: FloatArray) -> Learner:
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)

    def learn(train: IntArray, codes: IntArray, n_classes: int, rows: IntArray) -> FloatArray:
        means = np.stack([features[train[codes == code]].mean(axis=0) for code in range(n_classes)])
        apart = (means**2).sum(axis=1) - 2 * features[rows] @ means.T
        return np.asarray(-apart / max(features.shape[1], 1))

    return learn
