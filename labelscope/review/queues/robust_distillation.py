"""What to ask a costly teacher that is sometimes wrong: informative rows, hedged against its mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.arguments import check_flags, check_numbers, check_seed
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.review.dependent_rounding import dependent_rounding, inclusion_probabilities
from labelscope.review.robust_game import RobustGame, game_value, robust_game, worst_case
from labelscope.review.teacher_error import LEAST_OVERLAP, TeacherError, teacher_error
from labelscope.types import BoolArray, Estimate, Evidence, FloatArray, IntArray, Ranking

_OPEN = (0, 3)  # nobody decided, or somebody was unsure
_MOST_OF_CURVE = 200


@dataclass(frozen=True, kw_only=True)
class RobustDistillation:
    """Rows to ask a teacher about, drawn so that its worst mistakes cost least (RAD).

    Rows on which the student hesitates teach it most, but they are also where a teacher errs most easily.
    Rows are drawn with the probabilities that solve the game against an adversary who knows them and makes as
    many answers wrong as the teacher may: the more often it errs, the wider the draw.

    Parameters
    ----------
    teacher_error : float, optional
        Share of the teacher's answers to reckon with as wrong. By default the upper bound measured on rows
        with both a verified label and an answer.
    unlabelled : bool
        Whether to ask only about rows without a label.
    floor : float
        Least gain of a row.
    level : float
        Confidence of the measured upper bound.
    random_state : int

    Notes
    -----
    Weights are the probabilities with which rows were drawn; keep them, since whatever is measured on the
    answers later has to weigh by their inverse. Rows come in an order by chance, so that a first part is a
    draw, too. Without n, all rows come one after another, each next one by its share.

    ``meta`` holds ``shares`` and ``inclusion`` (n,), 0 for rows that cannot be drawn; ``gains`` (n,), NaN for
    rows out of question; ``value``, ``support`` and ``m`` of the game; ``curve``, up to 200 pairs of a number
    of rows and the value of spreading over these; ``worst_case``, the gain in right answers that the worst
    mistakes leave under ``"rad"``, ``"margin"`` and ``"uniform"`` draws of as many rows; ``teacher_error``
    (`TeacherError`); ``method``, ``"rad"`` or ``"uniform"``; ``why``, in words, where rows are drawn
    uniformly or not at all; and ``n_left``. All but the measured error are computed from the student's
    probabilities: nothing in them was checked by a person.

    Without a known error rows are drawn uniformly, which is also what measuring it takes. A teacher that may
    be wrong everywhere is not worth asking: the queue is empty. The hedge is for the worst case: with a weak
    teacher whose mistakes are not concentrated it can be as good as a uniform draw, or slightly worse.

    Baykal et al.: Robust active distillation, ICLR 2023.

    Examples
    --------
    >>> evidence = Evidence(
    ...     given_labels=np.full(4, -1), classes=np.array(["cat", "dog"]), state=np.zeros(4, int),
    ...     pred_probs=np.array([[0.5, 0.5], [0.7, 0.3], [0.9, 0.1], [0.99, 0.01]]),
    ... )
    >>> found = RobustDistillation(teacher_error=0.25).order(evidence, 2)
    >>> len(found.rows), found.meta["support"], found.meta["shares"].round(2).tolist()
    (2, 2, [0.38, 0.62, 0.0, 0.0])
    """

    name: ClassVar[str] = "robust_distillation"

    teacher_error: float | None = None
    unlabelled: bool = False
    floor: float = 1e-3
    level: float = 0.95
    random_state: int = 0

    def __post_init__(self) -> None:
        check_numbers(optional=True, teacher_error=self.teacher_error)
        check_numbers(floor=self.floor, level=self.level)
        check_seed(self.random_state)
        check_flags(unlabelled=self.unlabelled)
        error = self.teacher_error
        if error is not None and not 0 <= error <= 1:
            raise InvalidInputError(f"teacher_error is {error}.", "Pass a share from 0 to 1, such as 0.1.")
        if not 0 < self.floor <= 1:
            raise InvalidInputError(f"floor is {self.floor}.", "Pass a gain above 0 and up to 1.")
        if not 0.5 < self.level < 1:
            raise InvalidInputError(f"level is {self.level}.", "Pass a confidence above 0.5 and below 1.")

    @staticmethod
    def game_value(gains: Any, m: int) -> float:
        """Return the gain of the best draw when the worst ``m`` answers are wrong.

        Parameters
        ----------
        gains : (n,) float
            0 or more.
        m : int

        Returns
        -------
        float

        Examples
        --------
        >>> round(RobustDistillation.game_value([1.0, 0.5, 0.5], m=1), 3)
        0.4
        """
        return game_value(gains, m)

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Draw rows without a decision.

        Parameters
        ----------
        evidence : Evidence
            ``pred_probs`` (n, K) of the student, out of sample, or ``gains`` (n,) instead;
            ``given_labels`` and ``state`` (n,) where there are any. For the teacher's error:
            ``teacher_labels`` (n,) codes with -1 for none, ``verified`` (n,) bool, ``current`` (n,) codes;
            ``teacher_inclusion`` and ``verified_by_chance`` (n,), see `labelscope.review.teaching`.
        n : int, optional
            How many rows to draw; by default all.

        Returns
        -------
        Ranking

        Raises
        ------
        MissingEvidenceError
            Neither probabilities nor gains.
        InvalidInputError
            Probabilities or gains that are not finite, or of another length.
        """
        gains = self._gains(evidence)
        error = self._error(evidence, len(gains))
        rows = np.flatnonzero(self._open(evidence, len(gains)))
        wanted = len(rows) if n is None else min(int(n), len(rows))
        why = _why_not(error, len(rows))
        meta = _meta(gains, rows, error, why)
        if not len(rows) or why.startswith("Not worth"):
            return Ranking(np.empty(0, dtype=np.int64), np.empty(0), meta)
        game = _game(gains[rows], error)
        uniform = error.upper is None
        shares = np.full(len(rows), 1 / len(rows)) if uniform else game.shares
        chances = _chances(shares, gains[rows], wanted)
        rng = np.random.default_rng([self.random_state, 0x7AD])
        if n is None:
            drawn = _one_by_one(shares, gains[rows], rng)
        else:
            drawn = rng.permutation(dependent_rounding(chances, random_state=self.random_state))
        meta["shares"][rows], meta["inclusion"][rows] = shares, chances
        if not uniform:
            meta.update(value=game.value, support=game.support, m=game.m, method="rad")
            meta["curve"] = _thinned(game.curve)
            meta["worst_case"] = _compared(chances, gains[rows], wanted, game.m)
        return Ranking(rows[drawn].astype(np.int64), chances[drawn], meta)

    def _gains(self, evidence: Evidence) -> FloatArray:
        if "gains" in evidence:
            gains = np.asarray(evidence["gains"], dtype=np.float64)
            if gains.ndim != 1 or not np.isfinite(gains).all() or (gains < 0).any():
                raise InvalidInputError(
                    f"gains of shape {gains.shape} must be one a row, finite and 0 or more.",
                    "Leave gains out to take 1 - margin of pred_probs.",
                )
            return np.asarray(np.maximum(gains, self.floor))
        if "pred_probs" not in evidence:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        probs = np.asarray(evidence["pred_probs"], dtype=np.float64)
        if probs.ndim != 2 or not np.isfinite(probs).all():
            raise InvalidInputError(
                f"pred_probs of shape {probs.shape} must be finite, one row of (n, K) each.",
                "Take the student's out-of-sample probabilities of one model.",
            )
        return np.asarray(np.maximum(1.0 - margins(probs), self.floor))

    def _error(self, evidence: Evidence, n: int) -> TeacherError:
        if self.teacher_error is not None:
            share = float(self.teacher_error)
            return TeacherError(Estimate(share, share, share, self.level, False), basis="given")
        if "teacher_labels" not in evidence or "verified" not in evidence:
            return TeacherError(None)
        name = "current" if "current" in evidence else "given_labels"
        labels = np.array(evidence[name], dtype=np.int64)
        if evidence.get("excluded") is not None:
            labels = np.where(np.asarray(evidence["excluded"], dtype=bool), -1, labels)
        return teacher_error(
            _codes(evidence["teacher_labels"], n),
            labels,
            evidence["verified"],
            inclusion=evidence.get("teacher_inclusion"),
            by_chance=evidence.get("verified_by_chance"),
            level=self.level,
            least=LEAST_OVERLAP,
        )

    def _open(self, evidence: Evidence, n: int) -> BoolArray:
        free = np.isin(np.asarray(evidence.get("state", np.zeros(n))), _OPEN)
        if free.shape != (n,):
            raise InvalidInputError.wrong_length("state", len(free), n)
        if "teacher_labels" in evidence:
            # It would say the same again.
            free &= _codes(evidence["teacher_labels"], n) < 0
        if self.unlabelled:
            name = "current" if "current" in evidence else "given_labels"
            free &= np.asarray(evidence[name], dtype=np.int64) < 0
        return np.asarray(free)


def margins(pred_probs: FloatArray) -> FloatArray:
    """Return (n,) differences of the two largest probabilities; 1 where there is but one class."""
    if pred_probs.shape[1] < 2:
        return np.ones(len(pred_probs))
    top = np.partition(pred_probs, -2, axis=1)[:, -2:]
    return np.asarray(top[:, 1] - top[:, 0])


def _codes(given: Any, n: int) -> IntArray:
    codes = np.asarray(given)
    if codes.shape != (n,) or codes.dtype.kind not in "iu":
        raise InvalidInputError(
            f"teacher_labels has the shape {codes.shape} and the type {codes.dtype}.",
            f"Pass ({n},) codes into classes, -1 where the teacher has no answer.",
        )
    return codes.astype(np.int64)


def _why_not(error: TeacherError, n_open: int) -> str:
    if not n_open:
        return "There is no row without a decision left to ask about."
    if error.upper is None:
        return f"{error.words} Until then rows are drawn uniformly."
    if error.upper >= 1:
        return "Not worth asking: the teacher may be wrong everywhere."
    return ""


def _meta(gains: FloatArray, rows: IntArray, error: TeacherError, why: str) -> dict[str, Any]:
    shown = np.full(len(gains), np.nan)
    shown[rows] = gains[rows]
    return {
        "gains": shown,
        "shares": np.zeros(len(gains)),
        "inclusion": np.zeros(len(gains)),
        "value": 0.0,
        "support": 0,
        "m": 0,
        "curve": [],
        "worst_case": {},
        "teacher_error": error,
        "method": "uniform",
        "why": why,
        "n_left": len(rows),
    }


def _game(gains: FloatArray, error: TeacherError) -> RobustGame:
    """Solve the game for as many mistakes as there may be; rounding alone never makes all rows wrong."""
    share = 0.0 if error.upper is None else error.upper
    return robust_game(gains, min(math.ceil(share * len(gains) - 1e-9), len(gains) - 1))


def _chances(shares: FloatArray, gains: FloatArray, n: int) -> FloatArray:
    """Probabilities of being among n rows; the next best rows join a support that is too small."""
    support = int((shares > 0).sum())
    if n <= support:
        return inclusion_probabilities(shares, n)
    chances = np.zeros(len(shares))
    chances[np.argsort(-gains, kind="stable")[:n]] = 1.0
    return chances


def _one_by_one(shares: FloatArray, gains: FloatArray, rng: np.random.Generator) -> IntArray:
    """Order all rows as draws one after another; rows outside the support follow by gain."""
    waits = rng.exponential(size=len(shares)) / np.maximum(shares, 1e-300)
    return np.asarray(np.lexsort((waits, np.where(shares > 0, -np.inf, -gains))))


def _thinned(curve: FloatArray) -> list[tuple[int, float]]:
    at = np.unique(np.linspace(0, len(curve) - 1, min(_MOST_OF_CURVE, len(curve))).astype(np.int64))
    at = np.unique(np.append(at, int(curve.argmax())))
    return [(int(k) + 1, float(curve[k])) for k in at]


def _compared(chances: FloatArray, gains: FloatArray, n: int, m: int) -> dict[str, float]:
    """Gain in right answers that the worst m mistakes leave, of n rows drawn in three ways."""
    margin = np.zeros(len(gains))
    margin[np.argsort(-gains, kind="stable")[:n]] = 1.0
    return {
        "rad": worst_case(chances, gains, m),
        "margin": worst_case(margin, gains, m),
        "uniform": worst_case(np.full(len(gains), n / len(gains)), gains, m),
    }
