"""What a teacher's answers are worth to the student: with and without, scored on people's labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import check_features
from labelscope.evidence.weighted_probe import Standardized, fit, one_hot, predict
from labelscope.review.teacher_answers import answers_of
from labelscope.review.teaching import teaching_evidence
from labelscope.types import Array, BoolArray, Estimate, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

_FOLDS = 5
_DRAWS = 2000
#: With fewer rows to score on, a change cannot be told from chance.
LEAST_SCORED = 20


@dataclass(frozen=True)
class Distilled:
    """Accuracy of the student without and with the teacher's answers.

    Attributes
    ----------
    before, after, change : Estimate or None
        Shares of verified rows, none of which trained the student that was scored on it; the change is paired
        row by row. None where too few rows are verified: then nothing is measured.
    n_scored : int
        Verified rows that were scored.
    n_answers : int
        Answers that the student learned from.
    basis : {"drawn by chance", "chosen by people", "not measured"}
        Rows that people chose may be harder or easier than others.
    """

    before: Estimate | None
    after: Estimate | None
    change: Estimate | None
    n_scored: int
    n_answers: int
    basis: str


def distill(
    session: Session, *, penalty: float = 1.0, level: float = 0.9, random_state: int = 0
) -> Distilled:
    """Retrain the probe of a session with the teacher's answers, and score it on verified rows.

    Parameters
    ----------
    session : Session
        Of classes, with ``features``, and with answers of a teacher.
    penalty, level : float
        As for `distilled`.
    random_state : int

    Returns
    -------
    Distilled
        Where twenty verified rows were drawn by chance, it is scored on these alone. Rows whose label the
        teacher gave are taken at their given label in the student without it.

    Raises
    ------
    MissingEvidenceError
        The audit has no features.
    TaskError
        The labels are no classes.
    """
    answers = answers_of(session)
    evidence = teaching_evidence(session)
    if "features" not in evidence:
        raise MissingEvidenceError.of("features", "distill", evidence)
    excluded, verified = np.asarray(evidence["excluded"]), np.asarray(evidence["verified"])
    now = np.where(excluded, -1, evidence["current"])
    first = np.where(answers.taken, evidence["first_labels"], now)
    heard = (answers.codes >= 0) & ~verified & ~excluded
    scored = verified & (now >= 0)
    lucky = scored & np.asarray(evidence["verified_by_chance"])
    by_chance = int(lucky.sum()) >= LEAST_SCORED
    found = distilled(
        evidence["features"],
        first,
        np.where(heard, answers.codes, first),
        lucky if by_chance else scored,
        penalty=penalty,
        level=level,
        random_state=random_state,
    )
    basis = "drawn by chance" if by_chance else "chosen by people"
    told = "not measured" if found.change is None else basis
    return Distilled(found.before, found.after, found.change, found.n_scored, int(heard.sum()), told)


def distilled(
    features: Any,
    before: Any,
    after: Any,
    scored: Any,
    *,
    penalty: float = 1.0,
    level: float = 0.9,
    random_state: int = 0,
) -> Distilled:
    """Compare two labelings by the probe that each of them trains.

    Parameters
    ----------
    features : (n, d) float
    before, after : (n,) int
        Codes to learn from, -1 for none. On scored rows both are the verified label.
    scored : (n,) bool
        Rows whose label is verified. They train, too, but never the probe that is scored on them.
    penalty : float
        Of the probe, see `labelscope.evidence.weighted_probe`.
    level : float
        Coverage of the intervals, by a bootstrap over the scored rows.
    random_state : int
        Seed of folds and bootstrap.

    Returns
    -------
    Distilled
        ``basis`` is "not measured" with fewer than twenty scored rows.

    Raises
    ------
    InvalidInputError
        Lengths differ, or a scored row has no label or two.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(200) % 2
    >>> X = rng.normal(size=(200, 3)) + 2 * y[:, None]
    >>> scored = np.arange(200) < 100
    >>> few = np.where(scored | (np.arange(200) < 104), y, -1)
    >>> found = distilled(X, few, y, scored)
    >>> found.n_scored, found.n_answers, found.change.measured
    (100, 96, True)
    """
    X = check_features(features, len(np.asarray(features)))
    first, second, held = np.asarray(before), np.asarray(after), np.asarray(scored, dtype=bool)
    for name, array in (("before", first), ("after", second), ("scored", held)):
        if array.shape != (len(X),):
            raise InvalidInputError.wrong_length(name, array.size, len(X))
    if (first[held] != second[held]).any() or (first[held] < 0).any():
        raise InvalidInputError(
            "A scored row has no label, or not the same one before and after.",
            "Score on rows that a person verified; the teacher must not label them.",
        )
    n_answers, rows = int((first != second).sum()), np.flatnonzero(held)
    if len(rows) < LEAST_SCORED:
        return Distilled(None, None, None, len(rows), n_answers, "not measured")
    rng = np.random.default_rng(random_state)
    part = np.full(len(X), -1)
    part[rng.permutation(rows)] = np.arange(len(rows)) % _FOLDS
    inputs = Standardized.of(X).apply(X)
    before_right, after_right = (
        _right(inputs, codes, part, first, penalty)[rows] for codes in (first, second)
    )
    # A row is right before and after, before, after, or never; a bootstrap of rows is one of these counts.
    counts = np.bincount(2 * before_right + after_right, minlength=4)
    drawn = np.vstack([counts, rng.multinomial(len(rows), counts / len(rows), size=_DRAWS)]) / len(rows)
    shares = drawn @ np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    return Distilled(
        _estimate(shares[:, 0], level),
        _estimate(shares[:, 1], level),
        _estimate(shares[:, 1] - shares[:, 0], level),
        len(rows),
        n_answers,
        "chosen by people",
    )


def _right(inputs: FloatArray, codes: IntArray, part: IntArray, truth: IntArray, penalty: float) -> BoolArray:
    """Whether each row is predicted right by a probe that has not seen it."""
    n_classes = int(max(codes.max(initial=0), truth.max(initial=0))) + 1
    right = np.zeros(len(codes), dtype=bool)
    for fold in range(_FOLDS):
        train, test = np.flatnonzero((codes >= 0) & (part != fold)), np.flatnonzero(part == fold)
        if not len(train) or not len(test):
            continue
        targets = one_hot(codes[train], n_classes)
        weights = fit(inputs[train], targets, np.ones(len(train)), penalty=penalty)
        right[test] = predict(inputs[test], weights).argmax(axis=1) == truth[test]
    return right


def _estimate(draws: Array, level: float) -> Estimate:
    """The first draw is the estimate, the others are its bootstrap."""
    low, high = np.quantile(draws[1:], [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(draws[0]), float(low), float(high), level, True)
