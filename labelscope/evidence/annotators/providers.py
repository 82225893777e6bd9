"""Providers: people's answers from the dataset, and their consensus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.data.label_values import plain
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.annotators.answers import as_matrix, encode_values, present_in
from labelscope.evidence.annotators.given import given_answers
from labelscope.evidence.annotators.methods import check_method, consensus_by
from labelscope.types import Evidence, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class AnnotatorLabels:
    """People's answers, as given to the dataset, in codes of its classes.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> people = [["cat", None], ["dog", "cat"]]
    >>> dataset = ls.Dataset(np.zeros((2, 3)), ["cat", "dog"], annotators=people)
    >>> ls.providers.AnnotatorLabels().make(dataset, dataset.evidence).arrays["annotator_labels"].tolist()
    [[0, -1], [1, 0]]
    """

    name: ClassVar[str] = "annotator_labels"
    makes: ClassVar[tuple[str, ...]] = ("annotator_labels",)
    needs: ClassVar[tuple[str, ...]] = ()

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``annotator_labels`` (n, A) int64 codes, -1 where a person did not answer.

        Parameters
        ----------
        dataset : Dataset
            With ``annotators`` of one column per person, holding label values.
        evidence : Evidence
            Not read.
        random_state : int
            Not used.

        Returns
        -------
        Made
            Facts: ``annotators`` (names), ``n_answers``.

        Raises
        ------
        MissingEvidenceError
            The dataset has no annotators.
        InvalidInputError
            Not a matrix, or an answer that is no class of the dataset.
        """
        given = getattr(dataset, "annotators", None)
        if dataset is None or given is None:
            raise MissingEvidenceError.of("annotators", self.name, evidence)
        matrix, names = as_matrix(given)
        present = present_in(matrix)
        labels = encode_values(matrix[present])
        index = {plain(one): place for place, one in enumerate(dataset.labels.classes)}
        places = np.empty(len(labels.classes), dtype=np.int64)
        for place, one in enumerate(labels.classes):
            if plain(one) not in index:
                raise InvalidInputError.unknown("label in annotators", plain(one), list(index))
            places[place] = index[plain(one)]
        codes = np.full(matrix.shape, -1, dtype=np.int64)
        codes[present] = places[labels.codes] if len(places) else -1
        facts = {"annotators": [str(one) for one in names], "n_answers": int(present.sum())}
        return Made({"annotator_labels": codes}, facts)


@dataclass(frozen=True, kw_only=True)
class AnnotatorConsensus:
    """One label per row from the answers of several people.

    Parameters
    ----------
    method : {"auto", "majority", "dawid_skene", "glad", "crowdlab"}
        ``auto`` is ``crowdlab`` where there are ``pred_probs`` and ``dawid_skene`` elsewhere.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> evidence = ls.Evidence(annotator_labels=np.array([["a", "a", "b"], ["b", "b", "b"]]))
    >>> made = ls.providers.AnnotatorConsensus(method="majority").make(None, evidence)
    >>> made.arrays["consensus_labels"].tolist(), made.facts["classes"]
    ([0, 1], ['a', 'b'])
    """

    name: ClassVar[str] = "annotator_consensus"
    makes: ClassVar[tuple[str, ...]] = (
        "consensus_labels",
        "consensus_probs",
        "consensus_quality",
        "annotator_quality",
    )
    needs: ClassVar[tuple[str, ...]] = ("annotator_labels",)

    method: str = "auto"

    def __post_init__(self) -> None:
        check_method(self.method)

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make the consensus.

        Parameters
        ----------
        dataset : Dataset or None
            Gives the answers where the evidence does not.
        evidence : Evidence
            ``annotator_labels`` (n, A); ``given_labels``, ``classes`` and ``pred_probs`` when there are any.
        random_state : int
            Not used.

        Returns
        -------
        Made
            ``consensus_labels`` (n,) int64 codes with -1 for none, ``consensus_probs`` (n, K) float64,
            ``consensus_quality`` (n,) float64 and ``annotator_quality`` (A,) float64 with NaN for unknown.
            Facts: ``method``, ``classes``, ``annotators``, ``n_without_answers``.

        Raises
        ------
        MissingEvidenceError
            No answers, or ``crowdlab`` without ``pred_probs``.
        InvalidInputError
            Answers that do not fit.
        """
        names: list[str] | None = None
        if "annotator_labels" not in evidence and getattr(dataset, "annotators", None) is not None:
            answers_made = AnnotatorLabels().make(dataset, evidence)
            names = answers_made.facts["annotators"]
            known = {"classes": None if dataset is None else dataset.labels.classes}
            evidence = evidence.including(**answers_made.arrays, **known)
        answers, _ = given_answers(evidence, by=self.name)
        found = consensus_by(self.method, answers, evidence.get("pred_probs"))
        facts: dict[str, Any] = {
            "method": found.meta["method"],
            "classes": [plain(one) for one in found.classes],
            "annotators": names or [str(one) for one in found.annotators],
            "n_without_answers": int((answers.per_row() == 0).sum()),
        }
        arrays = {
            "consensus_labels": found.codes,
            "consensus_probs": found.probabilities,
            "consensus_quality": found.quality,
            "annotator_quality": found.annotator_quality,
        }
        return Made(arrays, facts)
