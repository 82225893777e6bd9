"""Sets of right and unclear labels, the predictions outside of them, and accuracy that takes all of a set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.arguments import is_listed, listed
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.events import scalar_key, to_scalar
from labelscope.review.state import ACCEPTED_SET, EXCLUDED
from labelscope.types import BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session


@dataclass(frozen=True, eq=False)
class LabelSets:
    """What may be said of each row.

    Attributes
    ----------
    correct, unclear : (n, K) bool
        Labels that are right, and those of which people do not know.
    problematic : (n,) bool
        Rows that no prediction is judged on.
    original : (n,) int64
        Codes of the labels given, by which classes are averaged; -1 without one.
    classes : tuple of K label values
    """

    correct: BoolArray
    unclear: BoolArray
    problematic: BoolArray
    original: IntArray
    classes: tuple[Any, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.original)

    @property
    def judged(self) -> BoolArray:
        """(n,) bool: rows that predictions are judged on: labelled, not problematic, with a right label."""
        return np.asarray((self.original >= 0) & ~self.problematic & self.correct.any(axis=1))

    @property
    def mean_size(self) -> float:
        """Right labels a row, of the rows that are judged; NaN without any."""
        sizes = self.correct[self.judged].sum(axis=1)
        return float(sizes.mean()) if len(sizes) else float("nan")

    def accepted(self, collapsed: Iterable[tuple[int, int]] = ()) -> BoolArray:
        """Return (n, K) bool: labels that count as right, unclear ones and collapsed partners included."""
        found = self.correct | self.unclear
        for one, other in collapsed:
            found[:, one] |= self.correct[:, other]
            found[:, other] |= self.correct[:, one]
        return found

    def including(self, correct: Any, unclear: Any, problematic: Any) -> LabelSets:
        """Return sets with more (row, code) pairs that are right or unclear, and more problematic rows."""
        more = [self.correct.copy(), self.unclear.copy()]
        for table, pairs in zip(more, (correct, unclear), strict=True):
            rows, codes = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
            table[rows, codes] = True
        bad = self.problematic.copy()
        bad[np.asarray(problematic, dtype=np.int64)] = True
        return LabelSets(more[0], more[1] & ~more[0], bad, self.original, self.classes)


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Predictions outside the label sets, each (row, prediction) once.

    Attributes
    ----------
    rows, predictions : (p,) int64
        Sorted by row, then by prediction.
    made : (p, m) bool
        Which models make it.
    names : tuple of m str
    """

    rows: IntArray
    predictions: IntArray
    made: BoolArray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_rows(self) -> int:
        """Rows with a mistake of any model."""
        return len(np.unique(self.rows))

    @property
    def n_sum(self) -> int:
        """Mistakes of all models, before those that they share are taken together."""
        return int(self.made.sum())


def label_sets_of(
    original: IntArray,
    classes: Sequence[Any],
    *,
    correct: Any = None,
    unclear: Any = None,
    problematic: Any = None,
) -> LabelSets:
    """Make label sets.

    Parameters
    ----------
    original : (n,) int
        Codes of the labels given, -1 without one.
    classes : sequence of K label values
    correct : sequence of n sets of labels, or (n, K) 0/1, optional
        Right labels of each row; by default the one that was given.
    unclear : the same, optional
        By default none.
    problematic : (n,) bool, optional

    Returns
    -------
    LabelSets

    Raises
    ------
    InvalidInputError
        Another number of rows, or a label that is no class.

    Examples
    --------
    >>> sets = label_sets_of(np.array([0, 1]), ["cat", "dog"], correct=[{"cat", "dog"}, ["dog"]])
    >>> sets.correct.tolist(), sets.mean_size
    ([[True, True], [False, True]], 1.5)
    """
    n, k = len(original), len(classes)
    codes = np.asarray(original, dtype=np.int64)
    if correct is None:
        right = np.zeros((n, k), dtype=bool)
        right[np.flatnonzero(codes >= 0), codes[codes >= 0]] = True
    else:
        right = _table("label_sets", correct, n, classes)
    doubt = np.zeros((n, k), dtype=bool) if unclear is None else _table("unclear_sets", unclear, n, classes)
    bad = np.zeros(n, dtype=bool) if problematic is None else np.asarray(problematic, dtype=bool)
    if bad.shape != (n,):
        raise InvalidInputError.wrong_length("problematic", len(bad), n)
    return LabelSets(right, doubt & ~right, bad, codes, tuple(classes))


def _table(name: str, given: Any, n: int, classes: Sequence[Any]) -> BoolArray:
    if not is_listed(given) or not hasattr(given, "__len__"):
        raise InvalidTypeError(f"{name} is a {type(given).__name__}.", "Pass one set of labels a row.")
    if len(given) != n:
        raise InvalidInputError.wrong_length(name, len(given), n)
    if isinstance(given, np.ndarray) and given.ndim == 2:
        if given.shape[1] != len(classes) or not np.isin(given, (0, 1)).all():
            raise InvalidInputError(
                f"{name} has the shape {given.shape}, but there are {len(classes):,} classes.",
                "Pass 0 and 1, one column a class, or one set of labels a row.",
            )
        return given.astype(bool)
    code_of = {scalar_key(to_scalar(value)): code for code, value in enumerate(classes)}
    table = np.zeros((n, len(classes)), dtype=bool)
    for row, members in enumerate(given):
        if members is None:
            continue
        if isinstance(members, str) or not hasattr(members, "__iter__"):
            raise InvalidTypeError(
                f"{name}[{row}] is {members!r:.40} and no set of labels.", "Put single labels into a list."
            )
        for value in members:
            code = code_of.get(scalar_key(to_scalar(value)))
            if code is None:
                raise InvalidInputError.unknown(f"class in {name}[{row}]", value, classes)
            table[row, code] = True
    return table


def find_mistakes(
    names: Sequence[str], codes: IntArray, sets: LabelSets, collapsed: Iterable[tuple[int, int]] = ()
) -> Mistakes:
    """Find the predictions that are neither right nor unclear.

    Parameters
    ----------
    names : sequence of m str
    codes : (m, n) int
        Predictions; those below 0 are no class, and there is nothing about them to review.
    sets : LabelSets
    collapsed : pairs of int
        Codes of classes that count as one.

    Returns
    -------
    Mistakes

    Examples
    --------
    >>> sets = label_sets_of(np.array([0, 1, 2]), ["cat", "dog", "cow"])
    >>> found = find_mistakes(["a", "b"], np.array([[0, 0, 2], [1, 0, 0]]), sets)
    >>> found.rows.tolist(), found.predictions.tolist(), found.made.tolist()
    ([0, 1, 2], [1, 0, 0], [[False, True], [True, True], [False, True]])
    """
    accepted, k = sets.accepted(collapsed), len(sets.classes)
    judged = sets.judged
    every = []
    for predicted in codes:
        rows = np.flatnonzero(judged & (predicted >= 0))
        wrong = rows[~accepted[rows, predicted[rows]]]
        every.append(wrong * max(k, 1) + predicted[wrong])
    keys = np.unique(np.concatenate(every)) if every else np.zeros(0, dtype=np.int64)
    made = np.stack([np.isin(keys, one) for one in every], axis=1) if every else np.zeros((0, 0), dtype=bool)
    return Mistakes(keys // max(k, 1), keys % max(k, 1), made, tuple(names))


def multi_label_accuracy(
    predicted: IntArray, sets: LabelSets, collapsed: Iterable[tuple[int, int]] = ()
) -> float:
    """Return accuracy averaged over classes, where every right or unclear label counts.

    Parameters
    ----------
    predicted : (n,) int
        Codes; those below 0 are wrong.
    sets : LabelSets
        Problematic rows and rows without a right label are skipped.
    collapsed : pairs of int
        Codes of classes that count as one.

    Returns
    -------
    float
        NaN where no row is judged.

    Notes
    -----
    Classes are those of the labels given. Vasudevan, Caine, Gontijo-Lopes, Fridovich-Keil, Roelofs: When does
    dough become a bagel? Analyzing the remaining mistakes on ImageNet, NeurIPS 2022.

    Examples
    --------
    >>> sets = label_sets_of(np.array([0, 0, 1]), ["cat", "dog"], correct=[["cat", "dog"], ["cat"], ["dog"]])
    >>> multi_label_accuracy(np.array([1, 1, 1]), sets)
    0.75
    """
    rows = np.flatnonzero(sets.judged)
    if not len(rows):
        return float("nan")
    said = predicted[rows]
    right = sets.accepted(collapsed)[rows, np.maximum(said, 0)] & (said >= 0)
    sizes = np.bincount(sets.original[rows])
    hits = np.bincount(sets.original[rows], weights=right.astype(np.float64))
    return float((hits[sizes > 0] / sizes[sizes > 0]).mean())


def collapsed_codes(pairs: Iterable[Any], classes: Sequence[Any]) -> tuple[tuple[int, int], ...]:
    """Return pairs of classes that count as one, as codes; raises InvalidInputError for what is none."""
    code_of = {scalar_key(to_scalar(value)): code for code, value in enumerate(classes)}
    found = []
    for pair in listed("collapsed", pairs, 'collapsed=[("sunglass", "sunglasses")]'):
        members = () if isinstance(pair, str) or not hasattr(pair, "__iter__") else tuple(pair)
        if len(members) != 2:
            raise InvalidInputError(
                f"{pair!r:.60} is no pair of classes.", 'Pass pairs, such as ("sunglass", "sunglasses").'
            )
        codes = []
        for value in members:
            code = code_of.get(scalar_key(to_scalar(value)))
            if code is None:
                raise InvalidInputError.unknown("class", value, classes)
            codes.append(code)
        found.append((codes[0], codes[1]))
    return tuple(found)


def sets_of_session(session: Session, label_sets: Any = None, unclear_sets: Any = None) -> LabelSets:
    """Return label sets, by default what a session says: current labels, accepted sets, excluded rows.

    Parameters
    ----------
    session : Session
    label_sets, unclear_sets : n sets of labels or (n, K) 0/1, optional

    Returns
    -------
    LabelSets
    """
    with session.ledger.lock:
        state = session.state
        classes = [to_scalar(value) for value in state.classes]
        current: IntArray = np.asarray(state.current, dtype=np.int64)
        out = np.asarray(state.state == EXCLUDED)
        sets = label_sets_of(current, classes, correct=label_sets, unclear=unclear_sets, problematic=out)
        if label_sets is None:
            code_of = {scalar_key(value): code for code, value in enumerate(classes)}
            for row in np.flatnonzero(state.state == ACCEPTED_SET).tolist():
                named = state.events[int(state.last[row])].data.get("labels")
                known = [code_of.get(scalar_key(value)) for value in named] if isinstance(named, list) else []
                sets.correct[row, [code for code in known if code is not None]] = True
    return sets
