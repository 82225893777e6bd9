"""An offline judge: the vote of the nearest rows in a space of static vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.embeddings.text import packaged_vectors
from labelscope.evidence.embeddings.token_counts import latent_topics, subword_counts, unit_rows
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.out_of_fold import judged_out_of_fold, nothing_to_learn
from labelscope.evidence.judgements.verdicts import Verdicts
from labelscope.evidence.judgements.word_tables import counts_of
from labelscope.types import FloatArray, IntArray

_BLOCK = 512
_MOST = 20_000
_TOPICS = 128


@dataclass(frozen=True, kw_only=True)
class NeighborJudge:
    """The vote of the k nearest rows by cosine.

    Features are taken where there are any; else the mean of the static word vectors of the package
    wordllama; else, where that is not installed, latent topics of the texts.

    Parameters
    ----------
    n_neighbors : int
        At most 20,000 rows of the other folds are looked at.
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.evidence.judgements.cases import Cases
    >>> X = np.repeat([[1.0, 0.0], [0.0, 1.0]], 6, axis=0) + np.arange(24).reshape(12, 2) / 100
    >>> said = NeighborJudge(n_neighbors=3).judge(
    ...     Cases(12, ("a", "b"), features=X, codes=np.repeat([0, 1], 6)))
    >>> said.codes.tolist() == [0] * 6 + [1] * 6
    True
    """

    learns: ClassVar[bool] = True
    model: ClassVar[str] = "nearest neighbors"
    prompt: ClassVar[str] = ""

    n_neighbors: int = 15
    name: str = "nearest neighbors"

    def __post_init__(self) -> None:
        if self.n_neighbors < 1:
            raise InvalidInputError(f"n_neighbors is {self.n_neighbors}.", "Pass 1 or more.")

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
        cases.items(self.name)
        nothing = nothing_to_learn(cases)
        if nothing is not None:
            return nothing
        vectors = _vectors(cases)

        def learn(train: IntArray, codes: IntArray, n_classes: int, rows: IntArray) -> FloatArray:
            if len(train) > _MOST:
                kept = np.random.default_rng(cases.random_state).permutation(len(train))[:_MOST]
                train, codes = train[kept], codes[kept]
            k = min(self.n_neighbors, len(train))
            hot = np.eye(n_classes)
            prior = (np.bincount(codes, minlength=n_classes) + 1) / (len(codes) + n_classes)
            scores = np.empty((len(rows), n_classes))
            for start in range(0, len(rows), _BLOCK):
                block = slice(start, start + _BLOCK)
                alike = vectors[rows[block]] @ vectors[train].T
                near = np.argpartition(-alike, k - 1, axis=1)[:, :k]
                votes = hot[codes[near]].sum(axis=1)
                scores[block] = np.log((votes + prior) / (k + 1))
            return scores

        return judged_out_of_fold(cases, learn)


def _vectors(cases: Cases) -> FloatArray:
    """Unit vectors (n, d) float32, what all rows share taken out."""
    if cases.features is not None:
        features = np.asarray(cases.features, dtype=np.float32)
        return unit_rows(features - features.mean(axis=0))
    texts = cases.texts or ()
    found = packaged_vectors()
    if found is None:
        return latent_topics(counts_of(texts), _TOPICS, random_state=cases.random_state)
    vectors, tokenize = found
    counts = subword_counts(texts, tokenize, len(vectors))
    means = np.asarray(counts @ vectors) / np.maximum(np.asarray(counts.sum(axis=1)), 1)
    return unit_rows(means - means.mean(axis=0))
