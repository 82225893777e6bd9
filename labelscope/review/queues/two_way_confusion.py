"""Two classes side by side: rows of which a model is sure that they are one of two, and not which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.arguments import check_numbers, listed
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.review.events import scalar_key, to_scalar
from labelscope.scorers.confident.candidate_sets import candidate_sets
from labelscope.types import BoolArray, Evidence, IntArray, Ranking


@dataclass(frozen=True, kw_only=True)
class TwoWayConfusion:
    """Rows with exactly two candidates, pair by pair.

    The pair with the most undecided rows comes first; within it undecided rows come first, by suspicion.
    A person who looks at two classes all the time soon sees what tells them apart.

    Parameters
    ----------
    tau : float
        Certainty that the likeliest class must reach among those left; see `scorers.ShrunkClassSpace`.
    between : pair of labels, optional
        Only this pair, in any order.

    Examples
    --------
    >>> probs = np.array([[0.5, 0.48, 0.02], [0.98, 0.01, 0.01], [0.01, 0.5, 0.49], [0.45, 0.54, 0.01]])
    >>> evidence = Evidence(
    ...     classes=np.array(["a", "b", "c"]), pred_probs=probs, suspicion=np.array([0.1, 0.2, 0.9, 0.3]),
    ...     state=np.zeros(4, int),
    ... )
    >>> found = TwoWayConfusion().order(evidence)
    >>> found.rows.tolist(), found.meta["pairs"]
    ([3, 0, 2], [('a', 'b', 2), ('b', 'c', 1)])
    """

    name: ClassVar[str] = "two_way_confusion"

    tau: float = 0.95
    between: tuple[Any, Any] | None = None

    def __post_init__(self) -> None:
        check_numbers(tau=self.tau)
        if not 0.5 < self.tau < 1:
            raise InvalidInputError(f"tau is {self.tau}.", "Pass a certainty above 0.5 and below 1.")
        if self.between is not None:
            between = listed("between", self.between, "two labels, such as between=('cat', 'dog')")
            object.__setattr__(self, "between", tuple(between))
            if len({scalar_key(to_scalar(label)) for label in between}) != 2:
                raise InvalidInputError(
                    f"between is {self.between!r}, but a confusion is between two classes.",
                    "Pass two different labels, such as between=('cat', 'dog').",
                )

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``classes`` (K,), ``suspicion`` (n,), ``state`` (n,), and ``candidates`` (n, K) bool as
            `scorers.ShrunkClassSpace` gives them, or ``pred_probs`` (n, K), from which they follow.
        n : int, optional
            How many rows; by default all with two candidates.

        Returns
        -------
        Ranking
            ``meta["pairs"]`` lists the first pairs as (class, class, undecided rows).

        Raises
        ------
        MissingEvidenceError
            Neither candidates nor probabilities.
        InvalidInputError
            A label in ``between`` that is no class, or candidates that are no classes.
        """
        candidates = self._candidates(evidence)
        classes = list(np.asarray(evidence["classes"]).tolist())
        if candidates.ndim != 2 or candidates.shape[1] > len(classes):
            raise InvalidInputError(
                f"Candidates have the shape {candidates.shape}, but there are {len(classes):,} classes.",
                "Two-way confusions are about one class a row; tags have a queue for each tag.",
            )
        suspicion = np.asarray(evidence["suspicion"], dtype=np.float64)
        decided = np.asarray(evidence.get("state", np.zeros(len(suspicion)))) != 0
        rows = np.flatnonzero(candidates.sum(axis=1) == 2)
        pair = np.nonzero(candidates[rows])[1].reshape(-1, 2)
        if self.between is not None:
            wanted = np.sort([_code(label, classes) for label in self.between])
            same = (pair == wanted).all(axis=1)
            rows, pair = rows[same], pair[same]
        return _ranked(rows, pair, suspicion, decided, classes, n)

    def _candidates(self, evidence: Evidence) -> BoolArray:
        if "candidates" in evidence:
            return np.asarray(evidence["candidates"], dtype=bool)
        if "pred_probs" not in evidence:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        return candidate_sets(np.asarray(evidence["pred_probs"]), self.tau).candidates


def _ranked(
    rows: IntArray,
    pair: IntArray,
    suspicion: Any,
    decided: BoolArray,
    classes: list[Any],
    n: int | None,
) -> Ranking:
    width = max(len(classes), 1)
    pairs, place = np.unique(pair @ np.array([width, 1]), return_inverse=True)
    left = np.bincount(place, weights=~decided[rows], minlength=len(pairs))
    order = np.lexsort((-suspicion[rows], decided[rows], place, -left[place]))
    first = rows[order][:n].astype(np.int64)
    largest = np.argsort(-left, kind="stable")[:20]
    listed = [(classes[pairs[k] // width], classes[pairs[k] % width], int(left[k])) for k in largest]
    return Ranking(first, suspicion[first], {"n_left": int(left.sum()), "pairs": listed})


def _code(label: Any, classes: list[Any]) -> int:
    for code, known in enumerate(classes):
        if known == label and isinstance(known, bool) == isinstance(label, bool | np.bool_):
            return code
    raise InvalidInputError.unknown("label", label, classes)
