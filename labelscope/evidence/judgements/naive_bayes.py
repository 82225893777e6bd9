"""An offline judge: naive Bayes on words, or on the columns of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.out_of_fold import Learner, judged_out_of_fold, nothing_to_learn
from labelscope.evidence.judgements.verdicts import Verdicts
from labelscope.evidence.judgements.word_tables import counts_of
from labelscope.types import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class NaiveBayesJudge:
    """Multinomial naive Bayes on words; Gaussian where there are features only.

    Parameters
    ----------
    smoothing : float
        Count that every word has in every class.
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.evidence.judgements.cases import Cases
    >>> texts = ("good film",) * 6 + ("bad cut",) * 6
    >>> said = NaiveBayesJudge().judge(Cases(12, ("+", "-"), texts, codes=np.repeat([0, 1], 6)))
    >>> said.codes.tolist() == [0] * 6 + [1] * 6
    True
    """

    learns: ClassVar[bool] = True
    model: ClassVar[str] = "naive Bayes"
    prompt: ClassVar[str] = ""

    smoothing: float = 0.1
    name: str = "naive Bayes"

    def __post_init__(self) -> None:
        if not self.smoothing > 0:
            raise InvalidInputError(f"smoothing is {self.smoothing}.", "Pass a positive number.")

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
        if cases.texts is None:
            return judged_out_of_fold(cases, _gaussian(np.asarray(items, dtype=np.float64)))
        counts = counts_of(cases.texts)
        # Words of one text are no independent witnesses; long texts would be surer than anything deserves.
        lengths = np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0))

        def learn(train: IntArray, codes: IntArray, n_classes: int, rows: IntArray) -> FloatArray:
            from scipy.sparse import csr_matrix

            member = csr_matrix(
                (np.ones(len(train)), (codes, np.arange(len(train)))), shape=(n_classes, len(train))
            )
            words = np.asarray((member @ counts[train]).todense(), dtype=np.float64) + self.smoothing
            logs = np.log(words) - np.log(np.maximum(words.sum(axis=1, keepdims=True), 1e-300))
            prior = np.log(np.bincount(codes, minlength=n_classes) / len(codes))
            return np.asarray(counts[rows] @ logs.T / lengths[rows, None] + prior)

        return judged_out_of_fold(cases, learn)


def _gaussian(features: FloatArray) -> Learner:
    """Normal densities column by column, added up so that wide features are not surer."""
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)

    def learn(train: IntArray, codes: IntArray, n_classes: int, rows: IntArray) -> FloatArray:
        scores = np.empty((len(rows), n_classes))
        for code in range(n_classes):
            own = features[train[codes == code]]
            # Two rows more of the overall variance, so that a small class is not infinitely narrow.
            variance = (own.var(axis=0) * len(own) + 2.0) / (len(own) + 2.0)
            distance = (features[rows] - own.mean(axis=0)) ** 2 / variance
            scores[:, code] = -0.5 * (distance + np.log(variance)).sum(axis=1) + np.log(len(own))
        return np.asarray(scores / np.sqrt(features.shape[1]))

    return learn
