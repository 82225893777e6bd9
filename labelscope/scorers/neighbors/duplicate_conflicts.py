"""Conflicting duplicates: the same thing with two labels, of which at most one can be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers.inputs import labels_of, read
from labelscope.scorers.neighbors.components import counts_by_part, most_frequent
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class ConflictingDuplicates:
    """Suspect labels that exact or near duplicates of the row do not share.

    Notes
    -----
    Suspicion is the share of the labelled rows of the set that have another label than the row: one half for
    both rows of a pair in conflict, 0 for sets that agree. Flagged are the rows whose label is not the sole
    most frequent one of the set, which are all of them where labels tie. Where there is no sole winner the
    given label stays as the suggestion, since accepting would only swap the labels. ``details`` holds
    ``set_size`` (n,), the labelled rows of the set, and ``conflicts`` (n,), those with another label.

    Examples
    --------
    >>> evidence = Evidence(given_labels=np.array(["a", "a", "b", "b"]), duplicates=np.array([0, 0, 0, 1]))
    >>> score = ConflictingDuplicates().score(evidence)
    >>> score.flagged.tolist(), score.suggested.tolist()
    ([False, False, True, False], ['a', 'a', 'a', 'b'])
    """

    name: ClassVar[str] = "conflicting_duplicates"
    family: ClassVar[str] = "neighbors"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "duplicates")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "labelscope; the labels of duplicate sets by majority"
    fitted: ClassVar[bool] = False

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and ``duplicates`` (n,), the id of the set that each row belongs to.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs = read(evidence, type(self).__name__)
        if "duplicates" not in evidence:
            raise MissingEvidenceError.of("duplicates", type(self).__name__, evidence)
        given = np.asarray(evidence["duplicates"])
        if given.ndim != 1:
            raise InvalidInputError(f"duplicates has shape {given.shape}.", "Pass one set id per row.")
        if len(given) != inputs.n:
            raise InvalidInputError.wrong_length("duplicates", len(given), inputs.n, "given_labels")
        sets = np.unique(given, return_inverse=True)[1]
        size, same, other = counts_by_part(sets, inputs.codes, inputs.n_classes)
        conflicts = np.where(inputs.labelled, size - same, 0)
        flagged = np.asarray((conflicts > 0) & (same <= other))
        winner = most_frequent(sets, inputs.codes, inputs.n_classes)
        settled = np.zeros(len(size), dtype=bool)
        is_winner = inputs.labelled & (same > other)
        settled[np.isin(sets, sets[is_winner])] = True
        suggested = np.where((flagged | ~inputs.labelled) & settled, winner, inputs.codes)
        return Score(
            suspicion=(conflicts / np.maximum(size, 1)).astype(np.float32),
            suggested=labels_of(suggested, inputs.classes),
            flagged=flagged,
            details={"set_size": size.astype(np.int32), "conflicts": conflicts.astype(np.int32)},
            meta={"scale": "rank", "n_conflicting": int((conflicts > 0).sum())},
        )
