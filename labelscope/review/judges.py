"""Judges of a session: what each says of a row, wherever that came from, and what they come to together."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.errors import LabelscopeError
from labelscope.review.judge_answers import heard
from labelscope.scorers.judges import JudgeEnsemble
from labelscope.types import Array, FloatArray, IntArray, Score

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

#: What a session without judges needs.
NEEDED = (
    'Needs judges: pass scorers=["auto", ls.scorers.JudgeEnsemble()] to ls.audit, or write'
    " view.give(judges=answers) in the next cell."
)


@dataclass(frozen=True, eq=False)
class Judges:
    """What judges say, as codes into the classes of the audit.

    Attributes
    ----------
    names : tuple of str
        Of the J judges.
    models, prompts : tuple of str
        What answered, and how it was asked.
    score : Score
        Of the ensemble; ``details["votes"]`` is (n, J).
    verdict : (n,) int64
        What they come to together, -1 where nobody answered.
    about : tuple of dict
        Facts about each judge: its cost and latency, where it was asked; empty where nothing is known.
    """

    names: tuple[str, ...]
    models: tuple[str, ...]
    prompts: tuple[str, ...]
    score: Score
    verdict: IntArray
    about: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def votes(self) -> IntArray:
        """(n, J) int64, -1 where a judge gave no answer."""
        return np.asarray(self.score.details["votes"], dtype=np.int64)

    @property
    def confidence(self) -> FloatArray:
        """(n,) float64: how sure they are together of their verdict; 0 where nobody answered."""
        return np.asarray(self.score.details["confidence"], dtype=np.float64)

    @property
    def disagreement(self) -> FloatArray:
        """(n,) float64: share of pairs of answers that differ, NaN with fewer than two answers."""
        return np.asarray(self.score.details["disagreement"], dtype=np.float64)

    def sureness(self, row: int, judge: int) -> float | None:
        """Return how sure a judge is of its answer; None where it does not say."""
        value = float(self.score.details["sureness"][row, judge])
        return value if np.isfinite(value) else None

    def silence(self, row: int, judge: int) -> str:
        """Say why a judge gave no answer to a row, such as ``"not a label: 'cta'"``; empty for an answer."""
        if self.votes[row, judge] >= 0:
            return ""
        places = self.score.details.get("silences")
        place = -1 if places is None else int(places[row, judge])
        return self.score.meta["silences"][place] if place >= 0 else "abstained"

    def answers(self, classes: Any) -> Array:
        """Return (n, J) label values, None where a judge gave no answer."""
        values = np.empty(len(classes) + 1, dtype=object)
        values[:-1] = list(classes)
        found: Array = values[self.votes]
        return found


@dataclass
class _Held:
    given: Score | None = None
    found: Judges | None = None
    looked: bool = False
    problem: LabelscopeError | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


_HELD: WeakKeyDictionary[Session, _Held] = WeakKeyDictionary()


def give_judges(session: Session, answers: Any) -> None:
    """Let answers that were handed over stand in place of those of the audit; None takes them back.

    Raises
    ------
    InvalidInputError
        What does not fit the rows; see `judge_answers.heard`. Nothing is changed then.
    """
    given = None if answers is None else heard(answers, session.audit)
    held = _held(session)
    with held.lock:
        held.given, held.looked = given, False


def judges_of(session: Session) -> Judges | None:
    """Return the judges of a session; None without any, or where what the audit holds cannot be read.

    Parameters
    ----------
    session : Session

    Returns
    -------
    Judges or None
        Those that were given, else those of the audit's `JudgeEnsemble`, else its evidence ``judgements``.
        Found once, and kept.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> session = ls.Session(audit, journal=None)
    >>> give_judges(session, [["+", "+"], ["-", "?"], ["-", "-"]])
    >>> found = judges_of(session)
    >>> found.verdict.tolist(), found.silence(1, 1)
    ([0, 1, 1], "not a label: '?'")
    """
    held = _held(session)
    with held.lock:
        if not held.looked:
            held.found, held.problem, held.looked = None, None, True
            try:
                score = held.given if held.given is not None else _of_audit(session.audit)
                held.found = None if score is None else judges_in(score, session.audit)
            except LabelscopeError as problem:  # evidence is not checked before a method reads it
                held.problem = problem
        return held.found


def judges_missing(session: Session) -> str:
    """Say why a session has no judges; empty where it has."""
    if judges_of(session) is not None:
        return ""
    problem = _held(session).problem
    return NEEDED if problem is None else f"The judgements of the audit cannot be read: {problem}"


def _held(session: Session) -> _Held:
    return _HELD.setdefault(session, _Held())


def _of_audit(audit: Audit) -> Score | None:
    if audit.dataset.labels.task != "classification":
        return None
    for score in audit.scores.values():
        if np.ndim(score.details.get("votes", 0)) == 2 and "n_answered" in score.details:
            return score
    said = audit.evidence.get("judgements")
    if said is None:
        return None
    matrix = np.asarray(said.to_numpy() if hasattr(said, "to_numpy") else said)
    if matrix.dtype.kind in "iuf":
        return JudgeEnsemble().score(audit.evidence)
    return heard(said, audit)


def judges_in(score: Score, audit: Audit) -> Judges:
    """Return the judges of a score of `JudgeEnsemble`, whose codes are those of the audit."""
    n_judges = int(score.details["votes"].shape[1])
    about = tuple(score.meta.get("judges") or ({},) * n_judges)
    models = tuple(map(str, score.meta["models"]))
    prompts = tuple(map(str, score.meta["prompts"]))
    names = tuple(str(one.get("name") or models[judge]) for judge, one in enumerate(about))
    if len(set(names)) < len(names):
        names = tuple(f"{model} {prompt}".strip() for model, prompt in zip(models, prompts, strict=True))
    # Labels of one column are of one type, so that plain values tell them apart.
    place = {value: code for code, value in enumerate(audit.classes.tolist())}
    said = np.asarray(score.suggested).tolist()
    codes = np.fromiter((place.get(value, -1) for value in said), np.int64, len(said))
    verdict = np.where(np.asarray(score.details["n_answered"]) > 0, codes, -1)
    return Judges(names, models, prompts, score, verdict, about)
